"""The way back of an academic run, and what its undo lets go of beside the records."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, func, select

from reconciler.records.academic import ACADEMIC_COLUMNS, AcademicEntity
from reconciler.store.journal import RunJournal, entities_of
from reconciler.store.packed import in_scope
from reconciler.store.tables.academic import ACADEMIC_CURSOR, ACADEMIC_PARKED, ACADEMIC_RECORDS
from reconciler.syncs.academic_changes import AcademicChanges
from reconciler.syncs.ports import FeedScope


def changes_back(connection: Connection, scope: FeedScope, number: int) -> dict[AcademicEntity, AcademicChanges]:
    """The differences that lead back to before a run, by entity; whoever takes them closes them."""
    touched = entities_of(connection, number)
    return {
        entity: _entity_back(connection, scope, entity, number) for entity in AcademicEntity if entity.value in touched
    }


def parked_by(connection: Connection, number: int) -> int:
    """How many keys wait that the run parked."""
    query = select(func.count()).select_from(ACADEMIC_PARKED).where(ACADEMIC_PARKED.c.parked_run == number)
    return int(connection.execute(query).scalar_one())


def let_go_of_parked(connection: Connection, number: int) -> None:
    """Keys are all that is kept of a parked row, so they go; where the row is still there, the next run parks it."""
    connection.execute(delete(ACADEMIC_PARKED).where(ACADEMIC_PARKED.c.parked_run == number))


def forget_what_was_read(connection: Connection, scope: FeedScope, entities: Collection[AcademicEntity]) -> None:
    """Without a cursor the next run looks at every day of the year again, and brings what the school holds by then."""
    table, names = ACADEMIC_CURSOR, [entity.value for entity in entities]
    connection.execute(delete(table).where(in_scope(table, scope), table.c.entity.in_(names)))


def _entity_back(connection: Connection, scope: FeedScope, entity: AcademicEntity, number: int) -> AcademicChanges:
    changes = AcademicChanges(entity)
    journal = RunJournal(connection, scope, number, ACADEMIC_RECORDS[entity], ACADEMIC_COLUMNS[entity])
    for source_id in journal.live() if journal.is_first_load() else journal.leaving():
        changes.add_left(source_id)
    for former in journal.former_rows():
        if former.op == "left":
            changes.add_new(former.row)
        else:
            changes.add_changed(former.row, former.held)
    return changes

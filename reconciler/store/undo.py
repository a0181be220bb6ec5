"""Undo of a run from its journal: fulfils `UndoStore` of `reconciler.syncs.undo_ports`.

Every read is one query an entity, and every write goes the bulk way of an import.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import Connection, and_, exists, func, insert, select, update
from sqlalchemy.engine import RowMapping

from reconciler.errors import StoreError, UnknownName
from reconciler.plan.state import AttachmentStatus
from reconciler.records.entities import COLUMNS, ColumnType, Entity, column_names
from reconciler.records.row_digest import digester
from reconciler.store import audit, feed_commit
from reconciler.store.database import Database
from reconciler.store.packed import in_scope, read_packed
from reconciler.store.tables.control import ATTACHMENT
from reconciler.store.tables.records import RECORDS
from reconciler.store.tables.runs import (
    CHANGE_JOURNAL,
    DATA_ISSUE,
    FEED_CURSOR,
    FEED_STATE,
    RUN,
    TRANSFER_NOTE,
)
from reconciler.store.tables.undo import RUN_CHANGE
from reconciler.syncs.ports import CanonicalRow, Cursor, EntityChanges, FeedCommit, FeedScope
from reconciler.syncs.undo_ports import RunFacts, WayBack
from reconciler.transfers.entry import Outcome
from reconciler.vocabulary.codes import AcademicYear
from reconciler.vocabulary.suggestions import did_you_mean

_KIND = "undo"
_SUGGESTED = 50
_LEAVING = ("new", "rejoined")  # what the run brought leaves again
_RESTORED = ("changed", "rejoined", "left")  # rows whose former values the journal or the record itself has


class SqlUndoStore:
    """Every method that writes is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run_facts(self, run: str) -> RunFacts:
        """Raises UnknownName `undo.unknown_run`, suggesting the nearest that could be undone."""
        with self._database.read() as connection:
            found = connection.execute(select(RUN).where(RUN.c.run == run)).mappings().first()
            if found is None:
                raise _unknown(connection, run)
            return _facts(connection, found)

    def way_back(self, run: str, scope: FeedScope) -> WayBack:
        """Read from the journal of the run; writes nothing."""
        with self._database.read() as connection:
            number = connection.execute(select(RUN.c.number).where(RUN.c.run == run)).scalar_one()
            cursors = _cursors(connection, scope)
            touched = set(
                connection.execute(select(CHANGE_JOURNAL.c.entity).where(CHANGE_JOURNAL.c.run == number)).scalars()
            )
            return WayBack(
                changes={
                    entity: _entity_back(connection, scope, entity, number, cursors.get(entity))
                    for entity in Entity
                    if entity.value in touched
                },
                cursors={
                    entity: Cursor(mapping_version=cursor.mapping_version, fingerprint="", rows=cursor.rows)
                    for entity, cursor in cursors.items()
                },
            )

    def undo(self, commit: FeedCommit, *, of: str, reason: str) -> bool:
        """One transaction: the commit, the mark on the run that is undone, its issues, the audit. Raises StalePlan."""
        entry = commit.entry
        at = entry.finished_at or entry.started_at
        with self._database.write() as connection:
            feed_commit.write(connection, commit)
            number = connection.execute(select(RUN.c.number).where(RUN.c.run == of)).scalar_one()
            standing = and_(RUN_CHANGE.c.run == number, RUN_CHANGE.c.undone_by == "")
            marked = connection.execute(update(RUN_CHANGE).where(standing).values(undone_by=entry.run))
            if not marked.rowcount:  # the base moves with every undo, so this says that the store itself is at odds
                raise StoreError("store.failed", f"run {of} was undone in the meantime", hint="look at reconcile log")
            _note(connection, number, f"undone by run {entry.run}, {entry.actor.name}")
            _turn_issues(connection, of, commit, at)
            first = _first_again(connection, commit.scope)
            audit.append(
                connection, at=at, actor=entry.actor, verb="run.undone", subject=f"run {of}",
                detail={"by": entry.run, "school": entry.school, "reason": reason},
            )  # fmt: skip
        return first


def _facts(connection: Connection, run: RowMapping) -> RunFacts:
    number = run["number"]
    facts: dict[str, Any] = {
        "run": run["run"], "kind": run["kind"], "school": run["school"], "outcome": Outcome(run["outcome"]),
        "changed": connection.execute(select(_moved_rows(number))).scalar_one(),
    }  # fmt: skip
    noted = connection.execute(select(RUN_CHANGE).where(RUN_CHANGE.c.run == number)).first()
    if noted is None:
        return RunFacts(**facts)
    scope = FeedScope(
        school=run["school"], attachment=noted.attachment, feed=noted.feed,
        year=AcademicYear.parse(noted.academic_year),
    )  # fmt: skip
    later = (
        select(RUN.c.run)
        .join(RUN_CHANGE, RUN_CHANGE.c.run == RUN.c.number)
        .where(
            in_scope(RUN_CHANGE, scope), RUN.c.number > number, RUN.c.kind != _KIND, RUN_CHANGE.c.undone_by == "",
            _moved_rows(RUN.c.number),
        )
        .order_by(RUN.c.number.desc())
    )  # fmt: skip
    live = select(ATTACHMENT.c.id).where(
        ATTACHMENT.c.id == scope.attachment, ATTACHMENT.c.status == AttachmentStatus.LIVE.value
    )
    return RunFacts(
        **facts, scope=scope, undone_by=noted.undone_by, later=tuple(connection.execute(later).scalars()),
        base=connection.execute(select(FEED_STATE.c.base_run).where(in_scope(FEED_STATE, scope))).scalar() or "",
        attached=connection.execute(live).first() is not None,
    )  # fmt: skip


def _moved_rows(number: Any) -> Any:
    """Whether a run has a journal; a new mapping version alone moves digests and no row."""
    return exists().where(CHANGE_JOURNAL.c.run == number)


def _cursors(connection: Connection, scope: FeedScope) -> dict[Entity, Cursor]:
    found = connection.execute(select(FEED_CURSOR).where(in_scope(FEED_CURSOR, scope)))
    return {
        Entity(row.entity): Cursor(mapping_version=row.mapping_version, fingerprint=row.fingerprint, rows=row.rows)
        for row in found
    }


def _entity_back(connection: Connection, scope: FeedScope, entity: Entity, number: int,
                 cursor: Cursor | None) -> EntityChanges:  # fmt: skip
    """The differences of one entity; digests are taken under the mapping that made those of the other rows."""
    journal = CHANGE_JOURNAL
    of_run = and_(journal.c.run == number, journal.c.entity == entity.value)
    if connection.execute(select(exists().where(of_run, journal.c.op == "first_load"))).scalar_one():
        return EntityChanges(left=sorted(read_packed(connection, scope, entity)))
    leaving = select(journal.c.source_id).where(of_run, journal.c.op.in_(_LEAVING)).order_by(journal.c.source_id)
    changes = EntityChanges(left=list(connection.execute(leaving).scalars()))
    digest = digester(cursor.mapping_version if cursor else "")
    for op, row in _former_rows(connection, scope, entity, number):
        (changes.new if op == "left" else changes.changed).append((row, digest(row)))
    return changes


def _former_rows(connection: Connection, scope: FeedScope, entity: Entity,
                 number: int) -> Iterator[tuple[str, CanonicalRow]]:  # fmt: skip
    """Rows as they were before the run, by what the run did with them; those without another value are left out."""
    table, journal, names = RECORDS[entity], CHANGE_JOURNAL, column_names(entity)
    dates = {column.name for column in COLUMNS[entity] if column.type is ColumnType.DATE}
    query = (
        select(journal.c.op, journal.c.before, *(table.c[name] for name in names))
        .select_from(journal.join(table, and_(in_scope(table, scope), table.c.source_id == journal.c.source_id)))
        .where(journal.c.run == number, journal.c.entity == entity.value, journal.c.op.in_(_RESTORED))
        .order_by(table.c.source_id)
    )
    for op, before, *held in connection.execute(query):
        if before or op == "left":
            former = {name: _value(old, is_date=name in dates) for name, old in (before or {}).items()}
            yield op, tuple(former.get(name, value) for name, value in zip(names, held, strict=True))


def _value(old: Any, *, is_date: bool) -> Any:
    return date.fromisoformat(old) if is_date and isinstance(old, str) else old


def _note(connection: Connection, number: int, text: str) -> None:
    last = connection.execute(select(func.max(TRANSFER_NOTE.c.position)).where(TRANSFER_NOTE.c.run == number)).scalar()
    connection.execute(insert(TRANSFER_NOTE).values(run=number, position=0 if last is None else last + 1, text=text))


def _turn_issues(connection: Connection, of: str, commit: FeedCommit, at: Any) -> None:
    """Issues on records follow the records; those on the source itself are for its next run to judge."""
    table, scope = DATA_ISSUE, commit.scope
    on_records = and_(table.c.school == scope.school, table.c.feed == scope.feed, table.c.record != "")
    opened = and_(on_records, table.c.opened_run == of, table.c.closed_at.is_(None))
    closed = and_(on_records, table.c.closed_run == of)
    connection.execute(update(table).where(opened).values(closed_at=at, closed_run=commit.entry.run))
    connection.execute(
        update(table).where(closed).values(closed_at=None, closed_run="", reopened=table.c.reopened + 1)
    )  # fmt: skip


def _first_again(connection: Connection, scope: FeedScope) -> bool:
    """Where nothing is live any more, the next import is a first one, by hand (VS, rule 45)."""
    live = connection.execute(
        select(func.sum(FEED_CURSOR.c.live_rows)).where(in_scope(FEED_CURSOR, scope))
    ).scalar()  # fmt: skip
    if live:
        return False
    connection.execute(update(FEED_STATE).where(in_scope(FEED_STATE, scope)).values(first_import_done=False))
    return True


def _unknown(connection: Connection, run: str) -> UnknownName:
    query = (
        select(RUN.c.run)
        .join(RUN_CHANGE, RUN_CHANGE.c.run == RUN.c.number)
        .where(RUN.c.kind != _KIND, RUN_CHANGE.c.undone_by == "")
        .order_by(RUN.c.number.desc())
        .limit(_SUGGESTED)
    )
    known = list(connection.execute(query).scalars())
    return UnknownName(
        "undo.unknown_run", f"no run is called {run[:64]!r}", subject=run[:64],
        hint=did_you_mean(run, known) or "reconcile log --kind import shows what can be undone",
    )  # fmt: skip

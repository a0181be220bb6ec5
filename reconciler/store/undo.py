"""Undo of a run from its journal: fulfils `UndoStore` of `reconciler.syncs.undo_ports`.

Every read is one query an entity, and every write goes the bulk way of an import.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, exists, func, insert, or_, select, update
from sqlalchemy.engine import RowMapping

from reconciler.errors import StoreError, UnknownName
from reconciler.plan.state import AttachmentStatus
from reconciler.records.entities import COLUMNS, Entity
from reconciler.records.row_digest import digester
from reconciler.store import academic_commit, academic_undo, audit, feed_commit
from reconciler.store.database import Database
from reconciler.store.journal import RunJournal, entities_of
from reconciler.store.packed import in_scope, read_packed
from reconciler.store.tables.academic import ACADEMIC_PARKED, ACADEMIC_STATE
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
from reconciler.syncs.academic_ports import AcademicCommit
from reconciler.syncs.ports import Cursor, EntityChanges, FeedCommit, FeedScope
from reconciler.syncs.undo_ports import AcademicWayBack, RunFacts, WayBack
from reconciler.transfers.entry import Outcome, TransferEntry
from reconciler.vocabulary.codes import AcademicYear
from reconciler.vocabulary.suggestions import did_you_mean

_KIND = "undo"
_SUGGESTED = 50


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
            number = _number(connection, run)
            cursors = _cursors(connection, scope)
            touched = entities_of(connection, number)
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
        with self._database.write() as connection:
            feed_commit.write(connection, commit)
            _take_back(connection, commit.scope, commit.entry, of=of, reason=reason)
            return _first_again(connection, commit.scope)

    def academic_way_back(self, run: str, scope: FeedScope) -> AcademicWayBack:
        """Read from the journal of the run; writes nothing."""
        with self._database.read() as connection:
            number = _number(connection, run)
            return AcademicWayBack(
                base=connection.execute(
                    select(ACADEMIC_STATE.c.base_run).where(in_scope(ACADEMIC_STATE, scope))
                ).scalar() or "",
                parked=academic_undo.parked_by(connection, number),
                changes=academic_undo.changes_back(connection, scope, number),
            )  # fmt: skip

    def undo_academic(self, commit: AcademicCommit, *, of: str, reason: str) -> None:
        """One transaction: the commit, the mark, issues, parked keys, what was read, the audit. Raises StalePlan."""
        with self._database.write() as connection:
            academic_commit.write(connection, commit)
            number = _take_back(connection, commit.scope, commit.entry, of=of, reason=reason)
            academic_undo.let_go_of_parked(connection, number)
            academic_undo.forget_what_was_read(connection, commit.scope, commit.changes)


def _take_back(connection: Connection, scope: FeedScope, entry: TransferEntry, *, of: str, reason: str) -> int:
    """What every undo does beside the records; returns the number of the run that is undone."""
    at = entry.finished_at or entry.started_at
    number = _number(connection, of)
    standing = and_(RUN_CHANGE.c.run == number, RUN_CHANGE.c.undone_by == "")
    marked = connection.execute(update(RUN_CHANGE).where(standing).values(undone_by=entry.run))
    if not marked.rowcount:  # another undo came first and moved no row, so that the base did not tell of it
        raise StoreError("store.failed", f"run {of} was undone in the meantime", hint="look at reconcile log")
    _note(connection, number, f"undone by run {entry.run}, {entry.actor.name}")
    _turn_issues(connection, scope, of=of, by=entry.run, at=at)
    audit.append(
        connection, at=at, actor=entry.actor, verb="run.undone", subject=f"run {of}",
        detail={"by": entry.run, "school": entry.school, "reason": reason},
    )  # fmt: skip
    return number


def _number(connection: Connection, run: str) -> int:
    return int(connection.execute(select(RUN.c.number).where(RUN.c.run == run)).scalar_one())


def _facts(connection: Connection, run: RowMapping) -> RunFacts:
    number = run["number"]
    facts: dict[str, Any] = {
        "run": run["run"], "kind": run["kind"], "school": run["school"], "outcome": Outcome(run["outcome"]),
        "changed": connection.execute(select(or_(_moved_rows(number), _parked_keys(number)))).scalar_one(),
    }  # fmt: skip
    noted = connection.execute(select(RUN_CHANGE).where(RUN_CHANGE.c.run == number)).first()
    if noted is None:
        return RunFacts(**facts)
    scope = FeedScope(
        school=run["school"], attachment=noted.attachment, feed=noted.feed,
        year=AcademicYear.parse(noted.academic_year),
    )  # fmt: skip
    later = (
        select(RUN.c.kind, RUN.c.run)
        .join(RUN_CHANGE, RUN_CHANGE.c.run == RUN.c.number)
        .where(
            in_scope(RUN_CHANGE, scope), RUN.c.number > number, RUN.c.kind != _KIND, RUN_CHANGE.c.undone_by == "",
            _moved_rows(RUN.c.number),
        )
        .order_by(RUN.c.number.desc())
    )  # fmt: skip
    standing = [(kind, name) for kind, name in connection.execute(later)]
    live = select(ATTACHMENT.c.id).where(
        ATTACHMENT.c.id == scope.attachment, ATTACHMENT.c.status == AttachmentStatus.LIVE.value
    )
    return RunFacts(
        **facts, scope=scope, undone_by=noted.undone_by,
        later=tuple(name for kind, name in standing if kind == run["kind"]),
        beside=tuple(name for kind, name in standing if kind != run["kind"]),
        base=connection.execute(select(FEED_STATE.c.base_run).where(in_scope(FEED_STATE, scope))).scalar() or "",
        attached=connection.execute(live).first() is not None,
    )  # fmt: skip


def _moved_rows(number: Any) -> Any:
    """Whether a run has a journal; a new mapping version alone moves digests and no row."""
    return exists().where(CHANGE_JOURNAL.c.run == number)


def _parked_keys(number: int) -> Any:
    return exists().where(ACADEMIC_PARKED.c.parked_run == number)


def _cursors(connection: Connection, scope: FeedScope) -> dict[Entity, Cursor]:
    roster = [entity.value for entity in Entity]
    found = connection.execute(
        select(FEED_CURSOR).where(in_scope(FEED_CURSOR, scope), FEED_CURSOR.c.entity.in_(roster))
    )
    return {
        Entity(row.entity): Cursor(mapping_version=row.mapping_version, fingerprint=row.fingerprint, rows=row.rows)
        for row in found
    }


def _entity_back(connection: Connection, scope: FeedScope, entity: Entity, number: int,
                 cursor: Cursor | None) -> EntityChanges:  # fmt: skip
    """The differences of one entity; digests are taken under the mapping that made those of the other rows."""
    journal = RunJournal(connection, scope, number, RECORDS[entity], COLUMNS[entity])
    if journal.is_first_load():
        return EntityChanges(left=sorted(read_packed(connection, scope, entity)))
    changes = EntityChanges(left=list(journal.leaving()))
    digest = digester(cursor.mapping_version if cursor else "")
    for former in journal.former_rows():
        rows = changes.new if former.op == "left" else changes.changed
        rows.append((former.row, digest(former.row)))
    return changes


def _note(connection: Connection, number: int, text: str) -> None:
    last = connection.execute(select(func.max(TRANSFER_NOTE.c.position)).where(TRANSFER_NOTE.c.run == number)).scalar()
    connection.execute(insert(TRANSFER_NOTE).values(run=number, position=0 if last is None else last + 1, text=text))


def _turn_issues(connection: Connection, scope: FeedScope, *, of: str, by: str, at: datetime) -> None:
    """Issues on records follow the records; those on the source itself are for its next run to judge."""
    table = DATA_ISSUE
    on_records = and_(table.c.school == scope.school, table.c.feed == scope.feed, table.c.record != "")
    opened = and_(on_records, table.c.opened_run == of, table.c.closed_at.is_(None))
    closed = and_(on_records, table.c.closed_run == of)
    connection.execute(update(table).where(opened).values(closed_at=at, closed_run=by))
    connection.execute(
        update(table).where(closed).values(closed_at=None, closed_run="", reopened=table.c.reopened + 1)
    )  # fmt: skip


def _first_again(connection: Connection, scope: FeedScope) -> bool:
    """Where nothing of the roster is live any more, the next import is a first one, by hand (VS, rule 45)."""
    roster = [entity.value for entity in Entity]  # academic records may be live still: they have runs of their own
    live = connection.execute(
        select(func.sum(FEED_CURSOR.c.live_rows)).where(in_scope(FEED_CURSOR, scope), FEED_CURSOR.c.entity.in_(roster))
    ).scalar()
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

"""The academic import's store: fulfils `AcademicStore` of `reconciler.syncs.academic_ports`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, func, insert, select, update

from reconciler.connectors.academic_protocol import Days
from reconciler.errors import UnknownName
from reconciler.issues.issue import DataIssue
from reconciler.records.academic import AcademicEntity, academic_columns
from reconciler.records.entities import Entity
from reconciler.store import academic_commit, academic_figures, audit, issue_rows, runs
from reconciler.store.academic_changes import dump_academic, load_academic
from reconciler.store.academic_write import PART
from reconciler.store.database import Database
from reconciler.store.packed import in_scope, read_packed, scope_values
from reconciler.store.tables.academic import (
    ACADEMIC_CURSOR,
    ACADEMIC_HELD,
    ACADEMIC_PARKED,
    ACADEMIC_RECORDS,
    ACADEMIC_STATE,
)
from reconciler.store.tables.runs import FEED_CURSOR, FEED_STATE, RUN
from reconciler.syncs.academic_ports import AcademicCommit, AcademicCursor, AcademicFigures, HeldAcademic, ParkedCount
from reconciler.syncs.ports import CanonicalRow, FeedScope
from reconciler.transfers.entry import Outcome, TransferEntry
from reconciler.vocabulary.actor import Actor
from reconciler.vocabulary.codes import AcademicYear
from reconciler.vocabulary.suggestions import did_you_mean

_STREAMED = 2000


class SqlAcademicStore:
    """Every method that writes is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known_students(self, scope: FeedScope) -> frozenset[str]:
        """Ids of the live students of the scope, as the roster import left them."""
        with self._database.read() as connection:
            return frozenset(read_packed(connection, scope, Entity.STUDENTS))

    def first_import_done(self, scope: FeedScope) -> bool:
        """Whether the partner's first manual import has succeeded (VS, rule 45)."""
        table = FEED_STATE
        query = select(table.c.feed).where(
            table.c.attachment == scope.attachment, table.c.feed == scope.feed, table.c.first_import_done
        )
        with self._database.read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def base(self, scope: FeedScope) -> str:
        """The academic run that last changed the scope, empty when none did."""
        with self._database.read() as connection:
            query = select(ACADEMIC_STATE.c.base_run).where(in_scope(ACADEMIC_STATE, scope))
            return connection.execute(query).scalar() or ""

    def cursor(self, scope: FeedScope, entity: AcademicEntity) -> AcademicCursor | None:
        """What the last committed run left, None before the first."""
        table = ACADEMIC_CURSOR
        with self._database.read() as connection:
            found = connection.execute(
                select(table).where(in_scope(table, scope), table.c.entity == entity.value)
            ).first()
        if found is None:
            return None
        return AcademicCursor(
            mapping_version=found.mapping_version, covered_to=found.covered_to, whole_on=found.whole_on,
            students=frozenset(orjson.loads(found.students)),
        )  # fmt: skip

    def live_rows(self, scope: FeedScope, entity: AcademicEntity) -> int:
        """How many rows are live; nothing is counted for it."""
        table = FEED_CURSOR
        query = select(table.c.live_rows).where(in_scope(table, scope), table.c.entity == entity.value)
        with self._database.read() as connection:
            return connection.execute(query).scalar() or 0

    def portion(
        self, scope: FeedScope, entity: AcademicEntity, students: Collection[str], days: Days | None
    ) -> dict[str, CanonicalRow]:
        """Live rows of some students, of some days or of all, by source id."""
        table = ACADEMIC_RECORDS[entity]
        query = _live(scope, entity).where(table.c.student_id.in_(students))
        if days is not None:
            query = query.where(table.c.on_date.between(days.first, days.last))
        with self._database.read() as connection:
            return {row[0]: tuple(row) for row in connection.execute(query)}

    def find(self, scope: FeedScope, entity: AcademicEntity, ids: Collection[str]) -> dict[str, CanonicalRow]:
        """Live rows with these ids, wherever they are."""
        table, wanted, found = ACADEMIC_RECORDS[entity], list(ids), dict[str, CanonicalRow]()
        with self._database.read() as connection:
            for start in range(0, len(wanted), PART):
                query = _live(scope, entity).where(table.c.source_id.in_(wanted[start : start + PART]))
                found |= {row[0]: tuple(row) for row in connection.execute(query)}
        return found

    def rows(self, scope: FeedScope, entity: AcademicEntity, *, student: str = "") -> Iterator[CanonicalRow]:
        """Live rows, of one student or of all, streamed in order of source id (by code point)."""
        table = ACADEMIC_RECORDS[entity]
        order = table.c.source_id if self._database.is_sqlite else table.c.source_id.collate("C")
        query = _live(scope, entity).order_by(order)
        if student:
            query = query.where(table.c.student_id == student)
        with (
            self._database.read() as connection,
            connection.execution_options(yield_per=_STREAMED).execute(query) as found,
        ):
            for row in found:
                yield tuple(row)

    def parked(self, scope: FeedScope) -> Sequence[ParkedCount]:
        """What waits for students, by entity and student."""
        table = ACADEMIC_PARKED
        query = (
            select(table.c.entity, table.c.student_id, func.count())
            .where(in_scope(table, scope))
            .group_by(table.c.entity, table.c.student_id)
            .order_by(table.c.entity, table.c.student_id)
        )
        with self._database.read() as connection:
            return [ParkedCount(entity=AcademicEntity(entity), student=student, rows=rows)
                    for entity, student, rows in connection.execute(query)]  # fmt: skip

    def figures(self, scope: FeedScope, *, student: str = "") -> AcademicFigures:
        """Live rows by entity and marks by statistical class, of one student or of all, and what is parked."""
        with self._database.read() as connection:
            return academic_figures.read(connection, scope, student=student)

    def start_run(self, entry: TransferEntry) -> None:
        """Commits the entry as `running`."""
        with self._database.write() as connection:
            runs.start(connection, entry)

    def commit(self, commit: AcademicCommit) -> None:
        """One transaction, wholly or not at all; ends the run. A commit without changes writes no record row.

        It supersedes the scope's held runs, but for the one that it fulfils: its caller closes that.
        """
        with self._database.write() as connection:
            academic_commit.write(connection, commit)

    def end_run(self, entry: TransferEntry, *, issues: Sequence[DataIssue] = ()) -> None:
        """Ends a run that changes no record; opens issues, closes none."""
        with self._database.write() as connection:
            runs.end(connection, entry)
            issue_rows.record(connection, issues, run=entry.run, at=entry.finished_at or entry.started_at)

    def hold(self, held: HeldAcademic) -> None:
        """Keeps the change set, ends the run as `held`; an earlier held academic run of the scope is superseded."""
        with self._database.write() as connection:
            _hold(connection, held)

    def held_runs(self) -> Sequence[HeldAcademic]:
        """Those still held, the latest first; whether one has expired is for the caller's clock to say."""
        query = select(ACADEMIC_HELD).where(ACADEMIC_HELD.c.status == "held").order_by(ACADEMIC_HELD.c.number.desc())
        with self._database.read() as connection:
            return [_held(row) for row in connection.execute(query)]

    def close_held(self, run: str, *, status: str, at: datetime, actor: Actor, reason: str) -> None:
        """Marks a held run `approved`, `rejected` or `expired` and drops its change set. UnknownName."""
        with self._database.write() as connection:
            _close(connection, run, status=status, at=at, actor=actor, reason=reason)


def _live(scope: FeedScope, entity: AcademicEntity) -> Any:
    table = ACADEMIC_RECORDS[entity]
    columns = (table.c[name] for name in academic_columns(entity))
    return select(*columns).where(in_scope(table, scope), table.c.left_load.is_(None))


def _hold(connection: Connection, held: HeldAcademic) -> None:
    entry = replace(held.commit.entry, outcome=Outcome.HELD, finished_at=held.held_at)
    number = runs.end(connection, entry)
    academic_commit.supersede(connection, held.scope, by=held.run)
    connection.execute(
        insert(ACADEMIC_HELD).values(
            run=held.run, number=number, school=held.scope.school, **scope_values(held.scope), held_at=held.held_at,
            expires_at=held.expires_at, reasons=list(held.reasons), status="held",
            change_set=dump_academic(held.commit),
        )
    )  # fmt: skip
    audit.append(
        connection, at=held.held_at, actor=entry.actor, verb="run.held", subject=f"run {held.run}",
        detail={"school": entry.school, "feed": entry.feed, "kind": entry.kind, "reasons": list(held.reasons)},
    )  # fmt: skip


def _held(row: Any) -> HeldAcademic:
    year = AcademicYear.parse(row.academic_year)
    return HeldAcademic(
        run=row.run, held_at=row.held_at, expires_at=row.expires_at, reasons=tuple(row.reasons),
        scope=FeedScope(school=row.school, attachment=row.attachment, feed=row.feed, year=year),
        commit=load_academic(row.change_set),
    )  # fmt: skip


def _close(connection: Connection, run: str, *, status: str, at: datetime, actor: Actor, reason: str) -> None:
    table = ACADEMIC_HELD
    if connection.execute(select(table.c.status).where(table.c.run == run)).scalar() != "held":
        known = connection.execute(select(table.c.run).where(table.c.status == "held")).scalars()
        raise UnknownName(
            "store.unknown_held_run", f"no held run is called {run}", subject=run,
            hint=did_you_mean(run, known) or "it may have been closed already; `reconcile status` lists what is held",
        )  # fmt: skip
    connection.execute(update(table).where(table.c.run == run).values(status=status, change_set=None))
    if status == "rejected":
        connection.execute(update(RUN).where(RUN.c.run == run).values(outcome=Outcome.REJECTED.value))
    audit.append(connection, at=at, actor=actor, verb=f"run.{status}", subject=f"run {run}",
                 detail={"reason": reason})  # fmt: skip

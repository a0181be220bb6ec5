"""What an academic import asks of a store; `store` fulfils it.

Academic records have a base, cursors and held runs of their own beside those of the roster, so that an hourly import
of marks never makes a held import of students stale, and the other way round.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from reconciler.connectors.academic_protocol import Days
from reconciler.issues.issue import DataIssue
from reconciler.records.academic import AcademicEntity
from reconciler.syncs.academic_changes import AcademicChanges
from reconciler.syncs.ports import CanonicalRow, FeedScope
from reconciler.transfers.entry import TransferEntry
from reconciler.vocabulary.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class AcademicCursor:
    """Where an entity stands: `students` have been read from the first day of the year up to `covered_to`.

    `whole_on` is the day on which every day of all of them was last looked at.
    """

    mapping_version: str
    covered_to: date
    whole_on: date
    students: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedCount:
    """Rows that wait for a student who is not known: keys only, no values."""

    entity: AcademicEntity
    student: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedSince:
    """What of one entity waits for students who are not known, and since when the first of it does."""

    entity: AcademicEntity
    students: int
    rows: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AcademicFigures:
    """What a report counts: live rows by entity, marks by statistical class, parked rows; zeros are left out."""

    counts: Mapping[AcademicEntity, int]
    attendance: Mapping[str, int]
    parked: tuple[ParkedSince, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcademicCommit:
    """All that one run writes, in one transaction.

    `base` is the academic run that last changed the scope when the change set was made; the store refuses (StalePlan)
    when it moved. `released` are the students of each entity whose parked rows are live now or gone at the source.
    """

    scope: FeedScope
    entry: TransferEntry
    base: str
    changes: Mapping[AcademicEntity, AcademicChanges] = field(default_factory=dict)
    cursors: Mapping[AcademicEntity, AcademicCursor] = field(default_factory=dict)
    released: Mapping[AcademicEntity, frozenset[str]] = field(default_factory=dict)
    issues: Sequence[DataIssue] = ()
    issue_codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAcademic:
    """An academic run that waits for a person: exactly what would be committed, until `expires_at`."""

    run: str
    scope: FeedScope
    held_at: datetime
    expires_at: datetime
    reasons: tuple[str, ...]
    commit: AcademicCommit


class AcademicStore(Protocol):
    """The academic import's store. Every method that writes is one transaction."""

    def known_students(self, scope: FeedScope) -> frozenset[str]:
        """Ids of the live students of the scope, as the roster import left them."""

    def first_import_done(self, scope: FeedScope) -> bool:
        """Whether the partner's first manual import has succeeded (VS, rule 45)."""

    def base(self, scope: FeedScope) -> str:
        """The academic run that last changed the scope, empty when none did."""

    def cursor(self, scope: FeedScope, entity: AcademicEntity) -> AcademicCursor | None:
        """What the last committed run left, None before the first."""

    def live_rows(self, scope: FeedScope, entity: AcademicEntity) -> int:
        """How many rows are live; nothing is counted for it."""

    def portion(
        self, scope: FeedScope, entity: AcademicEntity, students: Collection[str], days: Days | None
    ) -> dict[str, CanonicalRow]:
        """Live rows of some students, of some days or of all, by source id."""

    def find(self, scope: FeedScope, entity: AcademicEntity, ids: Collection[str]) -> dict[str, CanonicalRow]:
        """Live rows with these ids, wherever they are."""

    def rows(self, scope: FeedScope, entity: AcademicEntity, *, student: str = "") -> Iterator[CanonicalRow]:
        """Live rows, of one student or of all, streamed in order of source id."""

    def parked(self, scope: FeedScope) -> Sequence[ParkedCount]:
        """What waits for students, by entity and student."""

    def start_run(self, entry: TransferEntry) -> None:
        """Commits the entry as `running`."""

    def commit(self, commit: AcademicCommit) -> None:
        """One transaction, wholly or not at all; ends the run. A commit without changes writes no record row."""

    def end_run(self, entry: TransferEntry, *, issues: Sequence[DataIssue] = ()) -> None:
        """Ends a run that changes no record; opens issues, closes none."""

    def hold(self, held: HeldAcademic) -> None:
        """Keeps the change set, ends the run as `held`; an earlier held academic run of the scope is superseded."""

    def held_runs(self) -> Sequence[HeldAcademic]:
        """Those still held, the latest first."""

    def close_held(self, run: str, *, status: str, at: datetime, actor: Actor, reason: str) -> None:
        """Marks a held run `approved`, `rejected` or `expired` and drops its change set. UnknownName."""

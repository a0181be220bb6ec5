"""From one academic year to the next, partner by partner: who answers for it, and who must come along (C26)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date

from reconciler.connectors.protocol import Session, SourceRow
from reconciler.errors import ReconcileError
from reconciler.issues.rule import Trouble
from reconciler.issues.year_change import Pupil, goes_up, last_year_group
from reconciler.records.entities import Entity
from reconciler.records.mapping import UnusableRow, mapper
from reconciler.records.row_digest import CanonicalRow
from reconciler.sharing.scope import at
from reconciler.syncs.guards import Movement, judge
from reconciler.syncs.intake import Intake
from reconciler.syncs.job import ImportJob
from reconciler.syncs.ports import FeedStore

NAMED = 10  # ids of missing students that a reason lists
_CLASS_START = at(Entity.CLASSES, "start_date")
_ID, _YEAR_GROUP, _END = (at(Entity.STUDENTS, c) for c in ("source_id", "year_group", "end_date"))


def answers_for(job: ImportJob, connect: Callable[[], AbstractContextManager[Session]]) -> bool:
    """Whether the school's source is in the job's year: it lists an offered class that starts in it.

    Students prove nothing, since most are at a school for years and the next ones are entered early. A source that
    cannot be read answers for no year; the import that follows says why.
    """
    map_row = mapper(Entity.CLASSES, job.mapping)
    found = False
    try:
        with connect() as session:
            for row in session.fetch(Entity.CLASSES):
                found = found or (isinstance(row, SourceRow) and row.offered and _starts_in(job, map_row, row))
    except ReconcileError:
        return False
    return found


def _starts_in(job: ImportJob, map_row: Callable[..., CanonicalRow], row: SourceRow) -> bool:
    try:
        start = map_row(row.key, row.values)[_CLASS_START]
    except UnusableRow:
        return False
    return isinstance(start, date) and job.year.first_day <= start <= job.year.last_day


def pupils(rows: FeedStore, job: ImportJob) -> list[Pupil]:
    """The live students of the job's scope, in order of id."""
    return [pupil_of(row) for row in rows.rows(job.scope, Entity.STUDENTS)]


def pupil_of(row: CanonicalRow) -> Pupil:
    """What the rules about year groups look at."""
    end = row[_END]
    return Pupil(record=str(row[_ID]), year_group=None if row[_YEAR_GROUP] is None else str(row[_YEAR_GROUP]),
                 end=end if isinstance(end, date) else None)  # fmt: skip


def left_behind(job: ImportJob, intakes: Mapping[Entity, Intake], store: FeedStore, *, today: date) -> list[Trouble]:
    """The reasons to hold the first import of a new year that brings too few of those who go up, or no class.

    It is a first load, so that no guard looks at it: the year before stands in for what is held.
    """
    if job.previous_year is None:
        return []
    earlier = replace(job, year=job.previous_year)
    found = []
    if _loads_first(intakes[Entity.STUDENTS]):
        found += _students_behind(job, earlier, intakes[Entity.STUDENTS], store, today=today)
    if _loads_first(intakes[Entity.CLASSES]):
        found += _no_class(job, earlier, intakes[Entity.CLASSES], store)
    return found


def _loads_first(intake: Intake) -> bool:
    return intake.first_load and intake.asked


def _no_class(job: ImportJob, earlier: ImportJob, classes: Intake, store: FeedStore) -> list[Trouble]:
    """A school whose own system is still in the old year has its students, and no class of the new one."""
    had = len(store.digests(earlier.scope, Entity.CLASSES))
    if classes.standing or not had:
        return []
    return [Trouble(
        code="year.not_moved_up", entity=Entity.CLASSES.value,
        message=f"no class of {job.year} came from {job.school}, and {earlier.year} had {had}",
        hint="the school's own system may still be in the old year; import again when it has changed",
    )]  # fmt: skip


def _students_behind(job: ImportJob, earlier: ImportJob, students: Intake, store: FeedStore, *,
                     today: date) -> list[Trouble]:  # fmt: skip
    before = pupils(store, earlier)
    last = last_year_group(before, phase=job.phase)
    expected = {pupil.record for pupil in before if goes_up(pupil, last=last, year=job.year)}
    missing = sorted(expected - students.standing)
    movement = Movement(entity=Entity.STUDENTS, held=len(expected), left=len(missing),
                        rest=len(expected) - len(missing), dropped=len(missing), gained=0)  # fmt: skip
    over = judge([movement], job.guards, school=job.school, expected=job.expected_changes, today=today)
    if not over:
        return []
    more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
    return [Trouble(
        code="year.not_moved_up", entity=Entity.STUDENTS.value, hint=over[0].hint,
        message=f"{len(missing)} of {len(expected)} students of {earlier.year} who have a next year group did not "
        f"come with {job.year}: {', '.join(missing[:NAMED])}{more}",
    )]  # fmt: skip

"""The look across schools after a run: dual registrations, movers, claimed assignments, who has no next year group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from reconciler.issues import assignment_conflict, movers, two_mains, year_change
from reconciler.issues.assignment_conflict import Claim, Stay
from reconciler.issues.issue import DataIssue
from reconciler.issues.registrations import Accepted, Registration, pairs
from reconciler.records.entities import Entity
from reconciler.sharing.scope import at as place
from reconciler.syncs.assignment_lines import Line
from reconciler.syncs.cross_school import CrossSchoolStore
from reconciler.syncs.ports import FeedScope, FeedStore
from reconciler.syncs.year_change import pupil_of
from reconciler.vocabulary.codes import AcademicYear

CODES = frozenset({two_mains.CODE, movers.PAIRED_CODE, movers.HALF_CODE, year_change.CODE})
_M_ID, _M_CLASS, _M_PERSON, _M_ROLE, _M_START, _M_END = (
    place(Entity.MEMBERSHIPS, c) for c in ("source_id", "class_id", "person_id", "role", "start_date", "end_date")
)
_CLASS_NAME, _CLASS_START, _CLASS_END = (place(Entity.CLASSES, c) for c in ("name", "start_date", "end_date"))
NEAR = timedelta(days=42)  # so long before the year may change, those without a next year group are listed


@dataclass(frozen=True, slots=True, kw_only=True)
class AcrossJob:
    """What a look across schools is told, cut from the applied estate.

    `schools` are the partners, with the ages that each teaches; `next_year` may be from `next_from` on. `assignments`
    are the hub's lines, None where they could not be read: then nothing is said of them, and nothing closed.
    """

    schools: Mapping[str, str]
    today: date
    zone: ZoneInfo
    is_school_day: Callable[[date], bool]
    accepted: Sequence[Accepted] = ()
    next_year: AcademicYear | None = None
    next_from: date | None = None
    assignments: Sequence[Line] | None = ()


def look_across(job: AcrossJob, feeds: FeedStore, across: CrossSchoolStore, *, run: str,
                at: datetime) -> tuple[DataIssue, ...]:  # fmt: skip
    """Finds what only shows across schools, opens and closes its issues under `run`, and returns them.

    A run that changed nothing is looked at too: days pass, and an accepted issue is accepted until a day.
    """
    scopes = [scope for scope in across.scopes() if scope.school in job.schools]
    found = {issue.identity: issue for issue in _found(job, scopes, feeds, across)}
    issues = tuple(found[identity] for identity in sorted(found))
    codes = CODES if job.assignments is None else CODES | {assignment_conflict.CODE}
    across.settle(issues, codes=codes, run=run, at=at)
    return issues


def _found(job: AcrossJob, scopes: Sequence[FeedScope], feeds: FeedStore,
           across: CrossSchoolStore) -> Iterator[DataIssue]:  # fmt: skip
    people = across.shared_people(scopes, zone=job.zone)
    yield from two_mains.two_mains(people, accepted=job.accepted, today=job.today)
    yield from movers.movers(people, accepted=job.accepted, today=job.today, is_school_day=job.is_school_day)
    yield from _year_change(job, scopes, feeds)
    yield from assignment_conflict.conflicts(_claims(job.assignments or (), scopes, feeds, people))


def _year_change(job: AcrossJob, scopes: Iterable[FeedScope], feeds: FeedStore) -> Iterator[DataIssue]:
    if job.next_year is None or job.next_from is None or job.today < job.next_from - NEAR:
        return
    for scope in scopes:
        if scope.year < job.next_year:  # the others are there already
            pupils = [pupil_of(row) for row in feeds.rows(scope, Entity.STUDENTS)]
            yield from year_change.no_next_group(
                scope.school, pupils, phase=job.schools[scope.school], year=job.next_year, accepted=job.accepted,
                today=job.today,
            )  # fmt: skip


def _claims(lines: Sequence[Line], scopes: Iterable[FeedScope], feeds: FeedStore,
            people: Sequence[Registration]) -> list[Claim]:  # fmt: skip
    """Memberships that a school brought of a student in a class that the hub assigns: its own student, or a child whom
    it keeps a record of beside the home school. A date that is the class's own is none that anybody set."""
    same = _same_child(people) if lines else {}
    found = []
    for scope in scopes:
        here = [line for line in lines if line.class_school == scope.school]
        if not here:
            continue
        classes = {str(row[0]): row for row in feeds.rows(scope, Entity.CLASSES)}
        for row in feeds.rows(scope, Entity.MEMBERSHIPS):
            if row[_M_ROLE] != "student" or str(row[_M_CLASS]) not in classes:
                continue
            who = {(scope.school, str(row[_M_PERSON])), *same.get((scope.school, str(row[_M_PERSON])), ())}
            group = classes[str(row[_M_CLASS])]
            stays = [
                Stay(declared=line.declared, first=line.first, last=line.last)
                for line in here
                if (line.student_school, line.student_id) in who and line.class_name in (group[0], group[_CLASS_NAME])
            ]
            if stays:
                start, end = (
                    day if isinstance(day, date) and day != usual else None
                    for day, usual in ((row[_M_START], group[_CLASS_START]), (row[_M_END], group[_CLASS_END]))
                )
                found.append(Claim(school=scope.school, membership=str(row[_M_ID]), start=start, end=end, stays=stays))
    return found


def _same_child(people: Sequence[Registration]) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """School and record -> the records of the same child at other schools."""
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for one, other in pairs(people):
        found.setdefault((one.school, one.record), set()).add((other.school, other.record))
        found.setdefault((other.school, other.record), set()).add((one.school, one.record))
    return found

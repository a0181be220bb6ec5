"""The look across schools after a run: dual registrations, movers, and who has no year group to go up to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from reconciler.issues import movers, two_mains, year_change
from reconciler.issues.issue import DataIssue
from reconciler.issues.registrations import Accepted
from reconciler.records.entities import Entity
from reconciler.syncs.cross_school import CrossSchoolStore
from reconciler.syncs.ports import FeedScope, FeedStore
from reconciler.syncs.year_change import pupil_of
from reconciler.vocabulary.codes import AcademicYear

CODES = frozenset({two_mains.CODE, movers.PAIRED_CODE, movers.HALF_CODE, year_change.CODE})
NEAR = timedelta(days=42)  # so long before the year may change, those without a next year group are listed


@dataclass(frozen=True, slots=True, kw_only=True)
class AcrossJob:
    """What a look across schools is told, cut from the applied estate.

    `schools` are the partners, with the ages that each teaches; `next_year` may be from `next_from` on.
    """

    schools: Mapping[str, str]
    today: date
    zone: ZoneInfo
    is_school_day: Callable[[date], bool]
    accepted: Sequence[Accepted] = ()
    next_year: AcademicYear | None = None
    next_from: date | None = None


def look_across(job: AcrossJob, feeds: FeedStore, across: CrossSchoolStore, *, run: str,
                at: datetime) -> tuple[DataIssue, ...]:  # fmt: skip
    """Finds what only shows across schools, opens and closes its issues under `run`, and returns them.

    A run that changed nothing is looked at too: days pass, and an accepted issue is accepted until a day.
    """
    scopes = [scope for scope in across.scopes() if scope.school in job.schools]
    found = {issue.identity: issue for issue in _found(job, scopes, feeds, across)}
    issues = tuple(found[identity] for identity in sorted(found))
    across.settle(issues, codes=CODES, run=run, at=at)
    return issues


def _found(job: AcrossJob, scopes: Sequence[FeedScope], feeds: FeedStore,
           across: CrossSchoolStore) -> Iterator[DataIssue]:  # fmt: skip
    people = across.shared_people(scopes, zone=job.zone)
    yield from two_mains.two_mains(people, accepted=job.accepted, today=job.today)
    yield from movers.movers(people, accepted=job.accepted, today=job.today, is_school_day=job.is_school_day)
    yield from _year_change(job, scopes, feeds)


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

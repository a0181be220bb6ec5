"""What an academic import is told to do, cut from the applied estate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from reconciler.connectors.academic_protocol import Days
from reconciler.records.academic import AcademicEntity
from reconciler.records.structures import Structure
from reconciler.syncs.guards import ExpectedChange, GuardLimits
from reconciler.syncs.job import Trigger
from reconciler.syncs.ports import FeedScope
from reconciler.vocabulary.codes import AcademicYear
from reconciler.vocabulary.feeds import HUB

OVERLAP = timedelta(days=28)  # how far back an ordinary run looks again: marks are corrected for weeks
WHOLE_EVERY = timedelta(days=7)  # how often every day of the year is looked at again
_PORTION_DAYS = 31  # the overlap and today in one
_PORTION_STUDENTS = 200

# Read by portions of days from the cursor on; the others are few, and are read for the whole year each time.
BY_DAYS = frozenset({AcademicEntity.ATTENDANCE_MARKS, AcademicEntity.BEHAVIOUR_EVENTS})


@dataclass(frozen=True, slots=True, kw_only=True)
class AcademicJob:
    """One school's academic import into the feed `hub`.

    `entities` are those that the estate asks for and the connector knows. `structures` are the hub's own. `whole_year`
    looks at every day again, not only at those since the last run and the overlap before it.
    """

    school: str
    school_name: str
    attachment: str
    year: AcademicYear
    entities: frozenset[AcademicEntity]
    structures: Mapping[AcademicEntity, Structure]
    require_structure_match: bool = True
    feed: str = HUB
    guards: GuardLimits = field(default_factory=GuardLimits)
    expected_changes: tuple[ExpectedChange, ...] = ()
    declared_complete: bool = False
    trigger: Trigger = Trigger.MANUAL
    whole_year: bool = False
    timezone: str = "Europe/London"

    @property
    def scope(self) -> FeedScope:
        return FeedScope(school=self.school, attachment=self.attachment, feed=self.feed, year=self.year)

    def today(self, now: datetime) -> date:
        """The hub's date at an aware time."""
        return now.astimezone(ZoneInfo(self.timezone)).date()

    def until(self, now: datetime) -> date:
        """The last day that is asked for: today, inside the academic year."""
        return min(max(self.today(now), self.year.first_day), self.year.last_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """What is asked for at once: `days` is what is compared, None where all of the year's rows are."""

    students: tuple[str, ...]
    days: Days
    whole: bool = False


def portions(students: Sequence[str], days: Days, *, whole: bool) -> Iterator[Portion]:
    """Students and days cut small, so that neither side holds much at once."""
    rest = iter(students)
    while chunk := tuple(islice(rest, _PORTION_STUDENTS)):
        if whole:
            yield Portion(students=chunk, days=days, whole=True)
            continue
        first = days.first
        while first <= days.last:
            last = min(first + timedelta(days=_PORTION_DAYS - 1), days.last)
            yield Portion(students=chunk, days=Days(first=first, last=last))
            first = last + timedelta(days=1)

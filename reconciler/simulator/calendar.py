"""Terms, closed days and cycle weeks of the simulated schools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Half terms as (first day, last day), days without lessons, and one Monday of a week 1 in each half term."""

    terms: tuple[tuple[date, date], ...]
    closed: frozenset[date]
    week_1_starts: tuple[date, ...]

    @property
    def first_day(self) -> date:
        return self.terms[0][0]

    @property
    def last_day(self) -> date:
        return self.terms[-1][1]

    def school_days(self) -> Iterator[tuple[date, date]]:
        """Every day with lessons, with the Monday of a week 1 that its half term counts from."""
        for first, last in self.terms:
            anchor = next(start for start in self.week_1_starts if first <= start <= last)
            for offset in range((last - first).days + 1):
                day = first + timedelta(days=offset)
                if day.weekday() < 5 and day not in self.closed:
                    yield day, anchor


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """A school's timetable cycle: weeks, days Monday to Friday, and the names of each day's periods."""

    weeks: int
    periods: tuple[tuple[str, ...], ...]  # one tuple for each of the five days
    calendar: Calendar

    def slots(self) -> tuple[tuple[int, int, str], ...]:
        """Every (week, day, period), week and day from 1, in order."""
        return tuple(
            (week, day, period)
            for week in range(1, self.weeks + 1)
            for day, periods in enumerate(self.periods, start=1)
            for period in periods
        )

    def dates(self) -> Mapping[tuple[int, int], Sequence[date]]:
        """The dates on which each (week, day) of the cycle is taught over the year."""
        return _dates(self)


@lru_cache(maxsize=32)
def _dates(cycle: Cycle) -> Mapping[tuple[int, int], Sequence[date]]:
    found: dict[tuple[int, int], list[date]] = {}
    for day, anchor in cycle.calendar.school_days():
        # Weeks are counted from the anchor both ways, so the days before the first week 1 belong to the last week.
        week = (day - anchor).days // 7 % cycle.weeks + 1
        found.setdefault((week, day.weekday() + 1), []).append(day)
    return found

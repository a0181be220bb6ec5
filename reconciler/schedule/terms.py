"""Terms and closed days: they never keep a run from its slot, they say when old data is worth a warning (rule 116).

Imports run on every day of the year, holidays and week-ends included: schools enrol, withdraw and correct in their
holidays, an empty run costs next to nothing, and a rule that pauses runs is one more reason for stale data in
September. Whoever wants quiet declares a blackout, with a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

STALE_AFTER = timedelta(hours=24)
_SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """First and last days of terms, both included, and days inside them without lessons."""

    terms: tuple[tuple[date, date], ...] = ()
    closed: frozenset[date] = frozenset()

    def is_school_day(self, day: date) -> bool:
        """Whether lessons are taught on that local day."""
        inside = any(first <= day <= last for first, last in self.terms)
        return inside and day.weekday() < _SATURDAY and day not in self.closed


def is_stale(last: datetime, now: datetime, *, calendar: Calendar, zone: ZoneInfo) -> bool:
    """Whether data last read at `last` is old on a school day: more than 24 hours (rule 116)."""
    return now - last > STALE_AFTER and calendar.is_school_day(now.astimezone(zone).date())

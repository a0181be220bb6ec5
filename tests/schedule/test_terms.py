"""Holidays keep nothing from its slot; they only say when old data is worth a warning."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reconciler.schedule.due import Line, LineKey, Verdict, due
from reconciler.schedule.terms import Calendar, is_stale

LONDON = ZoneInfo("Europe/London")
CALENDAR = Calendar(
    terms=((date(2026, 11, 2), date(2026, 12, 18)), (date(2027, 1, 4), date(2027, 2, 12))),
    closed=frozenset({date(2026, 11, 27)}),
)


@pytest.mark.parametrize(
    ("day", "taught"),
    [
        ("2026-11-02", True), ("2026-12-18", True), ("2026-12-19", False), ("2026-12-21", False),
        ("2026-11-27", False), ("2026-11-28", False), ("2027-01-04", True), ("2026-11-01", False),
    ],
)  # fmt: skip
def test_a_school_day_is_in_term_in_the_week_and_not_closed(day: str, taught: bool) -> None:
    """First and last days of a term count."""
    assert CALENDAR.is_school_day(date.fromisoformat(day)) is taught


@pytest.mark.requirement(116)
@pytest.mark.parametrize(
    ("now", "hours", "stale"),
    [("2026-11-23T09:00", 25, True), ("2026-11-23T09:00", 24, False), ("2026-12-28T09:00", 25, False),
     ("2026-11-28T09:00", 25, False)],
)  # fmt: skip
def test_data_is_stale_after_a_day_and_only_on_a_school_day(now: str, hours: int, stale: bool) -> None:
    """In the holidays nobody is warned."""
    moment = datetime.fromisoformat(f"{now}+00:00")
    assert is_stale(moment - timedelta(hours=hours), moment, calendar=CALENDAR, zone=LONDON) is stale


def test_the_day_that_counts_is_the_hubs() -> None:
    """At half past eleven in the evening UTC it is the next day in London in summer."""
    calendar = Calendar(terms=((date(2026, 7, 1), date(2026, 7, 1)),))
    late = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    assert is_stale(late - timedelta(days=2), late, calendar=calendar, zone=LONDON)


@pytest.mark.parametrize("day", ["2026-12-25", "2026-11-28", "2026-08-10"])
def test_a_holiday_and_a_sunday_have_their_slots(day: str) -> None:
    """Only a blackout gives a kind of run a rest."""
    now = datetime.fromisoformat(f"{day}T08:00:00+00:00")
    line = Line(key=LineKey("import", "AVN"), times="every_morning", since=now - timedelta(hours=2))
    (found,) = due([line], [], {}, zone=LONDON, now=now)
    assert (found.verdict, found.slot.name.day.isoformat()) == (Verdict.RUN, day)

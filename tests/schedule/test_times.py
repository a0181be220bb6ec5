"""Named times and their slots on the clock on the wall."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.schedule.times import NAMED, labels, latest_slot, next_slot, slots_between, slots_of_day

LONDON = ZoneInfo("Europe/London")
AUTUMN, SPRING = date(2026, 10, 25), date(2027, 3, 28)  # clocks go back at 02:00 BST, forward at 01:00 GMT


def at(day: date, text: str) -> datetime:
    """A moment of that UTC day."""
    return datetime.fromisoformat(f"{day}T{text}:00+00:00")


def moments(times: str, day: date) -> dict[str, datetime]:
    return {slot.name.label: slot.at for slot in slots_of_day(times, LONDON, day)}


@pytest.mark.requirement(7, 8)
@pytest.mark.parametrize(
    ("times", "first", "count"),
    [
        ("every_morning", "08:00", 1), ("every_afternoon", "13:00", 1), ("every_night", "18:00", 1),
        ("every_30_minutes", "00:00", 48), ("every_hour", "00:00", 24), ("06:40", "06:40", 1),
    ],
)  # fmt: skip
def test_each_named_time_has_its_labels(times: str, first: str, count: int) -> None:
    """The guide's five choices, and a time of day for accounts."""
    assert (labels(times)[0], len(labels(times))) == (first, count)


@pytest.mark.parametrize("times", ["every_day", "8:00", "24:00", "08:00 ", ""])
def test_what_is_no_schedule_is_refused(times: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="every_morning"):
        labels(times)


@pytest.mark.requirement(9)
@pytest.mark.parametrize(
    ("day", "utc"), [(date(2026, 7, 1), "07:00"), (date(2026, 12, 1), "08:00"), (AUTUMN, "08:00"), (SPRING, "07:00")]
)
def test_eight_in_the_morning_is_eight_on_the_wall(day: date, utc: str) -> None:
    """In summer, in winter and on both days of change."""
    assert moments("every_morning", day) == {"08:00": at(day, utc)}


@pytest.mark.requirement(9)
@pytest.mark.parametrize(
    ("label", "utc"), [("00:30", "2026-10-24T23:30"), ("01:00", "2026-10-25T00:00"), ("01:30", "2026-10-25T00:30"),
                       ("02:00", "2026-10-25T02:00")],
)  # fmt: skip
def test_an_hour_that_comes_twice_has_its_slots_once(label: str, utc: str) -> None:
    """01:30 comes at 00:30 and at 01:30 UTC; the slot is the first of the two."""
    found = moments("every_30_minutes", AUTUMN)
    assert len(found) == 48
    assert found[label] == datetime.fromisoformat(f"{utc}:00+00:00")


@pytest.mark.requirement(9)
@pytest.mark.parametrize(("label", "utc"), [("00:30", "00:30"), ("02:00", "01:00"), ("02:30", "01:30")])
def test_an_hour_that_does_not_come_leaves_the_rhythm_unbroken(label: str, utc: str) -> None:
    """01:00 and 01:30 fall on the moment at which the clock shows 02:00, which has a slot of its own."""
    found = moments("every_30_minutes", SPRING)
    assert len(found) == 46
    assert found[label] == at(SPRING, utc)


@pytest.mark.requirement(9)
@pytest.mark.parametrize("label", ["01:00", "01:30", "01:59"])
def test_a_daily_time_that_does_not_come_is_not_left_out(label: str) -> None:
    """It runs at the first moment after the gap, under its own label."""
    assert moments(label, SPRING) == {label: at(SPRING, "01:00")}


def test_a_change_at_midnight_leaves_nothing_out_either() -> None:
    """In Beirut the clock goes from midnight to one: the slot of midnight falls on that moment."""
    beirut, day = ZoneInfo("Asia/Beirut"), date(2026, 3, 29)
    (slot,) = slots_of_day("00:00", beirut, day)
    assert slot.at.astimezone(beirut) == datetime(2026, 3, 29, 1, 0, tzinfo=beirut)


@given(st.sampled_from(sorted(NAMED)), st.dates(date(2020, 1, 1), date(2037, 12, 31)))
def test_slots_of_a_day_are_in_order_and_apart(times: str, day: date) -> None:
    """The order of labels is the order of time, on every day, and no two slots fall together."""
    found = slots_of_day(times, LONDON, day)
    assert [s.name.label for s in found] == sorted(s.name.label for s in found)
    assert all(a.at < b.at for a, b in pairwise(found))


@given(st.sampled_from([*NAMED, "01:30", "00:00", "23:59"]), st.integers(0, 2 * 366 * 86400))
def test_the_last_and_the_next_slot_stand_around_the_moment(times: str, seconds: int) -> None:
    """Nothing lies between them: `latest <= now < next`, and no slot in between."""
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    last, coming = latest_slot(times, LONDON, now), next_slot(times, LONDON, now)
    assert last.at <= now < coming.at
    between = slots_between(times, LONDON, last.at, coming.at)
    assert [slot.name for slot in between] == [last.name, coming.name]
    assert coming.at - last.at <= timedelta(hours=25)

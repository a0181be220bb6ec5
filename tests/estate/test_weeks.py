"""Weeks of the cycle on real days, and whether a map meets them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.documents.read import read_document
from reconciler.estate.build import build_estate
from reconciler.estate.period_maps import read_map
from reconciler.estate.rules import check
from reconciler.estate.structures import PeriodStructure
from reconciler.estate.week_parity import judge, offset_of, reached_weeks
from reconciler.estate.weeks import Meeting, SchoolCalendar, meetings
from reconciler.simulator.blueprint import schools
from tests.conftest import ROOT
from tests.estate.conftest import EVERY_PERIOD, CheckSmall

ESTATE = ROOT / "examples" / "estate.yaml"
YEAR = (date(2026, 8, 1), date(2027, 7, 31))
TWO = PeriodStructure("two", 2, 5, ("P1", "P2"))
SAME = {"P1": "P1", "P2": "P2"}
AUTUMN = {"from": "2026-09-02", "to": "2026-10-23"}
WINTER = {"from": "2026-11-02", "to": "2026-12-18"}


def calendar(**entry: Any) -> SchoolCalendar:
    found = SchoolCalendar.named("x", {"x": {"terms": [AUTUMN, WINTER], **entry}})
    assert found is not None
    return found


def declared(name: str) -> SchoolCalendar:
    """A calendar of the example estate."""
    entries = read_document(ESTATE).value["calendars"]
    found = SchoolCalendar.named(name, entries)
    assert found is not None
    return found


def met(hub: SchoolCalendar, partner: SchoolCalendar) -> tuple[Meeting, ...]:
    return meetings(hub, partner, hub_weeks=2, partner_weeks=2, first=YEAR[0], last=YEAR[1])


@pytest.mark.parametrize(
    ("day", "week"),
    [
        ("2026-09-02", 2),  # before the first Monday of week 1: the last week of the cycle
        ("2026-09-07", 1),
        ("2026-09-13", 1),
        ("2026-09-14", 2),
        ("2026-10-23", 1),
        ("2026-10-26", None),  # between the terms
        ("2026-11-02", 2),  # the second term counts from its own Monday
        ("2026-11-09", 1),
        ("2026-12-18", 2),
    ],
)
def test_weeks_count_both_ways_from_the_terms_own_week_1(day: str, week: int | None) -> None:
    """From 7 September and, after the holiday, from 9 November."""
    assert calendar(week_1_starts=["2026-09-07", "2026-11-09"]).week(date.fromisoformat(day), weeks=2) == week


def test_a_term_without_a_week_1_goes_on_from_the_one_before() -> None:
    """The week of holiday between them is not counted."""
    found = calendar(week_1_starts=["2026-09-07"])
    assert [found.week(date(2026, 10, 19), weeks=2), found.week(date(2026, 11, 2), weeks=2)] == [1, 2]


def test_without_any_week_1_nobody_knows_the_week_unless_there_is_only_one() -> None:
    """It is not guessed."""
    assert calendar().week(date(2026, 9, 7), weeks=2) is None
    assert calendar().week(date(2026, 9, 7), weeks=1) == 1


def test_a_second_monday_in_a_term_begins_the_cycle_anew() -> None:
    """From the last one passed it counts; a day of the week that is no Monday means the week that it is in."""
    found = calendar(week_1_starts=["2026-09-07", "2026-09-30"])
    weeks = [found.week(date(2026, 9, 7) + timedelta(days=7 * n), weeks=2) for n in range(6)]
    assert weeks == [1, 2, 1, 1, 2, 1]


def test_a_calendar_takes_what_it_does_not_write_from_the_one_that_it_is_like() -> None:
    """Dunescar has its own closed days and weeks, and the terms of Eskmere; a circle ends."""
    assert declared("dunescar").terms == declared("eskmere").terms
    assert declared("dunescar").closed - declared("eskmere").closed == {date(2026, 11, 27)}
    circle = {"a": {"like": "b"}, "b": {"like": "a", "closed": ["2026-09-03"]}}
    assert SchoolCalendar.named("a", circle) == SchoolCalendar(name="a", closed=frozenset({date(2026, 9, 3)}))
    assert SchoolCalendar.named("c", circle) is None


@pytest.mark.requirement(41)
def test_simulated_schools_teach_in_the_weeks_that_the_estate_computes() -> None:
    """Brackenmoor's dated lessons fall on its week 1 and 2 on the very days that the declared calendar gives."""
    (brackenmoor,) = [school for school in schools() if school.code == "BRK"]
    eskmere = declared("eskmere")
    for (week, _), days in brackenmoor.cycle.dates().items():
        assert {eskmere.week(day, weeks=2) for day in days} == {week}


@pytest.mark.requirement(41)
def test_dunescars_a_week_is_the_hubs_b_all_year() -> None:
    """The example's offset of 1 is right on every day on which both teach."""
    found = met(declared("eskmere"), declared("dunescar"))
    assert len(found) > 35
    assert offset_of(found, partner_weeks=2) == 1


@pytest.mark.requirement(41)
@pytest.mark.parametrize(("offset", "warned"), [(1, False), (0, True)])
def test_the_example_warns_as_soon_as_dunescars_offset_is_wrong(offset: int, warned: bool) -> None:
    """With 1 validate is silent; with 0 it names a day with both week numbers."""
    document = read_document(ESTATE)
    document.value["period_maps"]["DNE"]["2026-2027"]["week_offset"] = offset
    found = [f for f in check(build_estate(document), document) if f.code == "period.week_parity"]
    assert bool(found) is warned
    if warned:
        assert "on Monday 7 September 2026 the hub is in week 1 and DNE in week 2" in found[0].message
        assert found[0].hint.startswith("write week_offset: 1 instead of 0")


@pytest.mark.requirement(41)
def test_an_offset_of_a_one_week_partner_is_only_the_error_that_it_is(check_small: CheckSmall) -> None:
    """One week has no parity, whatever the calendars say."""
    periods = {**EVERY_PERIOD, "P6": "not_selected"}
    calendars = {"hub": {"terms": [AUTUMN], "week_1_starts": ["2026-09-07"]}}
    wrong = {"AVN": {"2026-2027": {"repeat": "weekly", "week_offset": 1, "periods": periods}}}
    checked = check_small({"calendars": calendars, "virtual_school": {"calendar": "hub"}, "period_maps": wrong})
    assert checked.codes == ["period.week_offset"]


@pytest.mark.requirement(41)
def test_a_school_that_names_no_calendar_follows_the_hubs(check_small: CheckSmall) -> None:
    """So its weeks are the hub's and an offset is wrong."""
    calendars = {"hub": {"terms": [AUTUMN], "week_1_starts": ["2026-09-07"]}}
    offset = {"BRK": {"2026-2027": {"week_offset": 1, "periods": EVERY_PERIOD}}}
    change = {"calendars": calendars, "virtual_school": {"calendar": "hub"}, "period_maps": offset}
    assert check_small(change).codes == ["period.week_parity"]
    calendars["hub"].pop("week_1_starts")
    assert not check_small(change).found


@pytest.mark.requirement(36, 37, 41)
def test_where_a_map_cannot_be_right_its_weeks_are_not_judged(check_small: CheckSmall) -> None:
    """A hub with too few weeks and a repeat with two weeks are errors of their own, and no parity is spoken of."""
    calendars = {"hub": {"terms": [AUTUMN], "week_1_starts": ["2026-09-07"]}}
    base = {"calendars": calendars, "virtual_school": {"calendar": "hub"}}
    repeat = {"period_maps": {"BRK": {"2026-2027": {"repeat": "weekly"}}}}
    assert check_small(base, repeat).codes == ["period.repeat_mismatch"]
    one_week = {"virtual_school": {"calendar": "hub", "period_structure": "W1D5P6"},
                "period_structures": {"W1D5P6": {"weeks": 1, "days": 5, "periods": list(EVERY_PERIOD)}}}  # fmt: skip
    codes = check_small(base, one_week).codes
    assert "period.hub_too_small" in codes
    assert "period.week_parity" not in codes


@pytest.mark.requirement(41, 42)
def test_a_map_is_judged_by_the_days_of_its_own_year(check_small: CheckSmall) -> None:
    """Next year's map says nothing about this year's weeks."""
    calendars = {"hub": {"terms": [AUTUMN], "week_1_starts": ["2026-09-07"]}}
    later = {
        "calendars": calendars,
        "virtual_school": {"calendar": "hub", "next_year": {"year": "2027-2028", "from": "2027-08-25"}},
        "period_maps": {"BRK": {"2027-2028": {"week_offset": 1, "periods": EVERY_PERIOD}}},
    }
    assert not check_small(later).found


@pytest.mark.requirement(41)
def test_the_offset_is_by_how_many_weeks_the_partner_is_ahead_in_a_longer_cycle() -> None:
    """Of three weeks: when the hub is in week 1 and the partner in week 2, one is right and two is not."""
    three = PeriodStructure("three", 3, 5, ("P1", "P2"))
    partner = calendar(week_1_starts=["2026-09-21", "2026-11-16"])  # its week 2 meets the hub's week 1
    found = meetings(calendar(week_1_starts=["2026-09-07", "2026-11-02"]), partner, hub_weeks=3, partner_weeks=3,
                     first=YEAR[0], last=YEAR[1])  # fmt: skip
    assert found[1] == Meeting(date(2026, 9, 7), 1, 2)
    assert offset_of(found, partner_weeks=3) == 1
    assert judge(read_map(hub=three, partner=three, entry={"week_offset": 1, "periods": SAME}), found,
                 partner_weeks=3) is None  # fmt: skip
    wrong = judge(read_map(hub=three, partner=three, entry={"periods": SAME}), found, partner_weeks=3)
    assert wrong is not None
    assert wrong.offset == 1


@pytest.mark.requirement(41)
def test_calendars_that_do_not_keep_their_distance_have_no_right_offset() -> None:
    """Both days are named, and neither offset is proposed."""
    hub, partner = calendar(week_1_starts=["2026-09-07", "2026-11-09"]), calendar(week_1_starts=["2026-09-07"])
    shifted = calendar(week_1_starts=["2026-09-07", "2026-11-02"])
    plain = read_map(hub=TWO, partner=TWO, entry={"periods": SAME})
    assert judge(plain, met(hub, partner), partner_weeks=2) is None
    wrong = judge(plain, met(hub, shifted), partner_weeks=2)
    assert wrong is not None
    assert wrong.offset is None
    assert wrong.meeting == Meeting(date(2026, 11, 2), 2, 1)
    assert wrong.other == Meeting(date(2026, 9, 7), 1, 1)


def test_a_few_slots_in_another_week_do_not_change_which_week_a_map_reaches() -> None:
    """What most slots say counts."""
    entry = {"periods": SAME, "slots": {"W1Fri.P2": "W2Fri.P2", "W2Fri.P2": "not_selected"}}
    assert reached_weeks(read_map(hub=TWO, partner=TWO, entry=entry)) == {1: 1, 2: 2}


@st.composite
def two_terms(draw: st.DrawFn) -> tuple[SchoolCalendar, date, date]:
    """A calendar of two terms, each with a Monday of week 1 inside."""
    first = date(2026, 9, 7) + timedelta(days=draw(st.integers(-6, 6)))
    middle = first + timedelta(days=draw(st.integers(21, 60)))
    second = middle + timedelta(days=draw(st.integers(7, 21)))
    last = second + timedelta(days=draw(st.integers(21, 60)))
    starts = [term + timedelta(days=(-term.weekday()) % 7 + 7 * draw(st.integers(0, 1))) for term in (first, second)]
    terms = ((first, middle), (second, last))
    return SchoolCalendar(name="x", terms=terms, week_1_starts=tuple(starts)), first, last


@pytest.mark.requirement(41)
@given(two_terms(), st.integers(2, 4))
def test_inside_a_term_each_week_follows_the_one_before(made: tuple[SchoolCalendar, date, date], weeks: int) -> None:
    """Every day of a calendar week is in one week of the cycle, and a week later it is the next."""
    found, first, last = made
    for n in range((last - first).days - 7):
        day, later = first + timedelta(days=n), first + timedelta(days=n + 7)
        if any(a <= day <= b and a <= later <= b for a, b in found.terms):
            now = found.week(day, weeks=weeks)
            assert now is not None
            assert found.week(later, weeks=weeks) == now % weeks + 1


@pytest.mark.requirement(41)
@given(two_terms(), st.integers(0, 1))
def test_the_offset_that_two_calendars_show_is_the_one_that_is_right(
    made: tuple[SchoolCalendar, date, date], shift: int
) -> None:
    """A partner whose week 1 starts a week later than the hub's needs the offset 1, and only that is silent."""
    hub = made[0]
    later = tuple(start + timedelta(days=7 * shift) for start in hub.week_1_starts)
    partner = SchoolCalendar(name="y", terms=hub.terms, week_1_starts=later)
    found = met(hub, partner)
    for offset in (0, 1):
        plan = read_map(hub=TWO, partner=TWO, entry={"week_offset": offset, "periods": SAME})
        wrong = judge(plan, found, partner_weeks=2)
        assert (wrong is None) is (offset == shift)
        assert wrong is None or wrong.offset == shift

"""Period maps in full: what shorthand means, slot by slot."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.documents.read import read_document
from reconciler.estate.build import build_estate
from reconciler.estate.period_maps import Expansion, expand, partner_week, read_map
from reconciler.estate.structures import PeriodStructure
from reconciler.vocabulary.slots import Slot
from tests.conftest import ROOT

HUB = PeriodStructure("hub", 2, 5, ("P1", "P2", "P3", "P4", "P5", "P6"))
ONE_WEEK = PeriodStructure("one", 1, 5, ("P1", "P2", "P3", "P4", "P5"))
TWO_WEEKS = PeriodStructure("two", 2, 5, ("P1", "P2", "P3", "P4", "P5", "P6"))
SAME = {f"P{n}": f"P{n}" for n in range(1, 7)}
FIVE = {**SAME, "P6": "not_selected"}


def full(partner: PeriodStructure, **entry: Any) -> Expansion:
    return read_map(hub=HUB, partner=partner, entry=entry)


def slot(text: str) -> Slot:
    return Slot.parse(text)


@pytest.mark.requirement(35, 37, 41)
@pytest.mark.parametrize(
    ("partner", "mapped", "not_selected"),
    [("AVN", 50, 10), ("BRK", 50, 10), ("CST", 40, 20), ("DNE", 60, 0), ("FGT", 36, 24), ("GHL", 60, 0),
     ("HRT", 50, 10)],
)  # fmt: skip
def test_the_maps_of_the_example_estate_have_the_known_counts(partner: str, mapped: int, not_selected: int) -> None:
    """The table of E3: 60 hub slots, so many mapped and so many not selected for each partner."""
    estate = build_estate(read_document(ROOT / "examples" / "estate.yaml"))
    (expansion,) = [declared.expansion for declared in estate.period_maps if declared.school == partner]
    assert expansion is not None
    assert (expansion.mapped, expansion.not_selected) == (mapped, not_selected)
    assert not expansion.unmapped
    assert not expansion.problems


@pytest.mark.requirement(37)
def test_a_weekly_repeat_maps_days_6_to_10_onto_days_1_to_5() -> None:
    """The hub's second week meets the partner's only week again."""
    slots = full(ONE_WEEK, repeat="weekly", periods=FIVE).slots
    assert slots[slot("W2Mon.P1")] == slots[slot("W1Mon.P1")] == slot("W1Mon.P1")
    assert slots[slot("W2Fri.P6")] is None


@pytest.mark.requirement(37)
def test_explicit_slots_and_shorthand_are_the_same_map() -> None:
    """Written out slot by slot or short, the value is one."""
    short = full(ONE_WEEK, repeat="weekly", periods=FIVE)
    explicit = {
        str(hub): "not_selected" if hub.period == "P6" else f"W1{str(hub)[2:]}" for hub in HUB.slots()
    }  # fmt: skip
    assert full(ONE_WEEK, slots=explicit).slots == short.slots
    assert full(ONE_WEEK, slots=explicit).texts == short.texts


@pytest.mark.requirement(41)
def test_an_offset_of_one_meets_the_hubs_week_b_with_the_partners_week_a() -> None:
    """Week parity turns round; no slot is lost."""
    slots = full(TWO_WEEKS, week_offset=1, periods=SAME).slots
    assert slots[slot("W1Mon.P1")] == slot("W2Mon.P1")
    assert slots[slot("W2Fri.P6")] == slot("W1Fri.P6")
    assert len(set(slots.values())) == 60


@pytest.mark.requirement(34)
def test_times_of_day_do_not_enter_a_map() -> None:
    """A structure with other times is the same structure."""
    entry = {"weeks": 1, "days": 5, "periods": ["P1"]}
    times = {"times": {"P1": {"from": "08:50", "to": "09:50"}}}
    assert PeriodStructure.of("x", entry) == PeriodStructure.of("x", {**entry, **times})


@pytest.mark.requirement(35)
def test_null_means_not_selected_and_silence_does_not() -> None:
    """A slot that is said to have no partner slot is mapped; one that is left out is not."""
    said = full(TWO_WEEKS, periods={**SAME, "P6": None})
    silent = full(TWO_WEEKS, periods={k: v for k, v in SAME.items() if k != "P6"})
    assert (said.not_selected, len(said.unmapped)) == (10, 0)
    assert (silent.not_selected, len(silent.unmapped)) == (0, 10)


@pytest.mark.requirement(35)
def test_unlisted_not_selected_speaks_for_every_slot_left_out() -> None:
    """One line instead of many."""
    expansion = full(TWO_WEEKS, unlisted="not_selected", periods={"P1": "P1"})
    assert (expansion.mapped, expansion.not_selected, expansion.unmapped) == (10, 50, ())


def test_the_special_wins_over_the_general() -> None:
    """`slots` before `except` of one week, before `except` of every week, before `periods`."""
    slots = full(
        TWO_WEEKS,
        periods=SAME,
        **{"except": {"Fri": {"P1": "P2", "P2": "P3"}, "W2Fri": {"P1": "P4"}}},
        slots={"W2Fri.P2": "W1Mon.P6"},
    ).slots
    assert str(slots[slot("W1Fri.P1")]) == "W1Fri.P2"
    assert str(slots[slot("W2Fri.P1")]) == "W2Fri.P4"
    assert str(slots[slot("W2Fri.P2")]) == "W1Mon.P6"
    assert str(slots[slot("W1Fri.P2")]) == "W1Fri.P3"


def test_ragged_days_have_the_slots_that_they_say() -> None:
    """Foxgate teaches 18 slots a week: four a day, two on Friday."""
    ragged = PeriodStructure("FGT", 1, 5, ("P1", "P2", "P3", "P4"), (("Fri", ("P1", "P2")),))
    assert len(ragged.slots()) == 18
    assert ragged.most_periods == 4
    assert not ragged.day_periods(2, 1)


def test_one_line_that_is_wrong_every_day_is_one_problem() -> None:
    """P6 of a five-period school is named once, with the first slot that it hits."""
    (problem,) = full(ONE_WEEK, repeat="weekly", periods=SAME).problems
    assert (problem.path, str(problem.slot)) == (("periods", "P6"), "W1Mon.P6")


def test_expand_gives_every_hub_slot_a_target() -> None:
    """What a broken map leaves out counts as not selected."""
    slots = expand(hub=HUB, partner=ONE_WEEK, entry={"periods": {"P1": "P1"}})
    assert list(slots) == list(HUB.slots())
    assert sum(target is not None for target in slots.values()) == 5


@given(
    weeks=st.integers(1, 4), days=st.integers(1, 7), periods=st.integers(1, 9), offset=st.integers(0, 1),
)  # fmt: skip
def test_a_map_week_for_week_reaches_every_slot_once(weeks: int, days: int, periods: int, offset: int) -> None:
    """Between equal structures a map by period is one to one, whatever the offset."""
    names = tuple(f"P{n}" for n in range(periods))
    structure = PeriodStructure("s", weeks, days, names)
    entry = {"week_offset": offset, "periods": {name: name for name in names}}
    expansion = read_map(hub=structure, partner=structure, entry=entry)
    assert sorted(target for target in expansion.slots.values() if target) == sorted(structure.slots())
    assert not expansion.unreached(structure)
    assert not list(expansion.doubled())


@pytest.mark.requirement(41)
def test_the_partners_week_is_unknown_beyond_its_cycle_unless_it_repeats() -> None:
    """A one-week partner says nothing about week 2 on its own."""
    assert partner_week(1, partner_weeks=1, offset=0, weekly=False) == 1
    assert partner_week(2, partner_weeks=1, offset=0, weekly=False) is None
    assert partner_week(2, partner_weeks=1, offset=0, weekly=True) == 1
    assert partner_week(2, partner_weeks=2, offset=1, weekly=False) == 1

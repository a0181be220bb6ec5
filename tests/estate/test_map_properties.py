"""Any two structures and any map: shorthand and explicit slots are one state (VS, rule 37)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.estate.period_maps import expansion_of, read_map
from reconciler.estate.structures import PeriodStructure
from reconciler.vocabulary.slots import DAYS, Slot

# Names of periods as schools write them: with spaces, dots, a dash, accents, and some that look like something else.
PERIODS = ("P1", "P2", "P3", "Reg", "1", "a.m.", "Block A", "Cyfnod ŵ", "W1Mon", "6–7")


@st.composite
def structures(draw: st.DrawFn, *, weeks: int = 3) -> PeriodStructure:
    """A cycle of one to three weeks, ragged days included; a day may have no period at all."""
    names = draw(st.lists(st.sampled_from(PERIODS), min_size=1, max_size=5, unique=True))
    count, days = draw(st.integers(1, weeks)), draw(st.integers(1, 7))
    ragged = draw(
        st.dictionaries(
            st.sampled_from([*DAYS[:days], *(f"W{week}{DAYS[0]}" for week in range(1, count + 1))]),
            st.lists(st.sampled_from(names), unique=True).map(tuple),
            max_size=2,
        )
    )
    return PeriodStructure("s", count, days, tuple(names), tuple(ragged.items()))


@st.composite
def maps(draw: st.DrawFn) -> tuple[PeriodStructure, PeriodStructure, dict[str, Any]]:
    """A hub, a partner and a map with shorthand, days that differ, explicit slots, an offset, in any mixture."""
    hub, partner = draw(structures()), draw(structures(weeks=2))
    said = st.sampled_from([*partner.periods, "not_selected"])
    entry: dict[str, Any] = {
        "periods": draw(st.dictionaries(st.sampled_from(hub.periods), said, min_size=1)),
        "week_offset": draw(st.integers(0, 1)) if partner.weeks > 1 else 0,
    }
    if partner.weeks == 1 and draw(st.booleans()):
        entry["repeat"] = "weekly"
    if draw(st.booleans()):
        entry["unlisted"] = "not_selected"
    days = [*DAYS[: hub.days], *(f"W{week}{DAYS[0]}" for week in range(1, hub.weeks + 1))]
    by_day = st.dictionaries(st.sampled_from(hub.periods), said, max_size=2)
    entry["except"] = draw(st.dictionaries(st.sampled_from(days), by_day, max_size=2))
    if hub.slots() and partner.slots():
        whole = st.sampled_from(["not_selected", *map(str, partner.slots())])
        entry["slots"] = draw(st.dictionaries(st.sampled_from([str(s) for s in hub.slots()]), whole, max_size=3))
    return hub, partner, entry


@pytest.mark.requirement(37)
@given(maps())
def test_a_map_written_short_and_slot_by_slot_is_the_same_state(
    made: tuple[PeriodStructure, PeriodStructure, dict[str, Any]],
) -> None:
    """`periods`, `except`, `repeat`, `week_offset` and `unlisted` written out give the very same texts."""
    hub, partner, entry = made
    short = read_map(hub=hub, partner=partner, entry=entry)
    explicit = {slot: text or "not_selected" for slot, text in short.texts.items()}
    written_out = read_map(hub=hub, partner=partner, entry={"slots": explicit})
    assert written_out.texts == short.texts
    assert written_out.slots == short.slots
    assert written_out.unmapped == short.unmapped


@pytest.mark.requirement(35)
@given(maps())
def test_every_hub_slot_is_said_something_about_or_missed_once(
    made: tuple[PeriodStructure, PeriodStructure, dict[str, Any]],
) -> None:
    """No slot is lost and none is there twice; with `unlisted` none is missed."""
    hub, partner, entry = made
    found = read_map(hub=hub, partner=partner, entry=entry)
    assert sorted([*found.slots, *found.unmapped]) == sorted(hub.slots())
    assert found.mapped + found.not_selected + len(found.unmapped) == len(hub.slots())
    if "unlisted" in entry:
        assert not found.unmapped


@pytest.mark.requirement(38, 39)
@given(maps())
def test_a_map_without_problems_reaches_only_slots_that_exist(
    made: tuple[PeriodStructure, PeriodStructure, dict[str, Any]],
) -> None:
    """And together with what nothing reaches they are all the partner has."""
    hub, partner, entry = made
    found = read_map(hub=hub, partner=partner, entry=entry)
    assume(not [problem for problem in found.problems if problem.what == "unknown_partner_slot"])
    reached = {target for target in found.slots.values() if target}
    assert reached | set(found.unreached(partner)) == set(partner.slots())
    assert not reached & set(found.unreached(partner))


@pytest.mark.requirement(38)
@given(maps())
def test_a_target_that_the_partner_lacks_is_always_a_problem(
    made: tuple[PeriodStructure, PeriodStructure, dict[str, Any]],
) -> None:
    """Whatever line brings it."""
    hub, partner, entry = made
    found = read_map(hub=hub, partner=partner, entry=entry)
    stray = {target for target in found.slots.values() if target and target not in partner.slots()}
    assert bool(stray) is any(problem.what == "unknown_partner_slot" for problem in found.problems)


@pytest.mark.requirement(37)
@given(maps())
def test_what_the_state_keeps_of_a_map_reads_back_as_the_map(
    made: tuple[PeriodStructure, PeriodStructure, dict[str, Any]],
) -> None:
    """The texts of a slot lose nothing, whatever the period is called."""
    hub, partner, entry = made
    found = read_map(hub=hub, partner=partner, entry=entry)
    again = expansion_of(found.texts)
    assert again.slots == found.slots
    assert (again.mapped, again.not_selected) == (found.mapped, found.not_selected)
    assert list(again.doubled()) == list(found.doubled())


@given(structures())
def test_the_text_of_a_slot_is_the_slot(structure: PeriodStructure) -> None:
    """Written and read again, also for a period that is called like a slot."""
    for slot in structure.slots():
        assert Slot.parse(str(slot)) == slot

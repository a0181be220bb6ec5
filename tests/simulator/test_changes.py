"""A change of the world is a new world; the old one and the untouched schools stay what they were."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.simulator.world import World


def test_a_drop_takes_its_share_of_offered_and_others(world: World) -> None:
    """60 % of the roll are gone, and 60 % of the offered pupils."""
    after = world.drop_students("BRK", 60)
    assert len(after.schools["BRK"].students) == pytest.approx(980 * 0.4, abs=1)
    assert len(after.schools["BRK"].offered_students()) == 51 - 31
    assert len(world.schools["BRK"].students) == 980
    assert after.drop_students("BRK", 100).schools["BRK"].students == ()


def test_a_change_shares_every_other_school(world: World) -> None:
    """Changes are cheap because nothing else is copied."""
    after = world.drop_students("BRK", 60)
    assert all(after.schools[code] is world.schools[code] for code in world.schools if code != "BRK")
    assert after.schools["BRK"].classes is world.schools["BRK"].classes


def test_priya_holm_becomes_holm_ayre_under_the_same_id(world: World) -> None:
    """A rename keeps person id, pupil number and everything else."""
    before = world.student("BRK:20118")
    after = world.rename("BRK:20118", surname="Holm-Ayre").student("BRK:20118")
    assert (before.surname, after.surname) == ("Holm", "Holm-Ayre")
    assert (before.id, before.upn, before.forename) == (after.id, after.upn, after.forename)


def test_offering_begins_and_ends_per_pupil(world: World) -> None:
    """The pupil stays on the roll when the mark Outplaced goes."""
    after = world.stop_offering("AVN:10233")
    assert len(after.schools["AVN"].offered_students()) == 63
    assert len(after.schools["AVN"].students) == len(world.schools["AVN"].students)
    assert len(after.offer("AVN:10233").schools["AVN"].offered_students()) == 64


def test_a_leaver_keeps_a_row_with_a_last_day(world: World) -> None:
    """Leaving takes the mark Outplaced with it."""
    left = world.leave("CST:40077", date(2026, 11, 20)).student("CST:40077")
    assert (left.end, left.offered) == (date(2026, 11, 20), False)


def test_an_added_pupil_has_a_free_id_and_joins_today(world: World) -> None:
    """The newcomer is offered, unless told otherwise."""
    after = world.add_student("GHL", forename="Tove", surname="Askew", year_group="12")
    newcomer = after.schools["GHL"].students[-1]
    assert newcomer.id not in {s.id for s in world.schools["GHL"].students}
    assert (newcomer.forename, newcomer.offered, newcomer.start) == ("Tove", True, date(2026, 11, 23))


def test_an_enrolment_can_become_a_second_main_one(world: World) -> None:
    """The variant of the example in which both schools say main."""
    assert world.enrol("FGT:50017", "M").student("FGT:50017").enrolment == "M"


def test_a_class_can_be_withdrawn_by_its_name(world: World) -> None:
    """One class less on offer; an unknown name is refused with it."""
    after = world.stop_offering_class("BRK", "12B/Ph1")
    assert len(after.schools["BRK"].offered_classes()) == 6
    with pytest.raises(KeyError, match="12Z/Xx9"):
        world.stop_offering_class("BRK", "12Z/Xx9")


def test_a_person_who_is_not_there_is_named_by_id(world: World) -> None:
    """The error holds school and id, no name."""
    with pytest.raises(KeyError, match="AVN has no pupil 1"):
        world.rename("AVN:1", surname="X")

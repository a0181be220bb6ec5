"""Rules about structures and maps."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.diagnostics import Severity
from reconciler.documents.read import read_document
from reconciler.estate.build import build_estate
from reconciler.estate.rules import check
from tests.conftest import ROOT
from tests.estate.conftest import EVERY_PERIOD, CheckSmall


def a_map(school: str, **entry: Any) -> dict[str, Any]:
    """The small estate's map of a school, replaced."""
    return {"period_maps": {school: {"2026-2027": {"repeat": None, "periods": None, **entry}}}}


@pytest.mark.requirement(36)
def test_a_twilight_period_makes_the_hub_too_small() -> None:
    """The example estate with a P7 at Gillhead: 10 days x 7 periods, because of GHL."""
    document = read_document(ROOT / "examples" / "estate.yaml")
    twilight = {"weeks": 2, "days": 5, "periods": [*EVERY_PERIOD, "P7"]}
    document.value["period_structures"]["W2D5P7"] = twilight
    document.value["partners"]["GHL"]["period_structure"] = "W2D5P7"
    found = {finding.code: finding for finding in check(build_estate(document), document)}
    assert "needs 10 days x 7 periods because of GHL" in found["period.hub_too_small"].message


@pytest.mark.requirement(36)
def test_the_biggest_structure_is_one_that_no_partner_may_have(check_small: CheckSmall) -> None:
    """One partner forces the weeks, another the periods; both are named."""
    checked = check_small(
        {
            "period_structures": {
                "H": {"weeks": 1, "days": 5, "periods": ["P1"]},
                "W1D5P5": {"periods": [f"P{n}" for n in range(1, 9)]},
            },
            "virtual_school": {"period_structure": "H"},
            "period_maps": None,
        }
    )
    message = checked.one("period.hub_too_small").message
    assert "has 5 days x 1 periods and needs 10 days x 8 periods" in message
    assert "2 weeks: BRK" in message
    assert "8 periods a day: AVN" in message


@pytest.mark.requirement(36)
def test_a_hub_that_is_bigger_than_needed_is_no_fault(check_small: CheckSmall) -> None:
    """Room to spare is mapped to not selected."""
    assert not check_small().found


@pytest.mark.requirement(35)
def test_a_hub_slot_left_out_is_an_error_unless_all_unlisted_are_not_selected(check_small: CheckSmall) -> None:
    """A silent omission differs from *not selected*."""
    short = {name: name for name in list(EVERY_PERIOD)[:5]}
    broken = check_small(a_map("BRK", periods={**short, "P6": None}))
    assert "10 hub slots" in broken.one("period.unmapped_slot").message
    assert broken.one("period.unmapped_slot").severity is Severity.ERROR
    said = check_small(a_map("BRK", unlisted="not_selected", periods={**short, "P6": None}))
    assert "period.unmapped_slot" not in said.codes


@pytest.mark.requirement(37)
def test_a_weekly_repeat_needs_a_partner_with_one_week(check_small: CheckSmall) -> None:
    """With two weeks the second would never be used."""
    checked = check_small(a_map("BRK", repeat="weekly", periods=EVERY_PERIOD))
    assert checked.codes == ["period.repeat_mismatch"]


@pytest.mark.requirement(37)
def test_a_one_week_partner_in_a_two_week_hub_is_told_to_repeat(check_small: CheckSmall) -> None:
    """The hint names the one word that is missing."""
    checked = check_small(a_map("AVN", periods={**EVERY_PERIOD, "P6": "not_selected"}))
    assert checked.one("period.unmapped_slot").hint.startswith("add repeat: weekly")


@pytest.mark.requirement(37)
def test_nothing_repeats_in_a_one_week_hub(check_small: CheckSmall) -> None:
    """There the hint does not speak of repeating."""
    names = [f"P{n}" for n in range(1, 6)]
    hub = {"virtual_school": {"period_structure": "W1D5P5"}, "partners": {"BRK": {"period_structure": "W1D5P5"}}}
    both = {school: {"2026-2027": {"repeat": None, "periods": {"P5": None, "P6": None}}} for school in ("AVN", "BRK")}
    checked = check_small(hub, {"period_maps": both}, a_map("BRK", periods={name: name for name in names}))
    assert checked.one("period.unmapped_slot").hint.startswith("map them")


@pytest.mark.requirement(38)
def test_a_slot_that_the_partner_does_not_have_is_named_with_its_line(check_small: CheckSmall) -> None:
    """Day 6 of a five-day partner."""
    entry = {"repeat": "weekly", "periods": {**EVERY_PERIOD, "P6": "not_selected"}, "slots": {"W2Mon.P1": "W1Sat.P1"}}
    finding = check_small(a_map("AVN", **entry)).one("period.unknown_slot")
    assert "W2Mon.P1 is mapped to W1Sat.P1" in finding.message
    assert "W1Sat.P1" in finding.source_line


@pytest.mark.requirement(38)
def test_a_ragged_friday_needs_its_exception(check_small: CheckSmall) -> None:
    """The partner has no Friday afternoon until the map says so."""
    ragged = {"period_structures": {"W1D5P5": {"except": {"Fri": ["P1", "P2", "P3", "P4"]}}}}
    entry = {"repeat": "weekly", "periods": {**EVERY_PERIOD, "P6": "not_selected"}}
    assert "W1Fri.P5" in check_small(ragged, a_map("AVN", **entry)).one("period.unknown_slot").message
    mended = a_map("AVN", **entry, **{"except": {"Fri": {"P5": "not_selected"}}})
    assert not check_small(ragged, mended).found


@pytest.mark.requirement(39)
def test_a_partner_slot_that_nothing_reaches_is_a_warning(check_small: CheckSmall) -> None:
    """Its lessons would be lost in silence."""
    periods = {**EVERY_PERIOD, "P5": "not_selected", "P6": "not_selected"}
    finding = check_small(a_map("AVN", repeat="weekly", periods=periods)).one("period.slot_unreached")
    assert finding.severity is Severity.WARNING
    assert "5 slots of AVN: W1Mon.P5" in finding.message


@pytest.mark.requirement(40)
def test_two_hub_periods_of_one_day_on_one_partner_period_are_a_warning(check_small: CheckSmall) -> None:
    """Unless the map allows it; across weeks it is the normal case."""
    periods = {**EVERY_PERIOD, "P6": "P5"}
    doubled = check_small(a_map("AVN", repeat="weekly", periods=periods))
    assert doubled.one("period.duplicate_target").severity is Severity.WARNING
    assert "and 8 more pairs" in doubled.one("period.duplicate_target").message
    assert not check_small(a_map("AVN", repeat="weekly", periods=periods, allow_duplicate=True)).found
    twice = {"W1Wed.P6": "W1Wed.P5", "W2Wed.P6": "W1Wed.P5"}
    few = check_small(a_map("AVN", repeat="weekly", periods={**EVERY_PERIOD, "P6": "not_selected"}, slots=twice))
    assert few.one("period.duplicate_target").message.endswith("W1Wed.P5 and W1Wed.P6; W2Wed.P5 and W2Wed.P6")


@pytest.mark.requirement(40)
def test_hub_periods_of_two_days_on_one_partner_period_are_not_doubled(check_small: CheckSmall) -> None:
    """Nobody is in two places at once, so only the slot that nothing reaches any more is warned of."""
    moved = {"W1Thu.P5": "W1Wed.P5", "W2Thu.P5": "W1Wed.P5"}
    checked = check_small(a_map("AVN", repeat="weekly", periods={**EVERY_PERIOD, "P6": "not_selected"}, slots=moved))
    assert checked.codes == ["period.slot_unreached"]


@pytest.mark.requirement(38)
def test_a_line_for_a_day_that_the_hub_does_not_teach_is_named(check_small: CheckSmall) -> None:
    """Saturday, a third week, a seventh period; Wednesday is a day like any other."""
    days = {"Wed": {"P1": "P1"}, "Sat": {"P1": "P1"}, "W3Mon": {"P1": "P1"}, "W2Wed": {"P7": "P1"}}
    checked = check_small(a_map("BRK", periods=EVERY_PERIOD, **{"except": days}))
    assert checked.codes == ["period.unknown_slot"] * 3
    assert [finding.message.rpartition(" ")[2] for finding in checked.found] == ["Sat.P1", "W3Mon.P1", "W2Wed.P7"]


@pytest.mark.requirement(41)
def test_an_offset_needs_more_than_one_week(check_small: CheckSmall) -> None:
    """There is nothing to shift."""
    periods = {**EVERY_PERIOD, "P6": "not_selected"}
    checked = check_small(a_map("AVN", repeat="weekly", week_offset=1, periods=periods))
    assert checked.codes == ["period.week_offset"]
    assert not check_small(a_map("BRK", week_offset=1, periods=EVERY_PERIOD)).found


@pytest.mark.requirement(42)
def test_a_map_is_for_the_hubs_year_or_the_next_that_it_announces(check_small: CheckSmall) -> None:
    """Another year is an error."""
    later = {"period_maps": {"BRK": {"2027-2028": {"periods": EVERY_PERIOD}}}}
    assert check_small(later).codes == ["period.year_mismatch"]
    announced = {"virtual_school": {"next_year": {"year": "2027-2028", "from": "2027-08-25"}}}
    assert not check_small(later, announced).found


@pytest.mark.requirement(29)
def test_a_later_map_never_goes_back_to_an_older_attachment(check_small: CheckSmall) -> None:
    """After re-adding, the old map is not used again."""
    announced = {"virtual_school": {"next_year": {"year": "2027-2028", "from": "2027-08-25"}}}
    maps = {"BRK": {"2026-2027": {"attachment": 2}, "2027-2028": {"periods": EVERY_PERIOD}}}
    checked = check_small(announced, {"period_maps": maps})
    assert checked.codes == ["period.attachment"]
    maps["BRK"]["2027-2028"]["attachment"] = 2
    assert not check_small(announced, {"period_maps": maps}).found


@pytest.mark.requirement(32, 44)
def test_a_partner_without_a_map_is_a_warning(check_small: CheckSmall) -> None:
    """It may be listed before it is mapped; its timetable waits."""
    finding = check_small({"period_maps": {"BRK": None}}).one("period.unmapped_partner")
    assert finding.severity is Severity.WARNING
    assert finding.message.startswith("BRK has no period map for 2026-2027")

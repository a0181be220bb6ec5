"""Corners in which a rule of the whole estate could be lost while its plain case still holds."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.diagnostics import Severity
from tests.estate.conftest import EVERY_PERIOD, FLOWS, PARENTPAY, SCHOOLCOMMS, CheckSmall, merged
from tests.estate.test_flow_rules import SEED_LIST


def one_account(account: dict[str, Any]) -> dict[str, Any]:
    """What third parties stand on, and one account at AVN."""
    return merged(FLOWS, {"third_parties": {"one": account}})


@pytest.mark.requirement(30)
def test_a_key_stays_shared_while_one_partner_replaces_an_older_one(check_small: CheckSmall) -> None:
    """What a key replaces says nothing about whose key it is now."""
    renewed = {"env": "KEY_BRK", "replaces": {"env": "KEY_AVN_2025"}}
    finding = check_small({"partners": {"AVN": {"data_exchange_key": renewed}}}).one("secret.shared_key")
    assert finding.severity is Severity.ERROR
    assert "AVN and BRK" in finding.message


@pytest.mark.requirement(9)
@pytest.mark.parametrize("zone", ["Europe/Londn", "Europe", "Mars/Base", "GMT_plus_one", "europe/london"])
def test_a_time_zone_that_nobody_has_is_an_error_before_anything_is_scheduled(
    check_small: CheckSmall, zone: str
) -> None:
    """It has the form of one, so no schema refuses it; the nearest name is told."""
    finding = check_small({"virtual_school": {"timezone": zone}}).one("timezone.unknown")
    assert finding.severity is Severity.ERROR
    assert "Europe/London" in finding.hint
    assert zone in finding.source_line


@pytest.mark.requirement(9)
@pytest.mark.parametrize("zone", ["Europe/London", "Europe/Dublin", "Europe/Guernsey"])
def test_a_time_zone_with_the_clock_of_london_is_accepted(check_small: CheckSmall, zone: str) -> None:
    """By whatever name."""
    assert not check_small({"virtual_school": {"timezone": zone}}).found


@pytest.mark.requirement(9)
@pytest.mark.parametrize("zone", ["UTC", "GMT", "Europe/Paris"])
def test_another_clock_is_warned_of_and_not_refused(check_small: CheckSmall, zone: str) -> None:
    """Most often it is a slip: GMT has no summer time."""
    finding = check_small({"virtual_school": {"timezone": zone}}).one("timezone.not_london")
    assert finding.severity is Severity.WARNING


@pytest.mark.requirement(36)
def test_a_partner_with_a_longer_week_makes_the_hub_too_small(check_small: CheckSmall) -> None:
    """Six days a week at one partner ask for twelve days in two weeks, and it is named."""
    six = {"period_structures": {"W1D5P5": {"days": 6}}, "period_maps": None}
    message = check_small(six).one("period.hub_too_small").message
    assert "has 10 days x 6 periods and needs 12 days x 6 periods because of AVN" in message


@pytest.mark.requirement(36)
def test_the_fullest_day_of_a_partner_counts_and_not_its_usual_one(check_small: CheckSmall) -> None:
    """One Wednesday of eight periods asks for eight periods."""
    wednesday = {"W1D5P5": {"except": {"Wed": [f"P{n}" for n in range(1, 9)]}}}
    message = check_small({"period_structures": wednesday, "period_maps": None}).one("period.hub_too_small").message
    assert "needs 10 days x 8 periods because of AVN" in message


@pytest.mark.requirement(35, 38)
@pytest.mark.parametrize(
    ("line", "named"),
    [({"slots": {"W1Mon.P9": "W1Mon.P1"}}, "W1Mon.P9"), ({"except": {"Fri": {"P9": "P1"}}}, "Fri.P9")],
)
def test_a_line_for_a_slot_that_the_hub_does_not_have_is_an_error_at_its_place(
    check_small: CheckSmall, line: dict[str, Any], named: str
) -> None:
    """It would map nothing in silence, wherever it is written."""
    entry = {"repeat": "weekly", "periods": {**EVERY_PERIOD, "P6": "not_selected"}, **line}
    finding = check_small({"period_maps": {"AVN": {"2026-2027": entry}}}).one("period.unknown_slot")
    assert finding.severity is Severity.ERROR
    assert f"has no {named}" in finding.message
    assert "P9" in finding.source_line


@pytest.mark.requirement(82)
def test_an_extra_entity_in_a_written_list_is_a_minimisation_warning(check_small: CheckSmall) -> None:
    """An over-grant is one however it is declared."""
    grants = {"preset": None, "entities": [*SEED_LIST, "Attendances"]}
    finding = check_small(one_account(merged(PARENTPAY, {"grants": grants}))).one("grant.extra_entity")
    assert finding.severity is Severity.WARNING
    assert finding.message.endswith("Attendances")


@pytest.mark.requirement(83)
@pytest.mark.parametrize("part", ["with", "without"])
def test_a_misspelt_entity_is_found_among_the_deviations_too(check_small: CheckSmall, part: str) -> None:
    """What is added to a preset, or left out of it, is spelt as the catalogue has it."""
    account = merged(PARENTPAY, {"grants": {part: {"StudentMeal": "ECV/DPIA/12"}}})
    finding = check_small(one_account(account)).one("grant.unknown_entity")
    assert finding.severity is Severity.ERROR
    assert finding.hint.startswith("did you mean 'StudentMeals'")


@pytest.mark.requirement(167)
@pytest.mark.parametrize("first", ["standard", "just_text", "premium_messaging"])
def test_one_exclusive_licence_is_enough_for_two_imports_to_collide(check_small: CheckSmall, first: str) -> None:
    """The import of the one locks out the other, whichever comes first; two that are not exclusive may overlap."""
    own_user = {"run_as": {"dedicated": True}}
    both = {
        "a": merged(SCHOOLCOMMS, {"licence": first}, own_user),
        "b": merged(SCHOOLCOMMS, {"licence": "premium_messaging", "schedule": "06:45"}, own_user),
    }
    checked = check_small(merged(FLOWS, {"third_parties": both}))
    assert checked.codes == ([] if first == "premium_messaging" else ["client.overlap"])
    assert all(finding.severity is Severity.ERROR for finding in checked.found)

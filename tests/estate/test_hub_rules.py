"""Rules about years, calendars, codes, keys and names."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.diagnostics import Severity
from tests.estate.conftest import EVERY_PERIOD, SMALL, CheckSmall


@pytest.mark.requirement(6)
@pytest.mark.parametrize("year", ["2026-2028", "2026-2026", "2027-2026"])
def test_the_academic_year_is_exactly_one(check_small: CheckSmall, year: str) -> None:
    """A gap, a turn or two years are an error before anything is asked."""
    checked = check_small({"virtual_school": {"academic_year": year}, "period_maps": None})
    assert checked.codes == ["year.invalid"]


@pytest.mark.requirement(6)
def test_the_next_year_follows_and_starts_in_summer(check_small: CheckSmall) -> None:
    """Both the year and its first day are checked."""
    far = {"virtual_school": {"next_year": {"year": "2028-2029", "from": "2027-01-10"}}}
    assert check_small(far).codes == ["year.next", "year.next"]
    for day in ("2027-05-30", "2027-08-25", "2027-10-01"):
        assert not check_small({"virtual_school": {"next_year": {"year": "2027-2028", "from": day}}}).found
    for day in ("2027-05-29", "2027-10-02"):
        assert check_small({"virtual_school": {"next_year": {"year": "2027-2028", "from": day}}}).codes == ["year.next"]


def ashvale_called(code: str) -> dict[str, Any]:
    """The small estate with another code for AVN."""
    return {section: {"AVN": None, code: SMALL[section]["AVN"]} for section in ("schools", "partners", "period_maps")}


@pytest.mark.requirement(17)
def test_codes_are_prefix_free_without_a_separator(check_small: CheckSmall) -> None:
    """BR + K123 and BRK + 123 would be one id; both partners are named and placed."""
    finding = check_small(ashvale_called("BR")).one("id.code_clash")
    assert "BR and BRK" in finding.message
    assert "both BRK123" in finding.message
    assert [label for label, _ in finding.related] == ["BR is declared here"]


@pytest.mark.requirement(17)
def test_a_separator_makes_any_two_codes_safe(check_small: CheckSmall) -> None:
    """BR-K123 is not BRK-123."""
    with_separator = {"virtual_school": {"identifiers": {"separator": "-"}}}
    assert not check_small(ashvale_called("BR"), with_separator).found


@pytest.mark.requirement(12)
def test_uniqueness_claimed_without_evidence_is_a_warning(check_small: CheckSmall) -> None:
    """Each flag needs its own."""
    identifiers = {"admission_numbers_unique": True, "staff_codes_unique": True}
    evidence = {"uniqueness_evidence": {"staff_codes": {"text": "compared", "checked_on": "2026-11-20"}}}
    finding = check_small({"virtual_school": {"identifiers": {**identifiers, **evidence}}}).one("id.evidence_missing")
    assert finding.severity is Severity.WARNING
    assert finding.message.startswith("admission_numbers_unique")


@pytest.mark.requirement(22)
def test_one_colour_for_two_partners_is_a_warning(check_small: CheckSmall) -> None:
    """Capitals make no difference."""
    finding = check_small({"partners": {"BRK": {"colour": "#1F6FEB"}}}).one("partner.colour_twice")
    assert finding.severity is Severity.WARNING
    assert "AVN and BRK" in finding.message


@pytest.mark.requirement(22)
def test_a_school_without_partnership_counts_among_the_colours(check_small: CheckSmall) -> None:
    """A partner's own school may repeat its colour, another school may not."""
    assert not check_small({"schools": {"AVN": {"colour": "#1f6feb"}}}).found
    other = {"name": "Elmswater", "colour": "#1f6feb", "mis": {"connector": "oneroster-csv", "drop": "in"}}
    assert check_small({"schools": {"ELM": other}}).codes == ["partner.colour_twice"]


@pytest.mark.requirement(21, 30)
def test_two_partners_never_share_a_key_reference(check_small: CheckSmall) -> None:
    """Compared by reference, so that no secret is needed to find it; both are named."""
    finding = check_small({"partners": {"BRK": {"data_exchange_key": {"env": "KEY_AVN"}}}}).one("secret.shared_key")
    assert finding.severity is Severity.ERROR
    assert "AVN and BRK" in finding.message


@pytest.mark.requirement(23, 30)
def test_the_key_that_is_replaced_is_not_a_shared_one(check_small: CheckSmall) -> None:
    """A partner may replace a key that nobody uses any more."""
    key = {"env": "KEY_BRK_2026", "replaces": {"env": "KEY_BRK"}}
    assert not check_small({"partners": {"BRK": {"data_exchange_key": key}}}).found


@pytest.mark.requirement(19)
def test_an_unknown_name_suggests_the_nearest(check_small: CheckSmall) -> None:
    """And what cannot be meant lists what there is."""
    near = check_small({"partners": {"BRK": {"period_structure": "W2D5P7"}}, "period_maps": {"BRK": None}})
    assert near.one("reference.unknown").hint.startswith("did you mean 'W2D5P6'")
    far = check_small({"partners": {"BRK": {"period_structure": "blocks"}}, "period_maps": {"BRK": None}})
    assert far.one("reference.unknown").hint == "period_structures declares W1D5P5 and W2D5P6"


@pytest.mark.requirement(2)
def test_an_assignment_is_of_a_declared_school_to_a_partners_class(check_small: CheckSmall) -> None:
    """A school that is no partner has students, but no classes in the virtual school."""
    more = {"schools": {"ELM": {"name": "Elmswater", "mis": {"connector": "oneroster-csv", "drop": "in"}}}}
    line = {"student": "ELM:10233", "class": "ELM:12B/Ph1", "from": "2026-11-09"}
    finding = check_small(more, {"class_assignments": {"inline": [line]}}).one("reference.unknown")
    assert finding.message == "there is no partner 'ELM'"


@pytest.mark.requirement(25)
def test_a_removed_partner_is_not_declared_as_well(check_small: CheckSmall) -> None:
    """Otherwise nobody could tell what is meant."""
    removed = {"removed": [{"address": "partner.BRK", "reason": "left"}]}
    assert check_small(removed).codes == ["removed.still_declared"]
    gone = {section: {"BRK": None} for section in ("schools", "partners", "period_maps")}
    checked = check_small(removed, gone)
    assert not checked.found
    (entry,) = checked.estate.removed
    assert (entry.address, entry.data, entry.reason) == ("partner.BRK", "keep", "left")


def test_a_resource_that_moved_is_under_its_new_address_only(check_small: CheckSmall) -> None:
    """The old one is gone, the new one is there, and the kind is the same."""
    right = check_small({"moved": [{"from": "period_structure.old", "to": "period_structure.W2D5P6"}]})
    assert not right.found
    (entry,) = right.estate.moved
    assert (entry.from_address, entry.to_address) == ("period_structure.old", "period_structure.W2D5P6")
    codes = check_small({"moved": [{"from": "period_structure.W1D5P5", "to": "period_structure.new"}]}).codes
    assert codes == ["moved.still_declared", "reference.unknown"]


def test_terms_are_compared_through_the_calendar_that_one_is_like(check_small: CheckSmall) -> None:
    """Dunescar closes a day in the terms that it takes from Eskmere."""
    terms = [{"from": "2026-09-02", "to": "2026-10-23"}]
    calendars = {"eskmere": {"terms": terms}, "dunescar": {"like": "eskmere", "closed": ["2026-09-04"]}}
    assert not check_small({"calendars": calendars}).found
    calendars["dunescar"]["closed"] = ["2026-10-27"]
    assert check_small({"calendars": calendars}).codes == ["calendar.outside_terms"]


@pytest.mark.parametrize(
    ("terms", "codes"),
    [
        ([("2026-08-01", "2026-08-01"), ("2026-08-02", "2027-07-31")], []),
        ([("2026-07-31", "2026-09-01")], ["calendar.outside_year"]),
        ([("2027-07-01", "2027-08-01")], ["calendar.outside_year"]),
        ([("2026-09-02", "2026-10-23"), ("2026-10-23", "2026-12-18")], ["calendar.term_order"]),
        ([("2026-09-02", "2026-12-18"), ("2026-10-01", "2026-10-02"), ("2026-11-01", "2027-01-01")],
         ["calendar.term_order", "calendar.term_order"]),
        ([("2026-09-03", "2026-09-02")], ["calendar.term_order"]),
    ],
)  # fmt: skip
def test_terms_follow_each_other_inside_the_year(
    check_small: CheckSmall, terms: list[tuple[str, str]], codes: list[str]
) -> None:
    """The first and the last day of the year belong to it; a term may be one day; two never touch."""
    listed = [{"from": start, "to": end} for start, end in terms]
    assert check_small({"calendars": {"eskmere": {"terms": listed}}}).codes == codes


def test_the_first_and_last_day_of_a_term_may_be_closed(check_small: CheckSmall) -> None:
    """Training days often are; a week 1 may start a term too."""
    calendar = {"terms": [{"from": "2026-09-07", "to": "2026-10-23"}], "closed": ["2026-09-07", "2026-10-23"]}
    assert not check_small({"calendars": {"eskmere": {**calendar, "week_1_starts": ["2026-09-07"]}}}).found


@pytest.mark.parametrize(("start", "end", "codes"), [
    ("2027-02-13", "2027-02-13", []),
    ("2027-02-13T18:00", "2027-02-14", []),
    ("2027-02-14T18:00", "2027-02-14T06:00", ["blackout.order"]),
    ("2027-02-30", "2027-03-01", ["blackout.no_such_day"]),
])  # fmt: skip
def test_a_blackout_ends_after_it_starts(check_small: CheckSmall, start: str, end: str, codes: list[str]) -> None:
    """One day has that day in both; a moment counts to the minute."""
    blackout = {"from": start, "to": end, "what": ["import"], "why": "MIS upgrade"}
    assert check_small({"blackouts": [blackout]}).codes == codes


@pytest.mark.parametrize(("expires", "codes"), [("2027-07-30", ["agreement.expires"]), ("2027-07-31", [])])
def test_an_agreement_lasts_to_the_last_day_of_the_year(
    check_small: CheckSmall, expires: str, codes: list[str]
) -> None:
    """31 July, and no day less; one without an end never expires."""
    recipient = {"name": "Cypad", "country": "GB", "agreement": {"ref": "DPA/3", "expires": expires}}
    assert check_small({"recipients": {"cypad": recipient}}).codes == codes
    del recipient["agreement"]["expires"]
    assert not check_small({"recipients": {"cypad": recipient}}).found


def test_what_is_expected_ends_with_the_year_and_after_it_starts(check_small: CheckSmall) -> None:
    """31 July is in time; a change may last one day."""
    drift = {"address": "school.AVN", "field": "live.periods", "why": "late", "owner": "dpo", "until": "2027-07-31"}
    change = {"school": "AVN", "kind": "students", "up_to": 3, "from": "2026-12-14", "to": "2026-12-14", "reason": "x"}
    assert not check_small({"expected_drift": [drift], "expected_changes": [change]}).found
    late, backward = {**drift, "until": "2027-08-01"}, {**change, "to": "2026-12-13"}
    assert sorted(check_small({"expected_drift": [late], "expected_changes": [backward]}).codes) == [
        "drift.until_late",
        "expected_change.order",
    ]


def test_addresses_are_read_wherever_they_stand(check_small: CheckSmall) -> None:
    """Each end of a move, and what is to be purged."""
    assert check_small({"moved": [{"from": "partner.OLD", "to": "parner.BRK"}]}).codes == ["reference.bad_address"]
    assert check_small({"moved": [{"from": "parner.OLD", "to": "partner.BRK"}]}).codes == ["reference.bad_address"]
    purge = {"address": "partner", "on": "2027-01-01", "reason": "left"}
    assert check_small({"retention": {"purge": [purge]}}).one("reference.bad_address").hint.endswith("partner.NAME")
    purge["address"] = "partner.KTL"
    assert not check_small({"retention": {"purge": [purge]}}).found


def test_expected_drift_of_an_entity_that_was_left_out_is_sound(check_small: CheckSmall) -> None:
    """The grant is not declared: that it is still there is the drift."""
    drift = {"field": "live.granted", "why": "audit", "owner": "dpo", "until": "2026-12-04"}
    account = {"third_parties": {"avn": PARENTPAY_WITHOUT_MEDICAL}}
    address = "entity_grant.avn.PersonMedicalConditions"
    assert not check_small(account, {"expected_drift": [{"address": address, **drift}]}, flows=True).found
    other = check_small(account, {"expected_drift": [{"address": "entity_grant.avm.Students", **drift}]}, flows=True)
    assert other.codes == ["reference.unknown"]


def test_every_finding_is_reported_at_once_in_the_order_of_the_file(check_small: CheckSmall) -> None:
    """One run names all that must be mended."""
    checked = check_small(
        {"partners": {"BRK": {"colour": "#1f6feb", "data_exchange_key": {"env": "KEY_AVN"}}}},
        {"period_maps": {"BRK": {"2026-2027": {"repeat": "weekly", "periods": EVERY_PERIOD}}}},
        {"virtual_school": {"calendar": "eskmere"}},
    )
    expected = ["reference.unknown", "partner.colour_twice", "secret.shared_key", "period.repeat_mismatch"]
    assert checked.codes == expected
    lines = [finding.position.line for finding in checked.found if finding.position]
    assert lines == sorted(lines)


PARENTPAY_WITHOUT_MEDICAL = {
    "kind": "parentpay",
    "school": "AVN",
    "recipient": "parentpay",
    "mis_account_name": "ParentPay",
    "credentials": {"username": "parentpay", "password": {"env": "AVN_PP"}, "rotation": {"every_days": 180}},
    "grants": {"preset": "parentpay-bromcom-2022", "without": {"PersonMedicalConditions": "no meals service"}},
    "basis": "catering",
    "streams": ["pupils"],
    "delivery": {"connector": "csv", "drop": "out"},
}

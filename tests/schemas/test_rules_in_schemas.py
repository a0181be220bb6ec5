"""The numbered rules that a schema can hold: what is refused, what is accepted, what a missing key means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.schemas.files import Judge

Refused = Callable[..., bool]
GONE = ...
HUB = "virtual_school"
AVN = "partners/AVN"
MAP = "period_maps/AVN/2026-2027"
ELM = "third_parties/elm-parentpay"
DNE = "third_parties/dne-schoolcomms"
BASES = "lawful_bases"
DEFAULT = "import_strategies/dne-default"
WIDE = "import_strategies/elm-wide"


def case(rule: int, path: str, value: Any) -> Any:
    shown = "gone" if value is ... else repr(value)[:40]
    return pytest.param(path, value, id=f"rule {rule}: {path} {shown}", marks=pytest.mark.requirement(rule))


REFUSED = [
    case(1, HUB, []),
    case(1, HUB, GONE),
    case(5, "kind", "partner"),
    case(6, f"{HUB}/academic_year", "2026"),
    case(6, f"{HUB}/academic_year", ["2026-2027", "2027-2028"]),
    case(7, f"{HUB}/schedules/students_and_classes", "every_hour"),
    case(7, f"{HUB}/schedules/students_and_classes", "09:00"),
    case(7, f"{HUB}/schedules/students_and_classes", GONE),
    case(8, f"{HUB}/schedules/academic", "every_10_minutes"),
    case(9, f"{HUB}/timezone", "GMT +1"),
    case(10, f"{HUB}/identifiers/admission_numbers_unique", "yes"),
    case(10, f"{HUB}/identifiers/admission_numbers_unique", 1),
    case(12, f"{HUB}/identifiers/uniqueness_evidence", {"admission_numbers": {"checked_on": "2026-11-20"}}),
    case(15, f"{HUB}/identifiers/staff_codes_unique", "no"),
    case(17, f"{HUB}/short_code", "ecv"),
    case(20, f"{AVN}/period_structure", GONE),
    case(20, f"{AVN}/data_exchange_key", GONE),
    case(20, "schools/AVN/name", GONE),
    case(20, "schools/AVN/mis", GONE),
    case(21, f"{AVN}/data_exchange_key", "k-1234"),
    case(21, f"{AVN}/data_exchange_key", {}),
    case(21, f"{AVN}/data_exchange_key", {"env": "A", "file": "b"}),
    case(21, f"{AVN}/data_exchange_key", {"value": "k-1234"}),
    case(22, f"{AVN}/colour", GONE),
    case(22, f"{AVN}/colour", "#1f6fe"),
    case(22, f"{AVN}/colour", "blue"),
    case(23, f"{AVN}/data_exchange_key", {"replaces": {"env": "OLD"}}),
    case(23, f"{AVN}/data_exchange_key", {"env": "NEW", "replaces": "k-1234"}),
    case(25, "removed/0/reason", GONE),
    case(26, "removed/0/data", "delete"),
    case(29, f"{MAP}/attachment", 0),
    case(35, f"{MAP}/periods/P6", None),
    case(35, f"{MAP}/unlisted", "skip"),
    case(37, f"{MAP}/repeat", "fortnightly"),
    case(37, f"{MAP}/slots", {"Mon.P1": "W1Mon.P1"}),
    case(40, f"{MAP}/allow_duplicate", "yes"),
    case(41, f"{MAP}/week_offset", 2),
    case(41, f"{MAP}/week_offset", -1),
    case(42, "period_maps/AVN", {"2026": {"periods": {"P1": "P1"}}}),
    case(51, f"{AVN}/offers", GONE),
    case(51, f"{AVN}/offers/students", GONE),
    case(51, f"{AVN}/offers", "everyone"),
    case(52, f"{AVN}/offers/classes", []),
    case(57, f"{HUB}/guests/on_end", "delete"),
    case(59, f"{HUB}/academic", ["attendance", "exams"]),
    case(60, f"{HUB}/require_structure_match", "yes"),
    case(64, "reports/daily_transfers/at", "8:45"),
    case(64, "reports/daily_transfers/to", []),
    case(67, f"{HUB}/guards/max_drop_percent", 101),
    case(67, f"{HUB}/guards/max_drop_count", -1),
    case(68, f"{ELM}/kind", "parent_pay"),
    case(69, f"{ELM}/streams", []),
    case(69, f"{ELM}/streams", ["pupil"]),
    *(case(71, f"{ELM}/ufsm_year_groups", [code]) for code in ("Rec", "0", "Y1", "Year 1", "01", " 1", "7", 1)),
    case(74, f"{ELM}/credentials/username", GONE),
    case(74, f"{ELM}/credentials/username", ""),
    case(75, f"{ELM}/credentials/password", "hunter2"),
    case(76, f"{ELM}/credentials/org_id", "thirty"),
    case(77, f"{ELM}/credentials/mis_url", "http://mis.elm.example/read.asmx"),
    case(77, f"{ELM}/credentials/mis_url", "https://mis.elm.example/read.asmx?wsdl"),
    case(77, f"{ELM}/credentials/mis_url", "https://mis.elm.example/read.asmx "),
    case(77, f"{ELM}/credentials/mis_url", "https://me:pw@mis.elm.example/read.asmx"),
    case(79, f"{ELM}/mis_account_name", "parentpay"),
    case(80, f"{ELM}/grants", {}),
    case(80, f"{ELM}/grants", {"without": {"People": "reason"}}),
    case(81, f"{ELM}/grants/without", {"PersonMedicalConditions": ""}),
    case(81, f"{ELM}/grants/without", ["PersonMedicalConditions"]),
    case(86, f"{BASES}/messaging/lawful_basis", GONE),
    case(86, f"{BASES}/messaging/sharing_mode", GONE),
    case(86, f"{BASES}/messaging/lawful_basis", ["public_task", "consent"]),
    case(86, f"{ELM}/basis", GONE),
    case(88, f"{BASES}/brk-catering/sharing_mode", "all"),
    case(94, f"{ELM}/onboarding", "old"),
    case(98, f"{ELM}/existing_data/staff", "no"),
    case(100, f"{ELM}/credentials/rotation/every_days", 0),
    case(104, f"{ELM}/id_namespace", "global"),
    case(105, f"{ELM}/matching/keys", ["upn", "upn"]),
    case(105, f"{ELM}/matching/keys", ["name"]),
    case(109, f"{DEFAULT}/pre_admissions/import", "yes"),
    case(113, f"{DEFAULT}/locations/email", ["other"]),
    case(114, f"{DEFAULT}/locations/mobile", ["home"]),
    case(121, f"{WIDE}/pre_admissions/past_date", "keep"),
    case(123, f"{WIDE}/pre_admissions/statuses", ["enrolled"]),
    case(124, f"{WIDE}/pre_admissions/statuses", ["rejected"]),
    case(124, f"{WIDE}/pre_admissions/statuses", ["withdrawal"]),
    case(125, f"{WIDE}/pre_admissions/custom_statuses/Waiting list", "waiting"),
    case(127, f"{WIDE}/pre_admissions/link_accounts/min_status", "rejected"),
    case(138, f"{ELM}/quality/require_address", "yes"),
    case(145, f"{DEFAULT}/groups", "some"),
    case(145, f"{DEFAULT}/groups", GONE),
    case(146, f"{DEFAULT}/contacts/of", ["friends"]),
    case(148, f"{DEFAULT}/contacts/priorities", [0]),
    case(148, f"{DEFAULT}/contacts/priorities", [-1]),
    case(148, f"{DEFAULT}/contacts/priorities", [1, 1]),
    case(149, f"{DEFAULT}/contacts/parental_responsibility", "required"),
    case(150, f"{DEFAULT}/contacts/prime", "none"),
    case(150, f"{DEFAULT}/contacts/prime", {"parental_responsibility": False}),
    case(151, f"{DEFAULT}/contacts/order", "rank"),
    case(152, f"{DEFAULT}/channels", ["letter"]),
    case(153, f"{DEFAULT}/notify/text", "no"),
    case(157, "choices/exceptions/0", {"case": "SC-187"}),
    case(157, "choices/exceptions/0", {"student": "DNE:24410", "contact": "DNE:C40117", "case": "SC-187"}),
    case(157, "choices/exceptions/0/student", "Tamsin"),
    case(158, "choices/opt_outs/0/since", GONE),
    case(161, f"{DNE}/schedule", "25:00"),
    case(161, f"{DNE}/schedule", "6:30"),
    case(161, f"{DNE}/schedule", "every_hour"),
    case(164, f"{DNE}/client/version", "nine"),
    case(165, f"{DNE}/run_as/role", "teacher"),
    case(167, f"{DNE}/licence", "basic"),
    case(186, "reports/data_issues/views/to-mend-here/colour", "red"),
    case(187, f"{HUB}/thresholds/email_failures", 0),
    case(189, f"{HUB}/thresholds/text_failures", 0),
    case(207, "retention/leavers/anonymise_after_days", -1),
    case(222, "manual_members/governors/members", ["A Name"]),
    case(226, "manual_members/governors/confirm/text", "no"),
    case(229, "manual_groups/Snow line/members", ["Tamsin Arkle"]),
]


@pytest.mark.parametrize(("path", "value"), REFUSED)
def test_refused(refused: Refused, path: str, value: Any) -> None:
    """The example estate with this one change is refused."""
    assert refused(path, value)


ACCEPTED = [
    *(case(7, f"{HUB}/schedules/students_and_classes", f"every_{time}") for time in ("morning", "afternoon", "night")),
    *(case(8, f"{HUB}/schedules/academic", f"every_{time}") for time in ("30_minutes", "hour", "morning", "afternoon",
                                                                         "night")),
    case(17, f"{HUB}/short_code", "K9"),
    case(21, f"{AVN}/data_exchange_key", {"exec": ["pass", "show", "avn"]}),
    case(23, f"{AVN}/data_exchange_key", {"env": "NEW", "replaces": {"env": "OLD"}}),
    case(37, MAP, {"slots": {"W1Mon.P1": "W1Mon.P1"}, "unlisted": "not_selected"}),
    case(51, f"{AVN}/offers", "all"),
    case(52, f"{AVN}/offers/classes", ["4501"]),
    case(71, f"{ELM}/ufsm_year_groups", ["R", "1", "2", "3", "4", "5", "6"]),
    case(80, f"{ELM}/grants", {"entities": ["Students", "PersonAddresses"]}),
    case(83, f"{ELM}/grants", {"entities": ["Student"]}),  # a name is for the catalogue to judge, it is no enum
    case(148, f"{DEFAULT}/contacts/priorities", [2, 1, 3]),
    case(152, f"{DEFAULT}/channels", []),  # a warning of the whole-estate rules, no error
    case(157, "choices/exceptions/0", {"student": "DNE:24410", "case": "SC-187"}),
    case(161, f"{DNE}/schedule", "every_morning"),
    case(223, "manual_members/governors/details", GONE),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), ACCEPTED)
def test_accepted(refused: Refused, path: str, value: Any) -> None:
    """The example estate with this one change is as good as before."""
    assert not refused(path, value)


DEFAULTS = [
    case(9, f"{HUB}#/properties/timezone", "Europe/London"),
    case(10, f"{HUB}#/properties/identifiers/properties/admission_numbers_unique", False),
    case(15, f"{HUB}#/properties/identifiers/properties/staff_codes_unique", False),
    case(57, f"{HUB}#/properties/guests/properties/on_end", "end_date"),
    case(60, f"{HUB}#/properties/require_structure_match", True),
    case(67, f"{HUB}#/properties/guards/properties/max_drop_percent", 5),
    case(67, f"{HUB}#/properties/guards/properties/max_drop_count", 25),
    case(98, "third_parties#/$defs/parentpay/properties/existing_data", {"staff": False, "pre_admissions": False}),
    case(104, "third_parties#/$defs/parentpay/properties/id_namespace", "per_type"),
    case(109, "import_strategies#/$defs/strategy/properties/pre_admissions/properties/import", False),
    case(121, "import_strategies#/$defs/strategy/properties/pre_admissions/properties/past_date", "exclude"),
    case(123, "import_strategies#/$defs/strategy/properties/pre_admissions/properties/statuses",
         ["applied", "offered", "accepted", "reserved"]),
    case(127, "import_strategies#/$defs/strategy/properties/pre_admissions/properties/link_accounts",
         {"match": ["email", "mobile"], "min_status": "applied"}),
    case(147, "import_strategies#/$defs/strategy/properties/contacts/properties/priorities", [1]),
    case(147, "import_strategies#/$defs/strategy/properties/contacts/properties/prime", "all"),
    case(151, "import_strategies#/$defs/strategy/properties/contacts/properties/order", "filter_then_rank"),
    case(155, "import_strategies#/$defs/strategy/properties/notify", {"email": False, "text": False}),
    case(164, "third_parties#/$defs/schoolcomms/properties/client/properties/min_version", "9.6D"),
    case(187, f"{HUB}#/properties/thresholds/properties/email_failures", 3),
    case(189, f"{HUB}#/properties/thresholds/properties/text_failures", 3),
    case(207, "retention#/properties/leavers/properties/anonymise_after_days", 14),
    case(209, "retention#/properties/leavers/properties/warn_queued_after_days", 3),
    case(226, "manual_members#/$defs/set/properties/confirm", {"email": False, "text": False}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), DEFAULTS)
def test_a_missing_key_means(files: dict[str, dict[str, Any]], path: str, value: Any) -> None:
    """The default is the one that the guide, or the decision beside it, names."""
    section, _, pointer = path.partition("#/")
    found: Any = files[f"sections/{section}.schema.json"]
    for part in pointer.split("/"):
        found = found[part]
    assert found["default"] == value


@pytest.mark.requirement(17)
@pytest.mark.parametrize(
    ("code", "accepted"), [("avn", False), ("A", False), ("SEVENLY", False), ("A-N", False), ("A1", True)]
)
def test_a_school_code_is_short_and_plain(judge: Judge, estate: dict[str, Any], code: str, accepted: bool) -> None:
    """2 to 6 capital letters or digits, wherever a code is a key."""
    for section in ("schools", "partners", "period_maps"):
        place = f"sections/{section}.schema.json"
        assert judge.accepts(place, {code: estate[section]["AVN"]}) is accepted


WITHOUT_DEFAULT = ("lawful_basis", "sharing_mode")


@pytest.mark.requirement(86)
@pytest.mark.parametrize("key", WITHOUT_DEFAULT)
def test_some_decisions_have_no_default(files: dict[str, dict[str, Any]], key: str) -> None:
    """Nobody may share by having said nothing."""
    assert "default" not in files["sections/lawful_bases.schema.json"]["$defs"]["basis"]["properties"][key]


BASIS = {"sharing_mode": "all", "purpose": "Meals", "decided_by": "dpo", "decided_on": "2026-09-01"}
BY_LAW = {"condition": "public_health", "dpia_ref": "ECV/DPIA/9"}


@pytest.mark.requirement(86)
@pytest.mark.parametrize(
    ("basis", "accepted"),
    [
        ({"lawful_basis": "public_task"}, True),
        ({"lawful_basis": "vital_interest"}, False),
        ({"lawful_basis": "legitimate_interests"}, False),
        ({"lawful_basis": "legitimate_interests", "lia_ref": "ECV/LIA/3"}, True),
        ({"lawful_basis": "recognised_legitimate_interest"}, False),
        ({"lawful_basis": "recognised_legitimate_interest", "condition": "safeguarding"}, True),
        ({"lawful_basis": "consent"}, False),
        ({"lawful_basis": "consent", "sharing_mode": "per_record_consent"}, True),
        ({"lawful_basis": "public_task", "art9": {"condition": "explicit_consent"}}, False),
        ({"lawful_basis": "public_task", "art9": {"condition": "explicit_consent", "dpia_ref": "ECV/DPIA/9"}}, True),
        ({"lawful_basis": "public_task", "art9": BY_LAW}, False),
        ({"lawful_basis": "public_task", "art9": BY_LAW | {"schedule_1": "public_health"}}, True),
    ],
)
def test_each_lawful_basis_needs_its_papers(judge: Judge, basis: dict[str, Any], accepted: bool) -> None:
    """A balancing test, a purpose, single consents, a condition and an impact assessment, each where the law asks."""
    assert judge.accepts("sections/lawful_bases.schema.json", {"catering": BASIS | basis}) is accepted

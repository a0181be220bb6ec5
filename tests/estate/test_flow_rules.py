"""Rules about accounts of third parties, their grants, bases, clients and strategies."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.diagnostics import Severity
from reconciler.estate.catalogue import catalogue
from reconciler.estate.grants import granted
from reconciler.estate.versions import ClientVersion
from tests.estate.conftest import PARENTPAY, SCHOOLCOMMS, Checked, CheckSmall, merged

SEED_LIST = [
    "CollectionAssociates",
    "CollectionExecutives",
    "CollectionExecutivesRoleTypes",
    "Collections",
    "Emails",
    "EmployeeContacts",
    "Nationalities",
    "People",
    "PersonAddress",
    "PersonCommunications",
    "PersonMedicalConditions",
    "PreAdmissionStudents",
    "School",
    "Staff",
    "StudentContacts",
    "StudentEnrolments",
    "StudentMealPatterns",
    "StudentMeals",
    "Students",
    "SubjectClasses",
    "Timetable",
]


NO_SOAP = {"url": None, "username": None, "password": None}


def parentpay(check_small: CheckSmall, account: dict[str, Any], *more: dict[str, Any]) -> Checked:
    """The small estate with one ParentPay account at AVN, changed."""
    return check_small({"third_parties": {"pp": merged(PARENTPAY, account)}}, *more, flows=True)


def schoolcomms(check_small: CheckSmall, account: dict[str, Any], *more: dict[str, Any]) -> Checked:
    """The small estate with one Schoolcomms account at AVN, changed."""
    return check_small({"third_parties": {"sc": merged(SCHOOLCOMMS, account)}}, *more, flows=True)


@pytest.mark.requirement(80)
def test_the_preset_is_the_list_of_the_guide_letter_by_letter() -> None:
    """21 entities, spelling and case as the source."""
    assert list(catalogue().presets["parentpay-bromcom-2022"].entities) == SEED_LIST
    assert len(SEED_LIST) == 21


def test_every_preset_and_alias_is_in_the_catalogue_once() -> None:
    """A name means one entity."""
    known = catalogue()
    assert all(known.canonical(name) == name for preset in known.presets.values() for name in preset.entities)
    aliases = [alias for entity in known.entities.values() for alias in entity.aliases]
    assert len(aliases) == len(set(aliases))
    assert not set(aliases) & set(known.entities)
    assert known.canonical("PersonAddresses") == "PersonAddress"


@pytest.mark.requirement(70)
def test_a_parentpay_account_needs_a_bromcom_school(check_small: CheckSmall) -> None:
    """The kind is checked against the MIS."""
    sims = {"schools": {"AVN": {"mis": None}}}, {"schools": {"AVN": {"mis": {"connector": "sims", "drop": "in"}}}}
    finding = parentpay(check_small, {}, *sims).one("third_party.other_mis")
    assert "AVN is read through sims" in finding.message
    assert not parentpay(check_small, {}).found
    a_list = {"grants": {"preset": None, "entities": SEED_LIST}}
    assert "third_party.other_mis" in parentpay(check_small, a_list, *sims).codes


@pytest.mark.requirement(70)
def test_a_preset_brings_its_mis_to_any_kind_of_account(check_small: CheckSmall) -> None:
    """A list made for Bromcom cannot be granted in another system."""
    sims = {"schools": {"AVN": {"mis": None}}}, {"schools": {"AVN": {"mis": {"connector": "sims", "drop": "in"}}}}
    named = {"grants": {"preset": "parentpay-bromcom-2022"}}
    assert "third_party.other_mis" in schoolcomms(check_small, named, *sims).codes
    assert "third_party.other_mis" not in schoolcomms(check_small, {}, *sims).codes


@pytest.mark.requirement(76)
def test_one_organisation_number_at_two_schools_is_an_error(check_small: CheckSmall) -> None:
    """One school's children would go to another."""
    finding = parentpay(check_small, {"credentials": {"org_id": 20002}}).one("third_party.org_id_shared")
    assert "20002" in finding.message
    assert not parentpay(check_small, {"credentials": {"org_id": 20001}}).found
    twins = check_small({"schools": {"BRK": {"mis": {"school_id": 20001}}}}, flows=True)
    assert twins.codes == ["third_party.org_id_shared"]
    partner_api = {"application_id": {"env": "ID"}, "application_secret": {"env": "SECRET"}, "school_id": 20001}
    other_door = {"schools": {"BRK": {"mis": {"connector": "bromcom-partner", **partner_api, **NO_SOAP}}}}
    assert check_small(other_door, flows=True).codes == ["third_party.org_id_shared"]


@pytest.mark.requirement(77)
def test_an_accounts_address_is_at_its_schools_host(check_small: CheckSmall) -> None:
    """Case and path may differ, the host may not."""
    other = "https://mis.brk.example/x.asmx"
    assert (
        "mis.brk.example"
        in parentpay(check_small, {"credentials": {"mis_url": other}}).one("third_party.other_host").message
    )
    same = "https://MIS.avn.example/Other.asmx"
    assert not parentpay(check_small, {"credentials": {"mis_url": same}}).found


@pytest.mark.requirement(75)
def test_one_password_reference_for_two_schools_is_a_warning(check_small: CheckSmall) -> None:
    """Two accounts of one school may share it."""
    second = {"third_parties": {"pp2": merged(PARENTPAY, {"school": "BRK"})}}
    assert parentpay(check_small, {}, second).codes == ["secret.shared_password"]
    third = {"third_parties": {"pp2": PARENTPAY}}
    assert not parentpay(check_small, {}, third).found


@pytest.mark.requirement(81)
def test_missing_entities_are_named_with_the_streams_that_break(check_small: CheckSmall) -> None:
    """An explicit list of 20 lacks one."""
    entities = [name for name in SEED_LIST if name != "PreAdmissionStudents"]
    changes = {"grants": {"preset": None, "entities": entities}, "streams": ["pupils", "pre_admissions"]}
    finding = parentpay(check_small, changes).one("grant.missing_entity")
    assert "lacks 1 entity of the 21" in finding.message
    assert "PreAdmissionStudents; this breaks pre_admissions" in finding.message
    assert finding.severity is Severity.ERROR


@pytest.mark.requirement(81)
@pytest.mark.parametrize(
    "grants",
    [
        {"without": {"StudentMeals": "no meals, DPIA/2"}},
        {"preset": None, "entities": SEED_LIST[:5], "deviation_reason": "a pilot, DPIA/3"},
    ],
)
def test_a_deviation_with_a_reason_is_sound(check_small: CheckSmall, grants: dict[str, Any]) -> None:
    """Left out of the preset one by one, or a list with its reason."""
    assert not parentpay(check_small, {"grants": grants}).found


@pytest.mark.requirement(82)
def test_an_extra_entity_is_a_minimisation_warning(check_small: CheckSmall) -> None:
    """What the supplier does not ask for."""
    finding = parentpay(check_small, {"grants": {"with": {"Attendances": "asked by phone"}}}).one("grant.extra_entity")
    assert finding.severity is Severity.WARNING
    assert finding.message.endswith("Attendances")


@pytest.mark.requirement(83)
@pytest.mark.parametrize(("wrong", "right"), [("StudentS", "Students"), ("students", "Students"), ("Emials", "Emails")])
def test_a_misspelt_entity_suggests_the_nearest(check_small: CheckSmall, wrong: str, right: str) -> None:
    """Letters and capitals both count."""
    grants = {"preset": None, "entities": [wrong], "deviation_reason": "a pilot"}
    finding = parentpay(check_small, {"grants": grants}).one("grant.unknown_entity")
    assert finding.hint.startswith(f"did you mean '{right}'")


@pytest.mark.requirement(83)
def test_another_suppliers_spelling_is_the_same_entity(check_small: CheckSmall) -> None:
    """PersonAddresses, Schools and TimeTable are PersonAddress, School and Timetable."""
    aliases = {"PersonAddress": "PersonAddresses", "School": "Schools", "Timetable": "TimeTable"}
    entities = [aliases.get(name, name) for name in SEED_LIST]
    assert not parentpay(check_small, {"grants": {"preset": None, "entities": entities}}).found
    known = catalogue()
    assert granted({"entities": ["PersonAddresses"]}, known) == ("PersonAddress",)
    assert "Timetable" not in granted({"preset": "parentpay-bromcom-2022", "without": {"TimeTable": "x"}}, known)


@pytest.mark.requirement(80)
def test_a_special_entity_needs_a_condition_and_an_assessment(check_small: CheckSmall) -> None:
    """Health data (D2): leave it out with a reason, or say why it may flow."""
    no_condition = {"lawful_bases": {"catering": {"art9": None}}}
    finding = parentpay(check_small, {}, no_condition).one("grant.special_without_condition")
    assert "PersonMedicalConditions" in finding.message
    without = {"grants": {"without": {"PersonMedicalConditions": "no meals service"}}}
    assert not parentpay(check_small, without, no_condition).found


@pytest.mark.requirement(86)
@pytest.mark.parametrize(("sector", "warned"), [("academy", True), ("maintained", True), ("college", False)])
def test_legitimate_interests_at_a_public_authority_are_a_warning(
    check_small: CheckSmall, sector: str, warned: bool
) -> None:
    """The basis may be sound for a service that is no task of the school: the DPO decides."""
    basis = {"lawful_bases": {"catering": {"lawful_basis": "legitimate_interests", "lia_ref": "LIA/1"}}}
    checked = parentpay(check_small, {}, basis, {"schools": {"AVN": {"sector": sector}}})
    assert checked.codes == (["lawful_basis.public_authority"] if warned else [])


@pytest.mark.requirement(95)
def test_a_migrating_account_without_a_manager_is_a_warning(check_small: CheckSmall) -> None:
    """The supplier answers only to an account that it knows."""
    assert parentpay(check_small, {"onboarding": "migrating"}).codes == ["third_party.no_manager"]
    named = {"onboarding": "migrating", "manager_contact": "office@eskmere.example"}
    assert not parentpay(check_small, named).found


@pytest.mark.requirement(100)
def test_a_password_that_never_changes_is_a_warning(check_small: CheckSmall) -> None:
    """Nobody would be told when it is due."""
    assert parentpay(check_small, {"credentials": {"rotation": None}}).codes == ["third_party.no_rotation"]


@pytest.mark.requirement(164)
def test_client_versions_compare_by_number_and_then_by_letter() -> None:
    """9.6D < 9.6E < 9.10A, which text would order otherwise."""
    texts = ["9.10A", "9.6E", "9.6", "9.6D", "10.0A"]
    assert sorted(texts, key=ClientVersion.parse) == ["9.6", "9.6D", "9.6E", "9.10A", "10.0A"]
    with pytest.raises(ValueError, match=r"9\.6D"):
        ClientVersion.parse("nine")


@pytest.mark.requirement(164)
@pytest.mark.parametrize(
    ("client", "refused"),
    [
        ({"version": "9.6D"}, False),
        ({"version": "9.6C"}, True),
        ({"version": "9.10A", "min_version": "9.6E"}, False),
        ({"version": "9.9Z", "min_version": "9.10A"}, True),
        ({"version": "9.5A", "min_version": "9.4A"}, True),
    ],
)
def test_a_client_older_than_needed_is_refused_with_both_versions(
    check_small: CheckSmall, client: dict[str, str], refused: bool
) -> None:
    """A minimum below 9.6D does not lower the vendor's own."""
    checked = schoolcomms(check_small, {"client": client})
    assert checked.codes == (["client.too_old"] if refused else [])
    assert all(client["version"] in finding.message for finding in checked.found)


@pytest.mark.requirement(162)
def test_an_import_user_with_whom_people_work_is_a_warning(check_small: CheckSmall) -> None:
    """They could not work meanwhile."""
    assert schoolcomms(check_small, {"interactive_users": ["sc-import"]}).codes == ["client.shared_user"]
    assert not schoolcomms(check_small, {"interactive_users": ["sc-office"]}).found


@pytest.mark.requirement(166)
def test_premium_messaging_without_a_dedicated_user_is_advice(check_small: CheckSmall) -> None:
    """A recommendation, and so neither error nor warning."""
    finding = schoolcomms(check_small, {"licence": "premium_messaging"}).one("client.no_dedicated_user")
    assert finding.severity is Severity.INFO
    dedicated = {"licence": "premium_messaging", "run_as": {"dedicated": True}}
    assert not schoolcomms(check_small, dedicated).found


@pytest.mark.requirement(167)
@pytest.mark.parametrize(
    ("licence", "schedule", "warned"),
    [
        ("standard", "09:00", True),
        ("just_text", "every_morning", True),
        ("standard", "18:30", False),
        ("standard", "17:00", False),
        ("premium_messaging", "09:00", False),
    ],
)
def test_an_exclusive_import_in_office_hours_is_a_warning(
    check_small: CheckSmall, licence: str, schedule: str, warned: bool
) -> None:
    """Office hours are 08:00 to 17:00 unless the account says otherwise; their end is free again."""
    account = {"licence": licence, "schedule": schedule, "run_as": {"dedicated": True}}
    assert schoolcomms(check_small, account).codes == (["client.office_hours"] if warned else [])


@pytest.mark.requirement(167)
@pytest.mark.parametrize(("schedule", "school", "refused"), [("07:00", "AVN", True), ("07:30", "AVN", False),
                                                             ("06:30", "BRK", False)])  # fmt: skip
def test_overlapping_exclusive_imports_of_one_school_are_an_error(
    check_small: CheckSmall, schedule: str, school: str, refused: bool
) -> None:
    """An import is taken to need an hour."""
    second = {"third_parties": {"sc2": merged(SCHOOLCOMMS, {"schedule": schedule, "school": school})}}
    assert schoolcomms(check_small, {}, second).codes == (["client.overlap"] if refused else [])


@pytest.mark.requirement(171)
def test_permission_groups_are_an_and_of_ors(check_small: CheckSmall) -> None:
    """Of two attendance or teaching groups one will do, the others are needed each; capitals are forgiven."""
    groups = ["Admissions officer", "Attendance manager", "Personnel officer", "Class teacher", "Third party reporter"]

    def with_groups(names: list[str]) -> dict[str, Any]:
        user = {"name": "svc", "permission_groups": names}
        return {"schools": {"AVN": {"mis": {"connector": "sims", "drop": "in", "user": user}}}}

    finding = check_small(with_groups(groups)).one("perm.missing_group")
    assert finding.severity is Severity.WARNING
    assert "1 permission group: Receipt clerk" in finding.message
    assert not check_small(with_groups([*groups, "Receipt Clerk"])).found
    none = check_small(with_groups([])).one("perm.missing_group")
    assert "Attendance operator or Attendance manager" in none.message


@pytest.mark.requirement(171)
def test_permission_groups_are_asked_of_sims_and_of_whoever_names_some(check_small: CheckSmall) -> None:
    """A SIMS school without a user lacks all six; a school with files is asked only when it names groups."""

    def school(**mis: Any) -> dict[str, Any]:
        return {"schools": {"AVN": {"mis": {"drop": "in", **mis}}}}

    assert "lacks 6" in check_small(school(connector="sims")).one("perm.missing_group").message
    assert not check_small(school(connector="oneroster-csv")).found
    user = {"name": "svc", "permission_groups": ["Admissions officer"]}
    assert check_small(school(connector="oneroster-csv", user=user)).codes == ["perm.missing_group"]


@pytest.mark.requirement(152)
def test_a_strategy_without_a_channel_is_a_warning(check_small: CheckSmall) -> None:
    """Nobody could be reached."""
    assert check_small({"import_strategies": {"x": {"groups": "all", "channels": []}}}).codes == ["strategy.no_channel"]


@pytest.mark.requirement(155)
def test_texts_switched_on_are_a_warning_about_the_first_import(check_small: CheckSmall) -> None:
    """Every number would be new."""
    strategy = {"groups": "all", "channels": ["mobile"], "notify": {"text": True}}
    assert check_small({"import_strategies": {"x": strategy}}).codes == ["strategy.first_notice"]


@pytest.mark.requirement(207)
def test_leavers_kept_longer_than_the_guide_says_are_a_warning(check_small: CheckSmall) -> None:
    """14 days is the guide's word."""
    assert not check_small({"retention": {"leavers": {"anonymise_after_days": 14}}}).found
    assert check_small({"retention": {"leavers": {"anonymise_after_days": 15}}}).codes == ["retention.leavers"]

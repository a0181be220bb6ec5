"""Set-up sheets: what a school enters on its own side, with every secret as a reference."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reconciler.estate.catalogue import catalogue
from reconciler.estate.structures import PeriodStructure
from reconciler.estate.weeks import SchoolCalendar
from reconciler.reports import partner_setup
from reconciler.reports.frame import SchoolName
from reconciler.reports.parentpay_guide import Account, reference
from reconciler.reports.partner_setup import PartnerSetup
from reconciler.reports.partner_steps import PartnerFacts
from reconciler.reports.sheet import Step
from reconciler.shipped import shipped
from tests.reports.test_reports import FRAME, GOLDEN, HOSTILE, Page

SCHOOL = SchoolName(code="AVN", name="Ashvale North Academy", colour="#1f6feb")
HUB: dict[str, Any] = {
    "name": "Eskmere Collaborative Virtual School", "short_code": "ECV", "url": "https://hub.eskmere.example",
    "academic_year": "2026-2027", "schedules": {"students_and_classes": "every_morning", "academic": "every_hour"},
    "identifiers": {"admission_numbers_unique": False, "staff_codes_unique": True, "separator": "-"},
}  # fmt: skip
MIS: dict[str, Any] = {
    "connector": "bromcom", "url": "https://mis.avn.example/service.asmx", "school_id": 20001, "username": "reconcile",
    "password": {"env": "AVN_MIS_PASSWORD"},
}  # fmt: skip
PARTNER: dict[str, Any] = {
    "data_exchange_key": {"env": "REC_KEY_AVN"}, "period_structure": "W1",
    "offers": {"students": {"in_group": "Outplaced"}, "classes": ["4501", "4502"]},
    "export": {"connector": "exchange", "url": "https://exchange.avn.example/v1"},
}  # fmt: skip
ACCOUNT: dict[str, Any] = {
    "kind": "parentpay", "mis_account_name": "ParentPay", "streams": ["staff", "pupils"], "onboarding": "new",
    "credentials": {"username": "parentpay", "password": {"file": "/run/secrets/pp"}}, "grants": {},
    "existing_data": {"staff": False, "pre_admissions": True},
}  # fmt: skip
ASKED = catalogue().presets["parentpay-bromcom-2022"].entities
ALL = {"sharing_mode": "all", "lawful_basis": "public_task"}
CONSENT = {"sharing_mode": "per_record_consent", "lawful_basis": "consent"}
ONE_WEEK = {"weeks": 1, "days": 5, "periods": ["P1", "P2"], "except": {"Fri": ["P1"]}}


def partner(*, hub: Mapping[str, Any] | None = None, mis: Mapping[str, Any] | None = None,
            structure: Mapping[str, Any] | None = None, calendar: SchoolCalendar | None = None, mapped: bool = True,
            **changes: Any) -> PartnerFacts:  # fmt: skip
    return PartnerFacts(
        code="AVN", hub={**HUB, **(hub or {})}, school={"name": SCHOOL.name, "mis": mis or MIS},
        partner={**PARTNER, **changes}, structure=PeriodStructure.of("W1", structure or ONE_WEEK), times={},
        calendar=calendar, mapped=mapped, entities=("Students", "Timetable"),
    )  # fmt: skip


def account(basis: Mapping[str, Any] = ALL, *, entities: tuple[str, ...] = ASKED, support: str = "help@pp.example",
            **changes: Any) -> Account:  # fmt: skip
    return Account(
        name="avn-parentpay", spec={**ACCOUNT, **changes}, mis=MIS, basis=basis, entities=entities, asked=ASKED,
        recipient={"name": "ParentPay", "support_mail": support},
    )  # fmt: skip


def sheet(*accounts: Account, partner: PartnerFacts | None = None) -> PartnerSetup:
    return partner_setup.build(FRAME, school=SCHOOL, partner=partner, accounts=accounts)


def steps(report: PartnerSetup, section: int = 0) -> dict[str, Step]:
    return {step.title: step for step in report.sections[section].steps}


def facts(step: Step) -> dict[str, str]:
    return {fact.label: fact.value for fact in step.facts}


def letter(made: Account) -> str:
    return steps(sheet(made))["Ask ParentPay for the integration"].letter


@pytest.mark.requirement(20, 65)
def test_a_partner_is_told_in_order_what_to_enter() -> None:
    """Year, hub, school, key, offers, structure, reading, export, ready: numbered."""
    report = sheet(partner=partner())
    found = steps(report)
    assert [step.label for step in found.values()] == [str(n) for n in range(1, 10)]
    assert facts(found["Choose the academic year"]) == {"Academic year": "2026-2027"}
    assert facts(found["Enter the virtual school"]) == {
        "Name": HUB["name"], "Short code": "ECV", "Address": "https://hub.eskmere.example",
    }  # fmt: skip
    assert facts(found["Enter your school"])["Short code"] == "AVN"
    assert facts(found["Enter the Data Exchange Key"]) == {"The hub calls it": "env:REC_KEY_AVN"}
    assert facts(found["Take what the hub sends back"])["Address that the hub calls"].startswith("https://exchange.avn")
    assert not report.first


@pytest.mark.requirement(13, 14, 15)
def test_the_sheet_says_what_the_short_code_is_put_in_front_of() -> None:
    """Only of what is prefixed, with the hub's separator."""
    (text,) = steps(sheet(partner=partner()))["Enter your school"].text
    assert "admission numbers and tutor groups, as in AVN-004512" in text
    unique = {"admission_numbers_unique": True, "staff_codes_unique": True}
    assert not steps(sheet(partner=partner(hub={"identifiers": unique})))["Enter your school"].text


@pytest.mark.requirement(51, 52, 65)
def test_offered_groups_are_named_and_listed_people_only_counted() -> None:
    """Ids of children stand on no sheet."""
    found = facts(steps(sheet(partner=partner()))["Mark what you offer"])
    assert found["Students (Outplaced Students)"] == "put them into the group Outplaced"
    assert found["Classes (Outplaced Classes)"] == "the 2 that the hub has listed by id; nothing to mark"
    every = facts(steps(sheet(partner=partner(offers="all")))["Mark what you offer"])
    assert every["Students (Outplaced Students)"].startswith("all students")


@pytest.mark.requirement(33, 65)
def test_the_period_structure_is_a_table_to_compare_with() -> None:
    """Day by day; ragged days and the weeks of a longer cycle included."""
    grid = steps(sheet(partner=partner()))["Check your period structure"].grid
    assert grid is not None
    assert grid.rows[0] == ("Mon", "P1, P2")
    assert grid.rows[-1] == ("Fri", "P1")
    entries = {"x": {"terms": [{"from": "2026-09-02", "to": "2026-10-23"}], "week_1_starts": ["2026-09-14"]}}
    two = partner(structure={**ONE_WEEK, "weeks": 2}, calendar=SchoolCalendar.named("x", entries))
    step = steps(sheet(partner=two))["Check your period structure"]
    assert step.grid is not None
    assert step.grid.rows[5][0] == "Week 2 Mon"
    assert "Week 1 starts, term by term, on 14 September 2026." in step.text
    unknown = steps(sheet(partner=partner(structure={**ONE_WEEK, "weeks": 2})))["Check your period structure"]
    assert "it does not know" in unknown.text[-1]


@pytest.mark.requirement(65)
def test_how_the_hub_reads_depends_on_the_mis() -> None:
    """An account with ticks, or files in a folder."""
    soap = facts(steps(sheet(partner=partner()))["Let the hub read your MIS"])
    assert soap["Password"] == "reference env:AVN_MIS_PASSWORD"
    assert soap["Entities to tick (2)"] == "Students, Timetable"
    files = partner(mis={"connector": "oneroster-csv", "drop": "in/AVN", "complete": True})
    delivery = steps(sheet(partner=files))["Deliver your files"]
    assert facts(delivery) == {"What": "OneRoster files", "Where": "in/AVN"}
    assert "whoever is missing counts as gone" in delivery.text[0]


@pytest.mark.requirement(65)
def test_what_the_hub_has_not_declared_yet_comes_first() -> None:
    """Its own address and the map."""
    report = sheet(partner=partner(hub={"url": ""}, mapped=False))
    assert [step.split(":")[0] for step in report.first] == ["declare virtual_school.url", "declare period_maps"]
    assert "not declared yet" in facts(steps(report)["Enter the virtual school"])["Address"]


@pytest.mark.requirement(28, 65)
def test_a_renewed_key_names_both_references() -> None:
    """And neither value."""
    key = {"env": "REC_KEY_NEW", "replaces": {"env": "REC_KEY_OLD"}}
    step = steps(sheet(partner=partner(data_exchange_key=key)))["Enter the Data Exchange Key"]
    assert facts(step) == {"The hub calls it": "env:REC_KEY_NEW"}
    assert "env:REC_KEY_OLD" in step.text[-1]


@pytest.mark.requirement(21, 75)
@pytest.mark.parametrize(
    ("secret", "shown"),
    [({"env": "A"}, "env:A"), ({"sops": "f#k"}, "sops:f#k"), ({"exec": ["pass", "show", "deep/inside"]},
     "exec: a command at the hub"), (None, "not declared"), ("literal", "not declared")],
)  # fmt: skip
def test_a_secret_is_shown_as_the_name_of_its_reference(secret: object, shown: str) -> None:
    """A command is not repeated, and what is no reference is not shown at all."""
    assert reference(secret) == shown


@pytest.mark.requirement(85)
def test_step_8_of_the_guide_is_skipped_in_words() -> None:
    """It stands between 7 and 9 and says to go on."""
    labels = [step.label for step in sheet(account()).sections[0].steps]
    assert labels.index("Step 8") == labels.index("Steps 6 and 7") + 1 == labels.index("Steps 9 and 10") - 1
    assert "not required" in steps(sheet(account()))["Skip this step"].text[0]


@pytest.mark.requirement(86, 91)
@pytest.mark.parametrize(("basis", "setting"), [(ALL, "Legitimate interest"), (CONSENT, "Consent")])
def test_steps_11_to_16_are_there_only_with_consent(basis: Mapping[str, Any], setting: str) -> None:
    """The switch of the MIS has two positions; each record is ticked in one of them only."""
    report = sheet(account(basis))
    assert facts(steps(report)["Set the lawful basis for data processing"]) == {
        "Lawful basis for data processing": setting
    }
    assert ("Steps 11 to 16" in [step.label for step in report.sections[0].steps]) is (setting == "Consent")
    if setting == "Consent":
        assert "For each pupil and member of staff" in steps(report)["Enable each person"].text[0]


@pytest.mark.requirement(79, 80, 81, 82)
def test_the_ticks_are_listed_with_what_differs_and_why() -> None:
    """The exact name of the account and the entities; left out and added ones with their reason."""
    assert facts(steps(sheet(account()))["Name the account and tick the entities"]).keys() == {
        "Third-Party Account", "API entities to tick (21)",
    }  # fmt: skip
    fewer = account(
        entities=(*[name for name in ASKED if name != "PersonMedicalConditions"], "StudentPhotos"),
        grants={"without": {"PersonMedicalConditions": "DPIA/12"}, "with": {"StudentPhotos": "DPIA/14"}},
    )  # fmt: skip
    found = facts(steps(sheet(fewer))["Name the account and tick the entities"])
    assert found["Leave unticked on purpose"] == "PersonMedicalConditions: DPIA/12"
    assert found["Ticked beyond ParentPay's list"] == "StudentPhotos: DPIA/14"
    assert "PersonMedicalConditions" not in found["API entities to tick (21)"]


@pytest.mark.requirement(94, 95)
def test_the_request_goes_where_the_onboarding_says() -> None:
    """A new school answers its welcome e-mail; a migrating one writes to support from a manager's account."""
    assert letter(account()).startswith("To: reply to the welcome e-mail of ParentPay\nSubject: ")
    migrating = account(onboarding="migrating", manager_contact="office@avn.example")
    assert letter(migrating).startswith("To: help@pp.example\nFrom: office@avn.example\nSubject: ")
    text = steps(sheet(migrating))["Ask ParentPay for the integration"].text
    assert any("existing ParentPay manager account" in sentence for sentence in text)


@pytest.mark.requirement(94, 95)
def test_what_the_request_lacks_comes_first() -> None:
    """An undeclared onboarding; a migration without manager or support address."""
    assert "declare onboarding" in sheet(account(onboarding=None)).first[0]
    lacking = sheet(account(onboarding="migrating", support="")).first
    assert [step.split()[2] for step in lacking] == ["manager_contact;", "support_mail"]
    assert "manager_contact is not declared" in letter(account(onboarding="migrating"))


@pytest.mark.requirement(96)
def test_the_request_has_the_fixed_subject_and_only_the_streams_in_use() -> None:
    """Streams that are not used are deleted from the sentence, and so is their matching exercise."""
    text = letter(account())
    assert "Subject: Request for Bromcom integration with ParentPay for uploads\n" in text
    assert "import Pupil/Staff data into ParentPay." in text
    assert "Preadmission" not in text
    assert "matching" not in text  # pre-admissions are there already, but not in use
    matched = letter(account(streams=["pupils", "staff", "pre_admissions"],
                             existing_data={"staff": True, "pre_admissions": True}))  # fmt: skip
    assert "import Pupil/Staff/Preadmission data" in matched
    assert "We have staff and pre-admission data on ParentPay already, so a data matching exercise" in matched


@pytest.mark.requirement(97)
def test_the_request_carries_the_four_credentials_and_no_password() -> None:
    """The account's own number and address win over the school's; the password goes by another route."""
    text = letter(account())
    for line in (
        "Username = parentpay", "MIS OrgID = 20001", "MIS URL = https://mis.avn.example/service.asmx",
        "Password = supplied by the agreed secure route, not in this e-mail (our reference: file:/run/secrets/pp)",
    ):  # fmt: skip
        assert line in text.splitlines()
    own = {"username": "pp", "password": {"env": "X"}, "org_id": 7, "mis_url": "https://mis.avn.example/own"}
    assert "MIS OrgID = 7\nMIS URL = https://mis.avn.example/own" in letter(account(credentials=own))


@pytest.mark.requirement(71, 98, 99)
def test_what_comes_before_and_after_is_said() -> None:
    """Year codes that must be so; what ParentPay sets; what waits for matching."""
    made = account(ufsm_year_groups=["R", "1"], existing_data={"staff": True})
    found = steps(sheet(made))
    assert "exactly these codes in the MIS: R, 1 " in found["Check what must be so"].text[1]
    assert facts(found["Check what ParentPay sets"])["Upload options"] == "Pupil/Staff"
    assert "Uploads of staff records wait" in found["Check what ParentPay sets"].text[1]


def test_a_school_that_is_no_partner_has_a_sheet_of_its_accounts() -> None:
    """And one without either is told that there is nothing to do."""
    assert sheet(account()).outcome == "AVN: how to set up 1 third-party account"
    assert len(sheet(account(), partner=partner()).sections) == 2
    nothing = sheet()
    assert nothing.outcome.endswith("nothing to set up")
    assert partner_setup.to_text(nothing) == nothing.outcome


def test_all_writers_carry_every_fact_and_the_letter() -> None:
    """HTML, text, Markdown, JSON and CSV are views of one model."""
    report = sheet(account(), partner=partner())
    rows = list(csv.DictReader(io.StringIO(partner_setup.to_csv(report).removeprefix("\ufeff"))))
    assert [row["value"] for row in rows if row["enter"] == "The hub calls it"] == ["env:REC_KEY_AVN"]
    assert [row["step"] for row in rows if row["enter"] == "letter"] == ["Then"]
    texts = [partner_setup.to_html(report), partner_setup.to_text(report), json.dumps(partner_setup.to_json(report))]
    for text in texts:
        assert "env:REC_KEY_AVN" in text
        assert "supplied by the agreed secure route" in text
    markdown = partner_setup.to_markdown(report)
    assert "- **The hub calls it:** env:REC\\_KEY\\_AVN" in markdown
    assert "| Mon | P1, P2 |" in markdown
    assert "    MIS OrgID = 20001" in markdown


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_name_is_only_text(hostile: str) -> None:
    """No element in the page, no markup in Markdown, no control character in a terminal."""

    def made(word: str) -> PartnerSetup:
        facts_ = partner(hub={"name": word}, offers={"students": {"in_group": word}, "classes": "all"},
                         structure={"weeks": 1, "days": 1, "periods": [word]})  # fmt: skip
        return sheet(account(mis_account_name=word), partner=facts_)

    pages = [Page(partner_setup.to_html(made(word))) for word in (hostile, "x")]
    assert pages[0].tags == pages[1].tags
    assert [name for name, _ in pages[0].attributes] == [name for name, _ in pages[1].attributes]
    markdown, text = partner_setup.to_markdown(made(hostile)), partner_setup.to_text(made(hostile))
    assert "<script>" not in markdown
    assert "\x1b" not in markdown + text
    assert "\u202e" not in markdown + text


@pytest.mark.parametrize("accounts", [(), (account(),), (account(CONSENT),)])
def test_the_json_fits_its_published_schema(accounts: tuple[Account, ...]) -> None:
    """With and without accounts."""
    schema = json.loads((shipped("schemas") / "report-partner-setup.schema.json").read_text())
    made = partner_setup.to_json(sheet(*accounts, partner=partner()))
    jsonschema.Draft202012Validator(schema).validate(made)


def test_the_sheet_reads_as_agreed(golden: Callable[[Path, str], None]) -> None:
    """The whole text and the whole Markdown."""
    report = sheet(account(CONSENT, onboarding="migrating", manager_contact="office@avn.example"), partner=partner())
    golden(GOLDEN / "partner-setup.txt", partner_setup.to_text(report))
    golden(GOLDEN / "partner-setup.md", partner_setup.to_markdown(report))

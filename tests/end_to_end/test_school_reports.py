"""Reports about one school, from an applied store that has imported over real sockets."""

from __future__ import annotations

import itertools
import json

import pytest

from reconciler.app import reporting
from reconciler.errors import UnknownName
from reconciler.simulator.practice import Practice
from tests.end_to_end.conftest import Desk

SCHOOLS = ("AVN", "BRK", "CST", "DNE", "FGT", "GHL", "HRT", "ELM")


def of_school(desk: Desk, name: str, code: str, format_: str = "text") -> str:
    return reporting.render(desk.settings, name, format_, schools=(code,))


@pytest.mark.requirement(33, 41)
def test_the_example_partner_a_week_apart_is_shown_with_both_weeks(example: Desk) -> None:
    """Dunescar's A week is the hub's B; nothing is wrong, and its training day is named."""
    report = json.loads(of_school(example, "period-map", "DNE", "json"))
    assert report["counts"] | {"mapped": 60, "not_selected": 0} == report["counts"]
    assert [(day["hub"], day["partner"]) for day in report["next_days"]][:5] == [
        ("W1Mon", "W2Mon"), ("W1Tue", "W2Tue"), ("W1Wed", "W2Wed"), ("W1Thu", "W2Thu"), ("W1Fri", None),
    ]  # fmt: skip
    assert not report["first"]
    assert not any(day["wrong"] for day in report["next_days"])


@pytest.mark.requirement(39)
def test_classes_that_would_lose_lessons_come_from_what_is_held(example: Desk) -> None:
    """A period taken out of the map: before the next import its lessons are still held, after it the issue names
    them."""
    assert example.sync("BRK", first=True).exit_code == 0
    estate = example.settings.estate
    text = estate.read_text("utf-8")
    line = next(line for line in text.splitlines() if line.startswith("  BRK: {2026-2027"))
    estate.write_text(text.replace(line, line.replace("P5: P5", "P5: not_selected")), "utf-8")
    example.apply()

    before = json.loads(of_school(example, "period-map", "BRK", "json"))["unreached"]
    losing = {slot["partner"]: [name.split()[0] for name in slot["classes"]] for slot in before if slot["classes"]}
    assert len(before) == 10
    assert losing

    example.sync("BRK")
    after = json.loads(of_school(example, "period-map", "BRK", "json"))["unreached"]
    assert not any(slot["classes"] for slot in after)
    said = {slot["partner"]: slot["last_import"] for slot in after if slot["last_import"]}
    assert said.keys() == losing.keys()
    assert all(name in said[slot] for slot, names in losing.items() for name in names)


@pytest.mark.requirement(32)
def test_a_school_that_is_no_partner_has_no_map(example: Desk) -> None:
    """A primary with accounts only; and a code that nobody has."""
    with pytest.raises(UnknownName, match="ELM is not a partner"):
        of_school(example, "period-map", "ELM")
    with pytest.raises(UnknownName, match="has no school 'AVM'"):
        of_school(example, "period-map", "AVM")


@pytest.mark.requirement(21, 65, 97)
def test_no_set_up_sheet_holds_a_secret(example: Desk, schools: Practice) -> None:
    """Every secret that the example refers to is known here, and none of their values is on any sheet."""
    settings = ("RECONCILE_", "PATH")
    secrets = {value for name, value in schools.environment.items() if not name.startswith(settings)}
    assert len(secrets) > 10
    for code, format_ in itertools.product(SCHOOLS, ("text", "html", "markdown", "json", "csv")):
        text = of_school(example, "partner-setup", code, format_)
        assert not [secret for secret in secrets if secret in text]


@pytest.mark.requirement(65, 85, 91)
def test_each_school_is_told_its_own(example: Desk) -> None:
    """Partners how to join, with the key's reference and the export's address; schools with accounts how to set these
    up."""
    avn = of_school(example, "partner-setup", "AVN")
    assert "env:REC_KEY_AVN" in avn
    assert "https://exchange.avn.example/v1" in avn
    assert "account avn-parentpay" in avn
    assert "brk-parentpay" not in avn
    assert "Steps 11 to 16" not in avn
    assert "Steps 11 to 16" in of_school(example, "partner-setup", "BRK")
    elm = of_school(example, "partner-setup", "ELM")
    assert elm.splitlines()[1] == "ELM: how to set up 1 third-party account"
    assert "Data Exchange Key" not in elm
    assert "PersonMedicalConditions: No meals service" in of_school(example, "partner-setup", "CST")


@pytest.mark.requirement(59, 65)
def test_the_hub_asks_for_no_more_ticks_than_it_reads(example: Desk) -> None:
    """Without behaviour and assessment their entities are not on the sheet."""
    assert "BehaviourEvents" in of_school(example, "partner-setup", "AVN")
    estate = example.settings.estate
    text = estate.read_text("utf-8")
    assert "academic: [attendance, behaviour, assessment]" in text
    estate.write_text(text.replace("academic: [attendance, behaviour, assessment]", "academic: [attendance]"), "utf-8")
    example.apply()
    sheet = of_school(example, "partner-setup", "AVN")
    assert "Attendances" in sheet
    assert "BehaviourEvents" not in sheet
    assert "AssessmentGradeSetGrades" not in sheet


def test_a_report_without_markdown_says_which_formats_it_has(example: Desk) -> None:
    """Transfers are not written as Markdown."""
    with pytest.raises(UnknownName, match="not written as markdown"):
        reporting.render(example.settings, "transfers", "markdown")

"""Reports about one school, from an applied store that has imported over real sockets."""

from __future__ import annotations

import json

import pytest

from reconciler.app import reporting
from reconciler.errors import UnknownName
from tests.end_to_end.conftest import Desk


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

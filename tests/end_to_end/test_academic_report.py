"""The academic report of an applied store that has imported over real sockets, on SQLite and PostgreSQL."""

from __future__ import annotations

import json

import pytest

from reconciler.app import reporting
from reconciler.app.academic import run_academic
from tests.end_to_end.conftest import Desk


@pytest.mark.requirement(3, 59, 60)
def test_what_came_in_is_what_the_report_counts(example: Desk) -> None:
    """Marks by class add up to the marks; structures match; narrowed to a student, only that one's aims are there."""
    example.sync("AVN", first=True)
    before = json.loads(reporting.academic(example.settings, "json", schools=("AVN",)))["partners"][0]
    assert (before["last_run"], before["counts"]) == (None, {})
    assert {standing["state"] for standing in before["structures"]} == {"not compared"}
    run_academic(example.settings, schools=("AVN",))
    told = json.loads(reporting.academic(example.settings, "json", schools=("AVN",)))
    (partner,) = told["partners"]
    assert partner["counts"]["attendance_marks"] == sum(partner["attendance"].values()) > 0
    assert {standing["state"] for standing in partner["structures"]} == {"matches"}
    assert len(told["post16_aims"]) == partner["counts"].get("post16_aims", 0) > 0
    student = told["post16_aims"][0]["student"]
    narrowed = json.loads(reporting.academic(example.settings, "json", schools=("AVN",), student=student))
    assert {aim["student"] for aim in narrowed["post16_aims"]} == {student}
    assert 0 < narrowed["partners"][0]["counts"]["attendance_marks"] < partner["counts"]["attendance_marks"]

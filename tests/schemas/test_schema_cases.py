"""Estates with one mistake that a schema sees: each is told once, at its place, in words, with what to do next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.diagnostics import render_text
from reconciler.documents.read import read_document
from tests.conftest import ROOT

INVALID = ROOT / "tests" / "estates" / "invalid"
CASES = sorted(path.parent for path in INVALID.glob("schema.*/*/estate.yaml"))
CODES = {
    "schema.alternatives",
    "schema.bad_name",
    "schema.missing_key",
    "schema.not_allowed_value",
    "schema.out_of_range",
    "schema.pattern",
    "schema.repeated_item",
    "schema.unknown_key",
    "schema.wrong_count",
    "schema.wrong_type",
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_one_mistake_is_one_finding(
    case: Path, golden: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text shows place, source line, reason and hint, and nothing else."""
    monkeypatch.chdir(case)
    found = read_document(Path("estate.yaml")).findings
    assert [finding.code for finding in found] == [case.parent.name]
    assert all(finding.position and finding.source_line for finding in found)
    golden(case / "expected.txt", render_text(found) + "\n")


def test_every_sort_of_mistake_has_a_case() -> None:
    """A sort that nothing shows would rot unseen."""
    assert {case.parent.name for case in CASES} == CODES

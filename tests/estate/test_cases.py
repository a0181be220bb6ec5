"""Estates as cases: each code of the rules has estates that break it, with the whole text that is printed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.diagnostics import Diagnostics, Severity, render_text
from reconciler.documents.read import read_document
from reconciler.estate.build import build_estate
from reconciler.estate.rules import check
from tests.conftest import ROOT
from tests.yard.test_codes import named_codes

ESTATES = ROOT / "tests" / "estates"
CODES = sorted(code for code, path in named_codes().items() if path.startswith("reconciler/estate/"))
CASES = sorted(path.parent for code in CODES for path in (ESTATES / "invalid" / code).glob("*/estate.yaml"))
VALID = sorted(path.parent for path in (ESTATES / "valid").glob("*/estate.yaml"))


def findings_of(path: Path) -> Diagnostics:
    """Everything that validating says."""
    document = read_document(path)
    if document.findings.has_errors:
        return document.findings
    return Diagnostics([*document.findings, *check(build_estate(document), document)])


def test_every_code_has_a_case() -> None:
    """A rule that nothing breaks would rot unseen."""
    assert not [code for code in CODES if not any((ESTATES / "invalid" / code).glob("*/estate.yaml"))]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_a_broken_estate_says_what_is_wrong(
    case: Path, golden: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text shows place, source line, reason and hint; every finding is of the case's own theme."""
    monkeypatch.chdir(case)
    found = findings_of(Path("estate.yaml"))
    assert case.parent.name in {finding.code for finding in found}
    assert all(finding.position and finding.hint for finding in found)
    golden(case / "expected.txt", render_text(found) + "\n")


@pytest.mark.parametrize("case", VALID, ids=lambda case: case.name)
def test_a_sound_estate_says_nothing(case: Path) -> None:
    """No rule cries wolf."""
    assert not findings_of(case / "estate.yaml")


@pytest.mark.parametrize("name", ["estate.yaml", "estate"])
def test_the_example_estate_has_only_the_warnings_that_it_shows_on_purpose(name: str) -> None:
    """An academy on legitimate interests, a user shared with people, an agreement that ends in the year."""
    found = findings_of(ROOT / "examples" / name)
    assert not found.has_errors
    warned = sorted((finding.code, finding.severity) for finding in found)
    assert warned == [
        ("agreement.expires", Severity.WARNING),
        ("client.shared_user", Severity.WARNING),
        ("lawful_basis.public_authority", Severity.WARNING),
    ]

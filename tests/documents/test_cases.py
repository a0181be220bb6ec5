"""Every finding that reading can make has an estate that provokes it, with the text that is printed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.diagnostics import render_text
from reconciler.documents.read import read_document
from tests.conftest import ROOT

CASES = Path(__file__).parent / "cases"
ELSEWHERE = {
    "estate.missing", "estate.unreadable", "include.too_many", "schema.invalid", "yaml.not_utf8", "yaml.too_large",
}  # fmt: skip
"""Findings that a small text file cannot provoke; other modules of this folder do."""

CODE = re.compile(r'"((?:yaml|include|schema|estate|secret)\.[a-z_0-9]+)"')


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_the_text_of_each_finding(
    case: Path, monkeypatch: pytest.MonkeyPatch, golden: Callable[[Path, str], None]
) -> None:
    """Place, message, source line with caret, related places and hint, compared whole; nothing else is found."""
    monkeypatch.chdir(case)
    text = render_text(read_document(Path("estate.yaml")).findings) + "\n"
    assert f"error {case.name}: " in text
    assert len(re.findall(r"(?m)^\S+: (?:error|warning) ", text)) == 1, "one mistake, one message"
    golden(case / "expected.txt", text)


def test_every_code_has_a_case() -> None:
    """A finding that no case provokes is a finding that nobody has read."""
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "reconciler" / "documents").glob("*.py"))
    assert set(CODE.findall(sources)) == {case.name for case in CASES.iterdir()} | ELSEWHERE


def test_every_code_has_a_page_that_shows_what_is_printed() -> None:
    """The page of a code quotes its case, so that a search for the message finds it."""
    for case in CASES.iterdir():
        page = ROOT / "docs" / "codes" / f"{case.name}.md"
        assert page.is_file(), case.name
        if case.name != "secret.reference":  # its page belongs to the resolver of references, which says it too
            first = (case / "expected.txt").read_text("utf-8").splitlines()[0]
            assert first in page.read_text("utf-8"), case.name

"""The fast validator and the telling one agree on every estate that stands in the repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.documents.formats import FORMATS
from reconciler.documents.read import read_document
from reconciler.documents.schemas import Schema, estate_schema
from reconciler.shipped import shipped
from tests.conftest import ROOT

ESTATES = sorted(
    path
    for top in ("examples", "tests/estates", "tests/documents/cases")
    for path in (ROOT / top).rglob("*")
    if (path.name == "estate.yaml" and path.is_file()) or (path.name == "estate" and path.is_dir())
)


class Watched(Schema):
    """The shipped schema, which keeps what it was asked."""

    def __init__(self) -> None:
        whole = estate_schema()
        self.__dict__.update(whole.__dict__)
        self.asked: list[tuple[bool, bool]] = []

    def is_valid(self, value: object) -> bool:
        fast = super().is_valid(value)
        telling = not any(self._telling.iter_errors(value))
        self.asked.append((fast, telling))
        return fast


@pytest.mark.parametrize("path", ESTATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_both_validators_give_the_same_verdict(path: Path) -> None:
    """On the document as it is checked: merged, with defaults and texts as the fields want them."""
    schema = Watched()
    document = read_document(path, schema=schema)
    assert all(fast == telling for fast, telling in schema.asked)
    if schema.asked == [(False, False)]:
        assert document.findings.has_errors, "what is not valid is explained"
    if schema.asked == [(True, True)]:
        assert not [finding for finding in document.findings if finding.code.startswith("schema.")]


def test_the_examples_are_valid() -> None:
    """Without even a warning of the reader."""
    for path in (ROOT / "examples").rglob("estate.yaml"):
        assert not read_document(path if path.parent.name != "estate" else path.parent).findings, path


def test_schemas_of_the_estate_use_only_formats_that_both_validators_share() -> None:
    """Another `format` would be checked by one of them only."""
    folder = shipped("schemas")
    files = [folder / "estate.schema.json", folder / "common.schema.json", *(folder / "sections").glob("*.json")]
    used = {name for file in files for name in re.findall(r'"format":\s*"([^"]+)"', file.read_text("utf-8"))}
    assert used
    assert used <= set(FORMATS)

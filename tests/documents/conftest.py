"""Estates written into a folder of their own, read with a schema that says nothing or with the shipped one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.diagnostics import Diagnostic
from reconciler.documents.document import Document
from reconciler.documents.read import read_document
from reconciler.documents.schemas import Schema
from tests.conftest import ROOT

Read = Callable[..., Document]
ANYTHING = Schema({"any.schema.json": {}}, "any.schema.json")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of a test, with `.git` so that it is a repository."""
    here = tmp_path / "repository"
    (here / ".git").mkdir(parents=True)
    monkeypatch.chdir(here)
    return here


@pytest.fixture
def read(folder: Path) -> Read:
    """Writes files by name, or one text as estate.yaml, and reads them; without a `schema` anything goes."""

    def write_and_read(*texts: str, files: dict[str, str] | None = None, schema: Any = None,
                       path: str = "estate.yaml") -> Document:  # fmt: skip
        for name, text in ({"estate.yaml": texts[0]} if texts else files or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8")
        shape = Schema({"t.schema.json": schema}, "t.schema.json") if schema is not None else ANYTHING
        return read_document(Path(path), schema=shape)

    return write_and_read


@pytest.fixture
def example(folder: Path) -> Callable[[str, str], Document]:
    """The shipped example estate with one text in it replaced."""

    def changed(old: str, new: str) -> Document:
        text = (ROOT / "examples" / "estate.yaml").read_text("utf-8")
        assert old in text, f"the example no longer holds {old!r}"
        (folder / "estate.yaml").write_text(text.replace(old, new, 1), "utf-8")
        return read_document(Path("estate.yaml"))

    return changed


def codes(document: Document) -> list[str]:
    """The codes of all findings, sorted by place."""
    return [finding.code for finding in document.findings]


def only(document: Document) -> Diagnostic:
    """The one finding that there is."""
    findings = list(document.findings)
    assert len(findings) == 1, [f"{f.code}: {f.message}" for f in findings]
    return findings[0]

"""The examples that ship with the program are right, and say the same as each other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from reconciler.diagnostics import render_text
from reconciler.documents.read import read_document
from tests.schemas.conftest import EXAMPLES
from tests.schemas.files import Judge

SKELETON = Path(__file__).parent / "skeleton.yaml"
MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")


@pytest.mark.parametrize("place", ["estate.yaml", "estate", "small/estate.yaml"])
def test_an_example_is_read_without_a_finding(place: str) -> None:
    """No error, and nothing that another YAML tool would read otherwise."""
    assert render_text(read_document(EXAMPLES / place).findings) == ""


def test_file_and_folder_are_the_same_estate(estate: dict[str, Any]) -> None:
    """The folder is the file, cut into pieces."""
    assert read_document(EXAMPLES / "estate").value == estate
    assert (EXAMPLES / "estate/assignments.csv").read_bytes() == (EXAMPLES / "assignments.csv").read_bytes()


def test_both_validators_accept_the_examples(judge: Judge, estate: dict[str, Any]) -> None:
    """As a whole, and as a part of itself."""
    small = read_document(EXAMPLES / "small/estate.yaml").value
    for value in (estate, small):
        assert judge.accepts("estate.schema.json", value)
        assert judge.accepts("estate-part.schema.json", value)


def test_every_file_names_its_schema_to_editors() -> None:
    """The first line leads to a schema that exists; only the file with the estate's head is held to the whole."""
    found = sorted(EXAMPLES.rglob("*.yaml"))
    assert len(found) > 10
    for path in found:
        text = path.read_text(encoding="utf-8")
        modeline = MODELINE.match(text)
        assert modeline, path
        schema = (path.parent / modeline[1]).resolve()
        assert schema.is_file(), path
        assert schema.name == ("estate.schema.json" if "\nestate_id:" in text else "estate-part.schema.json"), path


def test_every_section_is_shown(files: dict[str, dict[str, Any]], estate: dict[str, Any]) -> None:
    """The whole example has every section; those that a real estate seldom needs stand there as a comment."""
    text = (EXAMPLES / "estate.yaml").read_text(encoding="utf-8")
    absent = files["estate.schema.json"]["properties"].keys() - estate.keys()
    assert absent == {"kind", "moved", "include", "defaults"}
    for section in absent - {"kind"}:
        assert f"\n# {section}: " in text


def test_the_skeleton_of_the_design_is_accepted() -> None:
    """Every section and key that the format promises can be written as promised."""
    assert render_text(read_document(SKELETON).findings) == ""


def test_the_small_example_stays_small() -> None:
    """It is what a newcomer reads first."""
    text = (EXAMPLES / "small/estate.yaml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) < 35


@pytest.mark.parametrize("place", ["assignments.csv", "estate/assignments.csv"])
def test_assignments_are_written_as_the_schema_writes_them(judge: Judge, place: str) -> None:
    """Each row of the table could stand inline."""
    header, *rows = (EXAMPLES / place).read_text(encoding="utf-8").splitlines()
    assert header == "student,class,from,to"
    assert rows
    for row in rows:
        entry = {key: text for key, text in zip(header.split(","), row.split(","), strict=True) if text}
        assert judge.accepts("sections/class_assignments.schema.json", {"inline": [entry]}), row


def test_nobody_is_named_and_nothing_is_secret() -> None:
    """Fictional domains only; every e-mail address is a role's."""
    for path in EXAMPLES.rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        domains = set(re.findall(r"@([\w.-]+)", text)) | set(re.findall(r"https://([\w.-]+)", text))
        assert not [domain for domain in domains if not domain.endswith(".example")], path
        assert not re.search(r"(password|token|key): *[^{\s]", text), path

"""Rules of the guides that the schema holds: each mistake is one finding, at its place, with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.connectors.registry import connector
from reconciler.diagnostics import Diagnostic
from reconciler.documents.read import read_document
from reconciler.shipped import shipped


@pytest.fixture(scope="module")
def example() -> str:
    """The whole example estate as text."""
    return (shipped("examples") / "estate.yaml").read_text("utf-8")


def the_finding(folder: Path, text: str) -> Diagnostic:
    """The one error of an estate that is wrong in one place."""
    path = folder / "estate.yaml"
    path.write_text(text, "utf-8")
    errors = [d for d in read_document(path).findings if d.severity == "error"]
    assert len(errors) == 1, errors
    return errors[0]


def changed(text: str, old: str, new: str) -> str:
    """With the first occurrence of `old` replaced, which must be there."""
    assert old in text, old
    return text.replace(old, new, 1)


@pytest.mark.requirement(7)
def test_students_and_classes_have_three_times_of_day_and_no_other(tmp_path: Path, example: str) -> None:
    """`every_hour` is refused, and the three choices are listed."""
    found = the_finding(
        tmp_path, changed(example, "students_and_classes: every_morning", "students_and_classes: every_hour")
    )
    said = found.message + found.hint
    assert all(choice in said for choice in ("every_morning", "every_afternoon", "every_night"))
    assert "every_30_minutes" not in said


@pytest.mark.requirement(8)
def test_academic_data_has_five_rhythms_of_its_own(tmp_path: Path, example: str) -> None:
    """Another word is refused with the choices."""
    found = the_finding(tmp_path, changed(example, "academic: every_hour", "academic: every_five_minutes"))
    assert all(choice in found.message + found.hint for choice in ("every_30_minutes", "every_hour", "every_morning"))


@pytest.mark.requirement(8)
@pytest.mark.parametrize("word", ["every_30_minutes", "every_hour", "every_morning", "every_afternoon", "every_night"])
def test_each_of_the_five_is_accepted(tmp_path: Path, example: str, word: str) -> None:
    """All that the guide names."""
    path = tmp_path / "estate.yaml"
    path.write_text(changed(example, "academic: every_hour", f"academic: {word}"), "utf-8")
    assert not read_document(path).findings.has_errors


@pytest.mark.requirement(20)
@pytest.mark.parametrize("key", ["colour", "data_exchange_key", "period_structure"])
def test_a_partner_without_a_required_field_is_told_which_and_where(tmp_path: Path, example: str, key: str) -> None:
    """The field by name, at the partner's line."""
    written = {"colour": 'colour: "#1f6feb", ', "data_exchange_key": "data_exchange_key: {env: REC_KEY_AVN}, ",
               "period_structure": "period_structure: W1D5P5,"}[key]  # fmt: skip
    text = changed(example, written, "")
    found = the_finding(tmp_path, text)
    line = next(n for n, content in enumerate(text.splitlines(), 1) if content.startswith("partners:"))
    assert key in found.message
    assert found.position is not None
    assert found.position.line > line


@pytest.mark.requirement(74)
def test_a_third_party_account_needs_its_user_name(tmp_path: Path, example: str) -> None:
    """Missing: refused by name."""
    found = the_finding(tmp_path, changed(example, "username: parentpay, password: {env: ELM_PP_PASSWORD}",
                                          "password: {env: ELM_PP_PASSWORD}"))  # fmt: skip
    assert "username" in found.message


@pytest.mark.requirement(75)
def test_a_literal_password_is_refused_without_being_repeated(tmp_path: Path, example: str) -> None:
    """With its place, without its value or its line."""
    found = the_finding(tmp_path, changed(example, "{env: ELM_PP_PASSWORD}", "hunter2-Zq7"))
    assert found.code == "secret.inline"
    assert "hunter2" not in found.message + found.hint + found.source_line


@pytest.mark.requirement(78)
def test_the_suppliers_read_service_offers_no_way_to_write() -> None:
    """The connector states it, and its sessions have no verb for it."""
    assert connector("bromcom").capabilities.write is False


@pytest.mark.requirement(79)
def test_the_account_is_called_parentpay_exactly(tmp_path: Path, example: str) -> None:
    """Another spelling is refused with the right one."""
    found = the_finding(tmp_path, changed(example, "mis_account_name: ParentPay", "mis_account_name: parentpay"))
    assert "ParentPay" in found.message + found.hint


@pytest.mark.requirement(86)
@pytest.mark.parametrize("key", ["lawful_basis", "sharing_mode"])
def test_why_and_who_have_no_default(tmp_path: Path, example: str, key: str) -> None:
    """Leaving out the basis or the sharing mode is an error, never a guess."""
    lines = example.splitlines(keepends=True)
    place = next(n for n, line in enumerate(lines) if line.strip().startswith(f"{key}:"))
    found = the_finding(tmp_path, "".join(lines[:place] + lines[place + 1 :]))
    assert key in found.message


@pytest.mark.requirement(148)
@pytest.mark.parametrize("priorities", ["[0]", "[-1]", "[1, 1]", "[]"])
def test_contact_priorities_are_numbers_from_one_each_once(tmp_path: Path, example: str, priorities: str) -> None:
    """Zero, negatives, duplicates and an empty list are refused."""
    found = the_finding(tmp_path, changed(example, "priorities: [1, 2, 3]", f"priorities: {priorities}"))
    assert found.code.startswith("schema.")


@pytest.mark.requirement(165)
def test_the_importing_user_is_one_of_two_administrators(tmp_path: Path, example: str) -> None:
    """Another role is refused with the two."""
    found = the_finding(tmp_path, changed(example, "role: school_administrator", "role: teacher"))
    assert "school_administrator" in found.message + found.hint
    assert "multi_user_administrator" in found.message + found.hint

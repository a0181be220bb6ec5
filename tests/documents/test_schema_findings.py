"""How the schema's verdict is told: one message a mistake, narrowed to what was meant, with what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.documents.document import Document
from reconciler.documents.read import read_document
from tests.documents.conftest import Read, codes, only

Example = Callable[[str, str], Document]
NAMED = {"type": "object", "properties": {"kind": {"const": "a"}, "x": {"type": "integer"}}, "required": ["kind", "x"],
         "additionalProperties": False}  # fmt: skip
OTHER = {"type": "object", "properties": {"kind": {"const": "b"}, "y": {"enum": ["one", "two"]}}, "required": ["kind"],
         "additionalProperties": False}  # fmt: skip
EITHER = {"properties": {"it": {"oneOf": [NAMED, OTHER]}}}


@pytest.mark.requirement(7)
def test_an_hourly_schedule_of_students_is_refused_with_the_three_choices(example: Example) -> None:
    """`every_hour` is a choice of the academic schedule only."""
    finding = only(example("students_and_classes: every_morning", "students_and_classes: every_hour"))
    assert finding.code == "schema.not_allowed_value"
    told = finding.message + finding.hint
    assert all(choice in told for choice in ("every_morning", "every_afternoon", "every_night"))


@pytest.mark.requirement(8)
def test_an_unknown_academic_schedule_is_refused(example: Example) -> None:
    """The five choices and nothing else."""
    finding = only(example("academic: every_hour", "academic: every_hours"))
    assert (finding.code, "every_hour" in finding.hint) == ("schema.not_allowed_value", True)


@pytest.mark.requirement(5)
def test_a_partners_own_document_is_answered_with_one_line(folder: Path) -> None:
    """What else is wrong with it as a hub's would only mislead; a misspelt kind is answered alone too."""
    path = folder / "partner.yaml"
    path.write_text("version: 1\nkind: partner\nschool: {name: Ashvale North Academy}\n", "utf-8")
    finding = only(read_document(path))
    assert finding.code == "schema.not_allowed_value"
    assert "a partner's own document cannot be used here" in finding.message
    assert finding.hint == "name the hub's estate with --estate"
    path.write_text("version: 1\nkind: virtual-school\n", "utf-8")
    assert "virtual_school" in only(read_document(path)).hint


@pytest.mark.requirement(5)
def test_the_kind_of_a_hub_may_be_said_or_left_out(example: Example) -> None:
    """Every other word for it is refused."""
    assert not example("version: 1\n", "version: 1\nkind: virtual_school\n").findings.has_errors
    assert only(example("version: 1\n", "version: 1\nkind: mis\n")).code == "schema.not_allowed_value"


@pytest.mark.requirement(20)
@pytest.mark.parametrize("key", ["data_exchange_key: {env: REC_KEY_AVN}, ", "period_structure: W1D5P5,"])
def test_a_partner_needs_its_details(example: Example, key: str) -> None:
    """What is missing is named, with the place of the partner."""
    finding = only(example(key, ""))
    assert finding.code == "schema.missing_key"
    assert "partners.AVN" in finding.message
    assert f"`{key.partition(':')[0]}`" in finding.message
    assert finding.source_line.lstrip().startswith("AVN:")


@pytest.mark.requirement(22)
def test_a_colour_is_compulsory_and_hexadecimal(example: Example) -> None:
    """Missing, misspelt and unquoted each say what to do."""
    assert only(example('colour: "#1f6feb", ', "")).code == "schema.missing_key"
    finding = only(example('"#1f6feb"', "blue"))
    assert (finding.code, "#1f6feb" in finding.hint) == ("schema.pattern", True)
    assert only(example('colour: "#1f6feb"', "colour: #1f6feb")).code == "yaml.unquoted_hash"


@pytest.mark.requirement(79)
def test_the_name_of_the_parentpay_account_is_exact(example: Example) -> None:
    """`parentpay` is answered with the right spelling."""
    finding = only(example("mis_account_name: ParentPay", "mis_account_name: parentpay"))
    assert finding.code == "schema.not_allowed_value"
    assert "ParentPay" in finding.message
    assert "did you mean 'ParentPay'?" in finding.hint


@pytest.mark.requirement(1)
def test_an_estate_has_exactly_one_hub(example: Example) -> None:
    """None is a missing section, two are a duplicate key."""
    assert (
        only(example("\nvirtual_school:", "\nvirtual_schol:")).message
        == "`virtual_schol` is not a section of an estate"
    )
    assert only(example("\ncalendars:", "\nvirtual_school: {}\ncalendars:")).code == "yaml.duplicate_key"


def test_a_misspelt_key_is_not_also_missing(read: Read) -> None:
    """One slip, one message."""
    schema = {"properties": {"colour": {}, "name": {}}, "required": ["colour", "name"], "additionalProperties": False}
    finding = only(read("color: x\nname: y\n", schema=schema))
    assert (finding.code, finding.hint) == ("schema.unknown_key", "did you mean 'colour'?")


def test_an_unknown_key_does_not_hide_another_that_is_missing(read: Read) -> None:
    """Only the missing key that was meant is left out."""
    schema = {"properties": {"colour": {}, "name": {}}, "required": ["colour", "name"], "additionalProperties": False}
    assert codes(read("color: x\n", schema=schema)) == ["schema.missing_key", "schema.unknown_key"]


def test_an_unknown_key_unlike_any_other_is_told_the_known_ones(read: Read) -> None:
    """Where nothing is near, the keys are listed while there are few."""
    schema = {"properties": {"colour": {}, "name": {}}, "additionalProperties": False}
    assert only(read("zzz: x\n", schema=schema)).hint == "its keys are colour and name"


def test_all_mistakes_are_told_at_once(read: Read) -> None:
    """In the order of the file."""
    schema = {"properties": {"a": {"type": "integer"}, "b": {"enum": ["x"]}, "c": {"pattern": "^x"}}, "required": ["d"]}
    document = read("a: text\nb: y\nc: z\n", schema=schema)
    assert codes(document) == [
        "schema.missing_key", "schema.wrong_type", "schema.not_allowed_value", "schema.pattern",
    ]  # fmt: skip


def test_several_faults_of_one_value_are_one_finding(read: Read) -> None:
    """A list where a word is wanted is no wrong word as well."""
    schema = {"properties": {"a": {"type": "string", "enum": ["x"], "pattern": "^x"}}}
    assert only(read("a: [1]\n", schema=schema)).code == "schema.wrong_type"


def test_the_kind_decides_which_alternative_is_explained(read: Read) -> None:
    """Nothing is said about the kinds that were not meant."""
    finding = only(read("it: {kind: b, y: tow}\n", schema=EITHER))
    assert (finding.code, finding.hint) == ("schema.not_allowed_value", "did you mean 'two'?")
    assert codes(read("it: {kind: a, x: 1, y: one}\n", schema=EITHER)) == ["schema.unknown_key"]


def test_an_unknown_kind_is_told_the_kinds(read: Read) -> None:
    """And nothing about the keys beside it."""
    finding = only(read("it: {kind: c, z: 1}\n", schema=EITHER))
    assert (finding.code, finding.message) == ("schema.not_allowed_value", "it.kind is 'c': it must be a or b")


def test_a_missing_kind_is_what_is_missing(read: Read) -> None:
    """Before anything else can be said."""
    finding = only(read("it: {x: 1}\n", schema=EITHER))
    assert (finding.code, finding.hint) == ("schema.missing_key", "kind is a or b")


def test_a_value_of_no_alternatives_type_is_told_the_types(read: Read) -> None:
    """One list instead of each alternative's complaint."""
    finding = only(read("it: 5\n", schema=EITHER))
    assert (finding.code, finding.message) == ("schema.wrong_type", "it is 5: it must be a map")


def test_a_word_beside_a_map_is_told_the_words(read: Read) -> None:
    """`al` was meant as `all`, not as a map."""
    schema = {"properties": {"it": {"oneOf": [{"const": "all"}, {"type": "object", "required": ["group"]}]}}}
    finding = only(read("it: al\n", schema=schema))
    assert finding.message == "it is 'al': it must be all or a map with group"
    assert finding.hint == "did you mean 'all'?"


def test_one_of_several_keys_is_asked_for_by_name(read: Read) -> None:
    """Neither and both are one finding each."""
    schema = {"properties": {"it": {"oneOf": [{"required": ["x"]}, {"required": ["y"]}]}}}
    for text in ("it: {z: 1}\n", "it: {x: 1, y: 2}\n"):
        finding = only(read(text, schema=schema))
        assert (finding.code, finding.message) == ("schema.alternatives", "it: exactly one of `x` and `y` is needed")


def test_a_bad_name_is_shown_at_the_name(read: Read) -> None:
    """Not at the section."""
    schema = {"properties": {"s": {"propertyNames": {"pattern": "^[A-Z]+$", "x-message": "capital letters only"}}}}
    finding = only(read("s:\n  AVN: 1\n  brk: 2\n", schema=schema))
    assert (finding.code, str(finding.position)) == ("schema.bad_name", "estate.yaml:3:3")
    assert finding.message == "`brk` cannot be a key of s: capital letters only"


def test_a_key_that_asks_for_another_is_told_which(read: Read) -> None:
    """The place is the key that asks."""
    schema = {"properties": {"it": {"dependentRequired": {"user": ["password"]}}}}
    finding = only(read("it: {user: x}\n", schema=schema))
    assert (finding.code, finding.message) == ("schema.missing_key", "it has `user`, so it needs `password` too")


def test_a_condition_is_explained_by_what_it_asks_for(read: Read) -> None:
    """if/then is told as what is missing."""
    rule = {
        "if": {"properties": {"k": {"const": "a"}}, "required": ["k"]},
        "then": {"required": ["ref"]},
        "properties": {"ref": {"description": "Where it is filed."}},
    }
    schema = {"properties": {"it": rule}}
    finding = only(read("it: {k: a}\n", schema=schema))
    assert finding.message == "it lacks `ref`: where it is filed"
    assert not read("it: {k: b}\n", schema=schema).findings


@pytest.mark.parametrize(
    ("rule", "text", "code", "told"),
    [
        ({"type": "boolean"}, "yes", "schema.wrong_type", "write true, without quotes"),
        ({"type": "boolean"}, '"no"', "schema.wrong_type", "write false, without quotes"),
        ({"type": "integer"}, '"5"', "schema.wrong_type", "write the number without quotes"),
        ({"type": "integer"}, "05", "schema.wrong_type", "leading zeros"),
        ({"type": "array"}, "x", "schema.wrong_type", "[a, b]"),
        ({"type": "string", "examples": ["x y"]}, "", "schema.wrong_type", "for example x y"),
        ({"type": "integer", "minimum": 1}, "0", "schema.out_of_range", "at least 1"),
        ({"type": "integer", "maximum": 9}, "10", "schema.out_of_range", "at most 9"),
        ({"type": "array", "minItems": 1}, "[]", "schema.wrong_count", "the least is 1"),
        ({"type": "array", "uniqueItems": True}, "[a, b, a]", "schema.repeated_item", "stands in the list before"),
        ({"type": "string", "format": "date"}, "2026-02-30", "schema.pattern", "a date like 2026-09-01"),
        ({"type": "string", "format": "email"}, "x@y", "schema.pattern", "a mailbox"),
        ({"pattern": "^x", "x-message": "starts with x", "x-hint": "write x"}, "y", "schema.pattern", "starts with x"),
        ({"pattern": "^x", "x-message": "starts with x", "x-hint": "write x"}, "y", "schema.pattern", "write x"),
        ({"const": 1, "x-message": "version 1 is read"}, "2", "schema.not_allowed_value", "version 1 is read"),
        ({"enum": ["a", "b"], "x-message": "one of two"}, "zz", "schema.not_allowed_value", "write a or b"),
        ({"not": {"const": 5}, "x-message": "anything but 5"}, "5", "schema.invalid", "anything but 5"),
    ],
)  # fmt: skip
def test_the_wording_of_each_rule(read: Read, rule: Any, text: str, code: str, told: str) -> None:
    """The schema's own sentences first, else plain ones."""
    finding = only(read(f"it: {text}\n", schema={"properties": {"it": rule}}))
    assert finding.code == code
    assert told in f"{finding.message} {finding.hint}"


def test_a_mistake_beside_others_of_a_large_section_is_still_explained(read: Read) -> None:
    """Only the entries with mistakes are looked at closely; those that depend on others are found too."""
    entry = {"type": "object", "properties": {"n": {"type": "integer"}}}
    schema = {"properties": {"s": {"type": "object", "additionalProperties": entry, "maxProperties": 3}}}
    assert codes(read("s: {A: {n: 1}, B: {n: x}, C: {}, D: {}}\n", schema=schema)) == [
        "schema.wrong_count", "schema.wrong_type",
    ]  # fmt: skip


def test_an_entry_that_is_wrong_only_beside_another_is_explained(read: Read) -> None:
    """Although the other has no mistake of its own."""
    rule = {"if": {"required": ["A"]}, "then": {"properties": {"B": {"type": "integer"}}}, "additionalProperties": {}}
    finding = only(read("s: {A: 1, B: x}\n", schema={"properties": {"s": rule}}))
    assert (finding.code, finding.message) == ("schema.wrong_type", "s.B is 'x': it must be a whole number")


def test_a_value_is_repeated_only_in_part(read: Read) -> None:
    """A page of text in the wrong place does not fill the screen."""
    finding = only(read(f"it: {'x' * 5000}\n", schema={"properties": {"it": {"enum": ["a"]}}}))
    assert len(finding.message) < 150
    assert finding.source_line == ""

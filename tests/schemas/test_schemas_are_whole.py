"""The schema files are valid, hang together and explain themselves."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

from tests.schemas.files import ROOTS, Judge, Subschema, follow

KEYWORDS = {
    "$schema", "$ref", "$defs", "title", "description", "type", "properties", "additionalProperties",
    "propertyNames", "required", "items", "default", "examples", "enum", "const", "pattern", "format",
    "minimum", "maximum", "minItems", "uniqueItems", "minProperties", "maxProperties", "oneOf", "anyOf",
    "allOf", "if", "then", "else", "dependentRequired", "x-message", "x-hint", "x-secret",
}  # fmt: skip
CONDITIONS = ("if", "then", "else")


def is_condition(found: Subschema) -> bool:
    """Conditions only demand keys or fix a value; they declare nothing."""
    return any(f"/{word}" in found.pointer for word in CONDITIONS) or set(found.content) == {"required"}


def test_every_schema_is_valid(files: dict[str, dict[str, Any]]) -> None:
    """Each file is a schema of draft 2020-12."""
    for name, content in files.items():
        assert content["$schema"] == "https://json-schema.org/draft/2020-12/schema", name
        Draft202012Validator.check_schema(content)


def test_only_known_keywords(everything: list[Subschema]) -> None:
    """A misspelt keyword would be ignored in silence."""
    assert not [(str(s), set(s.content) - KEYWORDS) for s in everything if set(s.content) - KEYWORDS]


def test_no_id_of_its_own(everything: list[Subschema]) -> None:
    """References stay relative to the file, so that an editor, a wheel and a checkout resolve them alike."""
    assert not [str(s) for s in everything if "$id" in s.content]
    references = [s.content["$ref"] for s in everything if "$ref" in s.content]
    assert references
    assert not [r for r in references if "://" in r or r.startswith("/")]


def test_every_reference_leads_somewhere(files: dict[str, dict[str, Any]], everything: list[Subschema]) -> None:
    """Compiling is lazy, so each reference is resolved here."""
    judge = Judge(files)
    for found in everything:
        if "$ref" in found.content:
            judge.accepts(f"{found.file}#{found.pointer}", None)


def test_every_definition_is_used(everything: list[Subschema]) -> None:
    """What nothing refers to is not part of the format."""
    used = {s.content["$ref"].rpartition("$defs/")[2].split("/")[0] for s in everything if "$ref" in s.content}
    assert not [str(s) for s in everything if s.role == "$defs" and s.pointer.rpartition("/")[2] not in used]


def test_a_folder_file_knows_what_the_whole_knows(files: dict[str, dict[str, Any]]) -> None:
    """The schema of a part differs from that of the whole in what it demands only."""
    whole, part = (files[name] for name in ROOTS)
    assert whole["properties"] == part["properties"]
    assert set(whole["required"]) == {"version", "estate_id", "organisation", "virtual_school"}
    assert "required" not in part


def test_one_file_a_section(files: dict[str, dict[str, Any]]) -> None:
    """Every section has its file, and every file is a section."""
    sections = {name for name, content in files["estate.schema.json"]["properties"].items() if "$ref" in content}
    assert {f"sections/{name}.schema.json" for name in sections} == {n for n in files if n.startswith("sections/")}


def test_every_key_has_title_and_description(everything: list[Subschema]) -> None:
    """An editor shows them; a description ends as a sentence does."""
    lacking = []
    for found in everything:
        if found.role not in ("properties", "$defs", "items", "oneOf") or is_condition(found):
            continue
        referred = "$ref" in found.content and found.role in ("items", "oneOf")
        title, text = found.content.get("title", ""), found.content.get("description", "")
        if not referred and not (title[:1].isupper() and len(text) > 3 and text.endswith(".")):
            lacking.append(str(found))
    assert not lacking


def test_every_key_shows_what_may_be_written(everything: list[Subschema]) -> None:
    """By an example, fixed values, true or false, or a definition that has them."""
    telling = ("examples", "enum", "const", "$ref")
    assert not [
        str(s)
        for s in everything
        if s.role in ("properties", "$defs", "items")
        and not is_condition(s)
        and not any(word in s.content for word in telling)
        and s.content.get("type") != "boolean"
    ]


def test_every_object_is_closed(everything: list[Subschema]) -> None:
    """An unknown key is a slip of the pen, everywhere; only `defaults` takes parts of entries as they are."""
    open_objects = [
        str(s)
        for s in everything
        if s.content.get("type") == "object" and "additionalProperties" not in s.content and "$ref" not in s.content
    ]
    assert not [place for place in open_objects if not place.startswith("sections/defaults")]


def test_maps_say_what_a_name_looks_like(everything: list[Subschema]) -> None:
    """A map keyed by name has one rule for its names."""
    assert not [
        str(s)
        for s in everything
        if isinstance(s.content.get("additionalProperties"), dict) and "propertyNames" not in s.content
    ]


def test_patterns_and_bounds_speak(everything: list[Subschema]) -> None:
    """Where a value can be refused by a pattern or a bound, a sentence says why."""
    silent = ("pattern", "minimum", "minProperties", "anyOf")
    assert not [
        str(s)
        for s in everything
        if not is_condition(s) and any(word in s.content for word in silent) and "x-message" not in s.content
    ]


def test_patterns_end_where_the_text_ends(everything: list[Subschema]) -> None:
    """`$` alone lets a last line break pass in one validator and not in the other."""
    patterns = [s.content["pattern"] for s in everything if "pattern" in s.content]
    assert not [pattern for pattern in patterns if "$" in pattern and not pattern.endswith("$(?!\\n)")]


def test_messages_are_sentences_without_full_stop(everything: list[Subschema]) -> None:
    """They stand behind a code and before a hint."""
    texts = [s.content[key] for s in everything for key in ("x-message", "x-hint") if key in s.content]
    assert texts
    assert not [text for text in texts if text.endswith(".")]


def test_alternatives_can_be_told_apart(files: dict[str, dict[str, Any]], everything: list[Subschema]) -> None:
    """A `oneOf` differs in the fixed value of one key, in type, or only demands keys."""
    for found in everything:
        branches = [follow(files, found.file, b)[1] for b in found.content.get("oneOf", ())]
        if not branches or all(set(b) == {"required"} for b in branches):
            continue
        fixed = [
            {k: v["const"] for k, v in b.get("properties", {}).items() if "const" in v and k in b.get("required", ())}
            for b in branches
        ]
        shared = set(fixed[0]).intersection(*fixed)
        by_value = any(len({f[key] for f in fixed}) == len(fixed) for key in shared)
        by_type = len({b["type"] for b in branches}) == len(branches)
        assert by_value or by_type, str(found)

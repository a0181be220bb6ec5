"""Every example and every default in a schema is right by that schema."""

from __future__ import annotations

from typing import Any

from tests.schemas.files import Judge, Subschema, follow


def test_every_example_is_accepted(judge: Judge, everything: list[Subschema]) -> None:
    """What an editor offers can be written."""
    examples = [(s, e) for s in everything for e in s.content.get("examples", ())]
    assert len(examples) > 400
    assert not [(str(s), e) for s, e in examples if not judge.accepts(f"{s.file}#{s.pointer}", e)]


def test_every_default_is_accepted(judge: Judge, everything: list[Subschema]) -> None:
    """What a missing key means could have been written."""
    defaults = [s for s in everything if "default" in s.content]
    assert len(defaults) > 40
    assert not [str(s) for s in defaults if not judge.accepts(f"{s.file}#{s.pointer}", s.content["default"])]


def test_the_default_of_an_object_is_complete(files: dict[str, dict[str, Any]], everything: list[Subschema]) -> None:
    """It holds the default of each of its keys, at any depth, so that filling in once is enough."""
    checked = 0
    for found in everything:
        default = found.content.get("default")
        if isinstance(default, dict):
            assert with_defaults(files, found.file, found.content, default) == default, str(found)
            checked += 1
    assert checked > 10


def with_defaults(files: dict[str, dict[str, Any]], file: str, schema: dict[str, Any], value: dict[str, Any]) -> Any:
    """The value with every missing default filled in."""
    file, whole = follow(files, file, schema)
    filled = dict(value)
    for key, inner in whole.get("properties", {}).items():
        if "default" in inner:
            filled.setdefault(key, inner["default"])
        if isinstance(filled.get(key), dict):
            filled[key] = with_defaults(files, file, inner, filled[key])
    return filled


def test_secrets_are_marked(everything: list[Subschema]) -> None:
    """Nothing that sounds like a secret is plain text."""
    words = ("password", "secret", "token", "data_exchange_key", "application_id")
    named = [s for s in everything if s.role == "properties" and s.pointer.rpartition("/")[2].endswith(words)]
    named = [s for s in named if s.content.get("type") != "boolean" and not s.file.endswith("defaults.schema.json")]
    assert len(named) >= 8
    assert not [str(s) for s in named if not str(s.content.get("$ref", "")).endswith(("secret", "data_exchange_key"))]


def test_filling_in_defaults_spoils_nothing(
    judge: Judge, files: dict[str, dict[str, Any]], everything: list[Subschema]
) -> None:
    """A default that made its own object invalid would refuse what a person wrote correctly."""
    tried = 0
    for found in everything:
        for example in found.content.get("examples", ()):
            if isinstance(example, dict) and "properties" in follow(files, found.file, found.content)[1]:
                filled = with_defaults(files, found.file, found.content, example)
                assert judge.accepts(f"{found.file}#{found.pointer}", filled), f"{found}: {filled}"
                tried += filled != example
    assert tried > 20

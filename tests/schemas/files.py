"""Reading and walking the schema files, apart from the code under test."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

SCHEMAS = Path(__file__).parents[2] / "schemas"
BASE = "https://schemas.example/"
ROOTS = ("estate.schema.json", "estate-part.schema.json")
_LISTS = ("oneOf", "anyOf", "allOf")
_MAPS = ("properties", "$defs")
_ONE = ("items", "additionalProperties", "propertyNames", "if", "then", "else")


def load_files() -> dict[str, dict[str, Any]]:
    """The schema files that describe an estate; those of what commands print are not among them."""
    names = [*ROOTS, "common.schema.json", *(f"sections/{p.name}" for p in sorted((SCHEMAS / "sections").iterdir()))]
    return {name: json.loads((SCHEMAS / name).read_text(encoding="utf-8")) for name in names}


@dataclass(frozen=True, slots=True)
class Subschema:
    """One schema inside a file; `pointer` is its JSON pointer, `role` the keyword that holds it."""

    file: str
    pointer: str
    role: str
    content: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.file}#{self.pointer}"


def subschemas(file: str, schema: dict[str, Any], pointer: str = "", role: str = "") -> Iterator[Subschema]:
    """This schema and every one inside it; conditions count, since a misspelt keyword hides there too."""
    yield Subschema(file, pointer, role, schema)
    for keyword in _MAPS:
        for name, inner in schema.get(keyword, {}).items():
            yield from subschemas(file, inner, f"{pointer}/{keyword}/{name}", keyword)
    for keyword in _LISTS:
        for index, inner in enumerate(schema.get(keyword, ())):
            yield from subschemas(file, inner, f"{pointer}/{keyword}/{index}", keyword)
    for keyword in _ONE:
        inner = schema.get(keyword)
        if isinstance(inner, dict):
            yield from subschemas(file, inner, f"{pointer}/{keyword}", keyword)


def follow(files: dict[str, dict[str, Any]], file: str, schema: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Where a chain of references ends: the file, and the schema in it."""
    while "$ref" in schema:
        target, _, pointer = schema["$ref"].partition("#")
        file = posixpath.normpath(posixpath.join(posixpath.dirname(file), target)) if target else file
        schema = files[file]
        for part in pointer.strip("/").split("/") if pointer else ():
            schema = schema[part]
    return file, schema


class Judge:
    """Both validators over the same files."""

    def __init__(self, files: dict[str, dict[str, Any]]) -> None:
        self.files = files
        self._registry = Registry().with_resources([(BASE + n, Resource.from_contents(s)) for n, s in files.items()])
        self._rust_registry = jsonschema_rs.Registry([(BASE + n, s) for n, s in files.items()])
        self._made: dict[str, tuple[Any, Any]] = {}

    def accepts(self, place: str, value: Any) -> bool:
        """Whether the schema at `file#pointer` accepts a value; both validators must say the same."""
        slow, fast = self._validators(place)
        answer = slow.is_valid(value)
        assert fast.is_valid(value) is answer, f"the validators disagree at {place}: {value!r}"
        return bool(answer)

    def _validators(self, place: str) -> tuple[Any, Any]:
        if place not in self._made:
            schema = {"$ref": BASE + place}
            self._made[place] = (
                Draft202012Validator(schema, registry=self._registry),
                jsonschema_rs.Draft202012Validator(schema, registry=self._rust_registry),
            )
        return self._made[place]

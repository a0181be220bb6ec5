"""The JSON Schemas of the estate, compiled once: a fast validator, a telling one, and the shape of each value.

Schemas ship with the program; nobody can supply a `pattern` of their own, so no pattern can run away.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urldefrag, urljoin

import jsonschema_rs

from reconciler.documents.formats import FORMATS
from reconciler.documents.shapes import Shape, Shapes
from reconciler.shipped import shipped

FORMAT_VERSION = 1
"""Version of the estate's format; part of the digest of every document."""

_BASE = "https://reconcile.example/schemas/"


class SchemaError(Protocol):
    """What we use of an error of jsonschema; the types of its parts follow the schema."""

    validator: str
    validator_value: Any
    instance: Any
    schema: Any
    context: list[SchemaError]

    @property
    def relative_path(self) -> Sequence[str | int]: ...
    @property
    def absolute_path(self) -> Sequence[str | int]: ...
    @property
    def relative_schema_path(self) -> Sequence[str | int]: ...


class Schema:
    """A set of schema files that refer to each other by relative path, and the one among them that is checked."""

    def __init__(self, files: Mapping[str, dict[str, Any]], main: str) -> None:
        self._files = {urljoin(_BASE, name): content for name, content in files.items()}
        self.main = urljoin(_BASE, main)

    def lookup(self, reference: str, base: str) -> tuple[dict[str, Any], str]:
        """What a `$ref` in the file `base` leads to, and the file that holds it. Raises LookupError."""
        uri, fragment = urldefrag(urljoin(base, reference))
        found: Any = self._files[uri]
        for part in fragment.strip("/").split("/") if fragment else ():
            found = found[part.replace("~1", "/").replace("~0", "~")]
        return found, uri

    @cached_property
    def shape(self) -> Shape:
        """What the schema says about each value, for everything but the verdict."""
        return Shapes(self).main()

    @cached_property
    def _fast(self) -> Any:
        registry = jsonschema_rs.Registry(list(self._files.items()))
        return jsonschema_rs.Draft202012Validator(
            {"$ref": self.main}, registry=registry, formats=FORMATS, validate_formats=True
        )

    def is_valid(self, value: Any) -> bool:
        """The quick answer."""
        return bool(self._fast.is_valid(value))

    @cached_property
    def _telling(self) -> Any:
        from jsonschema import Draft202012Validator, FormatChecker
        from referencing import Registry
        from referencing.jsonschema import DRAFT202012

        resources = ((uri, DRAFT202012.create_resource(content)) for uri, content in self._files.items())
        checker = FormatChecker(formats=())
        checker.checkers = {name: (check, ()) for name, check in FORMATS.items()}
        registry: Any = Registry().with_resources(resources)
        return Draft202012Validator({"$ref": self.main}, registry=registry, format_checker=checker)

    def errors(self, value: Any) -> Iterator[SchemaError]:
        """Every error with its schema and context; only asked for when there are some.

        The telling validator is slow, so it is shown only the entries in which the fast one has found something.
        """
        paths = {tuple(error.instance_path) for error in self._fast.iter_errors(value)}
        told = set()
        for error in self._telling.iter_errors(_affected(value, paths, self.shape)):
            if tuple(error.absolute_path) in paths:
                told.add(tuple(error.absolute_path))
                yield cast(SchemaError, error)
        if told != paths:  # an entry that is only wrong beside others
            for error in self._telling.iter_errors(value):
                if tuple(error.absolute_path) not in told:
                    yield cast(SchemaError, error)


def _affected(value: Any, paths: set[tuple[str | int, ...]], shape: Shape) -> Any:
    """A copy of a document whose sections of named entries hold only those that a path leads into."""
    if not isinstance(value, dict):
        return value
    reached: dict[str | int, set[str | int]] = defaultdict(set)
    whole = {path[0] for path in paths if len(path) == 1}
    for path in paths:
        if len(path) > 1:
            reached[path[0]].add(path[1])
    affected = {}
    for section, entries in value.items():
        known = shape.properties.get(section)
        named = isinstance(entries, dict) and known is not None and known.others is not None
        affected[section] = entries
        if named and section not in whole:
            affected[section] = {name: entry for name, entry in entries.items() if name in reached[section]}
    return affected


@lru_cache(maxsize=1)
def estate_schema() -> Schema:
    """The shipped schema of a whole estate."""
    return load(shipped("schemas"))


def load(folder: Path, main: str = "estate.schema.json") -> Schema:
    """Every schema file under a folder, named by its path in it."""
    names = sorted(folder.rglob("*.schema.json"))
    return Schema({path.relative_to(folder).as_posix(): json.loads(path.read_bytes()) for path in names}, main)

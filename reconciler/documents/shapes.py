"""What a schema says about each value, compiled to a tree that is walked beside the document.

The walk does three things that no validator does: fields typed as text take the text of the file (`9.10` stays
`9.10`), missing keys with a default are noted, and so are literals that stand where a secret reference belongs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reconciler.documents.schemas import Schema

_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
_ALL_TYPES = frozenset({"object", "array", "string", "boolean", "null", "integer", "number"})


@dataclass(slots=True, eq=False)
class Shape:
    """One schema, references followed and `allOf` folded in."""

    types: frozenset[str] = _ALL_TYPES
    title: str = ""
    description: str = ""
    example: Any = None
    message: str = ""
    hint: str = ""
    secret: bool = False
    default: Any = None
    has_default: bool = False
    const: tuple[Any, ...] | None = None
    required: frozenset[str] = frozenset()
    closed: bool = False
    properties: dict[str, Shape] = field(default_factory=dict)
    others: Shape | None = None
    items: Shape | None = None
    choices: list[Shape] = field(default_factory=list)
    conditions: list[tuple[Shape, Shape | None, Shape | None]] = field(default_factory=list)
    fills: dict[str, Any] = field(default_factory=dict)

    def is_text(self, value: Any) -> bool:
        """Whether a number or true/false standing here is meant as text."""
        return "string" in self.types and not self.accepts_type(value)

    def accepts_type(self, value: Any) -> bool:
        """Whether values of this JSON type may stand here."""
        return json_type(value) in self.types or ("number" in self.types and json_type(value) == "integer")

    def fits(self, value: Any) -> bool:
        """A quick look that tells alternatives apart: kind of value and required keys. Not a validation."""
        return self.is_kind(value) and (not isinstance(value, dict) or self.required <= value.keys())

    def is_kind(self, value: Any) -> bool:
        """Whether type and fixed values agree, those of a map's own keys included (`kind: parentpay`)."""
        if not self.accepts_type(value) or (self.const is not None and value not in self.const):
            return False
        return not isinstance(value, dict) or all(
            shape.const is None or value[key] in shape.const
            for key, shape in self.properties.items()
            if key in value and not isinstance(value[key], (dict, list))
        )


def discriminator(shape: Shape) -> str:
    """The key whose value tells the alternatives apart (`kind`, `connector`); empty where there is none."""
    maps = [choice for choice in shape.choices if "object" in choice.types and choice.properties]
    if len(maps) < 2:
        return ""
    return next(
        (
            key
            for key in maps[0].properties
            if all(key in m.required and key in m.properties and m.properties[key].const for m in maps)
        ),
        "",
    )


def json_type(value: Any) -> str:
    """The JSON name of a value's type."""
    if isinstance(value, float):
        return "number"
    if isinstance(value, int) and not isinstance(value, bool):
        return "integer"
    return next(name for name, kind in _TYPES.items() if isinstance(value, kind))


class Shapes:
    """Compiles schemas to shapes, each schema once."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._made: dict[int, Shape] = {}  # by identity: the schemas stay alive as long as this does
        self._main = {"$ref": schema.main}

    def main(self) -> Shape:
        """The shape of the whole document."""
        return self.of(self._main, self._schema.main)

    def of(self, schema: Any, base: str) -> Shape:
        """The shape of one schema that stands in the file `base`."""
        if not isinstance(schema, dict):
            return Shape()
        made = self._made.get(id(schema))
        if made is None:
            made = self._made[id(schema)] = Shape()
            self._fold(made, schema, base)
            made.fills = {key: shape.default for key, shape in made.properties.items() if shape.has_default}
        return made

    def _fold(self, shape: Shape, schema: dict[str, Any], base: str) -> None:
        """Adds what one schema says to a shape that others may already have added to."""
        if "$ref" in schema:
            target, where = self._schema.lookup(schema["$ref"], base)
            self._fold(shape, target, where)
        self._fold_scalars(shape, schema)
        for key, inner in schema.get("properties", {}).items():
            shape.properties[key] = self.of(inner, base)
        others = schema.get("additionalProperties")
        if isinstance(others, dict):
            shape.others = self.of(others, base)
        shape.closed |= others is False
        if "items" in schema:
            shape.items = self.of(schema["items"], base)
        for inner in schema.get("allOf", ()):
            self._fold(shape, inner, base)
        for keyword in ("oneOf", "anyOf"):
            if keyword in schema:
                self._choose(shape, [self.of(choice, base) for choice in schema[keyword]])
        if "if" in schema:
            branches = [self.of(schema[name], base) if name in schema else None for name in ("then", "else")]
            shape.conditions.append((self.of(schema["if"], base), branches[0], branches[1]))

    def _fold_scalars(self, shape: Shape, schema: dict[str, Any]) -> None:
        shape.title = schema.get("title", shape.title)
        shape.description = schema.get("description", shape.description)
        shape.example = next(iter(schema.get("examples", ())), shape.example)
        shape.message = schema.get("x-message", shape.message)
        shape.hint = schema.get("x-hint", shape.hint)
        shape.secret |= bool(schema.get("x-secret"))
        shape.required |= frozenset(schema.get("required", ()))
        if "default" in schema:
            shape.default, shape.has_default = schema["default"], True
        if "type" in schema:
            named = schema["type"]
            shape.types &= frozenset([named] if isinstance(named, str) else named)
        values = [schema["const"]] if "const" in schema else schema.get("enum")
        if values is not None:
            shape.const = tuple(values)
            shape.types &= frozenset(json_type(value) for value in values)

    def _choose(self, shape: Shape, choices: list[Shape]) -> None:
        shape.choices.extend(choices)
        shape.types &= frozenset().union(*(choice.types for choice in choices))
        shape.secret |= any(choice.secret for choice in choices)


def chosen(shape: Shape, value: Any) -> Iterator[Shape]:
    """The shape with those of its alternatives and conditions that apply to this value.

    Where no alternative fits, those of the right kind stand in, else all: secrets are still recognised then.
    """
    yield shape
    if shape.choices:
        fitting = [choice for choice in shape.choices if choice.fits(value)][:1]
        for choice in fitting or [c for c in shape.choices if c.is_kind(value)] or shape.choices:
            yield from chosen(choice, value)
    for condition, then, otherwise in shape.conditions:
        branch = then if condition.fits(value) else otherwise
        if branch is not None:
            yield from chosen(branch, value)


def inner_shape(shapes: Iterable[Shape], part: str | int) -> Shape | None:
    """The shape of a key's value, or of a list's item, among those that apply to the map or list."""
    for shape in shapes:
        found = shape.items if isinstance(part, int) else shape.properties.get(part, shape.others)
        if found is not None:
            return found
    return None


def shape_at(main: Shape, value: Any, path: Iterable[str | int]) -> tuple[list[Shape], Any]:
    """The shapes that apply at a path, and the value there; no shapes where the schema does not know the path."""
    shapes = list(chosen(main, value))
    for part in path:
        found = inner_shape(shapes, part)
        value = value[part]
        shapes = list(chosen(found, value)) if found is not None else []
    return shapes, value

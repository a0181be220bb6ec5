"""One schema error -> the mistakes in it, worded for the person who wrote the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from reconciler.documents import wording
from reconciler.documents.formats import WORDS
from reconciler.documents.schemas import SchemaError
from reconciler.documents.shapes import Shape, discriminator, json_type, shape_at
from reconciler.vocabulary.suggestions import did_you_mean

_MOST_LISTED = 12  # names in a hint; more would hide the message


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong at a path; `key` when the key itself is.

    `name` is the key that is unknown or missing, and `inside` the map that it is missing in.
    """

    code: str
    message: str
    path: tuple[str | int, ...]
    hint: str = ""
    key: bool = False
    name: str = ""
    inside: tuple[str | int, ...] = ()


class Mistakes:
    """Words the errors of one document."""

    def __init__(self, main: Shape, document: Any) -> None:
        self._main = main
        self._document = document
        self._words: dict[str, Callable[[SchemaError], Iterator[Mistake]]] = {
            "additionalProperties": self._unknown_keys,
            "required": self._missing_keys,
            "dependentRequired": self._missing_companions,
            "oneOf": self._alternatives,
            "anyOf": self._alternatives,
        }

    def shapes(self, path: tuple[str | int, ...]) -> list[Shape]:
        """What the schema says about the value at a path."""
        return shape_at(self._main, self._document, path)[0]

    def key_of(self, error: SchemaError) -> str:
        """The key that tells the alternatives of an error apart."""
        return next(filter(None, map(discriminator, self.shapes(tuple(error.absolute_path)))), "")

    def of(self, error: SchemaError) -> Iterator[Mistake]:
        """The mistakes that one narrowed error stands for."""
        if "propertyNames" in error.relative_schema_path:
            yield self._bad_name(error)
            return
        yield from self._words.get(str(error.validator), self._wrong_value)(error)

    def _bad_name(self, error: SchemaError) -> Mistake:
        path = tuple(error.absolute_path)
        name = str(error.instance)
        known = [value for shape in self.shapes(path) for value in shape.properties]
        allowed = error.schema.get("enum", known) if isinstance(error.schema, dict) else known
        return Mistake(
            code="schema.bad_name",
            message=f"`{name}` cannot be a key of {wording.name_of(path)}: {_requirement(error)}",
            path=(*path, name),
            hint=did_you_mean(name, map(str, allowed)) or _hint(error),
            key=True,
            name=name,
        )

    def _unknown_keys(self, error: SchemaError) -> Iterator[Mistake]:
        path = tuple(error.absolute_path)
        known = {key for shape in self.shapes(path) for key in shape.properties}
        known |= error.schema.get("properties", {}).keys()
        what = f"a key of {wording.name_of(path)}" if path else "a section of an estate"
        listed = f"its keys are {wording.any_of(sorted(known), 'and')}" if 0 < len(known) <= _MOST_LISTED else ""
        for key in error.instance.keys() - known:
            yield Mistake(
                code="schema.unknown_key",
                message=f"`{key}` is not {what}",
                path=(*path, key),
                hint=did_you_mean(key, known) or listed,
                key=True,
                name=key,
            )

    def _missing_keys(self, error: SchemaError) -> Iterator[Mistake]:
        path = tuple(error.absolute_path)
        for key in error.validator_value:
            if key not in error.instance:
                yield self._missing(path, key, _said(error, "x-hint"))

    def _missing(self, path: tuple[str | int, ...], key: str, hint: str = "") -> Mistake:
        shape = next((s.properties[key] for s in self.shapes(path) if key in s.properties), Shape())
        about = f": {_sentence(shape.description)}" if shape.description and not shape.secret else ""
        example = shape.example if shape.example is not None else next(iter(shape.const or ()), None)
        if not hint and example is not None:
            hint = f"write {key}: {wording.flow(example)}" if len(wording.flow(example)) < 80 else f"write {key}: ..."
        return Mistake(
            code="schema.missing_key",
            message=f"{wording.name_of(path)} lacks `{key}`{about}",
            path=path,
            hint=hint,
            key=True,
            name=key,
            inside=path,
        )

    def _missing_companions(self, error: SchemaError) -> Iterator[Mistake]:
        path = tuple(error.absolute_path)
        for key, companions in error.validator_value.items():
            for companion in companions:
                if key in error.instance and companion not in error.instance:
                    yield Mistake(
                        code="schema.missing_key",
                        message=f"{wording.name_of(path)} has `{key}`, so it needs `{companion}` too",
                        path=(*path, key),
                        hint=_said(error, "x-hint"),
                        key=True,
                        name=companion,
                        inside=path,
                    )

    def _alternatives(self, error: SchemaError) -> Iterator[Mistake]:
        """None of several alternatives is met, or more than one."""
        path = tuple(error.absolute_path)
        key = self.key_of(error)
        choices = [choice for shape in self.shapes(path)[:1] for choice in shape.choices]
        if key and isinstance(error.instance, dict):
            allowed = [value for choice in choices if key in choice.properties
                       for value in choice.properties[key].const or ()]  # fmt: skip
            if key not in error.instance:
                yield self._missing(path, key, f"{key} is {wording.any_of(list(map(str, allowed)))}")
                return
            yield _not_allowed((*path, key), error.instance[key], allowed)
            return
        fixed = [value for choice in choices for value in choice.const or ()]
        if isinstance(error.instance, str) and any(isinstance(value, str) for value in fixed):
            others = [_described(choice) for choice in choices if choice.const is None]
            yield _not_allowed(path, error.instance, fixed, others)
            return
        yield self._no_alternative(error, path, choices)

    def _no_alternative(self, error: SchemaError, path: tuple[str | int, ...], choices: list[Shape]) -> Mistake:
        names = [name for choice in choices for name in sorted(choice.required)]
        type_fits = any(choice.accepts_type(error.instance) for choice in choices)
        if choices and not type_fits:
            wanted = frozenset().union(*(choice.types for choice in choices))
            text = f"is {wording.shown(error.instance)}: it must be {wording.types(wanted)}"
            return Mistake(code="schema.wrong_type", message=f"{wording.name_of(path)} {text}", path=path)
        if isinstance(error.instance, dict) and names:
            count = "exactly one" if error.validator == "oneOf" else "at least one"
            needed = f"{count} of {wording.any_of([f'`{name}`' for name in names], 'and')} is needed"
            said = _said(error, "x-message") or needed
            return Mistake(code="schema.alternatives", message=f"{wording.name_of(path)}: {said}", path=path,
                           hint=_hint(error), key=True)  # fmt: skip
        return Mistake(code="schema.alternatives", message=f"{wording.name_of(path)}: {_requirement(error)}", path=path,
                       hint=_hint(error))  # fmt: skip

    def _wrong_value(self, error: SchemaError) -> Iterator[Mistake]:
        path = tuple(error.absolute_path)
        keyword, value = str(error.validator), error.instance
        if keyword in ("enum", "const"):
            allowed = error.validator_value if keyword == "enum" else [error.validator_value]
            yield _not_allowed(path, value, allowed, said=_said(error, "x-message"), hint=_said(error, "x-hint"))
            return
        code = _CODES.get(keyword, "schema.invalid")
        if keyword == "uniqueItems":
            path = (*path, _repeated(value))
        yield Mistake(
            code=code,
            message=f"{wording.name_of(path)} is {wording.shown(value)}: {_requirement(error)}"
            if code in ("schema.wrong_type", "schema.pattern", "schema.out_of_range")
            else f"{wording.name_of(path)}: {_requirement(error)}",
            path=path,
            hint=_type_hint(error) or (self._example(path) if value is None else _hint(error)),
        )

    def _example(self, path: tuple[str | int, ...]) -> str:
        """What an empty field could hold."""
        example = next((shape.example for shape in self.shapes(path) if shape.example is not None), None)
        return f"for example {wording.flow(example)}" if example is not None else ""


_CODES = {
    "type": "schema.wrong_type",
    "pattern": "schema.pattern",
    "format": "schema.pattern",
    "minimum": "schema.out_of_range",
    "maximum": "schema.out_of_range",
    "exclusiveMinimum": "schema.out_of_range",
    "exclusiveMaximum": "schema.out_of_range",
    "multipleOf": "schema.out_of_range",
    "minItems": "schema.wrong_count",
    "maxItems": "schema.wrong_count",
    "minProperties": "schema.wrong_count",
    "maxProperties": "schema.wrong_count",
    "minLength": "schema.wrong_count",
    "maxLength": "schema.wrong_count",
    "uniqueItems": "schema.repeated_item",
}
_BOUNDS = {
    "minimum": "it must be at least {}",
    "maximum": "it must be at most {}",
    "exclusiveMinimum": "it must be more than {}",
    "exclusiveMaximum": "it must be less than {}",
    "multipleOf": "it must be a multiple of {}",
    "minItems": "too few items; the least is {}",
    "maxItems": "too many items; the most is {}",
    "minProperties": "too few keys; the least is {}",
    "maxProperties": "too many keys; the most is {}",
    "minLength": "too short; the least is {} characters",
    "maxLength": "too long; the most is {} characters",
}


def _not_allowed(
    path: tuple[str | int, ...], value: Any, allowed: list[Any], others: list[str] | None = None, *,
    said: str = "", hint: str = "",
) -> Mistake:  # fmt: skip
    words = [wording.flow(choice) for choice in allowed] + (others or [])
    listed = f"it must be {wording.any_of(words)}" if len(words) <= _MOST_LISTED else "it is not one of the known names"
    near = did_you_mean(value, [c for c in allowed if isinstance(c, str)]) if isinstance(value, str) else ""
    if said and len(allowed) > 1 and len(words) <= _MOST_LISTED:
        hint = hint or f"write {wording.any_of(words)}"
    return Mistake(
        code="schema.not_allowed_value",
        message=f"{wording.name_of(path)} is {wording.shown(value)}: {said or listed}",
        path=path,
        hint=near or hint,
    )


def _described(choice: Shape) -> str:
    """An alternative that is no fixed value: `a map with in_group`."""
    keys = f" with {wording.any_of(sorted(choice.required), 'and')}" if choice.required else ""
    return wording.types(choice.types) + keys


def _requirement(error: SchemaError) -> str:
    """What the schema's author, or else the keyword, asks for."""
    said = _said(error, "x-message")
    keyword, wanted = str(error.validator), error.validator_value
    if said and keyword != "type":
        return said
    if keyword == "type":
        return f"it must be {wording.types([wanted] if isinstance(wanted, str) else wanted)}"
    if keyword == "format":
        return f"it must be {WORDS.get(wanted, wanted)}"
    if keyword == "uniqueItems":
        return "the same item stands in the list before"
    return _BOUNDS.get(keyword, "this is not as the schema asks").format(wanted)


def _said(error: SchemaError, keyword: str) -> str:
    return str(error.schema.get(keyword, "")) if isinstance(error.schema, dict) else ""


def _hint(error: SchemaError) -> str:
    said = _said(error, "x-hint")
    examples = error.schema.get("examples") if isinstance(error.schema, dict) else None
    return said or (f"for example {wording.flow(examples[0])}" if examples else "")


def _type_hint(error: SchemaError) -> str:
    """What to change where the type alone is wrong."""
    if error.validator != "type":
        return ""
    value, wanted = error.instance, error.validator_value
    if isinstance(value, str) and wanted == "boolean" and value.lower() in ("yes", "no", "on", "off", "true", "false"):
        return f"write {'true' if value.lower() in ('yes', 'on', 'true') else 'false'}, without quotes"
    if isinstance(value, str) and wanted in ("integer", "number") and value.strip("-").isdigit():
        return "write the number without quotes or leading zeros"
    if wanted == "array" and json_type(value) != "object":
        return "write it as a list: [a, b]"
    return ""


def _repeated(items: list[Any]) -> int:
    return next(index for index, item in enumerate(items) if item in items[:index])


def _sentence(description: str) -> str:
    """The first sentence, as part of another."""
    first = description.split(". ", maxsplit=1)[0].rstrip(".")
    return first[:1].lower() + first[1:] if first[1:2].islower() else first

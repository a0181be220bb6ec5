"""How values, paths and requirements are worded in messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reconciler.documents.places import Path

_LONGEST = 60  # characters of a value that a message repeats
_TYPES = {
    "object": "a map",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "null": "empty",
    "integer": "a whole number",
    "number": "a number",
}


def name_of(path: Path) -> str:
    """`partners.AVN.colour`, `blackouts[1].from`; `the estate` for the whole."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "the estate"


def shown(value: Any) -> str:
    """A wrong value as a message may repeat it; never called for a secret."""
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "...") if isinstance(value, str) else text


def flow(value: Any) -> str:
    """A value as it is written in one line of YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(inner) for inner in value) + "]"
    if isinstance(value, str):
        plain = value and all(sign.isalnum() or sign in " -_./@" for sign in value) and not value[0].isdigit()
        return value if plain and value == value.strip(" -") else f'"{value}"'
    if value is None or isinstance(value, bool):  # by type: 1 equals True
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def types(names: Iterable[str]) -> str:
    """`text or a map`."""
    return any_of([_TYPES[name] for name in _TYPES if name in set(names)])


def any_of(words: list[str], last: str = "or") -> str:
    """`a, b or c`."""
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)

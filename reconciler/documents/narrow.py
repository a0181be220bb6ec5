"""Which of a schema's errors is the mistake that a person made.

A value that fits none of several alternatives fails all of them; only the errors of the alternative that was meant
are worth showing. It is found by kind of value, then by the keys that tell alternatives apart (`kind`, `connector`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from reconciler.documents.schemas import SchemaError

_ALTERNATIVES = ("oneOf", "anyOf")
_OTHER_KIND = ("type", "const", "enum")


def narrow(error: SchemaError, key_of: Callable[[SchemaError], str]) -> Iterator[SchemaError]:
    """The telling errors below one; the error itself where no alternative can be told from the others.

    `key_of` names the key that tells the alternatives of an error apart, or is empty.
    """
    if error.validator not in _ALTERNATIVES or not error.context:
        yield error
        return
    branches: dict[int, list[SchemaError]] = defaultdict(list)
    for inner in error.context:
        branches[int(inner.relative_schema_path[0])].append(inner)
    meant = [errors for errors in branches.values() if not any(_is_other_kind(e, []) for e in errors)]
    key = key_of(error)
    if key and isinstance(error.instance, dict):
        told = key in error.instance
        meant = [errors for errors in meant if told and not any(_is_other_kind(e, [key]) for e in errors)]
    if not meant or _are_equals(meant):
        yield error
        return
    for inner in min(meant, key=len):
        yield from narrow(inner, key_of)


def _is_other_kind(error: SchemaError, path: list[str]) -> bool:
    """Whether the value at a path below the alternatives shows that another one was meant."""
    return error.validator in _OTHER_KIND and list(error.relative_path) == path


def _are_equals(meant: list[list[SchemaError]]) -> bool:
    """Whether several alternatives ask for a key each, and nothing says which one was meant."""
    return len(meant) > 1 and all(e.validator == "required" and not e.relative_path for errors in meant for e in errors)

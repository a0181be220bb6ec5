"""Which fields of a resource differ; called only for resources whose digests differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.plan.value import FieldChange
from reconciler.vocabulary.digests import canonical_json

# What a reference to a secret looks like; anything else under these names is never shown.
_SECRET_FIELDS = frozenset({"password", "data_exchange_key", "secret", "token", "api_key", "client_secret"})
_REFERENCES = frozenset({"env", "file", "sops", "keyring", "exec", "replaces"})
HIDDEN = "(hidden)"


def field_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """Every field that differs, by path; lists of plain values are compared as one."""
    found: list[FieldChange] = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if (key in before) != (key in after) or not (_container(old) and _container(new)):
            if key not in before or key not in after or _differs(old, new):
                found.append(_change((key,), old, new, had=key in before, has=key in after))
        elif _differs(old, new):
            found += _deep(key, old, new)
    return tuple(found)


def flattened(spec: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Path and value of every leaf of a spec, in order of keys; what must not be shown is hidden."""
    yield from _leaves((), spec)


def _leaves(path: tuple[str | int, ...], value: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, Mapping) and value and not _is_secret(path):
        for key in sorted(value):
            yield from _leaves((*path, key), value[key])
    elif isinstance(value, list) and any(_container(item) for item in value):
        for index, item in enumerate(value):
            yield from _leaves((*path, index), item)
    else:
        yield path, shown(path, value)


def shown(path: tuple[str | int, ...], value: Any) -> Any:
    """The value, unless it stands where a secret belongs and is no reference: redaction is by path, never by text."""
    if _is_secret(path) and value is not None and not (isinstance(value, Mapping) and value.keys() <= _REFERENCES):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: shown((*path, key), item) for key, item in value.items()}
    if isinstance(value, list):
        return [shown((*path, index), item) for index, item in enumerate(value)]
    return value


def _is_secret(path: tuple[str | int, ...]) -> bool:
    return bool(path) and path[-1] in _SECRET_FIELDS


def _deep(key: str, old: Any, new: Any) -> list[FieldChange]:
    from deepdiff import DeepDiff  # costs 60 ms to import and is needed for nested differences only

    tree = DeepDiff(_whole_lists(old), _whole_lists(new), view="tree", threshold_to_diff_deeper=0)
    paths = {_readable((key, *level.path(output_format="list"))) for kind in tree for level in tree[kind]}
    changes = []
    for path in sorted(paths, key=lambda p: [(isinstance(part, str), part) for part in p]):
        (had, was), (has, becomes) = _at(old, path[1:]), _at(new, path[1:])
        changes.append(_change(path, was, becomes, had=had, has=has))
    return changes


def _whole_lists(value: Any) -> Any:
    """The value with each list of plain values as one text: read as a whole, and 1 told from true."""
    if isinstance(value, Mapping):
        return {key: _whole_lists(item) for key, item in value.items()}
    if isinstance(value, list):
        return (
            [_whole_lists(item) for item in value] if any(map(_container, value)) else f"list {canonical_json(value)!r}"
        )
    return value


def _readable(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Cuts a path inside a secret, which is read as a whole."""
    return next((path[:depth] for depth in range(1, len(path)) if _is_secret(path[:depth])), path)


def _at(value: Any, path: tuple[str | int, ...]) -> tuple[bool, Any]:
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return False, None
    return True, value


def _change(path: tuple[str | int, ...], old: Any, new: Any, *, had: bool, has: bool) -> FieldChange:
    return FieldChange(path=path, before=shown(path, old), after=shown(path, new), had=had, has=has)


def _container(value: Any) -> bool:
    return isinstance(value, Mapping | list)


def _differs(old: Any, new: Any) -> bool:
    # Python holds 1, 1.0 and True for equal; the digest does not.
    return canonical_json(old) != canonical_json(new)

"""Sections from several files become one document; `defaults:` are filled into its entries."""

from __future__ import annotations

from typing import Any, TypeAlias

from reconciler.documents.findings import Findings
from reconciler.documents.limits import MAX_NODES, Spent
from reconciler.documents.parse import written_out
from reconciler.documents.places import ListPlaces, MapPlaces, Places, place_of

# Levels, counted from the document, at which maps of the same key still merge; below, a key declared twice is an error.
_LEVELS = 1
_DEEPER = {"period_maps": 2, "defaults": 2}  # one file may hold a school's map of this year, another that of the next

# Maps that say which of several things they are: one that says something else shares nothing with the default.
_DISCRIMINATORS = ("connector", "kind")
_REFERENCES = frozenset({"env", "file", "sops", "keyring", "exec"})


Part: TypeAlias = tuple[dict[str, Any], MapPlaces]
"""A map and its places: a file, or something inside it."""


def merge(parts: list[Part], findings: Findings) -> Part:
    """One document of all files, in the order in which they were read; a key declared twice is a finding."""
    merged: Part = {}, MapPlaces(parts[0][1].place if parts else 0)
    for more in parts:
        for key in more[0]:
            _merge_key(merged, more, (key,), _DEEPER.get(key, _LEVELS), findings)
    return merged


def _merge_key(into: Part, more: Part, path: tuple[str, ...], levels: int, findings: Findings) -> None:
    """Merges what stands under the last key of `path` in `more`; `levels` more may merge below it."""
    (value, places), (theirs, their_places), key = into, more, path[-1]
    if key not in value:
        value[key], places.values[key] = theirs[key], _own(their_places.values[key])
        places.keys[key] = their_places.keys[key]
        return
    mine, other = places.values[key], their_places.values[key]
    if levels and isinstance(mine, MapPlaces) and isinstance(other, MapPlaces):
        for inner in theirs[key]:
            _merge_key((value[key], mine), (theirs[key], other), (*path, inner), levels - 1, findings)
    elif levels and isinstance(mine, ListPlaces) and isinstance(other, ListPlaces):
        value[key].extend(theirs[key])
        mine.items.extend(other.items)
    else:
        findings.error(
            "estate.duplicate_key",
            f"{'.'.join(path)} is declared twice",
            their_places.keys[key],
            hint="remove one of them",
            related=(("first here", places.keys[key]),),
        )


def _own(places: Places) -> Places:
    """Outer places of our own, so that merging into them changes nothing that an alias shares."""
    if isinstance(places, MapPlaces):
        copy = MapPlaces(places.place)
        copy.keys, copy.values = dict(places.keys), dict(places.values)
        return copy
    if isinstance(places, ListPlaces):
        listed = ListPlaces(places.place)
        listed.items = list(places.items)
        return listed
    return places


def fill_defaults(value: dict[str, Any], places: MapPlaces, findings: Findings, spent: Spent) -> None:
    """Fills `defaults:` of a section into each of its entries: maps merge, and what the entry says wins.

    A default counts once for each entry against the limit of nodes; one that goes too far is a finding.
    """
    defaults, default_places = value.get("defaults"), places.values.get("defaults")
    if not isinstance(defaults, dict) or not isinstance(default_places, MapPlaces):
        return
    for section, given in defaults.items():
        entries, entry_places = value.get(section), places.values.get(section)
        given_places = default_places.values[section]
        if not isinstance(given, dict) or not isinstance(given_places, MapPlaces) or not entries:
            continue
        if isinstance(entries, (dict, list)):
            spent.nodes += _size(given) * len(entries)
        if spent.nodes > MAX_NODES:
            findings.error(
                "yaml.too_many_nodes",
                f"with defaults filled in the estate has more than {MAX_NODES:,} keys and values",
                default_places.keys[section],
            )
            return
        if isinstance(entries, dict) and isinstance(entry_places, MapPlaces):
            for name, entry in entries.items():
                entry_places.values[name] = _filled(entry, entry_places.values[name], given, given_places)
        elif isinstance(entries, list) and isinstance(entry_places, ListPlaces):
            for index, entry in enumerate(entries):
                entry_places.items[index] = _filled(entry, entry_places.items[index], given, given_places)


def _size(value: Any) -> int:
    """Keys, values, maps and lists in a value."""
    if isinstance(value, dict):
        return 1 + len(value) + sum(map(_size, value.values()))
    return 1 + sum(map(_size, value)) if isinstance(value, list) else 1


def _filled(entry: Any, places: Places, given: dict[str, Any], given_places: MapPlaces) -> Places:
    """Fills an entry in place; answers its places, which then also lead to the defaults."""
    if not isinstance(entry, dict) or not isinstance(places, MapPlaces) or _is_another(entry, given):
        return places
    merged = MapPlaces(place_of(places))
    merged.keys, merged.values = dict(places.keys), dict(places.values)
    for key, default in given.items():
        if key not in entry:
            entry[key] = written_out(default)
            merged.keys[key], merged.values[key] = given_places.keys[key], given_places.values[key]
        elif isinstance(default, dict):
            inner = given_places.values[key]
            if isinstance(inner, MapPlaces):
                merged.values[key] = _filled(entry[key], merged.values[key], default, inner)
    return merged


def _is_another(entry: dict[str, Any], given: dict[str, Any]) -> bool:
    """Whether the entry is of another kind than the default, or each is a secret reference."""
    if any(sign in entry and sign in given and entry[sign] != given[sign] for sign in _DISCRIMINATORS):
        return True
    return bool(_REFERENCES & entry.keys()) and bool(_REFERENCES & given.keys())

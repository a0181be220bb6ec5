"""Where each key and value of a document stands.

A place is one integer (file, line, column), because an estate of 10,000 resources has half a million of them. The
places of a map or list mirror the value: `MapPlaces.values["mis"].values["url"]` is the place of that URL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

_LINE = 1 << 26  # more columns, and more lines, than a file of 50 MB can have
_FILE = 1 << 52

Path: TypeAlias = Sequence[str | int]


def pack(file: int, line: int, column: int) -> int:
    """One integer for a place; line and column count from 0, as the parser counts."""
    return file * _FILE + line * _LINE + column


def unpack(place: int) -> tuple[int, int, int]:
    """File, line and column of `pack`."""
    file, rest = divmod(place, _FILE)
    return (file, *divmod(rest, _LINE))


class Scalar:
    """A value that is not text, with the text that stands in the file (`9.10` for 9.1)."""

    __slots__ = ("place", "source")

    def __init__(self, place: int, source: str) -> None:
        self.place = place
        self.source = source


class MapPlaces:
    """The places of a map: its own, those of its keys and of its values."""

    __slots__ = ("keys", "place", "values")

    def __init__(self, place: int) -> None:
        self.place = place
        self.keys: dict[str, int] = {}
        self.values: dict[str, Places] = {}


class ListPlaces:
    """The places of a list: its own and those of its items."""

    __slots__ = ("items", "place")

    def __init__(self, place: int) -> None:
        self.place = place
        self.items: list[Places] = []


Places: TypeAlias = int | Scalar | MapPlaces | ListPlaces


def place_of(places: Places) -> int:
    """The packed place of a value."""
    return places if isinstance(places, int) else places.place


def follow(places: Places, path: Path, *, key: bool = False) -> int:
    """The place of the value (or, with `key`, of the key) at `path`.

    Where the path leads to something that no file holds, such as a default of the schema, the answer is the key of
    the nearest thing that does.
    """
    found = place_of(places)
    for step, part in enumerate(path):
        last = step == len(path) - 1
        if isinstance(places, MapPlaces) and isinstance(part, str) and part in places.values:
            here, places = places.keys[part], places.values[part]
            found = here if key or not last else place_of(places)
        elif isinstance(places, ListPlaces) and isinstance(part, int) and part < len(places.items):
            places = places.items[part]
            found = place_of(places)
        else:
            break
    return found

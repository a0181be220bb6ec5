"""Fits a document to its schema's shape: text from the file's text, defaults noted, secrets found."""

from __future__ import annotations

from typing import Any

from reconciler.documents.parse import written_out
from reconciler.documents.places import ListPlaces, MapPlaces, Places, Scalar, place_of
from reconciler.documents.shapes import Shape, chosen, inner_shape


class Fit:
    """One walk beside the document; changes values in place.

    Afterwards `secrets` holds the place of every value that must be a reference, and `fill` fills the defaults.
    """

    def __init__(self) -> None:
        self.secrets: set[int] = set()
        self._missing: list[tuple[dict[str, Any], str, Shape]] = []

    def walk(self, shape: Shape, value: Any, places: Places | None) -> None:
        """Fits a map or list and all inside it."""
        shapes = tuple(chosen(shape, value)) if shape.choices or shape.conditions else (shape,)
        if isinstance(value, dict):
            self._walk_map(shapes, value, places)
        elif isinstance(value, list):
            self._walk_list(shapes, value, places)

    def _walk_map(self, shapes: tuple[Shape, ...], value: dict[str, Any], places: Places | None) -> None:
        known = places.values if isinstance(places, MapPlaces) else {}
        for shape in shapes:
            for key in shape.fills:
                if key not in value:
                    self._missing.append((value, key, shape.properties[key]))
        for key, inner in value.items():
            found = inner_shape(shapes, key)
            if found is not None and (found.secret or type(inner) is not str):
                value[key] = self._fitted(found, inner, known.get(key))

    def _walk_list(self, shapes: tuple[Shape, ...], value: list[Any], places: Places | None) -> None:
        known = places.items if isinstance(places, ListPlaces) else ()
        found = inner_shape(shapes, 0)
        if found is None:
            return
        for index, inner in enumerate(value):
            if found.secret or type(inner) is not str:
                value[index] = self._fitted(found, inner, known[index] if index < len(known) else None)

    def _fitted(self, shape: Shape, value: Any, places: Places | None) -> Any:
        if shape.secret and value is not None and places is not None:
            self.secrets.add(place_of(places))
        if isinstance(value, (dict, list)):
            self.walk(shape, value, places)
            return value
        if isinstance(value, (bool, int, float)):
            if isinstance(places, Scalar) and shape.is_text(value):
                return places.source
            if isinstance(value, float) and value.is_integer() and not shape.accepts_type(value):
                return int(value)  # JSON Schema calls 5.0 an integer
        return value

    def fill(self) -> None:
        """Fills the defaults of the schema wherever a key is missing."""
        while self._missing:
            value, key, shape = self._missing.pop()
            value[key] = written_out(shape.default)
            if isinstance(value[key], (dict, list)):
                self.walk(shape, value[key], None)

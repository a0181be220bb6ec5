"""Shapes of a timetable cycle (VS, rule 33)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.resource import Resource, make

KIND = "period_structure"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource a declared name."""
    for name, declared in estate.period_structures.items():
        yield make(KIND, name, declared.entry, position=declared.position)

"""People and jobs that may act, with their roles (VS, rule 4)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.resource import Resource, make

KIND = "operator"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource a declared name."""
    for name, declared in estate.operators.items():
        yield make(KIND, name, declared.entry, position=declared.position)

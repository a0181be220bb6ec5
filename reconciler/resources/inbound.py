"""Files that other systems drop for us."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.resource import Resource, make

KIND = "inbound"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource a declared name."""
    for name, declared in estate.inbound.items():
        yield make(KIND, name, declared.entry, position=declared.position)

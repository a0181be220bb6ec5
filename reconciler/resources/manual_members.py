"""People who are not in any MIS (SC, rule 222)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.resource import Resource, make

KIND = "manual_members"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource a declared name."""
    for name, declared in estate.manual_members.items():
        yield make(KIND, name, declared.entry, position=declared.position)

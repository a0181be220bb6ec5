"""How long each sort of record is kept."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.resource import Resource, make

KIND = "retention"


def desired(estate: Estate) -> Iterator[Resource]:
    """The one resource of this kind, where it is declared."""
    if (declared := estate.retention) is not None:
        yield make(KIND, "", declared.entry, position=declared.position)

"""Who runs the estate and who its data protection officer is."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.resource import Resource, make

KIND = "organisation"


def desired(estate: Estate) -> Iterator[Resource]:
    """The one resource of this kind, where it is declared."""
    if (declared := estate.organisation) is not None:
        yield make(KIND, "", declared.entry, position=declared.position)

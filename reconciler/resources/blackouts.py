"""Times in which nothing of a kind runs."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.references import needs
from reconciler.resources.resource import Resource, make

KIND = "blackouts"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource for the whole list."""
    if estate.blackouts:
        codes = {code for blackout in estate.blackouts for code in blackout.entry.get("schools") or ()}
        depends_on = needs(*(("school", code) for code in codes))
        entries = [blackout.entry for blackout in estate.blackouts]
        yield make(KIND, "", {"entries": entries}, depends_on=depends_on, position=estate.blackouts.position)

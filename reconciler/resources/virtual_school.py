"""The hub (VS, rule 1)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.references import needs
from reconciler.resources.resource import Resource, make

KIND = "virtual_school"


def desired(estate: Estate) -> Iterator[Resource]:
    """The one resource of the hub."""
    hub = estate.virtual_school
    depends_on = needs(("calendar", hub.calendar), ("period_structure", hub.period_structure))
    yield make(KIND, "", hub.entry, depends_on=depends_on, position=hub.position)

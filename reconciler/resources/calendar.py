"""Terms, closed days and the weeks of the cycle."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.references import needs
from reconciler.resources.resource import Resource, make

KIND = "calendar"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource a calendar; one that is like another stands on it."""
    for name, calendar in estate.calendars.items():
        depends_on = needs((KIND, calendar.like))
        yield make(KIND, name, calendar.entry, depends_on=depends_on, position=calendar.position)

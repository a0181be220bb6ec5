"""Schools: where data lives."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.references import needs
from reconciler.resources.resource import Resource, make

KIND = "school"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource a school, partner or not."""
    for name, school in estate.schools.items():
        depends_on = needs(("calendar", school.calendar))
        yield make(KIND, name, school.entry, depends_on=depends_on, position=school.position)

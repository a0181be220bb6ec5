"""Schools that take part in the virtual school (VS, rules 19 to 22)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.references import needs
from reconciler.resources.resource import Resource, make

KIND = "partner"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource a partner: the reference to its Data Exchange Key, never the key (rule 21)."""
    for name, partner in estate.partners.items():
        depends_on = (*needs(("school", name), ("period_structure", partner.period_structure)), "virtual_school")
        yield make(KIND, name, partner.entry, depends_on=depends_on, position=partner.position)

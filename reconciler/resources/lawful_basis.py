"""Why a flow is lawful, and who of the people in it flow (PP, rule 86)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.references import needs
from reconciler.resources.resource import Resource, make

KIND = "lawful_basis"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource a basis."""
    for name, basis in estate.lawful_bases.items():
        decided_by = basis.decided_by if basis.decided_by in estate.operators else ""
        depends_on = needs(("operator", decided_by))
        yield make(KIND, name, basis.entry, depends_on=depends_on, position=basis.position)

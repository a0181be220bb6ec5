"""Announced drops and gains that the guards let pass."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.references import needs
from reconciler.resources.resource import Resource, make

KIND = "expected_changes"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource for the whole list."""
    if estate.expected_changes:
        depends_on = needs(*(("school", change.entry.get("school") or "") for change in estate.expected_changes))
        entries = [change.entry for change in estate.expected_changes]
        yield make(KIND, "", {"entries": entries}, depends_on=depends_on, position=estate.expected_changes.position)

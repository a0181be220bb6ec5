"""Differences between what is declared and what is live that somebody answers for, until a day."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.resource import Resource, make

KIND = "expected_drift"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource for the whole list; it stands on nothing, since drift may concern what is not declared."""
    if estate.expected_drift:
        entries = [drift.entry for drift in estate.expected_drift]
        yield make(KIND, "", {"entries": entries}, position=estate.expected_drift.position)

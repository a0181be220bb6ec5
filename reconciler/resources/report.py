"""Reports that are sent, and the mail server that sends them."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.resource import Resource, make

KIND = "report"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource a declared name."""
    for name, declared in estate.reports.items():
        yield make(KIND, name, declared.entry, position=declared.position)

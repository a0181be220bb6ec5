"""Which contacts an account imports, and how (SC, rules 144 to 155)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.resource import Resource, make

KIND = "import_strategy"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource a declared name."""
    for name, declared in estate.import_strategies.items():
        yield make(KIND, name, declared.entry, position=declared.position)

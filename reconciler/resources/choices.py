"""Standing choices about single people: opt-outs, exceptions, accepted duplicates (SC, rules 157 and 158)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.references import needs
from reconciler.resources.resource import Resource, make

KIND = "choices"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource for the whole section."""
    if (declared := estate.choices) is None:
        return
    accounts: set[str] = set()
    for exception in declared.entry.get("exceptions") or ():
        named = exception.get("third_party") or ()
        accounts.update([named] if isinstance(named, str) else named)
    depends_on = needs(*(("third_party", account) for account in accounts))
    yield make(KIND, "", declared.entry, depends_on=depends_on, position=declared.position)

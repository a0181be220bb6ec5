"""What an account may read, one resource an entity: a preset is spelt out (PP, rule 80)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.catalogue import catalogue
from reconciler.estate.grants import granted
from reconciler.estate.model import Estate
from reconciler.resources.references import needs
from reconciler.resources.resource import Resource, make

KIND = "entity_grant"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource a granted entity, by its name in the catalogue."""
    known = catalogue()
    for name, account in estate.third_parties.items():
        if not account.grants:
            continue
        depends_on = needs(("third_party", name), ("recipient", account.recipient))
        for entity in granted(account.grants, known):
            spec = {"third_party": name, "entity": entity, "recipient": account.recipient}
            yield make(KIND, f"{name}.{entity}", spec, depends_on=depends_on, position=account.position)

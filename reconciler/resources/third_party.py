"""Accounts of suppliers at a school (PP, rule 68; SC, rule 159)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.references import needs
from reconciler.resources.resource import Resource, make

KIND = "third_party"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource an account; what it may read are resources of their own."""
    for name, account in estate.third_parties.items():
        depends_on = needs(
            ("school", account.school),
            ("recipient", account.recipient),
            ("lawful_basis", account.basis),
            ("import_strategy", account.strategy),
        )
        yield make(KIND, name, account.entry, depends_on=depends_on, position=account.position)

"""Every theme of rules, one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Diagnostics
from reconciler.estate.model import Estate
from reconciler.estate.rules import (
    accounts,
    addresses,
    agreements,
    bases,
    calendars,
    clients,
    codes,
    expectations,
    grants,
    identifiers,
    people,
    period_maps,
    permissions,
    references,
    reports,
    secrets,
    strategies,
    structures,
    week_parity,
    years,
    zones,
)

if TYPE_CHECKING:
    from reconciler.documents.document import Document

Rule = Callable[[Estate, "Document"], Iterable[Diagnostic]]

RULES: tuple[Rule, ...] = (
    references.check,
    addresses.check,
    people.check,
    years.check,
    zones.check,
    calendars.check,
    codes.check,
    identifiers.check,
    secrets.check,
    structures.check,
    period_maps.check,
    week_parity.check,
    accounts.check,
    grants.check,
    bases.check,
    agreements.check,
    clients.check,
    strategies.check,
    permissions.check,
    reports.check,
    expectations.check,
)


def check(estate: Estate, document: Document) -> Diagnostics:
    """Every finding of every rule, all at once."""
    findings = Diagnostics()
    for rule in RULES:
        findings.extend(rule(estate, document))
    return findings

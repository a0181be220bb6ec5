"""A lawful basis fits the schools that rely on it (PP, rule 86; `requirements.md` D1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.estate.model import Estate

if TYPE_CHECKING:
    from reconciler.documents.document import Document

_PUBLIC = frozenset({"maintained", "academy"})
"""Sectors whose schools are public authorities beyond doubt."""


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """Who should not rely on a basis; what each must say for itself is in its schema."""
    for account in estate.third_parties.values():
        used, school = estate.lawful_bases.get(account.basis), estate.schools.get(account.school)
        if used and school and used.lawful_basis == "legitimate_interests" and school.sector in _PUBLIC:
            yield document.finding(
                "lawful_basis.public_authority",
                f"{account.name} relies on legitimate interests, and {school.name} ({school.sector}) is a public "
                "authority, which cannot use it for its tasks",
                (*account.path, "basis"),
                severity=Severity.WARNING,
                hint="ask the data protection officer whether this is a task of the school; if so, public_task",
            )

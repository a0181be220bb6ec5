"""Claiming that ids are unique across schools needs evidence (VS, rules 10 to 15)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.estate.model import Estate

if TYPE_CHECKING:
    from reconciler.documents.document import Document

_FLAGS = {
    "admission_numbers_unique": ("admission_numbers", "admission numbers and tutor groups"),
    "staff_codes_unique": ("staff_codes", "staff codes"),
}


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """A flag that is true without evidence is a warning; the proof against data belongs to plan and import."""
    identifiers = estate.virtual_school.entry.get("identifiers") or {}
    evidence = identifiers.get("uniqueness_evidence") or {}
    for flag, (key, what) in _FLAGS.items():
        if identifiers.get(flag) is True and not evidence.get(key):
            yield document.finding(
                "id.evidence_missing",
                f"{flag} is true, so {what} lose their school code, and nothing says who made sure of it",
                ("virtual_school", "identifiers", flag),
                severity=Severity.WARNING,
                hint=f"leave it false, or add uniqueness_evidence: {{{key}: {{text: ..., checked_on: ..., "
                "checked_by: ...}}",
            )

"""Who receives data has an agreement that lasts through the year (`requirements.md` D6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.estate.model import Estate
from reconciler.estate.rules.years import last_day

if TYPE_CHECKING:
    from reconciler.documents.document import Document


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """A missing agreement, and one that ends before the year does, are warnings."""
    end = last_day(estate)
    for name, recipient in estate.recipients.items():
        agreement = recipient.entry.get("agreement")
        if not agreement:
            yield document.finding(
                "agreement.missing",
                f"{name} receives data without a named agreement",
                recipient.path,
                key=True,
                severity=Severity.WARNING,
                hint="add agreement: {ref: ..., expires: ..., review: ...}",
            )
        elif end and agreement.get("expires") and date.fromisoformat(agreement["expires"]) < end:
            yield document.finding(
                "agreement.expires",
                f"the agreement with {name} expires on {agreement['expires']}, before the year ends on {end}",
                (*recipient.path, "agreement", "expires"),
                severity=Severity.WARNING,
                hint="renew it, then write the new date here",
            )

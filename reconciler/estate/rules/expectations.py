"""What is expected ends some day; what is kept longer than usual is said (SC, rule 207)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.estate.model import Estate
from reconciler.estate.rules.years import last_day

if TYPE_CHECKING:
    from reconciler.documents.document import Document

_ANONYMISE_DAYS = 14


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """Expected drift and changes are bounded in time; leavers are made anonymous in time."""
    end = last_day(estate)
    for declared in estate.expected_drift:
        until = date.fromisoformat(declared.entry["until"])
        if end and until > end:
            yield document.finding(
                "drift.until_late",
                f"the drift is expected until {until}, after the year ends on {end}",
                (*declared.path, "until"),
                severity=Severity.WARNING,
                hint="name a nearer day; drift that stays belongs into the declaration",
            )
    for declared in estate.expected_changes:
        start, stop = (date.fromisoformat(declared.entry[key]) for key in ("from", "to"))
        if stop < start:
            yield document.finding(
                "expected_change.order",
                f"the change is expected until {stop}, before it starts",
                (*declared.path, "to"),
                hint="swap from and to",
            )
    leavers = (estate.retention.entry.get("leavers") or {}) if estate.retention else {}
    days = leavers.get("anonymise_after_days")
    if days and days > _ANONYMISE_DAYS:
        yield document.finding(
            "retention.leavers",
            f"leavers keep their names for {days} days; the guide says {_ANONYMISE_DAYS}",
            ("retention", "leavers", "anonymise_after_days"),
            severity=Severity.WARNING,
            hint="shorten it, or have the data protection officer record why it is longer",
        )

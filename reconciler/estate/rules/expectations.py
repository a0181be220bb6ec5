"""What is expected ends some day; what is kept longer than usual is said (SC, rule 207)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.estate.model import Estate
from reconciler.estate.rules.years import last_day

if TYPE_CHECKING:
    from reconciler.documents.document import Document

_ANONYMISE_DAYS = 14
_ALL = 100  # percent


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """Expected drift and changes are bounded in time, guards guard, leavers are made anonymous in time."""
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
    yield from _guards(estate, document)
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


def _guards(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """A guard that lets everybody leave guards nothing (VS, rule 67)."""
    declared: list[tuple[tuple[str, ...], Mapping[str, Any]]] = [(("virtual_school",), estate.virtual_school.entry)]
    declared += [(("partners", code), partner.entry) for code, partner in estate.partners.items()]
    for path, entry in declared:
        percent = (entry.get("guards") or {}).get("max_drop_percent")
        if percent is not None and percent >= _ALL:
            yield document.finding(
                "guards.off",
                f"max_drop_percent is {percent:g}, so of a small school all but one could leave in one import and "
                "nobody would be asked",
                (*path, "guards", "max_drop_percent"),
                severity=Severity.WARNING,
                hint="lower it; a change that is known beforehand is announced in expected_changes",
            )

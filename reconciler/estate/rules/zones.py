"""The hub's clock is one that the world has (VS, rule 9)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from reconciler.diagnostics import Diagnostic
from reconciler.estate.model import Estate
from reconciler.vocabulary.suggestions import did_you_mean

if TYPE_CHECKING:
    from reconciler.documents.document import Document

_USUAL = "Europe/London"  # every installation has it, so the list is read only for another


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """The time zone is in the IANA list: every schedule and every local day hangs on it."""
    zone = str(estate.virtual_school.entry.get("timezone", _USUAL))
    if zone == _USUAL:
        return
    known = available_timezones()
    if zone not in known:
        yield document.finding(
            "timezone.unknown",
            f"there is no time zone {zone!r}, so nothing could be scheduled",
            ("virtual_school", "timezone"),
            hint=f"{did_you_mean(zone, known) or 'write a name of the IANA list.'} Schools in England write {_USUAL}",
        )

"""The hub's clock is one that the world has (VS, rule 9)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.estate.model import Estate
from reconciler.vocabulary.suggestions import did_you_mean

if TYPE_CHECKING:
    from reconciler.documents.document import Document

_USUAL = "Europe/London"  # every installation has it, so the list is read only for another


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """The time zone is in the IANA list, and London's: every schedule and every local day hangs on it."""
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
    elif _another_clock(zone):
        yield document.finding(
            "timezone.not_london",
            f"the hub's clock is {zone}, and the clocks on the walls of schools in England show {_USUAL}: for part of "
            "the year, or all of it, every time in the estate would be another one there",
            ("virtual_school", "timezone"),
            severity=Severity.WARNING,
            hint="take the line out: London is the default",
        )


def _another_clock(zone: str) -> bool:
    """Whether it shows another time than London in winter or in summer; Dublin and Guernsey do not."""
    winter, summer = datetime(2027, 1, 15), datetime(2027, 7, 15)  # noqa: DTZ001 (asked of both zones)
    return any(ZoneInfo(zone).utcoffset(day) != ZoneInfo(_USUAL).utcoffset(day) for day in (winter, summer))

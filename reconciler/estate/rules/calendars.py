"""Terms, closed days, weeks of the cycle and blackouts make sense."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.estate.days import moment
from reconciler.estate.model import Calendar, Estate
from reconciler.estate.rules.years import academic_year

if TYPE_CHECKING:
    from reconciler.documents.document import Document

_MONDAY = 0


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """Terms follow each other inside the year, week 1 starts on a Monday, blackouts are of this year."""
    for calendar in estate.calendars.values():
        yield from _terms(estate, document, calendar)
        yield from _closed(estate, document, calendar)
        yield from _week_1(estate, document, calendar)
    year = academic_year(estate)
    for declared in estate.blackouts:
        for key in ("from", "to"):
            if moment(declared.entry[key]) is None:
                yield document.finding(
                    "blackout.no_such_day",
                    f"there is no day {declared.entry[key]}",
                    (*declared.path, key),
                    hint="check the day of the month",
                )
        start, end = moment(declared.entry["from"]), moment(declared.entry["to"])
        if start and end and end < start:
            yield document.finding(
                "blackout.order",
                f"the blackout ends on {declared.entry['to']}, before it starts",
                (*declared.path, "to"),
                hint="swap from and to; a blackout of one day has that day in both",
            )
        elif end and year and end.date() < year.first_day:
            yield document.finding(
                "blackout.over",
                f"the blackout ended on {declared.entry['to']}, before {year} began: it keeps nothing quiet any more",
                (*declared.path, "to"),
                severity=Severity.WARNING,
                hint="check the year of its dates, or take it out",
            )


def _terms(estate: Estate, document: Document, calendar: Calendar) -> Iterator[Diagnostic]:
    year = academic_year(estate)
    before: date | None = None
    for index, term in enumerate(calendar.entry.get("terms") or ()):
        path = (*calendar.path, "terms", index)
        start, end = _span(term)
        if end < start:
            yield document.finding(
                "calendar.term_order",
                f"the term ends on {end}, before it starts",
                (*path, "to"),
                hint="swap from and to",
            )
        elif before and start <= before:
            yield document.finding(
                "calendar.term_order",
                f"the term starts on {start}, not after the one before it ended on {before}",
                (*path, "from"),
                hint="list the terms in order, each starting after the last has ended",
            )
        elif year and not (year.first_day <= start and end <= year.last_day):
            yield document.finding(
                "calendar.outside_year",
                f"the term from {start} to {end} is not inside {year}",
                (*path, "from"),
                severity=Severity.WARNING,
                hint="check the year of the dates, or the hub's academic_year",
            )
        before = max(end, before) if before else end


def _closed(estate: Estate, document: Document, calendar: Calendar) -> Iterator[Diagnostic]:
    terms = _resolved_terms(estate, calendar)
    for index, written in enumerate(calendar.entry.get("closed") or ()):
        closed = date.fromisoformat(written)
        if terms and not any(start <= closed <= end for start, end in terms):
            yield document.finding(
                "calendar.outside_terms",
                f"{closed} is in no term, so there is nothing to close",
                (*calendar.path, "closed", index),
                severity=Severity.WARNING,
                hint="check the date; days between terms need no entry",
            )


def _week_1(estate: Estate, document: Document, calendar: Calendar) -> Iterator[Diagnostic]:
    terms = _resolved_terms(estate, calendar)
    for index, written in enumerate(calendar.entry.get("week_1_starts") or ()):
        path = (*calendar.path, "week_1_starts", index)
        start = date.fromisoformat(written)
        if start.weekday() != _MONDAY:
            yield document.finding(
                "calendar.not_a_monday",
                f"{start} is a {start:%A}; a week of the cycle starts on a Monday",
                path,
                hint="name the Monday of that week",
            )
        elif terms and not any(first <= start <= last for first, last in terms):
            yield document.finding(
                "calendar.outside_terms",
                f"week 1 would start on {start}, which is in no term",
                path,
                severity=Severity.WARNING,
                hint="name the first Monday of the term that is week 1",
            )


def _resolved_terms(estate: Estate, calendar: Calendar) -> list[tuple[date, date]]:
    """The calendar's own terms, else those of the calendar that it is like; a circle ends the search."""
    seen: set[str] = set()
    found: Calendar | None = calendar
    while found and found.name not in seen:
        seen.add(found.name)
        if terms := found.entry.get("terms"):
            return [_span(term) for term in terms]
        found = estate.calendars.get(found.like)
    return []


def _span(term: Mapping[str, str]) -> tuple[date, date]:
    return date.fromisoformat(term["from"]), date.fromisoformat(term["to"])

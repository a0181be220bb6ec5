"""One academic year at a time, the same for the hub and the maps of its partners (VS, rules 6 and 42)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic
from reconciler.estate.model import Estate
from reconciler.estate.rules.words import listed
from reconciler.vocabulary.codes import AcademicYear

if TYPE_CHECKING:
    from reconciler.documents.document import Document

_SWITCH = timedelta(days=62)  # schools turn over between June and the end of September


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """The hub's year is one school year, the next follows it, maps use one of the two."""
    year = academic_year(estate)
    if year is None:
        yield _not_a_year(document, estate.virtual_school.academic_year, ("virtual_school", "academic_year"))
        return
    yield from _next(estate, document, year)
    yield from _maps(estate, document, year)


def academic_year(estate: Estate) -> AcademicYear | None:
    """The hub's year, None where it is not one."""
    try:
        return AcademicYear.parse(estate.virtual_school.academic_year)
    except ValueError:
        return None


def _next(estate: Estate, document: Document, year: AcademicYear) -> Iterator[Diagnostic]:
    following = estate.virtual_school.next_year
    if not following:
        return
    path = ("virtual_school", "next_year")
    if following != str(AcademicYear(year.start + 1)):
        yield document.finding(
            "year.next",
            f"{following} does not follow {year}",
            (*path, "year"),
            hint=f"write {AcademicYear(year.start + 1)}",
        )
    switch = date.fromisoformat(estate.virtual_school.entry["next_year"]["from"])
    earliest, latest = year.last_day - _SWITCH, year.last_day + _SWITCH
    if not earliest <= switch <= latest:
        yield document.finding(
            "year.next",
            f"the hub would switch to {following} on {switch}, far from the end of {year}",
            (*path, "from"),
            hint=f"name a day between {earliest} and {latest}",
        )


def _maps(estate: Estate, document: Document, year: AcademicYear) -> Iterator[Diagnostic]:
    years = [str(year), *([estate.virtual_school.next_year] if estate.virtual_school.next_year else [])]
    for declared in estate.period_maps:
        if declared.year not in years:
            yield document.finding(
                "period.year_mismatch",
                f"the map of {declared.school} is for {declared.year}, the hub is in {year}",
                declared.path,
                key=True,
                hint=f"a map is for {listed(years)}; last year's map is not used again, take it out",
            )


def _not_a_year(document: Document, text: str, path: tuple[str, ...]) -> Diagnostic:
    return document.finding(
        "year.invalid",
        f"{text} is not one school year",
        path,
        hint="write two years that follow each other, like 2026-2027",
    )


def last_day(estate: Estate) -> date | None:
    """The last day of the hub's year, None where that is not a year."""
    year = academic_year(estate)
    return year.last_day if year else None

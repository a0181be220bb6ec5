"""A map of two-week partners meets the right weeks on the days of both calendars (VS, rule 41)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.estate.model import Estate, PeriodMap
from reconciler.estate.week_parity import WrongParity, judge
from reconciler.estate.weeks import Meeting, SchoolCalendar, meetings
from reconciler.vocabulary.codes import AcademicYear

if TYPE_CHECKING:
    from reconciler.documents.document import Document


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """One warning for each map whose weeks are not those of the calendars; silence where a calendar says nothing.

    A partner with one week has no parity; a hub with too few weeks, and a repeat that cannot be, are other rules'.
    """
    entries = {name: calendar.entry for name, calendar in estate.calendars.items()}
    hub = estate.hub_structure
    hub_calendar = SchoolCalendar.named(estate.virtual_school.calendar, entries)
    if hub is None or hub_calendar is None:
        return
    for declared in estate.period_maps:
        structure, school = estate.period_structures.get(declared.structure), estate.schools.get(declared.school)
        if structure is None or school is None or declared.expansion is None:
            continue
        calendar = SchoolCalendar.named(school.calendar, entries) if school.calendar else hub_calendar
        year = _year(declared)
        weeks = structure.shape.weeks
        if calendar is None or year is None or not 1 < weeks <= hub.weeks or declared.entry.get("repeat") == "weekly":
            continue
        met = meetings(hub_calendar, calendar, hub_weeks=hub.weeks, partner_weeks=weeks,
                       first=year.first_day, last=year.last_day)  # fmt: skip
        wrong = judge(declared.expansion, met, partner_weeks=weeks)
        if wrong:
            yield _finding(document, declared, wrong, calendars=(hub_calendar.name, calendar.name))


def _finding(document: Document, declared: PeriodMap, wrong: WrongParity, *, calendars: tuple[str, str]) -> Diagnostic:
    code = declared.school
    offset = int(declared.entry.get("week_offset") or 0)
    met = wrong.meeting
    starts = f"week_1_starts of {' and '.join(sorted(set(calendars)))}"
    if wrong.other:
        first, then = sorted((met, wrong.other), key=lambda meeting: meeting.day)
        message = f"no week_offset of {code} is right all year: {_weeks(first, code)}; {_weeks(then, code)}"
        hint = f"check {starts}: the two count the weeks differently around a holiday"
    else:
        message = f"{_weeks(met, code)}, but the map reaches week {wrong.mapped} of {code} then"
        hint = (
            f"write week_offset: {wrong.offset} instead of {offset}, or mend {starts}"
            if declared.entry.get("periods") and wrong.offset in (0, 1) and wrong.offset != offset
            else f"map week {met.hub_week} of the hub onto week {met.partner_week}, or mend {starts}"
        )
    return document.finding(
        "period.week_parity",
        message,
        (*declared.path, "week_offset"),
        severity=Severity.WARNING,
        hint=hint,
    )


def _weeks(met: Meeting, code: str) -> str:
    return f"on {_spoken(met.day)} the hub is in week {met.hub_week} and {code} in week {met.partner_week}"


def _spoken(day: date) -> str:
    """`Monday 7 September 2026`."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def _year(declared: PeriodMap) -> AcademicYear | None:
    """The map's year, None where it is not one: that is another rule's business."""
    try:
        return AcademicYear.parse(declared.year)
    except ValueError:
        return None

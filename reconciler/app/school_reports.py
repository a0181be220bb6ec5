"""Gathers for the reports about one school: `period-map` and `partner-setup`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from reconciler import __version__
from reconciler.app.applied import of_kind, partner_names, virtual_school
from reconciler.app.context import Context
from reconciler.errors import UnknownName
from reconciler.estate.weeks import SchoolCalendar
from reconciler.plan.state import StoredState
from reconciler.records.entities import Entity, column_names
from reconciler.reports import period_map as period_map_report
from reconciler.reports.frame import Frame
from reconciler.reports.ports import IssueFilter
from reconciler.reports.school_days import Side
from reconciler.syncs.ports import FeedScope
from reconciler.vocabulary.codes import AcademicYear
from reconciler.vocabulary.suggestions import did_you_mean

Spec = Mapping[str, Any]
_UNREACHED = frozenset({"period.slot_unreached"})


def frame_of(context: Context, state: StoredState) -> Frame:
    """What every report says about itself: estate, version of the state, program, moment."""
    hub = state.resources.get("virtual_school")
    return Frame(
        estate=str(hub.spec["name"]) if hub else state.estate_id, rehearsal=context.store.rehearsal,
        serial=state.serial, tool_version=__version__, made_at=context.now,
    )  # fmt: skip


def period_map(context: Context, state: StoredState, schools: frozenset[str]) -> period_map_report.PeriodMapReport:
    """The applied map of the one partner in `schools`, for the hub's year. Raises UnknownName where it is none."""
    hub, (code,) = virtual_school(state), schools
    partners, school = of_kind(state, "partner"), of_kind(state, "school")[code]
    if code not in partners:
        raise UnknownName(
            "partner.unknown",
            f"{code} is not a partner in the applied estate, so it has no period map",
            hint=did_you_mean(code, partners) or "partners: " + ", ".join(partners),
        )
    year = str(hub["academic_year"])
    found = state.resources.get(f"period_map.{code}.{year}")
    (name,) = [name for name in partner_names(state) if name.code == code]
    return period_map_report.build(
        frame_of(context, state), school=name, year=year,
        hub=_side(state, hub, str(hub["short_code"]), str(hub["period_structure"]), hub.get("calendar")),
        partner=_side(state, hub, code, str(partners[code]["period_structure"]), school.get("calendar")),
        slots=None if found is None else found.spec["slots"], classes=_classes(context, code, year),
        issues={
            tracked.issue.record: tracked.issue.message
            for tracked in context.store.reports.issues(IssueFilter(schools=schools, codes=_UNREACHED))
        },
        today=context.now.astimezone(ZoneInfo(str(hub.get("timezone", "Europe/London")))).date(),
    )  # fmt: skip


def _side(state: StoredState, hub: Spec, code: str, structure: str, calendar: Any) -> Side:
    """One side of a map; a school that names no calendar follows the hub's."""
    known = of_kind(state, "calendar")
    named = SchoolCalendar.named(str(calendar or hub.get("calendar") or ""), known)
    return Side.of(code, structure, of_kind(state, "period_structure")[structure], named)


def _classes(context: Context, code: str, year: str) -> dict[str, list[str]]:
    """`id name` of the classes with live lessons, by partner slot."""
    feeds = context.store.feeds
    scope = FeedScope(school=code, attachment=feeds.attachment(code), feed="hub", year=AcademicYear.parse(year))
    names = {str(row[0]): str(row[1]) for row in feeds.rows(scope, Entity.CLASSES)}
    columns = column_names(Entity.LESSONS)
    of_class, slot = columns.index("class_id"), columns.index("partner_slot")
    found: dict[str, set[str]] = {}
    for row in feeds.rows(scope, Entity.LESSONS):
        class_id = str(row[of_class])
        found.setdefault(str(row[slot]), set()).add(f"{class_id} {names.get(class_id, '')}".rstrip())
    return {where: sorted(classes) for where, classes in found.items()}

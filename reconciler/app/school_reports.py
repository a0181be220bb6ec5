"""Gathers for the reports about one school: `period-map` and `partner-setup`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from reconciler import __version__
from reconciler.app.applied import of_kind, partner_names, virtual_school
from reconciler.app.context import Context
from reconciler.connectors.bromcom.columns import views
from reconciler.errors import UnknownName
from reconciler.estate.catalogue import catalogue
from reconciler.estate.weeks import SchoolCalendar
from reconciler.plan.state import StoredState
from reconciler.records.entities import Entity, column_names
from reconciler.reports import parentpay_guide
from reconciler.reports import partner_setup as partner_setup_report
from reconciler.reports import period_map as period_map_report
from reconciler.reports.frame import Frame, SchoolName
from reconciler.reports.parentpay_guide import Account
from reconciler.reports.partner_steps import PartnerFacts
from reconciler.reports.ports import IssueFilter
from reconciler.reports.school_days import Side
from reconciler.syncs.ports import FeedScope
from reconciler.vocabulary.codes import AcademicYear
from reconciler.vocabulary.feeds import HUB
from reconciler.vocabulary.suggestions import did_you_mean

Spec = Mapping[str, Any]
_ACADEMIC_VIEWS = {  # views of the read service that only one kind of academic data needs (VS, rule 59)
    "attendance": ("attendance",),
    "behaviour": ("event_types", "events"),
    "assessment": ("assessment_types", "grades", "results"),
}
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


def partner_setup(context: Context, state: StoredState, schools: frozenset[str]) -> partner_setup_report.PartnerSetup:
    """What the one school in `schools` enters on its own side, as a partner and for its accounts."""
    hub, (code,) = virtual_school(state), schools
    school, partner = of_kind(state, "school")[code], of_kind(state, "partner").get(code)
    name = next((name for name in partner_names(state) if name.code == code), None)
    accounts = [
        _account(state, name, spec)
        for name, spec in of_kind(state, "third_party").items()
        if spec["school"] == code and spec["kind"] == parentpay_guide.KIND
    ]
    return partner_setup_report.build(
        frame_of(context, state), school=name or _named(code, school),
        partner=None if partner is None else _partner(state, hub, code, school, partner), accounts=accounts,
    )  # fmt: skip


def _named(code: str, school: Spec) -> SchoolName:
    known = SchoolName(code=code, name=str(school["name"]))
    return replace(known, colour=str(school["colour"])) if school.get("colour") else known


def _partner(state: StoredState, hub: Spec, code: str, school: Spec, partner: Spec) -> PartnerFacts:
    side = _side(state, hub, code, str(partner["period_structure"]), school.get("calendar"))
    return PartnerFacts(
        code=code, hub=hub, school=school, partner=partner, structure=side.structure, times=side.times,
        calendar=side.calendar, mapped=f"period_map.{code}.{hub['academic_year']}" in state.resources,
        entities=entities_read(school, hub),
    )  # fmt: skip


def _account(state: StoredState, name: str, spec: Spec) -> Account:
    granted = [grant["entity"] for grant in of_kind(state, "entity_grant").values() if grant["third_party"] == name]
    preset = catalogue().preset_for(str(spec["kind"]))
    return Account(
        name=name, spec=spec, mis=of_kind(state, "school")[spec["school"]].get("mis") or {},
        recipient=of_kind(state, "recipient").get(str(spec["recipient"]), {}),
        basis=of_kind(state, "lawful_basis").get(str(spec["basis"]), {}),
        entities=tuple(sorted(granted)), asked=preset.entities if preset else (),
    )  # fmt: skip


def entities_read(school: Spec, hub: Spec) -> tuple[str, ...]:
    """The entities that the hub reads at a Bromcom, for what it asks of it; none for a system that has no ticks."""
    if (school.get("mis") or {}).get("connector") != "bromcom":
        return ()
    academic = hub.get("academic") or ()
    unused = {view for kind, names in _ACADEMIC_VIEWS.items() if kind not in academic for view in names}
    unused |= set() if academic else {"aims"}
    return tuple(sorted({view.entity for name, view in views().items() if name not in unused}))


def _side(state: StoredState, hub: Spec, code: str, structure: str, calendar: Any) -> Side:
    """One side of a map; a school that names no calendar follows the hub's."""
    known = of_kind(state, "calendar")
    named = SchoolCalendar.named(str(calendar or hub.get("calendar") or ""), known)
    return Side.of(code, structure, of_kind(state, "period_structure")[structure], named)


def _classes(context: Context, code: str, year: str) -> dict[str, list[str]]:
    """`id name` of the classes with live lessons, by partner slot."""
    feeds = context.store.feeds
    scope = FeedScope(school=code, attachment=feeds.attachment(code), feed=HUB, year=AcademicYear.parse(year))
    names = {str(row[0]): str(row[1]) for row in feeds.rows(scope, Entity.CLASSES)}
    columns = column_names(Entity.LESSONS)
    of_class, slot = columns.index("class_id"), columns.index("partner_slot")
    found: dict[str, set[str]] = {}
    for row in feeds.rows(scope, Entity.LESSONS):
        class_id = str(row[of_class])
        found.setdefault(str(row[slot]), set()).add(f"{class_id} {names.get(class_id, '')}".rstrip())
    return {where: sorted(classes) for where, classes in found.items()}

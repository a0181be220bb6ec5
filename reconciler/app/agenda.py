"""What the applied estate has scheduled: lines, blackouts, zone and calendar for the pure schedule."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.app.applied import of_kind, virtual_school
from reconciler.app.context import Context
from reconciler.plan.state import Attachment, AttachmentStatus, StoredState
from reconciler.schedule.blackouts import Blackout
from reconciler.schedule.due import Line, LineKey
from reconciler.schedule.terms import Calendar
from reconciler.syncs.ports import FeedScope
from reconciler.transfers.entry import Outcome
from reconciler.vocabulary.codes import AcademicYear
from reconciler.vocabulary.feeds import HUB

Spec = Mapping[str, Any]
SCHEDULE_OF = {"import": "students_and_classes", "export": "students_and_classes", "academic": "academic"}
FIRST_OF = {"import": "import", "export": "export", "academic": "import"}  # what must be run by hand before it
SUCCEEDED = frozenset({Outcome.DONE.value, Outcome.UNCHANGED.value, Outcome.PARTIAL.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """The schedule of the applied estate at one moment."""

    lines: tuple[Line, ...]
    blackouts: tuple[Blackout, ...]
    zone: ZoneInfo
    calendar: Calendar


def scheduled(context: Context, state: StoredState, kinds: Collection[str]) -> Scheduled:
    """Lines of the kinds that can be run, for every partner. Raises Refused where nothing is applied yet."""
    hub = virtual_school(state)
    times = {kind: (hub.get("schedules") or {}).get(SCHEDULE_OF[kind]) for kind in SCHEDULE_OF if kind in kinds}
    since = {kind: _applied_time(context, SCHEDULE_OF[kind]) for kind in times}
    lines = []
    for code, partner in of_kind(state, "partner").items():
        scope = hub_scope(state, code)
        attached = context.store.slots.applied_since(f"partner.{code}", lambda _: True)
        for kind, declared in times.items():
            if declared is None or not _takes_part(state, code, partner, kind):
                continue
            by_hand = context.store.slots.first_success(scope, kind=FIRST_OF[kind])
            lines.append(Line(
                key=LineKey(kind, code), times=str(declared), waiting=waits_for_first(context, kind, scope),
                since=max(moment for moment in (since[kind], attached, by_hand) if moment is not None),
            ))  # fmt: skip
    return Scheduled(
        lines=tuple(lines),
        blackouts=_blackouts(state),
        zone=ZoneInfo(str(hub.get("timezone", "Europe/London"))),
        calendar=_calendar(state, str(hub.get("calendar", ""))),
    )


def _takes_part(state: StoredState, code: str, partner: Spec, kind: str) -> bool:
    """A partner that takes no exports, or whose source gives no academic data, has no slots of that kind to miss."""
    if kind == "export":
        return bool(partner.get("export"))
    if kind != "academic":
        return True
    from reconciler.connectors.academic_registry import (
        ACADEMIC_CONNECTORS,  # HTTP is slow to import; a plan asks nobody
    )

    return of_kind(state, "school")[code]["mis"]["connector"] in ACADEMIC_CONNECTORS


def waits_for_first(context: Context, kind: str, scope: FeedScope) -> bool:
    """Whether a person must run it once by hand before the schedule takes over (VS, rules 45 to 47).

    Academic data has no first run of its own: it follows the first import, whose people it is about.
    """
    if FIRST_OF[kind] == "export":
        return not context.store.exports.first_export_done(scope.attachment)
    return not context.store.feeds.first_import_done(scope)


def hub_scope(state: StoredState, school: str) -> FeedScope:
    """The partner's place in the feed `hub`."""
    return FeedScope(
        school=school, attachment=live_attachments(state)[school].id, feed=HUB,
        year=AcademicYear.parse(str(virtual_school(state)["academic_year"])),
    )  # fmt: skip


def live_attachments(state: StoredState) -> dict[str, Attachment]:
    """The live attachment of each school that has one."""
    return {found.school: found for found in state.attachments if found.status is AttachmentStatus.LIVE}


def _applied_time(context: Context, name: str) -> datetime | None:
    """Since when a schedule of the hub has been what it is; another change of the hub moves nothing."""

    def time_of_day(spec: Spec) -> object:
        return [(spec.get("schedules") or {}).get(name), spec.get("timezone")]

    return context.store.slots.applied_since("virtual_school", time_of_day)


def _blackouts(state: StoredState) -> tuple[Blackout, ...]:
    found = state.resources.get("blackouts")
    return tuple(
        Blackout.parse(str(entry["from"]), str(entry["to"]), what=entry["what"], why=str(entry["why"]),
                       schools=entry.get("schools") or ())
        for entry in (found.spec.get("entries", ()) if found else ())
    )  # fmt: skip


def _calendar(state: StoredState, name: str) -> Calendar:
    """The hub's calendar; what it does not write is that of the calendar it is like."""
    chain: list[Spec] = []
    known, seen = of_kind(state, "calendar"), set[str]()
    while name in known and name not in seen:
        seen.add(name)
        chain.append(known[name])
        name = str(known[name].get("like", ""))
    terms = next((spec["terms"] for spec in chain if spec.get("terms")), ())
    closed = next((spec["closed"] for spec in chain if spec.get("closed")), ())
    return Calendar(
        terms=tuple((date.fromisoformat(term["from"]), date.fromisoformat(term["to"])) for term in terms),
        closed=frozenset(date.fromisoformat(str(day)) for day in closed),
    )

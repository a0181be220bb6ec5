"""What the applied estate has scheduled: lines, blackouts, zone and calendar for the pure schedule."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.app.applied import of_kind, virtual_school
from reconciler.app.context import Context
from reconciler.plan.state import StoredState
from reconciler.reports.ports import TransferFilter
from reconciler.schedule.blackouts import Blackout
from reconciler.schedule.due import KINDS, Line, LineKey
from reconciler.schedule.terms import Calendar
from reconciler.syncs.ports import FeedScope
from reconciler.transfers.entry import Outcome
from reconciler.vocabulary.codes import AcademicYear

Spec = Mapping[str, Any]
SCHEDULE_OF = {"import": "students_and_classes", "export": "students_and_classes", "academic": "academic"}
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
    return Scheduled(
        lines=tuple(
            line
            for kind in KINDS
            if kind in kinds and kind in SCHEDULE_OF
            for code, partner in of_kind(state, "partner").items()
            if (line := _line(context, hub, kind, code, partner)) is not None
        ),
        blackouts=_blackouts(state),
        zone=ZoneInfo(str(hub.get("timezone", "Europe/London"))),
        calendar=_calendar(state, str(hub.get("calendar", ""))),
    )


def waits_for_first(context: Context, kind: str, scope: FeedScope) -> bool:
    """Whether a person must run it once by hand before the schedule takes over (VS, rules 45 to 47).

    Academic data has no first run of its own: it follows the first import, whose people it is about.
    """
    return not _FIRST_DONE.get(kind, _import_done)(context, scope)


def hub_scope(context: Context, hub: Spec, school: str) -> FeedScope:
    """The partner's place in the feed `hub`."""
    return FeedScope(
        school=school, attachment=context.store.feeds.attachment(school), feed="hub",
        year=AcademicYear.parse(str(hub["academic_year"])),
    )  # fmt: skip


def _import_done(context: Context, scope: FeedScope) -> bool:
    return context.store.feeds.first_import_done(scope)


def _export_done(context: Context, scope: FeedScope) -> bool:
    return context.store.exports.first_export_done(scope.attachment)


_FIRST_DONE: Mapping[str, Callable[[Context, FeedScope], bool]] = {"export": _export_done}


def _line(context: Context, hub: Spec, kind: str, school: str, partner: Spec) -> Line | None:
    """None where nothing is scheduled: no time is declared, or the partner takes no exports."""
    times = (hub.get("schedules") or {}).get(SCHEDULE_OF[kind])
    if times is None or (kind == "export" and not partner.get("export")):
        return None
    scope = hub_scope(context, hub, school)
    return Line(
        key=LineKey(kind, school), times=str(times), since=_since(context, kind, scope),
        waiting=waits_for_first(context, kind, scope),
    )  # fmt: skip


def _since(context: Context, kind: str, scope: FeedScope) -> datetime:
    """When the schedule took over: its time was applied, the partner was, and the first run had succeeded by hand."""
    slots, name = context.store.slots, SCHEDULE_OF[kind]

    def time_of_day(spec: Spec) -> Any:
        return [(spec.get("schedules") or {}).get(name), spec.get("timezone")]

    moments = [
        slots.applied_since("virtual_school", time_of_day),
        slots.applied_since(f"partner.{scope.school}", lambda _: True),
        slots.first_success(scope, kind="export" if kind == "export" else "import"),
    ]
    return max(moment for moment in moments if moment is not None)


def last_success(context: Context, school: str, kind: str) -> datetime | None:
    """When data of that kind last came or went whole."""
    found = context.store.reports.transfers(
        TransferFilter(schools=frozenset({school}), kinds=frozenset({kind}), outcomes=SUCCEEDED, limit=1)
    )
    return found[0].finished_at if found else None


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

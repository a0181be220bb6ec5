"""`sync --due`: what is due is claimed, run kind by kind and school by school, and recorded."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from reconciler.app import academic, exports, flows
from reconciler.app.across import across_schools
from reconciler.app.agenda import Scheduled, scheduled
from reconciler.app.context import Context, opened
from reconciler.app.outcomes import FlowOutcome
from reconciler.app.process import holder
from reconciler.app.turns import LOCK_SECONDS
from reconciler.apply.permission import operators_of, require_role
from reconciler.errors import ExitCode, worst
from reconciler.plan.state import StoredState
from reconciler.reports.frame import REHEARSAL, clean, table
from reconciler.runner.cycle import Agenda, Flow, FollowUp, SlotEnd, run_cycle
from reconciler.runner.ports import RunEnd
from reconciler.schedule.due import DueSlot, LineKey, SlotState, Verdict, due
from reconciler.schedule.times import Slot, next_slot
from reconciler.settings import Settings
from reconciler.transfers.entry import Outcome

LOCK = "schedule"
Keyed = TypeVar("Keyed", SlotEnd, DueSlot)

# Runs one kind of sync for the schools named; told as well at which schools the import of this cycle failed (rule 49).
SyncFlow = Callable[[Settings, Sequence[str], Collection[str]], FlowOutcome[Any]]


def scheduled_flows() -> dict[str, SyncFlow]:
    """What the schedule runs, by kind: one line each. A kind that is not here has no slots."""
    return {
        "import": lambda settings, schools, _failed: flows.run_imports(settings, schools=schools),
        "export": lambda settings, schools, failed: exports.run_exports(
            settings, schools=schools, import_failed=failed
        ),
        "academic": lambda settings, schools, _failed: academic.run_academic(settings, schools=schools),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class DueOutcome:
    """What a cycle did, slot by slot, and when the next slot falls due."""

    ends: tuple[SlotEnd, ...]
    next_at: datetime | None
    scheduled: Scheduled
    rehearsal: bool

    @property
    def exit_code(self) -> ExitCode:
        """0 also where a partner waits for its first run by hand; 4 when some schools failed, 1 when all did."""
        ran = [end for end in self.ends if end.end is not None or end.state is SlotState.FAILED]
        failed = [end for end in ran if end.state is SlotState.FAILED]
        if failed and len(failed) == len(ran):
            return ExitCode.ERROR
        return worst(ExitCode.PARTIAL if failed else ExitCode.DONE, *(_code(end) for end in ran))

    def to_json(self) -> dict[str, Any]:
        """`schemas/due.schema.json`."""
        slots = [slot_json(end) for end in self.ends]
        return _document(rehearsal=self.rehearsal, dry_run=False, coming=self.next_at, slots=slots)

    def to_text(self) -> str:
        mark = REHEARSAL if self.rehearsal else ""
        rows = [
            (e.name.day.isoformat(), e.name.label, e.key.kind, e.key.school, word(e), e.end.run if e.end else "-",
             said(e))
            for e in self.ends if e.state is not SlotState.MISSED
        ]  # fmt: skip
        rows += [
            ("earlier", f"{len(found)} slots", key.kind, key.school, "missed", "-", said(found[-1]))
            for key, found in by_line(end for end in self.ends if end.state is SlotState.MISSED).items()
        ]
        if not rows:
            return f"{mark}Nothing is due. {self._next()}"
        return f"{mark}{table(('Day', 'Slot', 'Kind', 'School', 'Outcome', 'Run', 'What happened'), rows)}"

    def _next(self) -> str:
        return f"Next: {wall(self.next_at, self.scheduled)}" if self.next_at else "Nothing is scheduled."


def by_line(missed: Iterable[Keyed]) -> dict[LineKey, list[Keyed]]:
    """Missed slots by line: a machine that was off for a week shows one row a line, the JSON has them all."""
    found: dict[LineKey, list[Keyed]] = {}
    for one in missed:
        found.setdefault(one.key, []).append(one)
    return found


def due_now(settings: Settings, kinds: Mapping[str, SyncFlow], *, stop: Callable[[], bool] = lambda: False,
            tell: Callable[[SlotEnd], None] | None = None, wait: float = LOCK_SECONDS) -> DueOutcome:  # fmt: skip
    """Runs everything that is due and records it; `tell` hears of each slot as soon as it is settled.

    Raises NotPermitted without the role syncer, LockHeld when another process has been running the schedule for more
    than `wait` seconds, StoreError.
    """
    with opened(settings) as context:
        store = context.store
        require_role(settings.actor, "syncer", operators_of(store.state.read_state(), ()), doing="sync")
        with store.state.lock(LOCK, holder=holder(context.now, "sync --due"), wait=wait):
            state = store.state.read_state()
            plan = scheduled(context, state, kinds)
            agenda = Agenda(
                lines=plan.lines, blackouts=plan.blackouts, zone=plan.zone,
                flows={kind: _one_school(flow, settings) for kind, flow in kinds.items()},
                follow_up=_look_across(context, state),
            )  # fmt: skip
            ends = []
            for end in run_cycle(agenda, store.slots, clock=context.clock, claimed_by=_process(), stop=stop):
                ends.append(end)
                if tell is not None:
                    tell(end)
        return DueOutcome(ends=tuple(ends), next_at=next_at(plan, context.now), scheduled=plan,
                          rehearsal=store.rehearsal)  # fmt: skip


def what_is_due(context: Context, state: StoredState, kinds: Mapping[str, SyncFlow], at: datetime) \
        -> tuple[Scheduled, list[DueSlot]]:  # fmt: skip
    """What a cycle would find at a time, in its order; claims nothing and writes nothing (VS, rule 7)."""
    plan = scheduled(context, state, kinds)
    recorded = context.store.slots.recent([line.key for line in plan.lines], now=at)
    return plan, due(plan.lines, plan.blackouts, recorded, zone=plan.zone, now=at)


def list_due(settings: Settings, kinds: Mapping[str, SyncFlow], *, at: datetime | None = None,
             format_: str = "text") -> str:  # fmt: skip
    """What is due at a time (now, unless another is given), for `sync --due --dry-run`; runs and writes nothing."""
    with opened(settings, read_only=True) as context:
        moment, rehearsal = at or context.now, context.store.rehearsal
        plan, found = what_is_due(context, context.store.state.read_state(), kinds, moment)
    coming, waiting = next_at(plan, moment), {line.key for line in plan.lines if line.waiting}
    verdicts = [(f, _listed(f, waits=f.key in waiting)) for f in found]
    if format_ == "json":
        slots = [
            {"kind": f.key.kind, "school": f.key.school, "day": f.slot.name.day.isoformat(), "slot": f.slot.name.label,
             "state": state, "outcome": None, "run": None, "message": clean(f.why)}
            for f, state in verdicts
        ]  # fmt: skip
        return json.dumps(_document(rehearsal=rehearsal, dry_run=True, coming=coming, slots=slots), indent=2)
    mark = REHEARSAL if rehearsal else ""
    if not found:
        return f"{mark}Nothing is due. " + (f"Next: {wall(coming, plan)}" if coming else "Nothing is scheduled.")
    rows = [(f.slot.name.day.isoformat(), f.slot.name.label, f.key.kind, f.key.school, state, clean(f.why))
            for f, state in verdicts if f.verdict is not Verdict.MISSED]  # fmt: skip
    rows += [("earlier", f"{len(missed)} slots", key.kind, key.school, "missed", clean(missed[-1].why))
             for key, missed in by_line(f for f in found if f.verdict is Verdict.MISSED).items()]  # fmt: skip
    return f"{mark}Dry run: nothing was run.\n" + table(("Day", "Slot", "Kind", "School", "State", "Why"), rows)


def _listed(found: DueSlot, *, waits: bool) -> str:
    if found.verdict is not Verdict.RUN:
        return found.verdict.value
    return "waiting" if waits else "due"


def _document(*, rehearsal: bool, dry_run: bool, coming: datetime | None, slots: Sequence[Mapping[str, Any]]) \
        -> dict[str, Any]:  # fmt: skip
    """`schemas/due.schema.json`."""
    return {
        "format_version": 1,
        "rehearsal": rehearsal,
        "dry_run": dry_run,
        "next_at": coming.isoformat() if coming else None,
        "slots": list(slots),
    }


def coming_slots(plan: Scheduled, now: datetime) -> dict[LineKey, Slot]:
    """The next slot of each line after `now`."""
    return {line.key: next_slot(line.times, plan.zone, now) for line in plan.lines}


def next_at(plan: Scheduled, now: datetime) -> datetime | None:
    """When the next slot of any line falls due, None when nothing is scheduled."""
    return min((slot.at for slot in coming_slots(plan, now).values()), default=None)


def slot_json(end: SlotEnd) -> dict[str, Any]:
    """One settled slot."""
    return {
        "kind": end.key.kind,
        "school": end.key.school,
        "day": end.name.day.isoformat(),
        "slot": end.name.label,
        "state": end.state.value,
        "outcome": end.end.outcome.value if end.end else None,
        "run": end.end.run if end.end else None,
        "message": said(end),
    }


def line_of(end: SlotEnd) -> str:
    """One settled slot on one line."""
    slot = f"{end.name.day.isoformat()} {end.name.label}"
    return f"{slot}  {said(end)}" if end.end else f"{slot}  {end.key.school} {end.key.kind} {word(end)}: {said(end)}"


def word(end: SlotEnd) -> str:
    """The outcome of the run, or what became of the slot where nothing ran."""
    return end.end.outcome.value if end.end else end.state.value


def said(end: SlotEnd) -> str:
    """The line of the run, or the reason why there was none."""
    return clean(end.end.message if end.end else end.reason)


def wall(moment: datetime, plan: Scheduled) -> str:
    """The moment on the hub's clock, `08:00 on Tue 24 Nov 2026`."""
    return moment.astimezone(plan.zone).strftime("%H:%M on %a %d %b %Y")


def _one_school(flow: SyncFlow, settings: Settings) -> Flow:
    """One school at a time, so that a stop comes between schools and a crash leaves one claim at most."""

    def run(key: LineKey, failed: frozenset[str]) -> RunEnd:
        for result in flow(settings, (key.school,), failed).results:
            entry = result.entry
            if entry.school == key.school:
                return RunEnd(run=entry.run, outcome=entry.outcome, message=entry.message)
        return RunEnd(run="", outcome=Outcome.FAILED, message=f"{key.school} {key.kind} failed: it did not say how")

    return run


def _look_across(context: Context, state: StoredState) -> FollowUp:
    """An import looks across schools after it has ended: a process that dies in between must not lose what it shows."""

    def look(key: LineKey, end: RunEnd) -> None:
        if key.kind == "import":
            across_schools(context, state, run=end.run)

    return look


def _code(end: SlotEnd) -> ExitCode:
    if end.end is None or end.state is SlotState.FAILED:
        return ExitCode.DONE
    return {Outcome.HELD: ExitCode.HELD, Outcome.PARTIAL: ExitCode.PARTIAL}.get(end.end.outcome, ExitCode.DONE)


def _process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"

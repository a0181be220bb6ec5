"""`status`: per partner what is missing, what ran last, what comes next, what was missed; and who must act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.app.agenda import SUCCEEDED, Scheduled, hub_scope, live_attachments, waits_for_first
from reconciler.app.applied import of_kind, virtual_school
from reconciler.app.context import Context, opened
from reconciler.app.due import SyncFlow, coming_slots, what_is_due
from reconciler.app.years import next_year, partner_year
from reconciler.errors import ExitCode, SecretUnavailable
from reconciler.plan.state import StoredState
from reconciler.reports.ports import IssueFilter, TransferFilter
from reconciler.runner.ports import LedgerRow
from reconciler.schedule.due import DueSlot, LineKey, SlotState, Verdict
from reconciler.schedule.terms import is_stale
from reconciler.schedule.times import Slot, SlotName
from reconciler.settings import Settings
from reconciler.syncs.academic_ports import HeldAcademic
from reconciler.syncs.ports import HeldRun
from reconciler.transfers.entry import Outcome, TransferEntry
from reconciler.vocabulary.codes import AcademicYear

KINDS = ("import", "export", "academic")
MISSED_SHOWN = timedelta(days=7)
MISSED_COUNTS = timedelta(hours=24)  # a missed slot turns the answer red for a day
GRACE = timedelta(minutes=30)  # a slot that nobody has begun by then was missed: the timer or the runner stands still
LONG_RUN = timedelta(hours=2)  # a run that has not ended by then is taken for dead
OLD_ERROR = timedelta(hours=24)
FIRST_CODES = {"import": "schedule.first_import_pending", "export": "schedule.first_export_pending"}
_LOOKED_AT = frozenset({"env", "file"})  # what is asked of a program or a key store may cost, so it is not asked here


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing that a person must do: its code, what is so, and what to do."""

    code: str
    message: str
    next_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedSlot:
    """A slot that was not run at its time; `counts` while it is recent enough to turn the answer red."""

    kind: str
    name: SlotName
    why: str
    counts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KindStanding:
    """One kind of run at one partner: the last one in the transfer log, why that counts as failed, the next slot."""

    kind: str
    last: TransferEntry | None
    failed: str
    next: Slot | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerStanding:
    """One partner. `data_at` is when its people and classes were last read whole."""

    code: str
    name: str
    missing: tuple[Need, ...]
    kinds: tuple[KindStanding, ...]
    data_at: datetime | None
    stale: bool
    missed: tuple[MissedSlot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How things stand at `at`; `waiting` are held runs and plans, and errors that nobody has acknowledged."""

    estate: str
    at: datetime
    rehearsal: bool
    plan: Scheduled
    partners: tuple[PartnerStanding, ...]
    waiting: tuple[Need, ...]

    @property
    def exit_code(self) -> ExitCode:
        """4 when a school failed or missed a slot, else 3 when a person is awaited, else 0."""
        failed = any(kind.failed for partner in self.partners for kind in partner.kinds)
        if failed or any(slot.counts for partner in self.partners for slot in partner.missed):
            return ExitCode.PARTIAL
        awaited = self.waiting or any(partner.missing for partner in self.partners)
        return ExitCode.HELD if awaited else ExitCode.DONE


def status(settings: Settings, kinds: Mapping[str, SyncFlow]) -> Status:
    """How the applied estate stands; reads only. Raises Refused where nothing is applied yet."""
    with opened(settings, read_only=True) as context:
        state, now = context.store.state.read_state(), context.now
        plan, found = what_is_due(context, state, kinds, now)
        coming = coming_slots(plan, now)
        partners = tuple(
            _partner(context, state, code, plan, found=found, coming=coming) for code in of_kind(state, "partner")
        )
        return Status(
            estate=str(virtual_school(state)["name"]), at=now, rehearsal=context.store.rehearsal, plan=plan,
            partners=partners, waiting=(*_held(context, now), *_held_exports(partners), *_old_errors(context, now)),
        )  # fmt: skip


def _partner(context: Context, state: StoredState, code: str, plan: Scheduled, *, found: list[DueSlot],
             coming: Mapping[LineKey, Slot]) -> PartnerStanding:  # fmt: skip
    data_at = _last(context, code, "import", succeeded=True)
    when = data_at.finished_at if data_at else None
    return PartnerStanding(
        code=code,
        name=str(of_kind(state, "school").get(code, {}).get("name", "")),
        missing=tuple(_missing(context, state, code, plan)),
        kinds=tuple(_kind(context, code, kind, coming) for kind in KINDS),
        data_at=when,
        stale=when is not None and is_stale(when, context.now, calendar=plan.calendar, zone=plan.zone),
        missed=tuple(_missed(context, code, plan, found)),
    )


def _missing(context: Context, state: StoredState, code: str, plan: Scheduled) -> list[Need]:
    """What keeps the partner from being ready (VS, rules 29, 32 and 44 to 48)."""
    needs = [_unmapped(state, code, year) for year in _years(context, state, code, plan)
             if not _mapped(state, code, year)]  # fmt: skip
    scope, scheduled = hub_scope(state, code), {line.key.kind for line in plan.lines}
    for kind, code_ in FIRST_CODES.items():
        if kind in scheduled and waits_for_first(context, kind, scope):
            needs.append(Need(
                code=code_, message=f"{code} waits for its first {kind}, which is by hand",
                next_step=f"reconcile sync {kind} --first --school {code}",
            ))  # fmt: skip
    reference = of_kind(state, "partner")[code].get("data_exchange_key") or {}
    if _LOOKED_AT & reference.keys():
        try:
            context.secret(reference)
        except SecretUnavailable as error:
            needs.append(Need(code=error.code, message=f"{code}: the Data Exchange Key is not known here: "
                              f"{error.message}", next_step=error.hint))  # fmt: skip
    return needs


def _years(context: Context, state: StoredState, code: str, plan: Scheduled) -> list[AcademicYear]:
    """The year that the partner is in and, from the day on which it may change to it, the next one."""
    current, following = partner_year(context, state, code), next_year(state)
    soon = following and following.year > current and context.now.astimezone(plan.zone).date() >= following.start
    return [current, following.year] if following and soon else [current]


def _mapped(state: StoredState, code: str, year: AcademicYear) -> bool:
    found = state.resources.get(f"period_map.{code}.{year}")
    return found is not None and int(found.spec.get("attachment", 1)) == live_attachments(state)[code].number


def _unmapped(state: StoredState, code: str, year: AcademicYear) -> Need:
    number = live_attachments(state)[code].number
    again = f" for attachment {number}" if number > 1 else ""
    return Need(
        code="period.unmapped_partner", message=f"{code} has no period map for {year}{again}",
        next_step=f"declare period_maps: {{{code}: {{{year}: ...}}}}, then reconcile plan and apply",
    )  # fmt: skip


def _kind(context: Context, code: str, kind: str, coming: Mapping[LineKey, Slot]) -> KindStanding:
    key = LineKey(kind, code)
    last, row = _last(context, code, kind), context.store.slots.latest(key)
    failed = ""
    if last is not None and last.outcome in (Outcome.FAILED, Outcome.INTERRUPTED):
        failed = last.message
    elif row is not None and _failed_before_it_began(row, last):
        failed = row.reason
    return KindStanding(kind=kind, last=last, failed=failed, next=coming.get(key))


def _failed_before_it_began(row: LedgerRow, last: TransferEntry | None) -> bool:
    """A slot can fail without an entry in the transfer log; a later run by hand heals it."""
    later = last is not None and last.started_at > row.recorded.noted_at
    return row.recorded.state is SlotState.FAILED and not row.run and not later


def _last(context: Context, code: str, kind: str, *, succeeded: bool = False) -> TransferEntry | None:
    found = context.store.reports.transfers(
        TransferFilter(schools=frozenset({code}), kinds=frozenset({kind}), limit=1,
                       outcomes=SUCCEEDED if succeeded else frozenset())
    )  # fmt: skip
    return found[0] if found else None


def _missed(context: Context, code: str, plan: Scheduled, found: list[DueSlot]) -> list[MissedSlot]:
    """What the ledger noted as missed, and what should have begun by now and has not."""
    now = context.now
    waiting = {line.key for line in plan.lines if line.waiting}
    overdue = [
        MissedSlot(kind=f.key.kind, name=f.slot.name, counts=True,
                   why="nobody has run it; is the timer or the runner still going?")
        for f in found
        if f.key.school == code and f.key not in waiting and f.verdict is not Verdict.SKIPPED
        and _overdue(context, f, now)
    ]  # fmt: skip
    noted = [
        MissedSlot(kind=row.key.kind, name=row.recorded.name, why=row.reason,
                   counts=now - row.recorded.noted_at <= MISSED_COUNTS)
        for row in context.store.slots.missed(since=now - MISSED_SHOWN)
        if row.key.school == code
    ]  # fmt: skip
    return sorted([*overdue, *noted], key=lambda slot: (slot.name, slot.kind), reverse=True)


def _overdue(context: Context, found: DueSlot, now: datetime) -> bool:
    row = context.store.slots.latest(found.key)
    if row is not None and row.recorded.name == found.slot.name and row.recorded.state is SlotState.CLAIMED:
        return now - row.recorded.noted_at > LONG_RUN
    return now - found.slot.at > GRACE


def _held(context: Context, now: datetime) -> list[Need]:
    waiting: list[tuple[HeldRun | HeldAcademic, str]] = [(run, "import") for run in context.store.feeds.held_runs()]
    waiting += [(run, "academic") for run in context.store.academic.held_runs()]
    runs = [
        Need(
            code="schedule.run_held", message=f"run {run.run} of {run.scope.school} is held: {'; '.join(run.reasons)}",
            next_step=f"reconcile approve {run.run} --reason ..., or reconcile reject {run.run} --reason ..."
            if now <= run.expires_at else f"its time is over; reconcile sync {kind} --school {run.scope.school}",
        )
        for run, kind in waiting
    ]  # fmt: skip
    plans = [
        Need(
            code="apply.held", message=f"plan {plan.digest[:16]} is held: {'; '.join(plan.reasons)}",
            next_step=f"reconcile approve {plan.digest[:16]} --reason ..."
            if now < plan.expires_at else "its time is over; make it again with reconcile plan",
        )
        for plan in context.store.state.held_plans()
    ]  # fmt: skip
    return [*runs, *plans]


def _held_exports(partners: Sequence[PartnerStanding]) -> list[Need]:
    """An export is not approved: what it would end is corrected or announced, and then it is run again (rule 67)."""
    return [
        Need(
            code="schedule.run_held", message=f"the export to {partner.code} is held: {kind.last.message}",
            next_step=f"correct class_assignments or announce the change, then: reconcile sync export --school "
                      f"{partner.code}",
        )
        for partner in partners
        for kind in partner.kinds
        if kind.kind == "export" and kind.last is not None and kind.last.outcome is Outcome.HELD
    ]  # fmt: skip


def _old_errors(context: Context, now: datetime) -> list[Need]:
    """Errors that stand for more than a day and that nobody has acknowledged (VS, rule 64)."""
    old = [
        tracked
        for tracked in context.store.reports.issues(IssueFilter(severities=frozenset({"error"})))
        if not tracked.acknowledged_by and now - tracked.opened_at > OLD_ERROR
    ]
    if not old:
        return []
    schools = ", ".join(sorted({tracked.issue.school for tracked in old}))
    return [Need(
        code="schedule.errors_unread", message=f"{len(old)} errors are open for more than 24 hours at {schools}",
        next_step="reconcile issues list --severity error; once somebody sees to one: reconcile issues ack NUMBER",
    )]  # fmt: skip

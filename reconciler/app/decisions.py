"""`approve` and `reject`: a person decides about a held run or plan."""

from __future__ import annotations

from reconciler.app.academic import decide_academic
from reconciler.app.applied import virtual_school
from reconciler.app.context import Context, opened
from reconciler.app.control import fresh_plan, git_commit
from reconciler.app.estate_files import load
from reconciler.app.process import holder
from reconciler.app.turns import school_lock
from reconciler.apply.engine import approve_plan, reject_plan
from reconciler.apply.permission import operators_of, require_role
from reconciler.errors import UnknownName
from reconciler.plan.value import Plan
from reconciler.records.identifiers import claimed
from reconciler.reports.frame import clean
from reconciler.settings import Settings
from reconciler.syncs.holding import approve_held, reject_held
from reconciler.syncs.ports import HeldRun
from reconciler.vocabulary.suggestions import did_you_mean


def approve(settings: Settings, held: str, *, reason: str) -> str:
    """Commits exactly what was held; says what that was.

    Raises UnknownName, NotPermitted, Refused or StalePlan (expired, or what it was made from has moved).
    """
    with opened(settings) as context:
        _require_approver(context, doing="approve")
        if _is_academic(context, held):
            return decide_academic(context, held, approve=True, reason=reason)
        run = _held_run(context, held)
        return _approve_run(context, run, reason) if run else _approve_plan(context, held, reason)


def reject(settings: Settings, held: str, *, reason: str) -> str:
    """Turns it down; nothing of it is ever committed. Raises UnknownName, NotPermitted, Refused."""
    with opened(settings) as context:
        _require_approver(context, doing="reject")
        if _is_academic(context, held):
            return decide_academic(context, held, approve=False, reason=reason)
        run = _held_run(context, held)
        if run is None:
            plan = reject_plan(held, store=context.store.state, declared=(), actor=settings.actor, now=context.now,
                               reason=reason)  # fmt: skip
            return f"Plan {plan.digest[:16]} is turned down; nothing of it was applied."
        with school_lock(context, run.scope.school, command="reject"):
            entry = reject_held(context.store.feeds, run.run, now=context.now, actor=settings.actor, reason=reason)
        return clean(entry.message)


def _approve_run(context: Context, run: HeldRun, reason: str) -> str:
    with school_lock(context, run.scope.school, command="approve"):
        entry = approve_held(
            context.store.feeds, run.run, now=context.now, actor=context.settings.actor, reason=reason,
            claimed=claimed(virtual_school(context.store.state.read_state()).get("identifiers", {})),
            across=context.store.across,
        )  # fmt: skip
    return clean(entry.message)


def _approve_plan(context: Context, digest: str, reason: str) -> str:
    settings, store = context.settings, context.store.state
    loaded = load(settings.estate)

    def make(targets: tuple[str, ...]) -> Plan:
        return fresh_plan(context, loaded, store.read_state(), targets)

    applied = approve_plan(
        digest, make=make, store=store, declared=loaded.resources, actor=settings.actor,
        git_commit=git_commit(settings, loaded.document.files), now=context.now,
        holder=holder(context.now, "approve"), reason=reason,
    )  # fmt: skip
    version = applied.version
    return f"Plan {applied.plan.short_digest} is approved and applied as version {version.serial if version else '-'}."


def _is_academic(context: Context, held: str) -> bool:
    return any(run.run == held for run in context.store.academic.held_runs())


def _held_run(context: Context, held: str) -> HeldRun | None:
    """The held run of that id, None when it names a held plan. Raises UnknownName when it names neither."""
    runs = {run.run: run for run in context.store.feeds.held_runs()}
    if held in runs:
        return runs[held]
    plans = [plan.digest[:16] for plan in context.store.state.held_plans()]
    if any(len(held) >= 8 and digest.startswith(held[:16].lower()) for digest in plans):
        return None
    waiting = [*runs, *plans]
    became = context.store.feeds.became_of(held) or (
        context.store.state.became_of(held[:16].lower()) if len(held) >= 8 else ""
    )
    if became:
        raise UnknownName(
            "held.unknown", f"{held[:64]} does not wait: it is {became}",
            hint=f"waiting: {', '.join(waiting)}" if waiting else "nothing waits",
        )  # fmt: skip
    raise UnknownName(
        "held.unknown",
        f"nothing that waits is called {held[:64]!r}",
        hint=did_you_mean(held, waiting) or (f"waiting: {', '.join(waiting)}" if waiting else "nothing waits"),
    )


def _require_approver(context: Context, *, doing: str) -> None:
    state = context.store.state.read_state()
    require_role(context.settings.actor, "approver", operators_of(state, ()), doing=doing)

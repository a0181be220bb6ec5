"""Applies a plan, approves a held one, or turns it down: every refusal comes before the first write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from reconciler.apply.changes import state_commit
from reconciler.apply.outcome import Applied, PlanHeld
from reconciler.apply.permission import operators_of, require_role
from reconciler.apply.ports import HeldPlan, LockHolder, StateStore
from reconciler.errors import Held, Refused, SecretUnavailable, StalePlan, UnknownName
from reconciler.plan.keys import reference, school_of
from reconciler.plan.saved import SavedPlan, check_expected, check_saved, read_plan, save_plan
from reconciler.plan.value import Block, Plan, Risk
from reconciler.resources.resource import Resource
from reconciler.vocabulary.actor import Actor
from reconciler.vocabulary.suggestions import did_you_mean

HELD_FOR = timedelta(hours=24)
LOCK_WAIT = 10.0  # seconds
_SHORTEST = 8  # characters of a digest that name one among the held plans


def apply_plan(
    plan: Plan,
    *,
    store: StateStore,
    declared: Sequence[Resource],
    actor: Actor,
    git_commit: str,
    now: datetime,
    holder: LockHolder,
    saved: SavedPlan | None = None,
    expect: str = "",
    allowances: Sequence[str] = (),
    confirm: Callable[[Plan], bool] | None = None,
    reason: str = "",
    lock_wait: float = LOCK_WAIT,
) -> Applied:
    """Commits the plan that was just made from the files, in one transaction, or changes nothing.

    `declared` are the files' resources: before any operator was applied, roles come from them. `saved` or `expect`
    narrow the plan to the one that was reviewed. `allowances` are risk tokens (`rekey:virtual_school`). `confirm`
    shows the plan to a person and answers whether to go on; no lock is held meanwhile. `lock_wait` is in seconds.

    Raises NotPermitted, StalePlan, SecretUnavailable, UnknownName (an allowance that fits no risk), PlanHeld (the
    plan is kept for `approve` when an approval can lift what holds it), Held (the person said no) and LockHeld.
    """
    state = store.read_state()
    require_role(actor, "applier", operators_of(state, declared), doing="apply")
    _check_current(plan, lineage=state.lineage, serial=state.serial, last_version=state.last_version)
    if saved:
        check_saved(saved, plan, now=now)
    if expect:
        check_expected(expect, plan)
    _check_allowances(plan, allowances)
    if plan.empty:
        return Applied(plan=plan, version=None)
    waiting = tuple(w for w in plan.waiting if not _allowed(w, allowances))
    if waiting:
        _hold(plan, waiting, store=store, actor=actor, now=now)
    _require_keys(plan)
    if confirm and not confirm(plan):
        raise Held("apply.cancelled", "cancelled; nothing was changed", hint="run apply again when it is agreed")
    with store.lock("apply", holder=holder, wait=lock_wait):
        commit = state_commit(plan, at=now, actor=actor, git_commit=git_commit, reason=reason)
        return Applied(plan=plan, version=store.commit(commit))


def approve_plan(
    digest: str,
    *,
    make: Callable[[tuple[str, ...]], Plan],
    store: StateStore,
    declared: Sequence[Resource],
    actor: Actor,
    git_commit: str,
    now: datetime,
    holder: LockHolder,
    reason: str,
    lock_wait: float = LOCK_WAIT,
) -> Applied:
    """Commits exactly the held plan that `digest` (8 characters or more) names.

    `make` makes the plan anew from files and state for the held plan's targets; it must come to the same digest.

    Raises UnknownName, NotPermitted, Refused (no reason given), StalePlan, SecretUnavailable, PlanHeld, LockHeld.
    """
    state = store.read_state()
    require_role(actor, "approver", operators_of(state, declared), doing="approve")
    _require_reason(reason)
    held = find_held(store, digest)
    if now >= held.expires_at:
        expired = f"{held.expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        raise StalePlan("plan.expired", f"the held plan expired at {expired}", hint="apply again: it is held anew")
    saved = read_plan(held.content, key=store.plan_key(), state=state)
    plan = make(saved.targets)
    _check_current(plan, lineage=state.lineage, serial=state.serial, last_version=state.last_version)
    check_saved(saved, plan, now=now)
    if plan.blocks:
        raise PlanHeld(plan, plan.blocks, stored=False)
    _require_keys(plan)
    with store.lock("apply", holder=holder, wait=lock_wait):
        commit = state_commit(plan, at=now, actor=actor, git_commit=git_commit, reason=reason, consumes=held.digest)
        return Applied(plan=plan, version=store.commit(commit))


def reject_plan(digest: str, *, store: StateStore, declared: Sequence[Resource], actor: Actor, now: datetime,
                reason: str) -> HeldPlan:  # fmt: skip
    """Turns a held plan down; nothing of it is ever committed. Raises UnknownName, NotPermitted, Refused."""
    require_role(actor, "approver", operators_of(store.read_state(), declared), doing="reject")
    _require_reason(reason)
    held = find_held(store, digest)
    store.reject_plan(held.digest, at=now, actor=actor, reason=reason)
    return held


def find_held(store: StateStore, digest: str) -> HeldPlan:
    """The held plan that a digest, or its first 8 characters or more, names. Raises UnknownName."""
    plans = store.held_plans()
    found = [p for p in plans if len(digest) >= _SHORTEST and p.digest.startswith(digest.lower())]
    if len(found) == 1:
        return found[0]
    known = [p.digest[:16] for p in plans]
    listed = f"held plans: {', '.join(known)}" if known else "no plan is held"
    raise UnknownName("apply.unknown_plan", f"no held plan is named {digest[:64]}", subject=digest[:64],
                      hint=did_you_mean(digest[:64], known) or listed)  # fmt: skip


def _check_current(plan: Plan, *, lineage: str, serial: int, last_version: str) -> None:
    """The store may have moved between making the plan and here; the commit itself asks again."""
    if plan.lineage != lineage:
        raise StalePlan("plan.other_store", "the plan was made for another store", hint="make it for this one")
    if plan.serial != serial:
        by = f" by {last_version}" if last_version else ""
        raise StalePlan("plan.stale_state", f"the state moved from serial {plan.serial} to {serial}{by}",
                        hint="look at reconcile state log, then plan again")  # fmt: skip


def _check_allowances(plan: Plan, allowances: Sequence[str]) -> None:
    known = [r.token for r in plan.risks]
    for allowance in allowances:
        if allowance not in known:
            near = did_you_mean(allowance, known)
            raise UnknownName("apply.unknown_allowance", f"--allow {allowance} fits no risk of this plan",
                              hint=near or f"its risks: {', '.join(known) or 'none'}", subject=allowance)  # fmt: skip


def _allowed(item: Risk | Block, allowances: Sequence[str]) -> bool:
    return isinstance(item, Risk) and item.allowable and item.token in allowances


def _hold(plan: Plan, waiting: tuple[Risk | Block, ...], *, store: StateStore, actor: Actor, now: datetime) -> None:
    """Keeps the plan for a person, unless only a change of files or data can help. Always raises PlanHeld."""
    stored = not plan.blocks
    if stored:
        store.hold_plan(HeldPlan(
            digest=plan.digest, held_at=now, expires_at=now + HELD_FOR, actor=actor,
            reasons=tuple(f"{w.code} {w.address}: {w.message}" for w in waiting),
            content=save_plan(plan, key=store.plan_key()),
        ))  # fmt: skip
    raise PlanHeld(plan, waiting, stored=stored)


def _require_keys(plan: Plan) -> None:
    """A school is attached under a key that is known, never a guessed one (VS, rule 21)."""
    missing = [e.school for e in plan.attachments if e.op in ("attach", "unknown") and not e.fingerprint]
    missing += [code for code in _with_another_reference(plan) if not plan.keys.get(code) and code not in missing]
    if missing:
        after = {a.address: a.after or {} for a in plan.actions}
        names = [reference(after.get(f"partner.{school}", {})) for school in missing]
        raise SecretUnavailable(
            "apply.key_unknown",
            f"the Data Exchange Key of {_first(missing)} cannot be read here; nothing was changed",
            hint=f"provide {_first(names)} and apply again",
        )


def _with_another_reference(plan: Plan) -> list[str]:
    """Partners whose declared key changes its reference: whether it is the same key must be proved (VS, rule 28)."""
    return [
        school_of(a.address) for a in plan.actions
        if a.kind == "partner" and a.before and a.after
        and a.before.get("data_exchange_key") != a.after.get("data_exchange_key")
    ]  # fmt: skip


def _first(items: Sequence[str], most: int = 8) -> str:
    """The first names of a long list, the rest counted."""
    return ", ".join(items[:most]) + (f" and {len(items) - most} more" if len(items) > most else "")


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Refused("apply.no_reason", "a decision about a held plan needs its reason",
                      hint="give --reason; it is kept with the audit row")  # fmt: skip

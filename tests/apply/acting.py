"""Applying and approving with everything given but what a spec is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.apply.engine import apply_plan, approve_plan
from reconciler.apply.outcome import Applied
from reconciler.apply.ports import LockHolder, StateStore
from reconciler.plan.keys import KeyFact
from reconciler.plan.value import Plan
from reconciler.resources.resource import Resource
from reconciler.vocabulary.actor import Actor
from tests.plan.estates import KEY_A, NOW, fact, operator, planned

MANAGER = Actor("data-manager", "env")
DPO = Actor("dpo@eskmere.example", "git")
STRANGER = Actor("someone@elsewhere.example", "git")
HOLDER = LockHolder(host="hub", pid=4711, since=NOW, command="reconcile apply")
KEYS: Mapping[str, KeyFact] = {"AVN": fact(KEY_A)}
OPERATORS = (
    operator("data-manager", "viewer", "planner", "applier", "approver", git_email="data.manager@eskmere.example"),
    operator("dpo", "viewer", "approver", git_email="dpo@eskmere.example"),
    operator("no-approver", "viewer", "planner", "applier", "syncer", git_email="apply@eskmere.example"),
    operator("ci-plan", "planner", ci="gitlab:eskmere/estate:merge_request"),
)


def estate(*resources: Resource) -> list[Resource]:
    return [*OPERATORS, *resources]


def fresh(store: StateStore, desired: list[Resource], **options: Any) -> Plan:
    return planned(desired, store.read_state(), **({"keys": KEYS} | options))


def apply(store: StateStore, desired: list[Resource], *, plan: Plan | None = None, actor: Actor = MANAGER,
          now: Any = NOW, options: Mapping[str, Any] | None = None, **given: Any) -> Applied:  # fmt: skip
    """Plans anew with `options` and applies."""
    made = plan or fresh(store, desired, **(options or {}))
    return apply_plan(made, store=store, declared=desired, actor=actor, git_commit="c0ffee", now=now, holder=HOLDER,
                      lock_wait=0.1, **given)  # fmt: skip


def approve(store: StateStore, desired: list[Resource], digest: str, *, actor: Actor = DPO, now: Any = NOW,
            reason: str = "agreed, ECV/9", **options: Any) -> Applied:  # fmt: skip
    def make(targets: Sequence[str]) -> Plan:
        return fresh(store, desired, targets=targets, **options)

    return approve_plan(digest, make=make, store=store, declared=desired, actor=actor, git_commit="c0ffee", now=now,
                        holder=HOLDER, reason=reason, lock_wait=0.1)  # fmt: skip


def digests(store: StateStore) -> dict[str, str]:
    return {address: r.digest for address, r in store.read_state().resources.items()}

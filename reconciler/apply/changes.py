"""Turns a plan into what the store writes."""

from __future__ import annotations

from datetime import datetime

from reconciler.apply.ports import AttachmentChange, ResourceChange, StateCommit
from reconciler.plan.value import Action, Plan
from reconciler.vocabulary.actor import Actor


def state_commit(plan: Plan, *, at: datetime, actor: Actor, git_commit: str, reason: str,
                 consumes: str = "") -> StateCommit:  # fmt: skip
    """The one transaction of a plan; `consumes` is the digest of the held plan that it fulfils."""
    return StateCommit(
        lineage=plan.lineage, expected_serial=plan.serial, estate_id=plan.estate_id, at=at, actor=actor,
        git_commit=git_commit, plan_digest=plan.digest, config_digest=plan.config_digest, reason=reason,
        changes=[_change(action) for action in plan.actions],
        attachments=[
            AttachmentChange(op=e.op, school=e.school, fingerprint=e.fingerprint, old_fingerprint=e.old_fingerprint)
            for e in plan.attachments
        ],
        consumes_held_plan=consumes,
    )  # fmt: skip


def _change(action: Action) -> ResourceChange:
    return ResourceChange(
        address=action.address, kind=action.kind, action=action.action.value, before=action.before,
        before_digest=action.before_digest, after=action.after, after_digest=action.after_digest,
        depends_on=action.depends_on, moved_from=action.moved_from,
    )  # fmt: skip

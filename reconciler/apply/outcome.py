"""How an apply ends: a new version, nothing to do, or held for a person."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.apply.ports import Version
from reconciler.diagnostics import Diagnostic, Diagnostics
from reconciler.errors import Held
from reconciler.plan.value import Block, Plan, Risk


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """`version` is None when there was nothing to do."""

    plan: Plan
    version: Version | None


class PlanHeld(Held):
    """The whole plan waits; nothing was changed. `stored` says that `approve DIGEST` can let it go."""

    def __init__(self, plan: Plan, waiting: tuple[Risk | Block, ...], *, stored: bool) -> None:
        self.plan = plan
        self.waiting = waiting
        self.stored = stored
        what = f"{len(waiting)} step{'s' if len(waiting) > 1 else ''} of plan {plan.short_digest}"
        if stored:
            super().__init__("apply.held", f"{what} must be decided by a person; nothing was changed",
                             hint=f"{_allow(waiting)}reconcile approve {plan.short_digest} --reason WHY, "
                             "within 24 hours")  # fmt: skip
        else:
            super().__init__("apply.blocked", f"{what} cannot be done as declared; nothing was changed",
                             hint="mend what is named, then plan again: no approval lifts it")  # fmt: skip

    @property
    def diagnostics(self) -> Diagnostics:
        """The outcome, and one finding for each step that waits."""
        first = Diagnostic(code=self.code, message=self.message, hint=self.hint)
        steps = [Diagnostic(code=w.code, message=w.message, hint=w.hint, position=w.position, subject=w.address)
                 for w in self.waiting]  # fmt: skip
        return Diagnostics([first, *steps])


def _allow(waiting: tuple[Risk | Block, ...]) -> str:
    tokens = [w.token for w in waiting if isinstance(w, Risk) and w.allowable]
    if len(tokens) < len(waiting):
        return ""
    return "".join(f"--allow {token} " for token in tokens) + "on apply, or "

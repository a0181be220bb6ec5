"""The turn of one school in a sync: nobody else works on it, and only then is it read what the estate says of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.app.applied import of_kind
from reconciler.app.context import Context
from reconciler.app.process import holder, told_when_stopped
from reconciler.errors import Refused
from reconciler.plan.state import StoredState

LOCK_SECONDS = 10.0


@contextmanager
def school_lock(context: Context, school: str, *, command: str) -> Iterator[None]:
    """One at a time works on what is held of a school: syncs, undo, and a person's decision. Raises LockHeld."""
    with context.store.state.lock(f"school:{school}", holder=holder(context.now, command), wait=LOCK_SECONDS):
        yield


@contextmanager
def school_turn(context: Context, school: str, run: str, *, command: str) -> Iterator[StoredState]:
    """Holds the school's lock and gives the state as it is now: an apply may have come while other schools had theirs.

    Raises LockHeld after ten seconds, and Refused `partner.removed` where the school is no partner any more.
    """
    with school_lock(context, school, command=command), told_when_stopped(context, run):
        state = context.store.state.read_state()
        if school not in of_kind(state, "partner"):
            raise Refused(
                "partner.removed",
                f"{school} was removed from the applied estate since this command began, so nothing flows with it",
                hint="see who applied what: reconcile state log",
                subject=f"partner.{school}",
            )
        yield state

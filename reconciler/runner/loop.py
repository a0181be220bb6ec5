"""The embedded runner: wakes for each slot, runs what is due, sleeps again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.errors import ExitCode, ReconcileError
from reconciler.runner.clocks import Clock

RETRY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """How one tick ended, and when the next slot falls due: None when nothing is scheduled."""

    code: ExitCode
    next_at: datetime | None


def run_loop(tick: Callable[[datetime], Tick], clock: Clock, *, stopped: Callable[[], bool],
             trouble: Callable[[ReconcileError], None], until: datetime | None = None) -> None:  # fmt: skip
    """Ticks at every slot until it is told to stop, or `until` has come; slots of that very moment still run.

    A tick that cannot be done (the database is away, another process holds the schedule) is told to `trouble` and
    tried again: a runner outlives what it depends on, and the ledger keeps what is due.
    """
    while not stopped():
        now = clock.now()
        wake = now + RETRY
        try:
            wake = tick(now).next_at or wake
        except ReconcileError as error:
            trouble(error)
        if until is not None and clock.now() >= until:
            return
        if not stopped():
            clock.sleep(wake if until is None else min(wake, until))

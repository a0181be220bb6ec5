"""`run`: the embedded runner, one a store."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from threading import Event
from types import FrameType

from reconciler.app.context import Context, opened
from reconciler.app.due import SyncFlow, due_now, line_of
from reconciler.app.process import holder
from reconciler.apply.permission import operators_of, require_role
from reconciler.diagnostics import render_text
from reconciler.errors import ExitCode, ReconcileError, Refused
from reconciler.runner.clocks import Clock, LeapClock, WallClock
from reconciler.runner.loop import Tick, run_loop
from reconciler.settings import Settings

LOCK = "runner"
_LOCK_SECONDS = 1.0  # another runner does not end by itself, so there is nothing to wait for


def run(settings: Settings, kinds: Mapping[str, SyncFlow], *, once: bool, until: str, say: Callable[[str], None],
        warn: Callable[[str], None]) -> ExitCode:  # fmt: skip
    """Runs the schedule until it is asked to stop, `until` has come or, with `once`, what is due now has been run.

    `say` gets one line a settled slot, `warn` what is no slot: the start, and what stopped a whole tick. In a rehearsal
    with a set clock time leaps from slot to slot. SIGTERM and Ctrl-C end it between two schools. Raises LockHeld while
    another runner works on the store, NotPermitted without the role syncer, and Refused.
    """
    stop, end = Event(), _until(until)
    clock: Clock = LeapClock(settings.now) if settings.now else WallClock(stop)
    if settings.now and end is None and not once:
        raise Refused("schedule.no_end", "the clock is set, so it leaps from slot to slot and would never end",
                      hint="say how far: --until 2026-11-25T09:00+00:00, or --once")  # fmt: skip

    def tick(now: datetime) -> Tick:
        at = replace(settings, now=now) if settings.now else settings
        done = due_now(at, kinds, stop=stop.is_set, tell=lambda ended: say(line_of(ended)))
        if once and not done.ends:
            warn(done.to_text())
        return Tick(code=done.exit_code, next_at=done.next_at)

    with opened(settings) as context, _alone(context, clock.now()), _stopping(stop) as signals:
        if once:
            return tick(clock.now()).code
        require_role(settings.actor, "syncer", operators_of(context.store.state.read_state(), ()), doing="run")
        warn(f"Running the schedule on {context.store.name}. SIGTERM or Ctrl-C ends it between two schools.")
        run_loop(tick, clock, stopped=stop.is_set, trouble=lambda error: warn(_said(error)), until=end)
    return ExitCode.INTERRUPTED if signal.SIGINT in signals else ExitCode.DONE


def _alone(context: Context, now: datetime) -> AbstractContextManager[None]:
    return context.store.state.lock(LOCK, holder=holder(now, "run"), wait=_LOCK_SECONDS)


@contextmanager
def _stopping(stop: Event) -> Iterator[list[int]]:
    """Within the block SIGTERM and Ctrl-C only set `stop`; yields the list of signals that came."""
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        stop.set()

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _until(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refused("schedule.until", f"--until is {text[:40]!r}, which is not a time with a zone",
                      hint="write it like 2026-11-25T09:00:00+00:00")  # fmt: skip
    return moment


def _said(error: ReconcileError) -> str:
    return render_text(error.diagnostics)

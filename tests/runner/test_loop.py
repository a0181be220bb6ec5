"""The loop wakes for each slot, outlives what it depends on, and ends when it is told to."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Timer
from zoneinfo import ZoneInfo

from reconciler.errors import ExitCode, ReconcileError, StoreError
from reconciler.runner.clocks import LONGEST_SLEEP, LeapClock, WallClock
from reconciler.runner.loop import RETRY, Tick, run_loop
from reconciler.schedule.times import next_slot

LONDON = ZoneInfo("Europe/London")
START = datetime(2026, 10, 24, 21, 10, tzinfo=UTC)


@dataclass(slots=True)
class Ticks:
    """Notes when it was called; fails at the ticks named."""

    times: str = "every_hour"
    at: list[datetime] = field(default_factory=list)
    troubles: list[ReconcileError] = field(default_factory=list)
    failing: frozenset[int] = frozenset()

    def __call__(self, now: datetime) -> Tick:
        self.at.append(now)
        if len(self.at) in self.failing:
            raise StoreError("store.unreachable", "gone")
        return Tick(code=ExitCode.DONE, next_at=next_slot(self.times, LONDON, now).at)


def loop(ticks: Ticks, hours: float, stop_after: int = 10**6) -> list[str]:
    """Ticks in a clock that leaps, as times in UTC."""
    run_loop(ticks, LeapClock(START), stopped=lambda: len(ticks.at) >= stop_after, trouble=ticks.troubles.append,
             until=START + timedelta(hours=hours))  # fmt: skip
    return [f"{moment:%H:%M}" for moment in ticks.at]


def test_it_ticks_at_once_and_then_at_every_slot() -> None:
    """Over the change of the clock too: after 01:00 in summer time comes 02:00 in winter time, two hours later."""
    assert loop(Ticks(), 6) == ["21:10", "22:00", "23:00", "00:00", "02:00", "03:00", "03:10"]


def test_a_slot_at_the_very_end_still_runs() -> None:
    """`--until 09:00` includes the slot of 09:00."""
    assert loop(Ticks(), 50 / 60) == ["21:10", "22:00"]


def test_a_tick_that_cannot_be_done_is_told_and_tried_again() -> None:
    """The database was away; nothing is skipped, since the ledger keeps what is due."""
    ticks = Ticks(failing=frozenset({2, 3}))
    assert loop(ticks, 2)[:5] == ["21:10", "22:00", "22:01", "22:02", "23:00"]
    assert [error.code for error in ticks.troubles] == ["store.unreachable"] * 2
    assert timedelta(minutes=1) == RETRY


def test_it_ends_when_it_is_stopped() -> None:
    """Without another tick."""
    assert loop(Ticks(), 100, stop_after=2) == ["21:10", "22:00"]


def test_a_real_clock_wakes_when_it_is_stopped_and_never_sleeps_for_long() -> None:
    """A stop is not kept waiting; and whatever moved the next slot is seen within a minute."""
    stop = Event()
    clock = WallClock(stop)
    Timer(0.2, stop.set).start()
    before = time.monotonic()
    clock.sleep(clock.now() + timedelta(hours=1))
    assert time.monotonic() - before < 10
    assert LONGEST_SLEEP <= 60
    stop.clear()
    clock.sleep(clock.now() - timedelta(hours=1))
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_clock_that_leaps_never_goes_back() -> None:
    """A wake-up that lies behind is now."""
    clock = LeapClock(START)
    clock.sleep(START - timedelta(hours=1))
    assert clock.now() == START

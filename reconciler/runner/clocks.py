"""Time as the embedded runner knows it: the machine's clock, or one that leaps from slot to slot in a rehearsal."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event
from typing import Protocol

LONGEST_SLEEP = 60.0  # seconds: an apply may move the next slot, a machine be suspended, a clock be corrected


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> datetime:
        """The time, aware."""

    def sleep(self, until: datetime) -> None:
        """Returns at `until`, or earlier: the loop looks again whenever it is woken."""


class WallClock:
    """The machine's clock; asleep it wakes at once when `stop` is set."""

    def __init__(self, stop: Event) -> None:
        self._stop = stop

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, until: datetime) -> None:
        self._stop.wait(min(LONGEST_SLEEP, max(0.0, (until - self.now()).total_seconds())))


class LeapClock:
    """Stands still while work is done and leaps where a real clock waits, so that a year passes in minutes."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def sleep(self, until: datetime) -> None:
        self._now = max(self._now, until)

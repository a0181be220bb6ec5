"""Declared quiet times: what does not run by schedule, at which schools, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

_DAY_ONLY = len("2026-12-24")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blackout:
    """From `start` to before `end`, on the clock on the wall in the hub's zone; no `schools` means all of them."""

    start: datetime
    end: datetime
    what: frozenset[str]
    why: str
    schools: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, start: str, end: str, *, what: Iterable[str], why: str, schools: Iterable[str] = ()) -> Blackout:
        """Reads the estate's moments: a bare day begins at midnight, and as an end it is included whole.

        Raises ValueError on a text that is no moment.
        """
        last = datetime.fromisoformat(end)
        if len(end) == _DAY_ONLY:
            last = datetime.combine(last, time()) + timedelta(days=1)
        return cls(start=datetime.fromisoformat(start), end=last, what=frozenset(what), why=why,
                   schools=frozenset(schools))  # fmt: skip

    def covers(self, wall: datetime, *, kind: str, school: str) -> bool:
        """Whether it keeps a run of that kind at that school from starting at a wall-clock time."""
        meant = kind in self.what and (not self.schools or school in self.schools)
        return meant and self.start <= wall < self.end


def quiet(blackouts: Iterable[Blackout], wall: datetime, *, kind: str, school: str) -> Blackout | None:
    """The first blackout that covers the time, None when none does."""
    return next((found for found in blackouts if found.covers(wall, kind=kind, school=school)), None)

"""Slots of a timetable: week, day and period name, never a clock time (VS, rule 34)."""

from __future__ import annotations

import re
from dataclasses import dataclass

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SLOT = re.compile(r"W([1-9])(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\.(.+)\Z")


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One teaching slot of a cycle: week from 1, day from 1 (Monday), period by its name.

    Written `W1Mon.P1`; the hub's day 6 is the first day of week 2.
    """

    week: int
    day: int
    period: str

    @classmethod
    def parse(cls, text: str) -> Slot:
        """Reads `W2Fri.P3`; raises ValueError."""
        match = _SLOT.match(text)
        if not match:
            raise ValueError(f"a slot is written like W1Mon.P1, not {text!r}")
        return cls(int(match[1]), DAYS.index(match[2]) + 1, match[3])

    def __str__(self) -> str:
        return f"W{self.week}{DAYS[self.day - 1]}.{self.period}"

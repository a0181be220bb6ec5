"""Period structures: weeks, days and periods of a timetable cycle (VS, rules 33 to 38)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.vocabulary.slots import DAYS, Slot


@dataclass(frozen=True, slots=True)
class PeriodStructure:
    """A cycle of `weeks` weeks of `days` days from Monday, each with its periods in order.

    `ragged` holds the days that differ (`Fri`, or `W2Fri` for one week only). Times of day do not belong here: a map
    is made by period, never by clock (VS, rule 34).
    """

    name: str
    weeks: int
    days: int
    periods: tuple[str, ...]
    ragged: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @classmethod
    def of(cls, name: str, entry: Mapping[str, Any]) -> PeriodStructure:
        """Reads a schema-valid entry of `period_structures`."""
        return cls(
            name=name,
            weeks=int(entry["weeks"]),
            days=int(entry["days"]),
            periods=tuple(entry["periods"]),
            ragged=tuple((day, tuple(periods)) for day, periods in (entry.get("except") or {}).items()),
        )

    def day_periods(self, week: int, day: int) -> Sequence[str]:
        """The periods of one day, in order; none where the cycle has no such day. Both count from 1."""
        if not (1 <= week <= self.weeks and 1 <= day <= self.days):
            return ()
        ragged = dict(self.ragged)
        name = DAYS[day - 1]
        return ragged.get(f"W{week}{name}", ragged.get(name, self.periods))

    def slots(self) -> tuple[Slot, ...]:
        """Every slot of the cycle, in teaching order."""
        return tuple(
            Slot(week, day, period)
            for week in range(1, self.weeks + 1)
            for day in range(1, self.days + 1)
            for period in self.day_periods(week, day)
        )

    @property
    def most_periods(self) -> int:
        """The periods of the fullest day."""
        return max(
            (len(self.day_periods(week, day)) for week in range(1, self.weeks + 1) for day in range(1, self.days + 1)),
            default=0,
        )

    @property
    def shape(self) -> str:
        """`10 days x 6 periods`: the days of the whole cycle (VS, rule 36)."""
        return f"{self.weeks * self.days} days x {self.most_periods} periods"

"""The next school days of hub and partner side by side: where both are in their cycles, and what the map says (VS, rule
41)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

from reconciler.estate.period_maps import Expansion
from reconciler.estate.structures import PeriodStructure
from reconciler.estate.weeks import SchoolCalendar, days_from
from reconciler.vocabulary.slots import DAYS, Slot

Place = tuple[int | None, int]
"""Week of the cycle from 1, None where nothing says which, and day of the week from 1."""

Pairs = tuple[tuple[Slot, Slot | None], ...]
"""Hub slots with what they are mapped to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a map: its structure, its times of day for information, its calendar where one is declared."""

    code: str
    structure: PeriodStructure
    times: Mapping[str, str] = field(default_factory=dict)  # period -> `08:50-09:50`
    calendar: SchoolCalendar | None = None

    @classmethod
    def of(cls, code: str, name: str, spec: Mapping[str, Any], calendar: SchoolCalendar | None) -> Side:
        """Of the applied period structure `name`."""
        times = {period: f"{at['from']}-{at['to']}" for period, at in (spec.get("times") or {}).items()}
        return cls(code=code, structure=PeriodStructure.of(name, spec), times=times, calendar=calendar)

    def place(self, day: date) -> Place | None:
        """Where the day is in the cycle; None on a day without lessons."""
        if self.calendar is None or not self.calendar.is_open(day):
            return None
        number = day.isoweekday()
        week = self.calendar.week(day, weeks=self.structure.weeks)
        taught = self.structure.day_periods(week or 1, number)
        return (week, number) if taught else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolDay:
    """One day: `hub` and `partner` are like `W1Mon`, empty without lessons, `W?Mon` where the week is unknown.

    `wrong` says that the map reaches another day of the partner's cycle than the one that it is.
    """

    day: date
    hub: str
    partner: str
    slots: Pairs
    note: str = ""
    wrong: bool = False

    @property
    def reached(self) -> tuple[str, ...]:
        """The days of the partner's cycle that the map reaches on this day: one, as a rule."""
        return tuple(dict.fromkeys(day_name(target.week, target.day) for _, target in self.slots if target))

    @property
    def date_text(self) -> str:
        """`Mon 23 Nov 2026`."""
        return f"{self.day:%a} {self.day.day} {self.day:%b %Y}"

    @property
    def slots_text(self) -> str:
        """`P1 = P1, P6 not selected`; the partner's slots are spelt out where they are on several days."""
        several = len(self.reached) > 1
        return ", ".join(
            f"{hub.period} not selected" if target is None else f"{hub.period} = {target if several else target.period}"
            for hub, target in self.slots
        )


def next_school_days(hub: Side, partner: Side, expansion: Expansion | None, *, today: date,
                     count: int) -> tuple[SchoolDay, ...]:  # fmt: skip
    """The next days, `today` included, on which hub or partner teaches; fewer at the end of the calendars."""
    made = (_school_day(day, hub, partner, expansion) for day in _calendar_days(hub, partner, today))
    return tuple(islice((day for day in made if day), count))


def day_name(week: int | None, day: int) -> str:
    """`W1Mon`, `W?Mon` where the week is unknown."""
    return f"W{week or '?'}{DAYS[day - 1]}"


def _calendar_days(hub: Side, partner: Side, today: date) -> Iterator[date]:
    ends = [term[1] for side in (hub, partner) if side.calendar for term in side.calendar.terms]
    return days_from(today, (max(ends) - today).days + 1) if ends else iter(())


def _school_day(day: date, hub: Side, partner: Side, expansion: Expansion | None) -> SchoolDay | None:
    """None where neither teaches."""
    here, there = hub.place(day), partner.place(day)
    if here is None and there is None:
        return None
    slots: Pairs = ()
    if here and here[0] and expansion is not None:
        week, number = here[0], here[1]
        own = [Slot(week, number, period) for period in hub.structure.day_periods(week, number)]
        slots = tuple((slot, expansion.slots.get(slot)) for slot in own)
    elsewhere = sorted(
        {day_name(t.week, t.day) for _, t in slots if t and there and there[0] and (t.week, t.day) != there}
    )
    return SchoolDay(
        day=day, hub=day_name(*here) if here else "", partner=day_name(*there) if there else "", slots=slots,
        note=_note(partner.code, here, there, elsewhere), wrong=bool(elsewhere),
    )  # fmt: skip


def _note(code: str, here: Place | None, there: Place | None, elsewhere: Sequence[str]) -> str:
    if here is None:
        return f"no lessons at the hub: what {code} teaches has no hub slot"
    if there is None:
        return f"no lessons at {code}"
    return f"the map reaches {', '.join(elsewhere)}, but {code} is in {day_name(*there)}" if elsewhere else ""

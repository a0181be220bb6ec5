"""Timetable cycles compared slot by slot: what is there more or less, and what that does to a period map (rule 34)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from reconciler.connectors.live_protocol import SeenSlots
from reconciler.estate.structures import PeriodStructure
from reconciler.vocabulary.slots import DAYS, Slot

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleDifference:
    """How the seen cycle differs from a declared one: in weeks, in days of a week, and slot by slot where both have
    the week and the day."""

    weeks: bool
    days: bool
    more: frozenset[Slot]
    less: frozenset[Slot]

    @property
    def periods(self) -> bool:
        return bool(self.more or self.less)


def cycle_difference(declared: PeriodStructure, seen: SeenSlots) -> CycleDifference:
    """Of a cycle that was not seen whole only what it has more is known."""
    own = frozenset(declared.slots())
    weeks, days = max((s.week for s in own), default=0), max((s.day for s in own), default=0)
    both_weeks, both_days = min(weeks, seen.weeks), min(days, seen.days)

    def common(slots: Collection[Slot]) -> frozenset[Slot]:
        return frozenset(s for s in slots if s.week <= both_weeks and s.day <= both_days)

    return CycleDifference(
        weeks=seen.weeks != weeks if seen.whole else seen.weeks > weeks,
        days=seen.days != days if seen.whole else seen.days > days,
        more=common(seen.slots) - own,
        less=common(own) - seen.slots if seen.whole else frozenset(),
    )


def named(slots: Collection[Slot], cycle: Collection[Slot]) -> str:
    """`P6 on every day`, `TWI on W1Mon, W1Tue, W1Wed and 2 more days`; `cycle` says which days there are."""
    every = {(slot.week, slot.day) for slot in cycle}
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for slot in sorted(slots):
        found[slot.period].append((slot.week, slot.day))
    return "; ".join(f"{period} on {_days(days, every)}" for period, days in sorted(found.items()))


def _days(days: list[tuple[int, int]], every: Collection[tuple[int, int]]) -> str:
    if len(days) > 1 and set(days) >= set(every):
        return "every day"
    shown = ", ".join(f"W{week}{DAYS[day - 1]}" for week, day in days[:_SHOWN])
    left = len(days) - _SHOWN
    return f"{shown} and {left} more day{'s' if left > 1 else ''}" if left > 0 else shown


def consequences(slots: Mapping[str, str | None] | None, more: Collection[Slot], less: Collection[Slot]) -> str:
    """What a map makes of slots that are there more or less; empty without a map."""
    if slots is None:
        return ""
    targets = [target for target in slots.values() if target]
    gone = {str(slot) for slot in less}
    lost = sum(str(slot) not in targets for slot in more)
    empty = sum(target in gone for target in targets)
    said = [f"no hub slot reaches {lost} of them, so lessons there would be lost"] if lost else []
    said += [f"{empty} hub slots lead to periods that are not there"] if empty else []
    return "; ".join(said)


def shape(seen: SeenSlots) -> str:
    """`10 days x 6 periods`, `at least` before it where not all of it was seen."""
    per_day: dict[tuple[int, int], int] = defaultdict(int)
    for slot in seen.slots:
        per_day[slot.week, slot.day] += 1
    most = max(per_day.values(), default=0)
    return f"{'' if seen.whole else 'at least '}{seen.weeks * seen.days} days x {most} periods"

"""Expands a declared period map into one target for each hub slot (VS, rules 34 to 41).

Shorthand (`periods`, `repeat`, `week_offset`), days that differ (`except`) and explicit `slots` all end in the same
value, so that two ways of writing one map give the same state (VS, rule 37). The special wins over the general:
`slots`, then `except` (one week before every week), then `periods`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.estate.structures import PeriodStructure
from reconciler.vocabulary.slots import DAYS, Slot

NOT_SELECTED = "not_selected"

Path = tuple[str, ...]
"""Where something stands inside the entry of a map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapProblem:
    """What is wrong with one written line of a map; `slot` is the first hub slot that it concerns."""

    what: str  # unknown_hub_slot | unknown_partner_slot
    path: Path
    written: str
    slot: Slot | None = None
    target: Slot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """A map in full: a partner slot, or None for *not selected*, for every hub slot that is mapped.

    `unmapped` are the hub slots about which the map says nothing; `texts` is the same map as plain text.
    """

    slots: Mapping[Slot, Slot | None]
    unmapped: tuple[Slot, ...] = ()
    problems: tuple[MapProblem, ...] = ()
    texts: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def mapped(self) -> int:
        """How many hub slots have a partner slot."""
        return sum(target is not None for target in self.slots.values())

    @property
    def not_selected(self) -> int:
        """How many hub slots are said to have none."""
        return len(self.slots) - self.mapped

    def doubled(self) -> Iterator[tuple[Slot, Slot]]:
        """Pairs of hub slots of one day that land on one partner slot (VS, rule 40)."""
        seen: dict[tuple[int, int, Slot], Slot] = {}
        for hub, target in self.slots.items():
            if target is not None:
                first = seen.setdefault((hub.week, hub.day, target), hub)
                if first is not hub:
                    yield first, hub

    def unreached(self, partner: PeriodStructure) -> tuple[Slot, ...]:
        """Partner slots that no hub slot reaches: their lessons would be lost (VS, rule 39)."""
        reached = set(self.slots.values())
        return tuple(slot for slot in partner.slots() if slot not in reached)


def expansion_of(texts: Mapping[str, str | None]) -> Expansion:
    """The map that the stored state keeps, hub slot to partner slot or None, read back. Raises ValueError."""
    slots = {Slot.parse(hub): None if target is None else Slot.parse(target) for hub, target in texts.items()}
    return Expansion(slots=slots, texts=texts)


def expand(*, hub: PeriodStructure, partner: PeriodStructure, entry: Mapping[str, Any]) -> dict[Slot, Slot | None]:
    """A target for every hub slot; a slot that the entry leaves out has none, as if *not selected*."""
    slots = read_map(hub=hub, partner=partner, entry=entry).slots
    return {slot: slots.get(slot) for slot in hub.slots()}


def read_map(*, hub: PeriodStructure, partner: PeriodStructure, entry: Mapping[str, Any]) -> Expansion:
    """The whole map with everything that is wrong with it; `entry` is schema-valid."""
    hub_slots = hub.slots()
    lines = _Lines(hub=hub, hub_slots=frozenset(hub_slots), partner=partner, entry=entry)
    partner_slots = frozenset(partner.slots())
    unlisted = entry.get("unlisted") == NOT_SELECTED
    slots: dict[Slot, Slot | None] = {}
    unmapped: list[Slot] = []
    problems: dict[Path, MapProblem] = {p.path: p for p in lines.strays()}
    for slot in hub_slots:
        line = lines.find(slot)
        said, target = lines.target(slot, line[1]) if line else (False, None)
        if said or unlisted:
            slots[slot] = target
        else:
            unmapped.append(slot)
        if line and target is not None and target not in partner_slots:
            path, written = line
            problem = MapProblem(what="unknown_partner_slot", path=path, written=str(written), slot=slot, target=target)
            problems.setdefault(path, problem)
    return Expansion(
        slots=slots,
        unmapped=tuple(unmapped),
        problems=tuple(problems.values()),
        texts={str(slot): None if target is None else str(target) for slot, target in slots.items()},
    )


def partner_week(week: int, *, partner_weeks: int, offset: int, weekly: bool) -> int | None:
    """The partner's week that meets hub week `week`, both from 1; None where the map does not say (VS, rule 41)."""
    if weekly or (partner_weeks == 1 and week == 1):
        return 1
    if week > partner_weeks:
        return None
    return (week - 1 + offset) % partner_weeks + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines:
    """The written lines of one map, found by hub slot."""

    hub: PeriodStructure
    hub_slots: frozenset[Slot]
    partner: PeriodStructure
    entry: Mapping[str, Any]

    def find(self, slot: Slot) -> tuple[Path, Any] | None:
        """The line that decides about a slot, most special first; None where none does."""
        explicit = self.entry.get("slots") or {}
        text = str(slot)
        if text in explicit:
            return ("slots", text), explicit[text]
        name = DAYS[slot.day - 1]
        days = self.entry.get("except") or {}
        for day in (f"W{slot.week}{name}", name):
            if day in days and slot.period in days[day]:
                return ("except", day, slot.period), days[day][slot.period]
        periods = self.entry.get("periods") or {}
        return (("periods", slot.period), periods[slot.period]) if slot.period in periods else None

    def target(self, slot: Slot, written: Any) -> tuple[bool, Slot | None]:
        """Reads the right-hand side: whether it says anything for this slot, and what (None: *not selected*).

        It is a whole slot, or a period of the same day; the latter says nothing where no partner week is known.
        """
        if written is None or written == NOT_SELECTED:
            return True, None
        text = str(written)
        try:
            return True, Slot.parse(text)
        except ValueError:
            week = partner_week(
                slot.week,
                partner_weeks=self.partner.weeks,
                offset=int(self.entry.get("week_offset") or 0),
                weekly=self.entry.get("repeat") == "weekly",
            )
            return (True, Slot(week, slot.day, text)) if week else (False, None)

    def strays(self) -> Iterator[MapProblem]:
        """Lines whose left-hand side names no slot of the hub."""
        periods = {slot.period for slot in self.hub_slots}
        for period in self.entry.get("periods") or {}:
            if period not in periods:
                yield MapProblem(what="unknown_hub_slot", path=("periods", period), written=period)
        for day, lines in (self.entry.get("except") or {}).items():
            for period in lines:
                if not self._on(day, period):
                    path = ("except", day, period)
                    yield MapProblem(what="unknown_hub_slot", path=path, written=f"{day}.{period}")
        for text in self.entry.get("slots") or {}:
            if Slot.parse(text) not in self.hub_slots:
                yield MapProblem(what="unknown_hub_slot", path=("slots", text), written=text)

    def _on(self, day: str, period: str) -> bool:
        weeks = [int(day[1])] if day[1].isdigit() else range(1, self.hub.weeks + 1)
        return any(Slot(week, DAYS.index(day[-3:]) + 1, period) in self.hub_slots for week in weeks)

"""Named times and the slots that they make: local wall-clock labels, each once a day (VS, rules 7 to 9).

A slot is known by its local date and label. On the day in autumn on which an hour comes twice, its labels mean the
first of the two hours. On the day in spring on which an hour does not come, a label inside it falls on the first
moment after the gap; where another slot of the same schedule falls on that moment too, the two are one, under the
label that the clock then shows. So no slot runs twice, none is left out, and the order of labels is that of time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\Z")


def _every(minutes: int) -> tuple[str, ...]:
    return tuple(f"{at // 60:02}:{at % 60:02}" for at in range(0, 24 * 60, minutes))


NAMED: dict[str, tuple[str, ...]] = {
    "every_30_minutes": _every(30),
    "every_hour": _every(60),
    "every_morning": ("08:00",),
    "every_afternoon": ("13:00",),
    "every_night": ("18:00",),
}


@dataclass(frozen=True, slots=True, order=True)
class SlotName:
    """Which slot of a schedule: its local date and its label, `08:00`."""

    day: date
    label: str

    def __str__(self) -> str:
        return f"{self.label} on {self.day.day} {self.day:%B %Y}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A slot and the moment, aware UTC, at which it falls due."""

    name: SlotName
    at: datetime


def labels(times: str) -> tuple[str, ...]:
    """The labels of a day, in order: of a named schedule, or of one time of day like `06:40`. Raises ValueError."""
    if times in NAMED:
        return NAMED[times]
    if _CLOCK.match(times):
        return (times,)
    raise ValueError(f"a schedule is one of {', '.join(NAMED)}, or a time like 06:40, not {times!r}")


@lru_cache(maxsize=4096)
def slots_of_day(times: str, zone: ZoneInfo, day: date) -> tuple[Slot, ...]:
    """The slots of one local day, in order of time, no two at one moment."""
    found: dict[datetime, Slot] = {}
    for label in labels(times):
        at = _moment(datetime.combine(day, time.fromisoformat(label)), zone)
        found[at] = Slot(name=SlotName(day, label), at=at)
    return tuple(found.values())


def slots_between(times: str, zone: ZoneInfo, start: datetime, end: datetime) -> tuple[Slot, ...]:
    """Slots from `start` to `end`, aware and both included, in order of time."""
    day, last = start.astimezone(zone).date() - _DAY, end.astimezone(zone).date()
    found: list[Slot] = []
    while day <= last:
        found += [slot for slot in slots_of_day(times, zone, day) if start <= slot.at <= end]
        day += _DAY
    return tuple(found)


def latest_slot(times: str, zone: ZoneInfo, now: datetime) -> Slot:
    """The slot that fell due last, at `now` or before."""
    return slots_between(times, zone, now - 3 * _DAY, now)[-1]


def next_slot(times: str, zone: ZoneInfo, now: datetime) -> Slot:
    """The first slot after `now`."""
    return next(slot for slot in slots_between(times, zone, now, now + 3 * _DAY) if slot.at > now)


def _moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """When a clock on the wall shows it for the first time; for a time that is left out, the moment it is passed."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    return _end_of_gap(wall.replace(tzinfo=zone, fold=1).astimezone(UTC), first, zone)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The moment of the one change of the clock that lies after `before` and not after `after`."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)

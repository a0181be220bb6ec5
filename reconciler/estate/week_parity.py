"""Whether a map's weeks and the weeks of the two calendars agree: the A week of one may be the other's B (VS, rule 41).

Nothing is asked of the map but what it reaches: shorthand with an offset and explicit slots are judged alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.estate.period_maps import Expansion
from reconciler.estate.weeks import Meeting


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongParity:
    """A day on which a map reaches another week of the partner than the day is in.

    `offset` is the `week_offset` that would be right all year; where the two calendars do not keep their distance it is
    None, and `other` is a day on which they stand otherwise than on `meeting`.
    """

    meeting: Meeting
    mapped: int  # the partner's week that the map reaches on that day
    offset: int | None
    other: Meeting | None = None


def reached_weeks(expansion: Expansion) -> dict[int, int]:
    """The partner's week that each week of the hub is mapped to, as most of its slots say; unmapped weeks are left
    out."""
    counts: dict[int, Counter[int]] = {}
    for hub, target in expansion.slots.items():
        if target is not None:
            counts.setdefault(hub.week, Counter())[target.week] += 1
    return {week: min(found, key=lambda w: (-found[w], w)) for week, found in counts.items()}


def judge(expansion: Expansion, met: Iterable[Meeting], *, partner_weeks: int) -> WrongParity | None:
    """None where the map is right on every day on which the two meet, or where nothing can be said."""
    every = tuple(met)
    reached = reached_weeks(expansion)
    missed = [m for m in every if reached.get(m.hub_week, m.partner_week) != m.partner_week]
    if not missed:
        return None
    wrong = _plainest(missed)
    distance = _distance(wrong, partner_weeks)
    others = [m for m in every if _distance(m, partner_weeks) != distance]
    return WrongParity(
        meeting=wrong,
        mapped=reached[wrong.hub_week],
        offset=None if others else distance,
        other=_plainest(others) if others else None,
    )


def offset_of(met: Iterable[Meeting], *, partner_weeks: int) -> int | None:
    """The one offset that is right on every day on which two schools meet; None where there is none."""
    found = {_distance(m, partner_weeks) for m in met}
    return found.pop() if len(found) == 1 else None


def _plainest(met: Sequence[Meeting]) -> Meeting:
    """The first that is on a Monday, where a week begins for everybody; else the first."""
    return next((m for m in met if m.day.weekday() == 0), met[0])


def _distance(meeting: Meeting, partner_weeks: int) -> int:
    return (meeting.partner_week - meeting.hub_week) % partner_weeks

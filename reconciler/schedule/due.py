"""What is due now: one verdict for every slot that nobody has settled yet.

A missed slot is run once, and of several only the latest; the older ones are recorded as missed. Slots are compared
with what the ledger holds by date and label, so a clock that went back repeats none; and what was noted as not run by
a clock that has since gone back is open again, so none is lost either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from reconciler.schedule.blackouts import Blackout, quiet
from reconciler.schedule.times import Slot, SlotName, slots_between
from reconciler.vocabulary.feeds import HUB

# In every cycle in this order: what is exported and what academic data belongs to must have been imported (rule 49).
KINDS = ("import", "export", "academic", "upload", "contacts", "consent")
LOOK_BACK = timedelta(days=31)  # after a longer outage, slots before it are no longer listed one by one


class SlotState(StrEnum):
    """Where a slot stands in the ledger."""

    CLAIMED = "claimed"  # a process works on it, or died over it
    DONE = "done"
    FAILED = "failed"
    MISSED = "missed"  # nothing ran at its time, and a later slot was run instead
    SKIPPED = "skipped"  # a blackout, a partner that waits for its first run by hand, an import that failed before


NOT_RUN = frozenset({SlotState.MISSED, SlotState.SKIPPED})


@dataclass(frozen=True, slots=True, order=True)
class LineKey:
    """One kind of run for one feed of one school."""

    kind: str
    school: str
    feed: str = HUB


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is scheduled for one key.

    `since` is when the schedule took over (aware UTC): slots before it are nobody's. While the line is `waiting` for a
    person's first run only its latest slot is looked at, and nothing counts as missed.
    """

    key: LineKey
    times: str
    since: datetime
    waiting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One slot as the ledger holds it. `due_at` and `noted_at` are aware UTC.

    `attempts` counts how often a process began it; `after_run` is the number that the transfer log had reached when it
    was claimed last, so that what was done for it can be told apart without asking a clock.
    """

    name: SlotName
    due_at: datetime
    state: SlotState
    noted_at: datetime
    attempts: int = 0
    after_run: int = 0

    def is_open(self, now: datetime) -> bool:
        """Whether it still wants a run: its process died, or a clock since gone back noted it as not run."""
        return self.state is SlotState.CLAIMED or (self.state in NOT_RUN and self.noted_at > now)

    def settles(self, now: datetime) -> bool:
        """Whether it was dealt with at a tick that dealt with all before it too, so that none of those is due."""
        return self.due_at <= now and not self.is_open(now)


class Verdict(StrEnum):
    """What is to become of a slot."""

    RUN = "run"
    MISSED = "missed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class DueSlot:
    """A slot of a line with its verdict; `why` is for people, empty for a run."""

    key: LineKey
    slot: Slot
    verdict: Verdict
    why: str = ""


def due(lines: Iterable[Line], blackouts: Sequence[Blackout], recorded: Mapping[LineKey, Sequence[Recorded]], *,
        zone: ZoneInfo, now: datetime) -> list[DueSlot]:  # fmt: skip
    """Verdicts on all unsettled slots up to `now`, in the order in which they are to be dealt with.

    `recorded` need only hold, of each line, its claimed slots and all from the latest settled one on; whoever asks
    makes sure that no living process holds a claim.
    """
    found = [verdict for line in lines for verdict in _line(line, blackouts, recorded.get(line.key, ()), zone, now)]
    return sorted(found, key=order)


def order(found: DueSlot) -> tuple[int, str, str, datetime]:
    """Imports, then exports, then academic data, each school by school, the oldest slot first (rules 8 and 49)."""
    return KINDS.index(found.key.kind), found.key.school, found.key.feed, found.slot.at


def _line(line: Line, blackouts: Sequence[Blackout], recorded: Sequence[Recorded], zone: ZoneInfo,
          now: datetime) -> list[DueSlot]:  # fmt: skip
    def resting(wall: datetime) -> Blackout | None:
        return quiet(blackouts, wall, kind=line.key.kind, school=line.key.school)

    died = {r.name for r in recorded if r.state is SlotState.CLAIMED}
    verdicts: list[DueSlot] = []
    awake: list[Slot] = []
    for slot in _unsettled(line, recorded, zone, now):
        blackout = resting(_wall(slot.name))
        if blackout is None:
            awake.append(slot)
        else:
            verdicts.append(_verdict(line, slot, Verdict.SKIPPED, f"blackout: {blackout.why}"))
    begun = resting(now.astimezone(zone).replace(tzinfo=None))
    if begun is not None:
        late = f"a blackout began before it was caught up: {begun.why}"
        return verdicts + [_verdict(line, slot, Verdict.MISSED, late) for slot in awake]
    for slot in awake[:-1]:
        happened = "its process went away" if slot.name in died else "nothing ran at its time"
        verdicts.append(_verdict(line, slot, Verdict.MISSED, f"{happened}; {awake[-1].name} is run instead"))
    return verdicts + [_verdict(line, slot, Verdict.RUN) for slot in awake[-1:]]


def _unsettled(line: Line, recorded: Sequence[Recorded], zone: ZoneInfo, now: datetime) -> list[Slot]:
    """Slots up to `now` that want a verdict, in order of time: what a dead process claimed, and all since the last
    settled one.

    A `since` that lies ahead was noted by a clock that has gone back, and says nothing.
    """
    settled = max((r.due_at for r in recorded if r.settles(now)), default=None)
    known = {r.name for r in recorded if not r.is_open(now)}
    claimed = {r.name: Slot(name=r.name, at=r.due_at) for r in recorded
               if r.state is SlotState.CLAIMED and r.due_at <= now}  # fmt: skip
    start = max(now - LOOK_BACK, line.since if line.since <= now else now - LOOK_BACK, settled or now - LOOK_BACK)
    fresh = [
        slot
        for slot in slots_between(line.times, zone, start, now)
        if slot.name not in known and slot.name not in claimed and slot.at != settled
    ]
    if line.waiting or (settled is None and line.since > now):
        fresh = fresh[-1:]
    return sorted([*claimed.values(), *fresh], key=lambda slot: slot.at)


def _wall(name: SlotName) -> datetime:
    return datetime.combine(name.day, time.fromisoformat(name.label))


def _verdict(line: Line, slot: Slot, verdict: Verdict, why: str = "") -> DueSlot:
    return DueSlot(key=line.key, slot=slot, verdict=verdict, why=why)

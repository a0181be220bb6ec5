"""A ledger in memory, a clock that is set by hand, and flows that only note that they ran."""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.runner.ports import LedgerRow, RunEnd
from reconciler.schedule.due import DueSlot, LineKey, Recorded, SlotState
from reconciler.schedule.times import Slot, SlotName
from reconciler.transfers.entry import Outcome

Address = tuple[LineKey, SlotName]


class Death(BaseException):
    """Stands for SIGKILL: it is nobody's to catch."""


@dataclass(slots=True)
class MemoryLedger:
    """What a store promises, as plainly as it can be said; `log` stands for the transfer log, in order of number."""

    dies_before_finish: bool = False
    rows: dict[Address, LedgerRow] = field(default_factory=dict)
    by_line: dict[LineKey, list[tuple[datetime, SlotName]]] = field(default_factory=dict)  # in order of time
    claimed: set[Address] = field(default_factory=set)
    failures: dict[tuple[str, SlotName], set[str]] = field(default_factory=dict)
    log: list[tuple[LineKey, RunEnd]] = field(default_factory=list)

    def recent(self, keys: Collection[LineKey], *, now: datetime) -> Mapping[LineKey, Sequence[Recorded]]:
        return {key: self._recent(key, now) for key in keys}

    def _recent(self, key: LineKey, now: datetime) -> list[Recorded]:
        found = []
        for _, name in reversed(self.by_line.get(key, [])):
            found.append(self.rows[key, name].recorded)
            if found[-1].settles(now):
                break
        more = [recorded for held, recorded in self.claims() if held == key and recorded not in found]
        return found + more

    def claims(self) -> Sequence[tuple[LineKey, Recorded]]:
        held = [(key, self.rows[key, name].recorded) for key, name in self.claimed]
        return sorted(held, key=lambda pair: (pair[1].due_at, pair[0]))

    def take(self, key: LineKey, slot: Slot | None, *, seen: Recorded | None, notes: Sequence[DueSlot],
             claimed_by: str, now: datetime) -> Recorded | None:  # fmt: skip
        claim = None
        if slot is not None:
            held = self.rows.get((key, slot.name))
            if (held.recorded if held else None) != seen:
                return None
            claim = Recorded(name=slot.name, due_at=slot.at, state=SlotState.CLAIMED, noted_at=now,
                             attempts=1 + (seen.attempts if seen else 0), after_run=len(self.log))  # fmt: skip
            self._put(key, claim)
        for note in notes:
            held = self.rows.get((note.key, note.slot.name))
            if held is None or held.recorded.is_open(now):
                before = held.recorded if held else Recorded(name=note.slot.name, due_at=note.slot.at,
                                                             state=SlotState.MISSED, noted_at=now)  # fmt: skip
                self._put(note.key, replace(before, state=SlotState(note.verdict), noted_at=now), reason=note.why)
        return claim

    def finish(self, key: LineKey, claim: Recorded, *, state: SlotState, end: RunEnd | None, reason: str,
               now: datetime) -> None:  # fmt: skip
        if self.dies_before_finish:
            raise Death
        assert self.rows[key, claim.name].recorded == claim
        self._put(key, replace(claim, state=state, noted_at=now), run=end.run if end else "", reason=reason)

    def failed(self, kind: str, name: SlotName) -> frozenset[str]:
        return frozenset(self.failures.get((kind, name), ()))

    def ended_run(self, key: LineKey, *, after_run: int) -> RunEnd | None:
        return next((end for of, end in self.log[after_run:] if of == key), None)

    def missed(self, *, since: datetime) -> Sequence[LedgerRow]:
        found = [r for r in self.rows.values() if r.recorded.state is SlotState.MISSED and r.recorded.noted_at >= since]
        return sorted(found, key=lambda row: row.recorded.due_at, reverse=True)

    def latest(self, key: LineKey) -> LedgerRow | None:
        slots = self.by_line.get(key)
        return self.rows[key, slots[-1][1]] if slots else None

    def states(self, key: LineKey) -> dict[SlotName, SlotState]:
        """State of every slot of a line, in order of time."""
        return {name: self.rows[key, name].recorded.state for _, name in self.by_line.get(key, ())}

    def _put(self, key: LineKey, recorded: Recorded, *, run: str = "", reason: str = "") -> None:
        address = (key, recorded.name)
        if address not in self.rows:
            insort(self.by_line.setdefault(key, []), (recorded.due_at, recorded.name))
        self.rows[address] = LedgerRow(key=key, recorded=recorded, run=run, reason=reason)
        (self.claimed.add if recorded.state is SlotState.CLAIMED else self.claimed.discard)(address)
        if recorded.state is SlotState.FAILED:
            self.failures.setdefault((key.kind, recorded.name), set()).add(key.school)


@dataclass(slots=True)
class Watch:
    """A clock that shows what it is set to."""

    shows: datetime

    def __call__(self) -> datetime:
        return self.shows


@dataclass(slots=True)
class Work:
    """Flows that note who ran in which order, and end as they are told to; `failed` is what each was told."""

    log: list[tuple[LineKey, RunEnd]]
    ran: list[LineKey] = field(default_factory=list)
    told: dict[LineKey, frozenset[str]] = field(default_factory=dict)
    ends: dict[LineKey, Outcome | BaseException] = field(default_factory=dict)

    def __call__(self, key: LineKey, failed: frozenset[str]) -> RunEnd:
        self.ran.append(key)
        self.told[key] = failed
        wanted = self.ends.get(key, Outcome.DONE)
        if isinstance(wanted, BaseException):
            raise wanted
        end = RunEnd(run=f"r{len(self.log) + 1}", outcome=wanted, message=f"{key.school} {key.kind} {wanted.value}")
        self.log.append((key, end))
        return end

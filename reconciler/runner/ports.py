"""What the schedule asks of a store; `store` fulfils it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reconciler.schedule.due import DueSlot, LineKey, Recorded, SlotState
from reconciler.schedule.times import Slot, SlotName
from reconciler.transfers.entry import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """How one run of one school ended: its id and outcome in the transfer log, and its one line."""

    run: str
    outcome: Outcome
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One row of the ledger as people read it; `noted_at` is aware UTC."""

    key: LineKey
    recorded: Recorded
    run: str
    reason: str


class SlotLedger(Protocol):
    """One row a kind, school, feed and slot. Every method that writes is one transaction."""

    def recent(self, keys: Collection[LineKey], *, now: datetime) -> Mapping[LineKey, Sequence[Recorded]]:
        """Of each line its claimed slots, and all from the one on that settled everything before it at `now`."""

    def claims(self) -> Sequence[tuple[LineKey, Recorded]]:
        """All slots that are claimed, in order of time."""

    def take(self, key: LineKey, slot: Slot | None, *, seen: Recorded | None, notes: Sequence[DueSlot],
             claimed_by: str, now: datetime) -> Recorded | None:  # fmt: skip
        """Notes what was not run and claims the slot, in one transaction; None when another process was quicker.

        `seen` is the slot's row as it was read, None when there was none: a row that changed since is not taken. With
        no slot to claim it only notes. A slot that is settled is never noted anew.
        """

    def finish(self, key: LineKey, claim: Recorded, *, state: SlotState, end: RunEnd | None, reason: str,
               now: datetime) -> None:  # fmt: skip
        """Settles a claimed slot. Raises Refused (`schedule.claim_lost`) when another process has taken it over."""

    def failed(self, kind: str, name: SlotName) -> frozenset[str]:
        """The schools at which a kind of run failed in one slot."""

    def ended_run(self, key: LineKey, *, after_run: int) -> RunEnd | None:
        """The first run of the line that the transfer log tells the end of, after the number `after_run`."""

    def missed(self, *, since: datetime) -> Sequence[LedgerRow]:
        """Slots noted as missed from `since` on, the latest first."""

    def latest(self, key: LineKey) -> LedgerRow | None:
        """The row of the slot that fell due last."""

"""One entry of the transfer log a run and school, with counts an entity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reconciler.vocabulary.actor import Actor


class Outcome(StrEnum):
    """How a transfer ended.

    `running` is `interrupted` as soon as its process is told to stop, or is gone: the next run writes that, and until
    then whoever reads the log is told so.
    """

    RUNNING = "running"
    DONE = "done"
    UNCHANGED = "unchanged"
    PARTIAL = "partial"  # some rows rejected, the rest done
    HELD = "held"
    REJECTED = "rejected"  # a held run that a person turned down, or that nobody can approve any more
    FAILED = "failed"
    WAITING = "waiting"  # a person must act first: a first run by hand, a period map (rules 32, 45 and 46)
    SKIPPED = "skipped"  # not begun, since what it stands on failed in this cycle (rule 49)
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Rows of one entity in one run. `read = new + changed + same + rejected + out_of_scope`; `left` were held
    before and are no longer offered, so they are not part of what was read."""

    read: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    rejected: int = 0
    out_of_scope: int = 0
    left: int = 0

    def __post_init__(self) -> None:
        parts = self.new + self.changed + self.same + self.rejected + self.out_of_scope
        if self.read != parts:
            raise ValueError(f"the counts do not add up: read {self.read}, accounted for {parts}")

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            read=self.read + other.read, new=self.new + other.new, changed=self.changed + other.changed,
            same=self.same + other.same, rejected=self.rejected + other.rejected,
            out_of_scope=self.out_of_scope + other.out_of_scope, left=self.left + other.left,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRecord:
    """A row that was not used, named by entity, key and place; no values."""

    entity: str
    key: str
    code: str
    message: str
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferEntry:
    """What one run moved for one school and feed. Times are aware UTC; `counts` by entity name."""

    run: str
    kind: str  # import, export, academic, ...
    direction: str  # in, out
    school: str
    feed: str
    attachment: str
    outcome: Outcome
    started_at: datetime
    finished_at: datetime | None
    actor: Actor
    message: str
    counts: Mapping[str, Counts] = field(default_factory=dict)
    rejected: tuple[RejectedRecord, ...] = ()
    notes: tuple[str, ...] = ()  # tolerances and out-of-scope reasons with their counts

    @property
    def total(self) -> Counts:
        return sum(self.counts.values(), Counts())

"""What the data loop asks of a store; `store` fulfils it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from reconciler.issues.issue import DataIssue
from reconciler.records.entities import Entity
from reconciler.transfers.entry import TransferEntry
from reconciler.vocabulary.actor import Actor
from reconciler.vocabulary.codes import AcademicYear

CanonicalRow = tuple[object, ...]  # in column order of the entity, source_id first; text, date or None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedScope:
    """What a row is keyed by, but for entity and source id: attachment and feed. The year is part of every row."""

    school: str
    attachment: str
    feed: str
    year: AcademicYear


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """What the last committed run of an entity left behind."""

    mapping_version: str
    fingerprint: str
    rows: int


@dataclass(slots=True, kw_only=True)
class EntityChanges:
    """The differences of one entity: (row, 64-bit signed digest) for new and changed, source ids for left.

    `first_load` says that nothing was held before, so the bulk path applies and the journal gets one summary row.
    `rejoined` are ids among `new` that had left before.
    """

    new: list[tuple[CanonicalRow, int]] = field(default_factory=list)
    changed: list[tuple[CanonicalRow, int]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    first_load: bool = False
    redigested: dict[str, int] = field(default_factory=dict)  # same columns under a new mapping version

    @property
    def empty(self) -> bool:
        return not (self.new or self.changed or self.left or self.redigested)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedCommit:
    """All that one run writes, in one transaction: records, journal, transfer entry, issues, cursors.

    `base` is the id of the last run that changed this scope when the change set was made; the store refuses
    (StalePlan) when it moved. `issues` are all that were found; issues of `issue_codes` in this scope that were not
    found again are closed.
    """

    scope: FeedScope
    entry: TransferEntry
    base: str
    changes: Mapping[Entity, EntityChanges]
    cursors: Mapping[Entity, Cursor]
    issues: Sequence[DataIssue] = ()
    issue_codes: frozenset[str] = frozenset()
    completes_first_import: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRun:
    """A run that waits for a person: exactly what would be committed, until `expires_at`."""

    run: str
    scope: FeedScope
    held_at: datetime
    expires_at: datetime
    reasons: tuple[str, ...]
    commit: FeedCommit
    status: str = "held"  # held, approved, rejected, expired, superseded


class FeedStore(Protocol):
    """The data loop's store."""

    def attachment(self, school: str) -> str:
        """The id of the school's live attachment. Raises UnknownName when it has none."""

    def first_import_done(self, scope: FeedScope) -> bool:
        """Whether a first manual import of this scope has succeeded (rules 45 and 47)."""

    def base(self, scope: FeedScope) -> str:
        """The run that last changed the scope, empty when none did."""

    def start_run(self, entry: TransferEntry) -> None:
        """Commits the entry as `running`; earlier `running` ones of the same school and feed become `interrupted`."""

    def cursor(self, scope: FeedScope, entity: Entity) -> Cursor | None:
        """What the last committed run left, None before the first."""

    def digests(self, scope: FeedScope, entity: Entity) -> dict[str, int]:
        """Digest of every live row by source id, read packed."""

    def rows(self, scope: FeedScope, entity: Entity) -> Iterator[CanonicalRow]:
        """Live rows, streamed, in order of source id."""

    def commit(self, commit: FeedCommit) -> None:
        """One transaction, wholly or not at all; ends the run. A commit without changes writes no record row.

        The commit of a held run, known by its entry's run, approves it in the same transaction; `close_held` then adds
        who did so and why.
        """

    def end_run(self, entry: TransferEntry, *, issues: Sequence[DataIssue] = ()) -> None:
        """Ends a run that changes no record (failed, waiting, rejected); opens issues, closes none."""

    def hold(self, held: HeldRun) -> None:
        """Keeps the change set, ends the run as `held`; an earlier held run of the scope is superseded."""

    def held_runs(self) -> Sequence[HeldRun]:
        """Those still held, the latest first."""

    def close_held(self, run: str, *, status: str, at: datetime, actor: Actor, reason: str) -> None:
        """Marks a held run `approved` or `rejected` with its audit row and drops its change set. UnknownName."""

"""What an undo asks of a store; `store` fulfils it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from reconciler.records.academic import AcademicEntity
from reconciler.records.entities import Entity
from reconciler.syncs.academic_changes import AcademicChanges
from reconciler.syncs.academic_ports import AcademicCommit
from reconciler.syncs.ports import Cursor, EntityChanges, FeedCommit, FeedScope
from reconciler.transfers.entry import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """One run of the transfer log, and whether it can be taken back.

    `changed` says that it moved records or parked keys; `scope` is what it changed, None where that was never noted.
    `later` are runs of its kind that changed the same scope after it and stand, the latest first; `beside` are those of
    another kind, whose rows are others. `base` is the import that changed the scope last, and `attached` says that its
    rows are live rather than retained.
    """

    run: str
    kind: str
    school: str
    outcome: Outcome
    changed: bool
    scope: FeedScope | None = None
    undone_by: str = ""
    later: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    base: str = ""
    attached: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """The differences that lead back to before a run, and the cursors as they must be afterwards.

    A row that had come back is in `changed`, with the values that it had while it was away, and in `left` as well.
    """

    changes: Mapping[Entity, EntityChanges]
    cursors: Mapping[Entity, Cursor]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcademicWayBack:
    """The same for an academic run: the academic run that changed the scope last, and how many keys the run parked.

    The changes lie in files: whoever takes them closes them.
    """

    base: str
    parked: int
    changes: Mapping[AcademicEntity, AcademicChanges]


class UndoStore(Protocol):
    """The store of `sync undo`."""

    def run_facts(self, run: str) -> RunFacts:
        """Raises UnknownName `undo.unknown_run`, suggesting the nearest that could be undone."""

    def way_back(self, run: str, scope: FeedScope) -> WayBack:
        """Read from the journal of the run; writes nothing."""

    def undo(self, commit: FeedCommit, *, of: str, reason: str) -> bool:
        """One transaction, wholly or not at all: the commit, the mark on the run that is undone, its issues, the audit.

        Issues on records that the run opened are closed, those that it closed are opened again. True when nothing is
        live in the scope any more, so that its next import is a first one, by hand. Raises StalePlan when the scope
        changed since `commit.base`.
        """

    def academic_way_back(self, run: str, scope: FeedScope) -> AcademicWayBack:
        """Read from the journal of an academic run; writes nothing."""

    def undo_academic(self, commit: AcademicCommit, *, of: str, reason: str) -> None:
        """As `undo`, for an academic run; keys that it parked go, and what was read of its entities is forgotten.

        Parked keys that the run had released stay away: their students are known, so nothing waits for them.
        """

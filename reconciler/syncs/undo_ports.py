"""What an undo asks of a store; `store` fulfils it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from reconciler.records.entities import Entity
from reconciler.syncs.ports import Cursor, EntityChanges, FeedCommit, FeedScope
from reconciler.transfers.entry import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """One run of the transfer log, and whether it can be taken back.

    `changed` says that it moved records; `scope` is what it changed, None where that was never noted. `later` are runs
    that changed the same scope after it and stand, the latest first. `base` is the run that changed the scope last, and
    `attached` says that its rows are live rather than retained.
    """

    run: str
    kind: str
    school: str
    outcome: Outcome
    changed: bool
    scope: FeedScope | None = None
    undone_by: str = ""
    later: tuple[str, ...] = ()
    base: str = ""
    attached: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """The differences that lead back to before a run, and the cursors as they must be afterwards.

    A row that had come back is in `changed`, with the values that it had while it was away, and in `left` as well.
    """

    changes: Mapping[Entity, EntityChanges]
    cursors: Mapping[Entity, Cursor]


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

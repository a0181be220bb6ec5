"""A feed store in memory, so that the specifications of the data loop run in milliseconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.errors import StalePlan, UnknownName
from reconciler.issues.issue import DataIssue
from reconciler.records.entities import Entity
from reconciler.syncs.ports import CanonicalRow, Cursor, FeedCommit, FeedScope, HeldRun
from reconciler.transfers.entry import Outcome, TransferEntry
from reconciler.vocabulary.actor import Actor


@dataclass
class MemoryStore:
    """Fulfils the port `FeedStore`; `record_writes` counts every record row that a commit touched."""

    live: dict[tuple[str, str, str, Entity], dict[str, tuple[CanonicalRow, int]]] = field(default_factory=dict)
    departed: dict[tuple[str, str, str, Entity], set[str]] = field(default_factory=dict)
    cursors: dict[tuple[str, str, str, Entity], Cursor] = field(default_factory=dict)
    bases: dict[tuple[str, str, str], str] = field(default_factory=dict)
    entries: dict[str, TransferEntry] = field(default_factory=dict)
    open_issues: dict[tuple[str, ...], DataIssue] = field(default_factory=dict)
    held: dict[str, HeldRun] = field(default_factory=dict)
    first_done: set[tuple[str, str]] = field(default_factory=set)
    closed_held: list[tuple[str, str, str]] = field(default_factory=list)
    approved: str = ""
    record_writes: int = 0
    row_reads: int = 0

    def attachment(self, school: str) -> str:
        return f"{school}:0123456789ab"

    def first_import_done(self, scope: FeedScope) -> bool:
        return (scope.attachment, scope.feed) in self.first_done

    def base(self, scope: FeedScope) -> str:
        return self.bases.get(_key(scope), "")

    def start_run(self, entry: TransferEntry) -> None:
        assert entry.outcome is Outcome.RUNNING
        assert entry.run not in self.entries, "a run is written once"
        self.entries[entry.run] = entry

    def cursor(self, scope: FeedScope, entity: Entity) -> Cursor | None:
        return self.cursors.get((*_key(scope), entity))

    def digests(self, scope: FeedScope, entity: Entity) -> dict[str, int]:
        return {i: digest for i, (_, digest) in self._rows(scope, entity).items()}

    def rows(self, scope: FeedScope, entity: Entity) -> Iterator[CanonicalRow]:
        for _, (row, _digest) in sorted(self._rows(scope, entity).items()):
            self.row_reads += 1
            yield row

    def commit(self, commit: FeedCommit) -> None:
        if commit.base != self.base(commit.scope):
            raise StalePlan("store.base_moved", "another run changed this feed")
        key = _key(commit.scope)
        for entity, changes in commit.changes.items():
            table = self.live.setdefault((*key, entity), {})
            gone = self.departed.setdefault((*key, entity), set())
            new_ids = {str(row[0]) for row, _ in changes.new}
            assert not new_ids & table.keys(), "new rows are not held"
            assert {str(row[0]) for row, _ in changes.changed} <= table.keys(), "changed rows are held"
            assert set(changes.left) <= table.keys(), "rows that left were held"
            assert not changes.first_load or not (table or gone), "a first load finds nothing"
            for row, digest in (*changes.new, *changes.changed):
                table[str(row[0])] = (row, digest)
            for source_id in changes.left:
                del table[source_id]
            for source_id, digest in changes.redigested.items():
                table[source_id] = (table[source_id][0], digest)
            gone -= new_ids
            gone |= set(changes.left)
            self.record_writes += len(changes.new) + len(changes.changed) + len(changes.left)
            if not changes.empty:
                self.bases[key] = commit.entry.run
        for entity, cursor in commit.cursors.items():
            self.cursors[(*key, entity)] = cursor
        self._close_others(commit)
        self._open(commit.issues)
        self.entries[commit.entry.run] = commit.entry
        if commit.entry.run in self.held:
            self.approved = self.held.pop(commit.entry.run).run
        if commit.completes_first_import:
            self.first_done.add((commit.scope.attachment, commit.scope.feed))

    def end_run(self, entry: TransferEntry, *, issues: Sequence[DataIssue] = ()) -> None:
        self.entries[entry.run] = entry
        self._open(issues)

    def hold(self, held: HeldRun) -> None:
        self.held = {run: other for run, other in self.held.items() if other.scope != held.scope}
        self.held[held.run] = held

    def held_runs(self) -> Sequence[HeldRun]:
        return list(self.held.values())

    def close_held(self, run: str, *, status: str, at: datetime, actor: Actor, reason: str) -> None:
        if run not in self.held and not (status == "approved" and run == self.approved):
            raise UnknownName("store.no_held_run", run)
        self.held.pop(run, None)
        self.closed_held.append((run, status, reason))

    def _rows(self, scope: FeedScope, entity: Entity) -> dict[str, tuple[CanonicalRow, int]]:
        return self.live.get((*_key(scope), entity), {})

    def _close_others(self, commit: FeedCommit) -> None:
        found = {issue.identity for issue in commit.issues}
        for identity in [i for i, issue in self.open_issues.items() if issue.code in commit.issue_codes]:
            if identity not in found and identity[1] == commit.scope.school:
                del self.open_issues[identity]

    def _open(self, issues: Sequence[DataIssue]) -> None:
        self.open_issues |= {issue.identity: issue for issue in issues}


def _key(scope: FeedScope) -> tuple[str, str, str]:
    return (scope.attachment, scope.feed, str(scope.year))

"""An academic store in memory, so that the specifications run in milliseconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reconciler.connectors.academic_protocol import Days
from reconciler.errors import StalePlan, UnknownName
from reconciler.issues.issue import DataIssue
from reconciler.records.academic import AcademicEntity, academic_columns
from reconciler.syncs.academic_changes import AcademicChanges
from reconciler.syncs.academic_ports import AcademicCommit, AcademicCursor, HeldAcademic, ParkedCount
from reconciler.syncs.ports import CanonicalRow, FeedScope
from reconciler.transfers.entry import Outcome, TransferEntry
from reconciler.vocabulary.actor import Actor


@dataclass
class MemoryAcademicStore:
    """Fulfils the port `AcademicStore` for one scope; `students` stands for what the roster import left."""

    students: set[str] = field(default_factory=lambda: {"S1", "S2"})
    first_done: bool = True
    live: dict[AcademicEntity, dict[str, CanonicalRow]] = field(default_factory=dict)
    cursors: dict[AcademicEntity, AcademicCursor] = field(default_factory=dict)
    parked_keys: set[tuple[AcademicEntity, str, str]] = field(default_factory=set)
    journal: list[tuple[str, AcademicEntity, str, str, Any]] = field(default_factory=list)
    entries: dict[str, TransferEntry] = field(default_factory=dict)
    open_issues: dict[tuple[str, ...], DataIssue] = field(default_factory=dict)
    held: dict[str, HeldAcademic] = field(default_factory=dict)
    last: str = ""
    writes: int = 0

    def known_students(self, scope: FeedScope) -> frozenset[str]:
        return frozenset(self.students)

    def first_import_done(self, scope: FeedScope) -> bool:
        return self.first_done

    def base(self, scope: FeedScope) -> str:
        return self.last

    def cursor(self, scope: FeedScope, entity: AcademicEntity) -> AcademicCursor | None:
        return self.cursors.get(entity)

    def live_rows(self, scope: FeedScope, entity: AcademicEntity) -> int:
        return len(self.live.get(entity, {}))

    def portion(
        self, scope: FeedScope, entity: AcademicEntity, students: Collection[str], days: Days | None
    ) -> dict[str, CanonicalRow]:
        names = academic_columns(entity)
        return {
            key: row
            for key, row in self.live.get(entity, {}).items()
            if row[1] in students and (days is None or row[names.index("on_date")] in days)
        }

    def find(self, scope: FeedScope, entity: AcademicEntity, ids: Collection[str]) -> dict[str, CanonicalRow]:
        return {key: row for key, row in self.live.get(entity, {}).items() if key in ids}

    def rows(self, scope: FeedScope, entity: AcademicEntity, *, student: str = "") -> Iterator[CanonicalRow]:
        yield from (row for _, row in sorted(self.live.get(entity, {}).items()) if student in ("", row[1]))

    def parked(self, scope: FeedScope) -> Sequence[ParkedCount]:
        found = Counter((entity, student) for entity, student, _ in self.parked_keys)
        return [ParkedCount(entity=entity, student=student, rows=n) for (entity, student), n in sorted(found.items())]

    def start_run(self, entry: TransferEntry) -> None:
        assert entry.outcome is Outcome.RUNNING
        assert entry.run not in self.entries, "a run is written once"
        self.entries[entry.run] = entry

    def commit(self, commit: AcademicCommit) -> None:
        if commit.base != self.last:
            raise StalePlan("store.stale_feed", "another run changed these records")
        for entity, changes in commit.changes.items():
            self._write(commit.entry.run, entity, changes)
        for entity, students in commit.released.items():
            self.parked_keys = {p for p in self.parked_keys if p[0] is not entity or p[1] not in students}
        for entity, changes in commit.changes.items():
            self.parked_keys |= {(entity, student, key) for key, student in changes.parked()}
        self.cursors |= commit.cursors
        found = {issue.identity for issue in commit.issues}
        self.open_issues = {
            i: issue for i, issue in self.open_issues.items() if issue.code not in commit.issue_codes or i in found
        } | {issue.identity: issue for issue in commit.issues}
        self.entries[commit.entry.run] = commit.entry

    def _write(self, run: str, entity: AcademicEntity, changes: AcademicChanges) -> None:
        table = self.live.setdefault(entity, {})
        assert not changes.first_load or not table, "a first load finds nothing"
        for key in changes.left():
            del table[key]
            self.journal.append((run, entity, key, "left", None))
        for row in changes.new():
            assert row[0] not in table, "new rows are not held"
            table[str(row[0])] = row
            self.journal.append((run, entity, str(row[0]), "new", None))
        for row, before in changes.changed():
            assert row[0] in table, "changed rows are held"
            table[str(row[0])] = row
            self.journal.append((run, entity, str(row[0]), "changed", before))
        if not changes.empty:
            self.writes += changes.new_count + changes.changed_count + changes.left_count
            self.last = run

    def end_run(self, entry: TransferEntry, *, issues: Sequence[DataIssue] = ()) -> None:
        self.entries[entry.run] = entry
        self.open_issues |= {issue.identity: issue for issue in issues}

    def hold(self, held: HeldAcademic) -> None:
        kept = {entity: AcademicChanges.load(changes.dump()) for entity, changes in held.commit.changes.items()}
        commit = AcademicCommit(
            scope=held.scope, entry=held.commit.entry, base=held.commit.base, changes=kept, issues=held.commit.issues,
            cursors=held.commit.cursors, released=held.commit.released, issue_codes=held.commit.issue_codes,
        )  # fmt: skip
        self.held[held.run] = HeldAcademic(run=held.run, scope=held.scope, held_at=held.held_at, commit=commit,
                                           expires_at=held.expires_at, reasons=held.reasons)  # fmt: skip

    def held_runs(self) -> Sequence[HeldAcademic]:
        return list(self.held.values())

    def close_held(self, run: str, *, status: str, at: datetime, actor: Actor, reason: str) -> None:
        if run not in self.held:
            raise UnknownName("store.unknown_held_run", run)
        del self.held[run]

"""Small builders of the values that a store keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Any

import orjson

from reconciler.apply.ports import AttachmentChange, LockHolder, ResourceChange, StateCommit
from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue
from reconciler.records.academic import AcademicEntity
from reconciler.records.entities import Entity
from reconciler.store.open import Store
from reconciler.syncs.academic_changes import AcademicChanges
from reconciler.syncs.academic_ports import AcademicCommit, AcademicCursor
from reconciler.syncs.ports import CanonicalRow, Cursor, EntityChanges, FeedCommit, FeedScope
from reconciler.transfers.entry import Counts, Outcome, TransferEntry
from reconciler.vocabulary.actor import Actor
from reconciler.vocabulary.codes import AcademicYear
from reconciler.vocabulary.digests import digest

NOW = datetime(2026, 11, 23, 8, 40, tzinfo=UTC)
ACTOR = Actor("data-manager", "env")
HOLDER = LockHolder(host="hub1", pid=4711, since=NOW, command="reconcile apply")
KEY, OTHER_KEY = "a1" * 32, "b2" * 32
YEAR = AcademicYear(2026)


def later(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def change(address: str, spec: Mapping[str, Any] | None, *, action: str = "create",
           before: Mapping[str, Any] | None = None, **more: Any) -> ResourceChange:  # fmt: skip
    return ResourceChange(
        address=address, kind=address.partition(".")[0], action=action, before=before, before_digest="", after=spec,
        after_digest=digest(spec) if spec is not None else "", **more,
    )  # fmt: skip


def state_commit(store: Store, *changes: ResourceChange, attachments: Sequence[AttachmentChange] = (),
                 **more: Any) -> StateCommit:  # fmt: skip
    """A commit on the state as it is now."""
    state = store.state.read_state()
    told: dict[str, Any] = {
        "lineage": state.lineage, "expected_serial": state.serial, "estate_id": state.estate_id, "at": NOW,
        "actor": ACTOR, "git_commit": "0123abc", "plan_digest": "plan", "config_digest": "config", "reason": "test",
        "changes": changes, "attachments": attachments,
    }  # fmt: skip
    return StateCommit(**(told | more))


def attach(op: str, school: str = "AVN", key: str = KEY, old: str = "") -> AttachmentChange:
    return AttachmentChange(op=op, school=school, fingerprint=key, old_fingerprint=old)


def with_partner(store: Store, school: str = "AVN", key: str = KEY) -> FeedScope:
    """Applies a school with its partner, and returns the scope of its feed `hub`."""
    store.state.commit(
        state_commit(
            store, change(f"school.{school}", {"name": school}), change(f"partner.{school}", {"colour": "#1f6feb"}),
            attachments=[attach("attach", school, key)],
        )
    )  # fmt: skip
    return scope_of(store, school)


def scope_of(store: Store, school: str = "AVN", *, year: AcademicYear = YEAR, feed: str = "hub") -> FeedScope:
    return FeedScope(school=school, attachment=store.feeds.attachment(school), feed=feed, year=year)


def staff(number: int, *, surname: str = "Okafor", start: date | None = date(2026, 9, 1)) -> CanonicalRow:
    return (f"t{number:04}", f"C{number}", f"AVNC{number}", "Ms", "Ngozi", surname, start, None)


def row_digest(row: CanonicalRow) -> int:
    return int.from_bytes(blake2b(orjson.dumps(row), digest_size=8).digest(), "little", signed=True)


def digested(*rows: CanonicalRow) -> list[tuple[CanonicalRow, int]]:
    return [(row, row_digest(row)) for row in rows]


def entry(scope: FeedScope, run: str, outcome: Outcome = Outcome.DONE, *, at: datetime = NOW,
          **more: Any) -> TransferEntry:  # fmt: skip
    told: dict[str, Any] = {
        "run": run, "kind": "import", "direction": "in", "school": scope.school, "feed": scope.feed,
        "attachment": scope.attachment, "outcome": outcome, "started_at": at,
        "finished_at": None if outcome is Outcome.RUNNING else at, "actor": ACTOR, "message": f"{run} {outcome}",
    }  # fmt: skip
    return TransferEntry(**(told | more))


def feed_commit(scope: FeedScope, run: str, changes: EntityChanges | None = None, *, base: str = "",
                at: datetime = NOW, entity: Entity = Entity.STAFF, **more: Any) -> FeedCommit:  # fmt: skip
    made = changes or EntityChanges()
    counts = Counts(read=len(made.new) + len(made.changed), new=len(made.new), changed=len(made.changed),
                    left=len(made.left))  # fmt: skip
    outcome = Outcome.UNCHANGED if made.empty else Outcome.DONE
    told: dict[str, Any] = {
        "scope": scope, "entry": entry(scope, run, outcome, at=at, counts={entity.value: counts}), "base": base,
        "changes": {entity: made}, "cursors": {entity: Cursor(mapping_version="m1", fingerprint="f", rows=0)},
    }  # fmt: skip
    return FeedCommit(**(told | more))


def academic_commit(scope: FeedScope, run: str, base: str = "") -> AcademicCommit:
    """Forty marks of a student who is known, and the key of a mark of one who is not."""
    marks = AcademicEntity.ATTENDANCE_MARKS
    changes = AcademicChanges(marks, first_load=not base)
    for day in range(1, 21):
        for session in ("AM", "PM"):
            on = date(2026, 10, day)
            changes.add_new((f"S1|{on}|{session}", "S1", on, session, "/", "attending", None, None))
    changes.park("S9|2026-10-01|AM", "S9")
    cursor = AcademicCursor(mapping_version="m1", covered_to=date(2026, 10, 20), whole_on=date(2026, 10, 20),
                            students=frozenset({"S1"}))  # fmt: skip
    told = entry(scope, run, kind="academic", counts={marks.value: Counts(read=41, new=40, out_of_scope=1)})
    return AcademicCommit(scope=scope, entry=told, base=base, changes={marks: changes}, cursors={marks: cursor})


def first_load(*rows: CanonicalRow) -> EntityChanges:
    return EntityChanges(new=digested(*rows), first_load=True)


def issue(code: str = "import.no_teacher", record: str = "c1", **more: Any) -> DataIssue:
    told: dict[str, Any] = {
        "code": code, "severity": Severity.WARNING, "school": "AVN", "entity": "classes", "record": record,
        "message": f"class {record} has no teacher", "next_step": "give it one",
    }  # fmt: skip
    return DataIssue(**(told | more))

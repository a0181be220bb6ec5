"""One academic run's commit: records, journal, parked keys, cursors, log, issues and audit, in one transaction."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reconciler.errors import StalePlan
from reconciler.records.academic import AcademicEntity
from reconciler.store import audit, issue_rows, runs
from reconciler.store.academic_write import release, write_changes, write_parked
from reconciler.store.attachments import require_live
from reconciler.store.packed import in_scope, scope_values
from reconciler.store.tables.academic import ACADEMIC_CURSOR, ACADEMIC_HELD, ACADEMIC_STATE
from reconciler.store.tables.runs import FEED_CURSOR
from reconciler.store.tables.undo import RUN_CHANGE
from reconciler.syncs.academic_changes import AcademicChanges
from reconciler.syncs.academic_ports import AcademicCommit, AcademicCursor
from reconciler.syncs.ports import FeedScope


def write(connection: Connection, commit: AcademicCommit) -> None:
    """Writes it all, or raises StalePlan when the scope changed since it was read, or the school was set aside."""
    _claim(connection, commit)
    entry, scope = commit.entry, commit.scope
    at = entry.finished_at or entry.started_at
    number = runs.end(connection, entry)
    changed = {e: commit.changes[e] for e in AcademicEntity if e in commit.changes and not commit.changes[e].empty}
    for entity, changes in changed.items():
        write_changes(connection, scope, changes, number)
        _note_live(connection, scope, entity, changes)
    for entity, students in commit.released.items():
        release(connection, scope, entity, students)
    for changes in commit.changes.values():
        if changes.parked_count:
            write_parked(connection, scope, changes, number)
    for entity, cursor in commit.cursors.items():
        _write_cursor(connection, scope, entity, cursor)
    issue_rows.record(connection, commit.issues, run=entry.run, at=at)
    issue_rows.close_others(
        connection, commit.issues, school=scope.school, feed=scope.feed, codes=commit.issue_codes, run=entry.run, at=at
    )
    if changed or any(changes.parked_count for changes in commit.changes.values()):
        connection.execute(insert(RUN_CHANGE).values(run=number, **scope_values(scope), undone_by=""))
    supersede(connection, scope, by=entry.run)
    if changed:
        connection.execute(update(ACADEMIC_STATE).where(in_scope(ACADEMIC_STATE, scope)).values(base_run=entry.run))
        audit.append(
            connection, at=at, actor=entry.actor, verb="run.committed", subject=f"run {entry.run}",
            detail={
                "school": scope.school, "feed": scope.feed, "kind": entry.kind,
                "changes": {e.value: [c.new_count, c.changed_count, c.left_count] for e, c in changed.items()},
            },
        )  # fmt: skip
        require_live(connection, scope.attachment, scope.school)


def supersede(connection: Connection, scope: FeedScope, *, by: str) -> None:
    """Held academic runs of the scope, apart from `by`, can no longer be committed as shown: their change sets go."""
    where = in_scope(ACADEMIC_HELD, scope) & (ACADEMIC_HELD.c.run != by)
    runs.supersede_held(connection, ACADEMIC_HELD, where, f"superseded by run {by}")


def _claim(connection: Connection, commit: AcademicCommit) -> None:
    """Locks the scope's row, making it first, so that two commits of one scope cannot both find the same base."""
    make: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    fresh = make(ACADEMIC_STATE).values(**scope_values(commit.scope), base_run="")
    connection.execute(fresh.on_conflict_do_nothing())
    query = select(ACADEMIC_STATE.c.base_run).where(in_scope(ACADEMIC_STATE, commit.scope)).with_for_update()
    base = connection.execute(query).scalar_one()
    if base != commit.base:
        raise StalePlan(
            "store.stale_feed",
            f"the academic records of {commit.scope.school} were changed by run {base or '(none)'} after this change "
            f"set was made from {commit.base or '(none)'}",
            hint="sync again: what is to be done is worked out anew",
            subject=f"school.{commit.scope.school}",
        )


def _note_live(connection: Connection, scope: FeedScope, entity: AcademicEntity, changes: AcademicChanges) -> None:
    """How many rows are live, beside those of the roster, so that nothing ever counts a table."""
    table = FEED_CURSOR
    where = in_scope(table, scope) & (table.c.entity == entity.value)
    held = connection.execute(select(table.c.live_rows).where(where)).scalar() or 0
    live = held + changes.new_count - changes.left_count
    connection.execute(delete(table).where(where))
    connection.execute(
        insert(table).values(**scope_values(scope), entity=entity.value, mapping_version="", fingerprint="", rows=live,
                             live_rows=live)
    )  # fmt: skip


def _write_cursor(connection: Connection, scope: FeedScope, entity: AcademicEntity, cursor: AcademicCursor) -> None:
    """Only where something moved, so that a second run leaves it alone."""
    table = ACADEMIC_CURSOR
    where = in_scope(table, scope) & (table.c.entity == entity.value)
    values = {
        "mapping_version": cursor.mapping_version, "covered_to": cursor.covered_to, "whole_on": cursor.whole_on,
        "students": orjson.dumps(sorted(cursor.students)),
    }  # fmt: skip
    held = connection.execute(select(*(table.c[name] for name in values)).where(where)).first()
    if held is None:
        connection.execute(insert(table).values(**scope_values(scope), entity=entity.value, **values))
    elif tuple(held) != tuple(values.values()):
        connection.execute(update(table).where(where).values(**values))

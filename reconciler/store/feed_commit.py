"""One run's commit: records, journal, digests, cursors, transfer entry, issues and audit, in one transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reconciler.errors import StalePlan
from reconciler.records.entities import Entity
from reconciler.store import audit, held_runs, issue_rows, runs
from reconciler.store.attachments import require_live
from reconciler.store.identifiers_held import refuse_clashes
from reconciler.store.packed import in_scope, scope_values
from reconciler.store.records_write import write_entity
from reconciler.store.tables.runs import FEED_CURSOR, FEED_STATE
from reconciler.store.tables.undo import RUN_CHANGE
from reconciler.syncs.ports import Cursor, FeedCommit, FeedScope


def write(connection: Connection, commit: FeedCommit) -> None:
    """Writes it all, or raises StalePlan when the scope changed since it was read, or the school was set aside.

    Raises Held where another school holds an identifier that is claimed to be unique: it came since both were compared.
    """
    _claim(connection, commit)
    entry, scope = commit.entry, commit.scope
    number = runs.end(connection, entry)
    changed = {e: commit.changes[e] for e in Entity if e in commit.changes and not commit.changes[e].empty}
    live = {entity: write_entity(connection, scope, entity, changes, number) for entity, changes in changed.items()}
    _write_cursors(connection, commit, live)
    _write_feed_state(connection, commit, changed=bool(changed))
    at = entry.finished_at or entry.started_at
    issue_rows.record(connection, commit.issues, run=entry.run, at=at)
    issue_rows.close_others(
        connection, commit.issues, school=scope.school, feed=scope.feed, codes=commit.issue_codes, run=entry.run, at=at
    )
    held_runs.supersede(connection, scope, by=entry.run)
    if changed:
        connection.execute(insert(RUN_CHANGE).values(run=number, **scope_values(scope), undone_by=""))
        audit.append(
            connection, at=at, actor=entry.actor, verb="run.committed", subject=f"run {entry.run}",
            detail={
                "school": scope.school, "feed": scope.feed, "kind": entry.kind,
                "changes": {e.value: [len(c.new), len(c.changed), len(c.left)] for e, c in changed.items()},
            },
        )  # fmt: skip
        require_live(connection, scope.attachment, scope.school)
        refuse_clashes(connection, school=scope.school)


def _claim(connection: Connection, commit: FeedCommit) -> None:
    """Locks the scope's row, making it first, so that two commits of one scope cannot both find the same base."""
    make: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    fresh = make(FEED_STATE).values(**scope_values(commit.scope), base_run="", first_import_done=False)
    connection.execute(fresh.on_conflict_do_nothing())
    query = select(FEED_STATE.c.base_run).where(in_scope(FEED_STATE, commit.scope)).with_for_update()
    base = connection.execute(query).scalar_one()
    if base != commit.base:
        raise StalePlan(
            "store.stale_feed",
            f"the rows of {commit.scope.school} in feed {commit.scope.feed} were changed by run {base or '(none)'} "
            f"after this change set was made from {commit.base or '(none)'}",
            hint="sync again: what is to be done is worked out anew",
            subject=f"school.{commit.scope.school}",
        )


def _write_cursors(connection: Connection, commit: FeedCommit, live: dict[Entity, int]) -> None:
    """Only where something moved, so that a run without changes leaves them alone."""
    for entity, cursor in commit.cursors.items():
        where = in_scope(FEED_CURSOR, commit.scope, entity)
        held = connection.execute(select(FEED_CURSOR).where(where)).first()
        rows = live.get(entity, held.live_rows if held else 0)
        wanted = (cursor.mapping_version, cursor.fingerprint, cursor.rows, rows)
        if held and (held.mapping_version, held.fingerprint, held.rows, held.live_rows) == wanted:
            continue
        _replace_cursor(connection, commit.scope, entity, cursor, rows)
    for entity in live.keys() - commit.cursors.keys():
        where = in_scope(FEED_CURSOR, commit.scope, entity)
        done = connection.execute(update(FEED_CURSOR).where(where).values(live_rows=live[entity]))
        if not done.rowcount:
            empty = Cursor(mapping_version="", fingerprint="", rows=live[entity])
            _replace_cursor(connection, commit.scope, entity, empty, live[entity])


def _replace_cursor(connection: Connection, scope: FeedScope, entity: Entity, cursor: Cursor, live: int) -> None:
    connection.execute(delete(FEED_CURSOR).where(in_scope(FEED_CURSOR, scope, entity)))
    connection.execute(
        insert(FEED_CURSOR).values(
            **scope_values(scope), entity=entity.value, mapping_version=cursor.mapping_version,
            fingerprint=cursor.fingerprint, rows=cursor.rows, live_rows=live,
        )
    )  # fmt: skip


def _write_feed_state(connection: Connection, commit: FeedCommit, *, changed: bool) -> None:
    values: dict[str, Any] = {"base_run": commit.entry.run} if changed else {}
    if commit.completes_first_import:
        values["first_import_done"] = True
    if values:
        connection.execute(update(FEED_STATE).where(in_scope(FEED_STATE, commit.scope)).values(**values))

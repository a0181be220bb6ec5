"""The data loop's store: fulfils `FeedStore` of `reconciler.syncs.ports`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import select

from reconciler.issues.issue import DataIssue
from reconciler.records.entities import Entity, column_names
from reconciler.store import compare_rows, feed_commit, held_runs, issue_rows, runs
from reconciler.store.attachments import live_attachment
from reconciler.store.database import Database
from reconciler.store.packed import in_scope, read_packed
from reconciler.store.tables.records import RECORDS
from reconciler.store.tables.runs import FEED_CURSOR, FEED_STATE
from reconciler.syncs.ports import CanonicalRow, Cursor, EntityChanges, FeedCommit, FeedScope, HeldRun
from reconciler.transfers.entry import TransferEntry
from reconciler.vocabulary.actor import Actor

_STREAMED = 2000


class SqlFeedStore:
    """Every method that writes is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def attachment(self, school: str) -> str:
        """The id of the school's live attachment. Raises UnknownName when it has none."""
        with self._database.read() as connection:
            return live_attachment(connection, school)

    def first_import_done(self, scope: FeedScope) -> bool:
        """Whether a first manual import has succeeded (rules 45 and 47); a new academic year does not ask again."""
        table = FEED_STATE
        query = select(table.c.feed).where(
            table.c.attachment == scope.attachment, table.c.feed == scope.feed, table.c.first_import_done
        )
        with self._database.read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def base(self, scope: FeedScope) -> str:
        """The run that last changed the scope, empty when none did."""
        with self._database.read() as connection:
            query = select(FEED_STATE.c.base_run).where(in_scope(FEED_STATE, scope))
            return connection.execute(query).scalar() or ""

    def start_run(self, entry: TransferEntry) -> None:
        """Commits the entry as `running`; earlier `running` ones of the same school and feed become `interrupted`."""
        with self._database.write() as connection:
            runs.start(connection, entry)

    def cursor(self, scope: FeedScope, entity: Entity) -> Cursor | None:
        """What the last committed run left, None before the first."""
        with self._database.read() as connection:
            found = connection.execute(select(FEED_CURSOR).where(in_scope(FEED_CURSOR, scope, entity))).first()
        if found is None:
            return None
        return Cursor(mapping_version=found.mapping_version, fingerprint=found.fingerprint, rows=found.rows)

    def digests(self, scope: FeedScope, entity: Entity) -> dict[str, int]:
        """Digest of every live row by source id, read packed."""
        with self._database.read() as connection:
            return read_packed(connection, scope, entity)

    def rows(self, scope: FeedScope, entity: Entity) -> Iterator[CanonicalRow]:
        """Live rows, streamed, in order of source id (by code point, on both back ends)."""
        table = RECORDS[entity]
        order = table.c.source_id if self._database.is_sqlite else table.c.source_id.collate("C")
        query = (
            select(*(table.c[name] for name in column_names(entity)))
            .where(in_scope(table, scope), table.c.left_load.is_(None))
            .order_by(order)
        )
        with (
            self._database.read() as connection,
            connection.execution_options(yield_per=_STREAMED).execute(query) as found,
        ):
            for row in found:
                yield tuple(row)

    def compare(self, scope: FeedScope, entity: Entity, rows: Iterable[tuple[CanonicalRow, int]]) \
            -> tuple[EntityChanges, int]:  # fmt: skip
        """The differences of all offered rows (each id once) to what is held, worked out by the database column by
        column, and how many rows are the same. For very many rows and for a new mapping version, whose digests all
        differ: rows with the same columns come back as `redigested`."""
        with self._database.scratch() as connection:
            return compare_rows.compare(connection, scope, entity, rows)

    def commit(self, commit: FeedCommit) -> None:
        """One transaction, wholly or not at all; ends the run. A commit without changes writes no record row.

        It supersedes the scope's held runs, but for the one that it fulfils: its caller closes that. What was held is
        no longer what the school says, also where nothing else changed.
        """
        with self._database.write() as connection:
            feed_commit.write(connection, commit)

    def end_run(self, entry: TransferEntry, *, issues: Sequence[DataIssue] = ()) -> None:
        """Ends a run that changes no record (failed, waiting, rejected); opens issues, closes none."""
        with self._database.write() as connection:
            runs.end(connection, entry)
            issue_rows.record(connection, issues, run=entry.run, at=entry.finished_at or entry.started_at)

    def hold(self, held: HeldRun) -> None:
        """Keeps the change set, ends the run as `held`; an earlier held run of the scope is superseded."""
        with self._database.write() as connection:
            held_runs.hold(connection, held)

    def held_runs(self) -> Sequence[HeldRun]:
        """Those still held, the latest first; whether one has expired is for the caller's clock to say."""
        with self._database.read() as connection:
            return held_runs.still_held(connection)

    def became_of(self, run: str) -> str:
        """Why a run that was held waits no longer: `superseded by run X`, `already approved`, `expired`; else empty."""
        with self._database.read() as connection:
            return held_runs.became_of(connection, run)

    def close_held(self, run: str, *, status: str, at: datetime, actor: Actor, reason: str) -> None:
        """Marks a held run `approved` or `rejected` with its audit row and drops its change set. UnknownName."""
        with self._database.write() as connection:
            held_runs.close(connection, run, status=status, at=at, actor=actor, reason=reason)

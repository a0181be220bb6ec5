"""Makes and opens stores. Only making creates anything: nothing ever mistakes an empty store for a first set-up."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime

from sqlalchemy import Connection, insert, inspect, select, text

from reconciler.errors import Refused, StoreError
from reconciler.store import runs
from reconciler.store.academic_store import SqlAcademicStore
from reconciler.store.audit import GENESIS
from reconciler.store.cross_school import SqlCrossSchoolStore
from reconciler.store.database import Database
from reconciler.store.exports import SqlExportStore
from reconciler.store.feed_store import SqlFeedStore
from reconciler.store.files import check_private, make_private
from reconciler.store.issue_store import SqlIssueStore
from reconciler.store.migrations import HEAD, REVISIONS, VERSION_TABLE
from reconciler.store.report_source import SqlReportSource
from reconciler.store.slots import SqlSlotLedger
from reconciler.store.state_store import SqlStateStore
from reconciler.store.tables.control import STORE
from reconciler.store.undo import SqlUndoStore
from reconciler.store.urls import read_url


class Store:
    """An open store: its ports on one database. Close it, or use it in a `with` block."""

    def __init__(self, database: Database, *, lineage: str, rehearsal: bool) -> None:
        self._database = database
        self.lineage = lineage
        self.rehearsal = rehearsal
        self.name = database.name
        self.state = SqlStateStore(database)
        self.feeds = SqlFeedStore(database)
        self.reports = SqlReportSource(database)
        self.issues = SqlIssueStore(database)
        self.exports = SqlExportStore(database)
        self.undoing = SqlUndoStore(database)
        self.academic = SqlAcademicStore(database)
        self.across = SqlCrossSchoolStore(database)
        self.slots = SqlSlotLedger(database)

    def interrupt(self, run: str, *, at: datetime) -> None:
        """Ends a run that still says `running`, since its process was told to stop. Raises StoreError."""
        with self._database.write() as connection:
            runs.interrupt(connection, run, at=at)

    def close(self) -> None:
        """Gives every connection back."""
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def create_store(url: str, *, estate_id: str, rehearsal: bool, now: datetime, lineage: str = "",
                 plan_key: bytes = b"") -> Store:  # fmt: skip
    """Makes a store in an empty place, wholly or not at all; `lineage` and `plan_key` are random unless given.

    Raises StoreError: `store.exists` where there is one, `store.foreign` where there is something else.
    """
    database = Database(read_url(url))
    try:
        if database.path is not None:
            make_private(database.path)
            check_private(database.path)
        with database.write() as connection:
            _check_empty(database, connection)
            _build(connection, {
                "id": 1, "lineage": lineage or str(uuid.uuid4()), "serial": 0, "estate_id": estate_id,
                "rehearsal": rehearsal, "created_at": now, "plan_key": plan_key or secrets.token_bytes(32),
                "audit_sequence": 0, "audit_hash": GENESIS,
            })  # fmt: skip
    except BaseException:
        database.close()
        raise
    database.close()
    return open_store(url)


def open_store(url: str, *, read_only: bool = False) -> Store:
    """Opens a store that exists, is whole, private and as new as the program.

    With `read_only` nothing can be written through it, and the file itself need not be writable.

    Raises StoreError: `store.missing`, `store.half_made`, `store.foreign`, `store.newer`, `store.older`,
    `store.open_to_others`, `store.unreachable`, `store.url`, `secret.inline`.
    """
    database = Database(read_url(url), read_only=read_only)
    try:
        if database.path is not None:
            check_private(database.path)
        with database.read() as connection:
            _check_revision(database, _revision(database, connection))
            lineage, rehearsal = _store_row(database, connection)
    except BaseException:
        database.close()
        raise
    return Store(database, lineage=lineage, rehearsal=rehearsal)


def upgrade_store(url: str) -> None:
    """Brings an older store to this program's schema, in one transaction; does nothing to a new one."""
    from reconciler.store.migrations.upgrade import upgrade

    database = Database(read_url(url))
    try:
        if database.path is not None:
            check_private(database.path)
        with database.write() as connection:
            _alone(connection)
            revision = _revision(database, connection)
            if revision not in REVISIONS:
                _check_revision(database, revision)
            upgrade(connection)
    finally:
        database.close()


def _store_row(database: Database, connection: Connection) -> tuple[str, bool]:
    found = connection.execute(select(STORE.c.lineage, STORE.c.rehearsal)).first()
    if found is None:
        raise _half_made(database)
    return found.lineage, found.rehearsal


def _build(connection: Connection, row: dict[str, object]) -> None:
    from reconciler.store.migrations.upgrade import upgrade  # Alembic is slow to import and only needed here

    upgrade(connection)
    connection.execute(insert(STORE).values(**row))


def _alone(connection: Connection) -> None:
    """Two that make or upgrade at once go one after the other; SQLite's write lock does that by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(7263500113)"))


def _check_empty(database: Database, connection: Connection) -> None:
    _alone(connection)
    tables = inspect(connection).get_table_names()
    if VERSION_TABLE in tables and STORE.name in tables:
        raise Refused(
            "store.exists", f"there is a store already: {database.name}",
            hint="use it, or name another place with --store; nothing is ever overwritten",
        )  # fmt: skip
    if tables:
        raise _foreign(database)


def _revision(database: Database, connection: Connection) -> str:
    tables = inspect(connection).get_table_names()
    if not tables and database.is_sqlite:
        raise _half_made(database)
    if not tables:
        raise StoreError(
            "store.missing", f"there is no store in {database.name}",
            hint="make one with `reconcile state init`, or name the right one with --store",
        )  # fmt: skip
    if VERSION_TABLE not in tables or STORE.name not in tables:
        raise _foreign(database)
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar() or ""  # noqa: S608


def _check_revision(database: Database, revision: str) -> None:
    if revision == HEAD:
        return
    if not revision:
        raise _half_made(database)
    if revision in REVISIONS:
        raise StoreError(
            "store.older",
            f"{database.name} was made by an older version of the program (schema {revision}, this one needs {HEAD})",
            hint="make a backup, then run `reconcile state upgrade`; older programs will no longer open it",
        )
    raise StoreError(
        "store.newer",
        f"{database.name} was made by a newer version of the program (schema {revision}, this one knows {HEAD})",
        hint="use that version: a store is never taken back to an older one",
    )


def _half_made(database: Database) -> StoreError:
    return StoreError(
        "store.half_made", f"the making of {database.name} was cut short; it holds nothing",
        hint="run `reconcile state init` again; it goes on from here",
    )  # fmt: skip


def _foreign(database: Database) -> StoreError:
    return StoreError(
        "store.foreign", f"{database.name} holds tables of something else",
        hint="name the right store with --store, or give the store a database of its own",
    )  # fmt: skip

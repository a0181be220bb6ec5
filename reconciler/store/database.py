"""A database as the repositories use it: consistent reads, real transactions, errors that never show data."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from reconciler.errors import StoreError
from reconciler.store.urls import shown
from reconciler.vocabulary.digests import canonical_json

_BUSY_SECONDS = 10
# An engine holds no connection once its store is closed, only the statements that it has compiled: a cycle opens the
# same store for each school, and would compile them all again.
_ENGINES = 4
_COUNTING = Lock()
_USERS: Counter[Engine] = Counter()  # how many have each engine open: a pool thrown away too early leaks connections
WRITES = "reconcile_writes"  # the execution option of connections that may write
_GONE = ("08", "53", "57")  # SQLSTATE classes: connection lost, out of resources, shut down


class Database:
    """One engine, shared by all that have the same address open. `read()` and `write()` are the only ways in.

    Both raise StoreError and nothing of SQLAlchemy's.

    With `read_only` the database itself refuses every write, so that a verb that only looks can never store anything,
    and an SQLite file that may not be written can be looked at.
    """

    def __init__(self, url: URL, *, read_only: bool = False) -> None:
        self.url = url
        self.name = shown(url)
        self.is_sqlite = url.drivername.startswith("sqlite")
        self.engine = _sqlite(_read_only(url) if read_only else url, read_only) if self.is_sqlite else _postgresql(url)
        with _COUNTING:
            _USERS[self.engine] += 1
        self._open = True
        self._writer = self.engine.execution_options(**{WRITES: True})
        self._scratch = self.engine
        if not self.is_sqlite:
            self._scratch = self.engine.execution_options(isolation_level="REPEATABLE READ")
        self._reader = self._scratch
        if not self.is_sqlite:
            self._reader = self._scratch.execution_options(postgresql_readonly=True)
        if not self.is_sqlite and read_only:
            self._writer = self._writer.execution_options(postgresql_readonly=True)
        self._foreign_errors = _foreign_errors(self.is_sqlite)

    @property
    def path(self) -> Path | None:
        """The SQLite file, None on PostgreSQL."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view of the whole store; takes no lock that a writer would wait for."""
        with self._named(), self._reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, wholly or not at all; on SQLite the write lock is taken at once."""
        with self._named(), self._writer.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
            except BaseException:
                transaction.rollback()
                raise
            self._commit(connection)

    @contextmanager
    def scratch(self) -> Iterator[Connection]:
        """One consistent view in which temporary tables may be made; nothing is ever committed."""
        with self._named(), self._scratch.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
            finally:
                transaction.rollback()

    def _commit(self, connection: Connection) -> None:
        try:
            connection.commit()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            raise StoreError(
                "store.commit_unknown",
                f"{self.name} went away during a commit, so whether the change was stored is not known",
                hint="nothing is half stored; when the database is back, `reconcile plan` or `reconcile log` tells",
            ) from None

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except self._foreign_errors as error:
            raise self.as_store_error(error) from None

    def as_store_error(self, error: Exception) -> StoreError:
        """What to tell about a foreign error: which kind, never a value that it may quote."""
        original = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(original, sqlite3.Error):
            return self._sqlite_error(original)
        state = getattr(original, "sqlstate", None)
        told = f", SQLSTATE {state}" if state else ""
        if _is_gone(original, state):
            return StoreError(
                "store.unreachable",
                f"{self.name} cannot be reached or went away ({type(original).__name__}{told}); nothing was stored",
                hint="check host, user, network and whether the server runs, then run the command again",
            )
        return StoreError(
            "store.failed",
            f"{self.name} refused a statement ({type(original).__name__}{told}); nothing was stored",
            hint="this is a fault of the program or of the database; the server's log says more",
        )

    def _sqlite_error(self, error: sqlite3.Error) -> StoreError:
        text = str(error)  # SQLite's messages name tables and columns, never values
        if "locked" in text:
            return StoreError(
                "store.busy",
                f"another process has written to {self.name} for {_BUSY_SECONDS} seconds and more; nothing was stored",
                hint="wait until it is done, then run the command again",
            )
        if "not a database" in text or "malformed" in text:
            return StoreError(
                "store.foreign", f"{self.name} is not a store: {text}",
                hint="name the right file with --store, or restore a backup",
            )  # fmt: skip
        return StoreError(
            "store.failed", f"{self.name}: {text}; nothing was stored",
            hint="check that the disk has room and can be written, then run the command again",
        )  # fmt: skip

    def close(self) -> None:
        """Gives the engine back; the last to do so closes its connections. Once more does nothing."""
        if not self._open:
            return
        self._open = False
        with _COUNTING:
            _USERS[self.engine] -= 1
            last = not _USERS[self.engine]
            if last:
                del _USERS[self.engine]
        if last:
            self.engine.dispose()


def _foreign_errors(is_sqlite: bool) -> tuple[type[Exception], ...]:
    if is_sqlite:
        return (SQLAlchemyError,)
    import psycopg  # COPY goes past SQLAlchemy, and so do its errors

    return (SQLAlchemyError, psycopg.Error)


def _is_gone(original: BaseException | None, state: str | None) -> bool:
    """A connection that fails has no SQLSTATE, or one that says so."""
    return state[:2] in _GONE if state else type(original).__name__ == "OperationalError"


def _json(value: Any) -> str:
    return canonical_json(value).decode()


def _read_only(url: URL) -> URL:
    """The same file, opened so that nothing can be written into it.

    A log that somebody left (`-wal`) needs its index beside it. Without one, in a folder that may not be written,
    nobody writes to the file, and SQLite is told so; otherwise it would want to make the index.
    """
    path = Path(url.database or "")
    log = path.with_name(f"{path.name}-wal")
    frozen = not os.access(path.parent, os.W_OK) and not (log.exists() and log.stat().st_size)
    mode = {"mode": "ro", "uri": "true"} | ({"immutable": "1"} if frozen else {})
    return url.set(database=f"file:{quote(str(path))}", query=mode)


@lru_cache(maxsize=_ENGINES)
def _sqlite(url: URL, read_only: bool) -> Engine:
    engine = create_engine(url, hide_parameters=True, json_serializer=_json)
    writing = ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON")

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # The driver's own transactions would leave DDL outside and begin late; ours begin where we say.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {int(_BUSY_SECONDS * 1000)}", *(() if read_only else writing),
            "foreign_keys = ON", "temp_store = MEMORY", "cache_size = -65536",
        ):  # fmt: skip
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@lru_cache(maxsize=_ENGINES)
def _postgresql(url: URL) -> Engine:
    engine = create_engine(
        url, hide_parameters=True, json_serializer=_json, pool_pre_ping=True,
        connect_args={
            "application_name": "reconcile", "connect_timeout": 10,
            "keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
        },
    )  # fmt: skip

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        # A server notices a dead client during a long statement only when told to look (in milliseconds).
        autocommit, connection.autocommit = connection.autocommit, True
        connection.execute("SET client_connection_check_interval = 2000")
        connection.execute("SET timezone = 'UTC'")
        connection.autocommit = autocommit

    return engine

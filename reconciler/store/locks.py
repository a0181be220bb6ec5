"""Exclusive locks that die with their holder: `flock` beside an SQLite file, an advisory lock on PostgreSQL."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import orjson
from filelock import Timeout, UnixFileLock
from sqlalchemy import Connection, delete, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from reconciler.apply.ports import LockHolder
from reconciler.errors import LockHeld, StoreError
from reconciler.store.database import Database
from reconciler.store.tables.control import LOCK_HOLDER

_POLL_SECONDS = 0.05
# PostgreSQL frees a dead client's lock a little after the client is gone; a single try would fail at random.
_GRACE_SECONDS = 1.0
# An advisory lock's number is shown in two halves.
_HOLDS = """
    SELECT EXISTS (
        SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
        WHERE datname = current_database() AND locktype = 'advisory' AND objsubid = 1 AND granted
        AND ((classid::bigint << 32) | objid::bigint) = :n)
"""


@contextmanager
def lock(database: Database, name: str, *, holder: LockHolder, wait: float) -> Iterator[None]:
    """Holds `name` (`apply`, `school:AVN`) for as long as the block runs; waits at most `wait` seconds.

    Raises LockHeld, naming host, process and start of the holder, and StoreError when the lock cannot be had at all.
    """
    if database.path is not None:
        with _file_lock(database.path, name, holder, wait):
            yield
    else:
        with _advisory_lock(database, name, holder, max(wait, _GRACE_SECONDS)):
            yield


def is_held(database: Database, name: str) -> bool:
    """Whether a living process holds `name`; also true where it cannot be told. Takes nothing and writes nothing."""
    if database.path is None:
        with database.read() as connection:
            return bool(connection.execute(text(_HOLDS), {"n": _number(name)}).scalar())
    try:
        descriptor = os.open(_lock_file(database.path, name), os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # for an instant; whoever wants it tries more than once
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def _lock_file(store: Path, name: str) -> Path:
    return store.with_name(f"{_stem(store, name)}.lock")


def _stem(store: Path, name: str) -> str:
    return f"{store.name}.{re.sub(r'[^A-Za-z0-9_-]', '-', name)}"


def _number(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"reconcile {name}".encode(), digest_size=8).digest(), "big", signed=True)


@contextmanager
def _file_lock(store: Path, name: str, holder: LockHolder, wait: float) -> Iterator[None]:
    own, note = _lock_file(store, name), store.with_name(f"{_stem(store, name)}.holder")
    taken = UnixFileLock(own, mode=0o600, fallback_to_soft=False)  # a soft lock would outlive its holder
    end = time.monotonic() + wait
    while True:
        try:
            taken.acquire(blocking=False)
            break
        except Timeout:
            if time.monotonic() >= end:
                raise _held(name, _read_note(note)) from None
        except (OSError, NotImplementedError) as error:
            raise StoreError(
                "lock.unavailable", f"the lock file {own} cannot be used: {error}",
                hint="the folder must be on a local disk and writable; network file systems cannot lock safely",
            ) from error  # fmt: skip
        time.sleep(_POLL_SECONDS)
    try:
        _write_note(note, holder)
        yield
    finally:
        note.unlink(missing_ok=True)
        taken.release()


def _write_note(note: Path, holder: LockHolder) -> None:
    """Replaced in one step, so that whoever waits reads the whole of it or none."""
    half = note.with_name(f"{note.name}.{os.getpid()}")
    told = {"host": holder.host, "pid": holder.pid, "since": holder.since.isoformat(), "command": holder.command}
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(told))
    half.replace(note)


def _read_note(note: Path) -> LockHolder | None:
    try:
        told = orjson.loads(note.read_bytes())
        return LockHolder(host=told["host"], pid=told["pid"], since=datetime.fromisoformat(told["since"]),
                          command=told["command"])  # fmt: skip
    except (OSError, ValueError, KeyError):
        return None


@contextmanager
def _advisory_lock(database: Database, name: str, holder: LockHolder, wait: float) -> Iterator[None]:
    number = _number(name)
    try:
        connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    except SQLAlchemyError as error:
        raise database.as_store_error(error) from None
    try:
        try:
            _wait_for(connection, name, number, wait)
            _note_holder(connection, name, holder)
        except SQLAlchemyError as error:
            raise database.as_store_error(error) from None
        yield
    finally:
        _unlock(connection)


def _wait_for(connection: Connection, name: str, number: int, wait: float) -> None:
    end = time.monotonic() + wait
    while not connection.execute(text("SELECT pg_try_advisory_lock(:n)"), {"n": number}).scalar():
        if time.monotonic() >= end:
            told = select(*(LOCK_HOLDER.c[part] for part in ("host", "pid", "since", "command")))
            found = connection.execute(told.where(LOCK_HOLDER.c.name == name)).mappings().first()
            holder = LockHolder(**found) if found else None
            raise _held(name, holder)
        time.sleep(_POLL_SECONDS)


def _note_holder(connection: Connection, name: str, holder: LockHolder) -> None:
    connection.execute(delete(LOCK_HOLDER).where(LOCK_HOLDER.c.name == name))
    connection.execute(
        insert(LOCK_HOLDER).values(
            name=name, host=holder.host, pid=holder.pid, since=holder.since, command=holder.command
        )
    )  # fmt: skip


def _unlock(connection: Connection) -> None:
    """Explicitly, since a closed session's lock goes only a little later; a lost session has none to give back."""
    try:
        connection.execute(text("SELECT pg_advisory_unlock_all()"))
    except SQLAlchemyError:
        connection.invalidate()
    finally:
        connection.close()


def _held(name: str, holder: LockHolder | None) -> LockHeld:
    what = f"school {name.removeprefix('school:')}" if name.startswith("school:") else name
    if holder is None:
        who = "another process, which has not said yet who it is"
    else:
        since = f"{holder.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        who = f"`{holder.command}` on host {holder.host}, process {holder.pid}, since {since}"
    return LockHeld(
        "lock.held", f"another run holds the lock for {what}: {who}", subject=name,
        hint="wait until it ends; the lock goes by itself when that process ends, however it ends",
    )  # fmt: skip

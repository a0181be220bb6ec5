"""Reads the URL of a store, without ever repeating a secret that someone wrote into it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from reconciler.errors import StoreError

_POSTGRESQL = ("postgresql", "postgresql+psycopg")
_SECRET_OPTIONS = ("password", "sslpassword")


def read_url(text: str) -> URL:
    """An SQLite or PostgreSQL URL, ready for use.

    Raises StoreError with `secret.inline` on a literal password and `store.url` on anything that is no store; neither
    repeats the text, since even a URL that cannot be read may hold a password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None:
        raise StoreError("store.url", "the address of the store cannot be read", hint=_FORMS)
    if url.password is not None or any(option in url.query for option in _SECRET_OPTIONS):
        raise StoreError(
            "secret.inline",
            "the address of the store holds a literal password",
            hint="leave it out of the URL and set PGPASSWORD, PGPASSFILE or a service file (PGSERVICE)",
        )
    if url.drivername in _POSTGRESQL:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in ("sqlite", "sqlite+pysqlite") and url.database and url.database != ":memory:":
        return url.set(drivername="sqlite+pysqlite", database=str(Path(url.database).absolute()))
    raise StoreError("store.url", "the address of the store names no database that can hold one", hint=_FORMS)


_FORMS = "write sqlite:///.reconcile/store.db or postgresql+psycopg://user@host/database"


def shown(url: URL) -> str:
    """How messages name the store: the file, or host and database; never a user, a password or an option."""
    if url.drivername.startswith("sqlite"):
        return str(url.database)
    return (
        f"PostgreSQL database {url.database or '(default)'} at {url.host or url.query.get('host', 'the local socket')}"
    )

"""Plain functions behind the fixtures of the test suite: places where a store can be made, on both back ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import make_url

from reconciler.testing.postgres import PostgresServer, session_server

BACK_ENDS = ("sqlite", "postgresql")


class PostgresDatabases:
    """Databases of one test process on one server; each is new, and all are dropped at the end."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self._numbers = count(1)
        self._made: list[str] = []

    def empty(self) -> str:
        """The URL of a new database that holds nothing."""
        return self.server.new_database(self._name())

    def copy_of(self, url: str) -> str:
        """The URL of a new database with all that the one at `url` holds; nobody may be connected to that one."""
        return self.server.new_database(self._name(), template=make_url(url).database or "")

    def drop(self, url: str) -> None:
        """Drops one of them."""
        name = make_url(url).database or ""
        self.server.drop_database(name)
        self._made.remove(name)

    def drop_all(self) -> None:
        for name in self._made:
            self.server.drop_database(name)
        self._made.clear()

    def _name(self) -> str:
        name = f"reconcile_test_{os.getpid()}_{next(self._numbers)}"
        self._made.append(name)
        return name


@contextmanager
def postgres_databases() -> Iterator[PostgresDatabases]:
    """One server for a test session (for one worker of it, where there are several); fails where there is none."""
    with session_server() as server:
        databases = PostgresDatabases(server)
        try:
            yield databases
        finally:
            databases.drop_all()


def sqlite_url(folder: Path) -> str:
    """The URL of a store that does not exist yet, in a folder that does not either."""
    return f"sqlite:///{folder / 'private' / 'store.db'}"

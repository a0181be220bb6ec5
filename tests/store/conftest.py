"""Stores on both back ends, and what their tests build from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.store.open import Store, create_store
from reconciler.testing.fixtures import BACK_ENDS, PostgresDatabases, postgres_databases, sqlite_url

NOW = datetime(2026, 11, 23, 8, 40, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresDatabases]:
    """A real PostgreSQL; without one the test fails and says how to get one."""
    with postgres_databases() as databases:
        yield databases


@pytest.fixture(params=BACK_ENDS)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store can be made: once on SQLite, once on PostgreSQL."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    databases: PostgresDatabases = request.getfixturevalue("postgres")
    return databases.empty()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A new store of the estate `eskmere-test`."""
    with create_store(store_url, estate_id="eskmere-test", rehearsal=False, now=NOW) as made:
        yield made

"""What every stage's tests may use; see tests/README.md for where each sort of test goes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from reconciler.testing.fixtures import BACK_ENDS, PostgresDatabases, postgres_databases, sqlite_url

settings.register_profile("gate", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))

ROOT = Path(__file__).resolve().parent.parent


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
def now() -> datetime:
    """The example estate's moment: Monday 23 November 2026, 08:40 in London."""
    return datetime(2026, 11, 23, 8, 40, tzinfo=UTC)


@pytest.fixture
def golden() -> Callable[[Path, str], None]:
    """Compares a text with a golden file; `make golden` rewrites it."""

    def compare(path: Path, text: str) -> None:
        if os.environ.get("RECONCILE_GOLDEN") == "write":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        assert path.read_text("utf-8") == text, f"{path.name} differs; if the change was meant: make golden"

    return compare

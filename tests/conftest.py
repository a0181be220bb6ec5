"""What every stage's tests may use; see tests/README.md for where each sort of test goes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from reconciler.testing.postgres import PostgresServer, session_server

settings.register_profile("gate", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))

ROOT = Path(__file__).resolve().parent.parent
ENGINES = ("sqlite", "postgresql")
_NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One real PostgreSQL for a session or worker; where none can be had, the tests fail and say how to get one."""
    with session_server() as server:
        yield server


@pytest.fixture(params=ENGINES)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a store that does not exist yet, once on each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store' / 'store.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}_{next(_NUMBERS)}"
    yield server.new_database(name)
    server.drop_database(name)


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

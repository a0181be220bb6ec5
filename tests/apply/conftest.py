"""Stores on which the specs of apply run: one in memory, one on SQLite, one on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.apply.ports import StateStore
from reconciler.store.open import create_store
from reconciler.testing.fixtures import BACK_ENDS, sqlite_url
from tests.apply.memory_store import MemoryStateStore
from tests.plan.estates import NOW


@pytest.fixture
def memory() -> MemoryStateStore:
    return MemoryStateStore()


@pytest.fixture(params=["memory", *BACK_ENDS])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StateStore]:
    """An empty store of the estate `eskmere-test`."""
    if request.param == "memory":
        yield MemoryStateStore()
        return
    url = sqlite_url(tmp_path) if request.param == "sqlite" else request.getfixturevalue("postgres").empty()
    with create_store(url, estate_id="eskmere-test", rehearsal=False, now=NOW) as made:
        yield made.state

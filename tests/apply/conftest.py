"""Stores on which the specs of apply run: one in memory, one on SQLite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.apply.ports import StateStore
from reconciler.store.open import create_store
from tests.apply.memory_store import MemoryStateStore
from tests.plan.estates import NOW


@pytest.fixture
def memory() -> MemoryStateStore:
    return MemoryStateStore()


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path) -> Iterator[StateStore]:
    """An empty store of the estate `eskmere-test`."""
    if request.param == "memory":
        yield MemoryStateStore()
        return
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    with create_store(f"sqlite:///{folder / 'store.db'}", estate_id="eskmere-test", rehearsal=False, now=NOW) as made:
        yield made.state

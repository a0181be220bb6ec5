"""What specifications of the data loop share."""

from __future__ import annotations

import pytest

from tests.syncs.memory_store import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    """An empty feed store in memory."""
    return MemoryStore()

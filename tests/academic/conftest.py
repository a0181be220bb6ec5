"""What specifications of academic data share."""

from __future__ import annotations

import pytest

from tests.academic.memory_store import MemoryAcademicStore


@pytest.fixture
def store() -> MemoryAcademicStore:
    """An academic store in memory that knows the students S1 and S2."""
    return MemoryAcademicStore()

"""Sources for the tests of connectors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.simulator.bromcom.server import BromcomServer
from tests.conftest import ROOT
from tests.connectors.harnesses import small_world


@pytest.fixture
def published_sds() -> Path:
    """Sample files that the format's publisher wrote; they stand beside the checkout."""
    folder = ROOT.parent / "shared" / "data" / "sds-v2.1"
    assert folder.is_dir(), f"the sample files are not at {folder}"
    return folder


@pytest.fixture
def school() -> Iterator[BromcomServer]:
    """Simulated schools with a Bromcom read service."""
    with BromcomServer(small_world()) as server:
        yield server

"""A world of full size, kept for the session, and a server that runs for one test."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from reconciler.simulator.service import RunningSimulator, start
from reconciler.simulator.world import World, build_world
from tests.simulator.wire import Wire

NOW = date(2026, 11, 23)


@pytest.fixture(scope="session")
def world() -> World:
    return build_world(now=NOW)


@pytest.fixture
def simulator(world: World) -> Iterator[RunningSimulator]:
    with start(world) as running:
        yield running


@pytest.fixture
def wire(simulator: RunningSimulator) -> Wire:
    """A plain socket to Ashvale's read service, with the right credentials."""
    return Wire(simulator, "AVN")

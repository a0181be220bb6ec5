"""A run that is stopped or killed in its middle, as a person meets it: real processes, real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from reconciler.app import logs
from reconciler.app.context import opened
from reconciler.app.due import scheduled_flows
from reconciler.app.status import status
from reconciler.reports.ports import TransferFilter
from reconciler.simulator.practice import Practice
from reconciler.transfers.entry import Outcome, TransferEntry
from tests.end_to_end.conftest import Desk

MAIN = [sys.executable, "-c", "from reconciler.cli.main import main; main()"]
PATIENCE = 30.0  # seconds


@pytest.fixture
def slow(schools: Practice, example: Desk) -> Iterator[Desk]:
    """AVN answers byte by byte, so that its import takes as long as nobody stops it."""
    schools.simulator.server.fault("AVN", "slow")
    yield example
    schools.simulator.server.heal("AVN")


def begin(desk: Desk, *words: str) -> subprocess.Popen[str]:
    """Starts the command, and returns when the log tells that its run is running."""
    environment = {**desk.settings.environment, "RECONCILE_STORE": desk.settings.store_url, "PATH": os.environ["PATH"]}
    process = subprocess.Popen([*MAIN, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=environment)  # fmt: skip
    try:
        until(desk, lambda found: bool(found) and found[0].outcome is Outcome.RUNNING)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    return process


def until(desk: Desk, wanted: Callable[[list[TransferEntry]], bool]) -> list[TransferEntry]:
    """The log, as soon as it is as wanted."""
    end = time.monotonic() + PATIENCE
    while True:
        found = list(logs.transfers(desk.settings))
        if wanted(found):
            return found
        assert time.monotonic() < end, found
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_ends_in_the_log_at_once(slow: Desk, number: signal.Signals) -> None:
    """Exit 130, and the run is written as interrupted with the time of its end; no record came in."""
    process = begin(slow, "sync", "import", "--first", "--school", "AVN")
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, "Traceback" in err) == (130, False), err
    with opened(slow.settings) as context:
        (entry,) = context.store.reports.transfers(TransferFilter())
    assert entry.outcome is Outcome.INTERRUPTED
    assert entry.finished_at is not None
    assert "told to stop" in entry.message
    assert slow.records() == {}


def test_a_run_whose_process_was_killed_is_shown_as_interrupted(slow: Desk, schools: Practice) -> None:
    """Without waiting for the school's next run: in the log, narrowed to that outcome, and in the status."""
    process = begin(slow, "sync", "import", "--first", "--school", "AVN")
    process.kill()
    process.communicate(timeout=PATIENCE)
    (entry,) = until(slow, lambda found: found[0].outcome is Outcome.INTERRUPTED)
    assert "went away" in entry.message
    assert logs.transfers(slow.settings, outcomes=["interrupted"]) == [entry]
    assert not logs.transfers(slow.settings, outcomes=["running"])
    partner = next(p for p in status(slow.settings, scheduled_flows()).partners if p.code == "AVN")
    assert any("went away" in kind.failed for kind in partner.kinds)
    schools.simulator.server.heal("AVN")
    slow.sync("AVN", first=True)
    assert [e.outcome for e in logs.transfers(slow.settings)] == [Outcome.DONE, Outcome.INTERRUPTED]

"""What an import says of itself, where it would be easy to say less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from reconciler.errors import StoreError, TransientSourceError
from reconciler.records.entities import Entity
from reconciler.transfers.entry import Outcome
from tests.syncs.memory_store import MemoryStore
from tests.syncs.scripted import JOB, Answer, importing, school


@pytest.mark.requirement(61, 67)
def test_a_held_run_says_in_its_line_why_it_waits_and_until_when(store: MemoryStore) -> None:
    """The completion message in the log is the reason, what was not done, and how the run is decided about."""
    importing(store, school(5))
    held = importing(store, school(1))
    assert held.outcome is Outcome.HELD
    assert held.message.startswith("AVN import held: 4 of 5 students would leave (80.0 %)")
    assert f"nothing was changed; approve or reject run {held.entry.run} until 2026-11-24 08:40 UTC" in held.message
    assert "\n" not in held.message
    assert store.entries[held.entry.run].message == held.message


@dataclass
class FullDisk(MemoryStore):
    """A store that can no longer write one `part` of the log: `start_run`, `end_run` or `hold`."""

    part: str = ""

    def start_run(self, *words: Any) -> None:
        self._written("start_run")
        super().start_run(*words)

    def end_run(self, *words: Any, **named: Any) -> None:
        self._written("end_run")
        super().end_run(*words, **named)

    def hold(self, *words: Any) -> None:
        self._written("hold")
        super().hold(*words)

    def _written(self, part: str) -> None:
        if part == self.part:
            raise StoreError("store.full", "the disk is full")


def full(part: str) -> FullDisk:
    """A store that held five students before its disk was full."""
    store = FullDisk()
    importing(store, school(5))
    store.part = part
    return store


@pytest.mark.requirement(62)
def test_a_run_that_cannot_be_logged_does_not_begin() -> None:
    """Nobody is asked and nothing is written that the log would not know of."""
    store = full("start_run")
    written = store.record_writes
    with pytest.raises(StoreError, match="full"):
        importing(store, school(6))
    assert store.record_writes == written


@pytest.mark.requirement(61, 62)
def test_a_failure_that_cannot_be_logged_is_not_taken_for_logged() -> None:
    """The store's error is what is told, in place of a message that stands nowhere."""
    broken = Answer(error=TransientSourceError("http.timeout", "did not finish"))
    with pytest.raises(StoreError, match="full"):
        importing(full("end_run"), students=broken)


@pytest.mark.requirement(62, 67)
def test_a_run_that_cannot_be_held_is_not_said_to_be_held() -> None:
    """What nobody could approve is no held run."""
    store = full("hold")
    with pytest.raises(StoreError, match="full"):
        importing(store, school(1))
    assert len(store.digests(JOB.scope, Entity.STUDENTS)) == 5


@pytest.mark.requirement(45, 62)
def test_that_a_school_waits_for_its_first_import_is_written_down_or_is_an_error() -> None:
    """The log shows why nothing came, or the run fails."""
    store = FullDisk(part="end_run")
    with pytest.raises(StoreError, match="full"):
        importing(store, job_first=False)

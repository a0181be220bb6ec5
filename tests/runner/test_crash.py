"""Killed at any statement or commit of a cycle: no slot is lost, and no run that had ended is made twice."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import shutil
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from reconciler.apply.ports import LockHolder
from reconciler.reports.ports import TransferFilter
from reconciler.runner.cycle import Agenda, run_cycle
from reconciler.runner.ports import RunEnd
from reconciler.schedule.due import Line, LineKey, SlotState
from reconciler.schedule.times import Slot, SlotName
from reconciler.store.open import Store, create_store, open_store
from reconciler.testing.crash import KILLED, count_points, run_until, sample
from reconciler.testing.fixtures import BACK_ENDS, PostgresDatabases, sqlite_url
from reconciler.transfers.entry import Outcome, TransferEntry
from reconciler.vocabulary.actor import Actor

SEED = int(os.environ.get("RECONCILE_CRASH_SEED", "0"))
EVERY = 13
LONDON = ZoneInfo("Europe/London")
EIGHT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
KEYS = [LineKey("import", "AVN"), LineKey("import", "BRK"), LineKey("export", "AVN")]
AGENDA_SINCE = EIGHT - timedelta(days=3)
NOW = EIGHT + timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Copies of one prepared store, a new one for each crash."""

    copy: Callable[[], str]


@pytest.fixture(params=BACK_ENDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A store in which a cycle has never run; nobody is connected to it."""
    if request.param == "sqlite":
        url, numbers = sqlite_url(tmp_path), itertools.count()
        create_store(url, estate_id="eskmere-test", rehearsal=False, now=EIGHT).close()

        def copy() -> str:
            target = tmp_path / str(next(numbers))
            shutil.copytree(Path(url.removeprefix("sqlite:///")).parent, target)
            return f"sqlite:///{target / 'store.db'}"

        return Place(copy)
    databases: PostgresDatabases = request.getfixturevalue("postgres")
    url = databases.empty()
    create_store(url, estate_id="eskmere-test", rehearsal=False, now=EIGHT).close()
    return Place(lambda: databases.copy_of(url))


def entry(key: LineKey, run: str, outcome: Outcome) -> TransferEntry:
    return TransferEntry(
        run=run, kind=key.kind, direction="in", school=key.school, feed=key.feed, attachment=key.school,
        outcome=outcome, started_at=NOW, finished_at=NOW, actor=Actor("data-manager", "env"), message=outcome.value,
    )  # fmt: skip


def cycle(url: str) -> None:
    """What `sync --due` does with a store, with runs that write nothing but their entries."""
    with open_store(url) as store:

        def flow(key: LineKey, _failed: frozenset[str]) -> RunEnd:
            run = f"r{len(store.reports.transfers(TransferFilter())) + 1}"
            store.feeds.start_run(entry(key, run, Outcome.RUNNING))
            store.feeds.end_run(entry(key, run, Outcome.DONE))
            return RunEnd(run=run, outcome=Outcome.DONE, message="done")

        lines = [Line(key=key, times="every_morning", since=AGENDA_SINCE) for key in KEYS]
        agenda = Agenda(lines=lines, blackouts=(), zone=LONDON, flows={"import": flow, "export": flow})
        holder = LockHolder(host="here", pid=os.getpid(), since=NOW, command="sync --due")
        with store.state.lock("schedule", holder=holder, wait=5):
            list(run_cycle(agenda, store.slots, clock=lambda: NOW, claimed_by="here:1"))


def runs(store: Store) -> list[str]:
    """Kind and school of every run that ended, in the transfer log."""
    found = store.reports.transfers(TransferFilter(outcomes=frozenset({"done"})))
    return sorted(f"{run.kind} {run.school}" for run in found)


def crash(place: Place, chosen: Callable[[int], Sequence[int]]) -> None:
    whole = place.copy()
    points = count_points(lambda: cycle(whole))
    assert len(points) > 40
    for k in chosen(len(points)):
        url = place.copy()
        assert run_until(lambda url=url: cycle(url), k) == KILLED, points[k - 1]
        cycle(url)
        with open_store(url) as store:
            assert runs(store) == ["export AVN", "import AVN", "import BRK"], f"point {k}, {points[k - 1]}"
            assert not store.slots.claims()
            latest = [store.slots.latest(key) for key in KEYS]
            assert [row.recorded.state for row in latest if row] == [SlotState.DONE] * 3
            assert len(store.slots.missed(since=AGENDA_SINCE)) == 3 * 3, f"point {k}, {points[k - 1]}"


def test_a_seeded_sample_of_crashes_loses_and_repeats_nothing(place: Place) -> None:
    """Each slot has its one ended run, and what was missed before it is noted once."""
    crash(place, lambda points: sample(points, every=EVERY, seed=SEED))


@pytest.mark.slow
def test_no_crash_loses_or_repeats_anything(place: Place) -> None:
    """All points, one by one."""
    crash(place, lambda points: range(1, points + 1))


def at_once(act: Callable[[int], None]) -> None:
    """Runs it in two processes that begin together."""
    ready = multiprocessing.get_context("fork").Barrier(2)

    def begin(number: int) -> None:
        ready.wait(30)
        act(number)

    children = [multiprocessing.get_context("fork").Process(target=begin, args=(number,)) for number in range(2)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of threads, which no child uses
        for child in children:
            child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0


def test_two_processes_that_want_the_same_slots_get_each_of_them_once(place: Place, tmp_path: Path) -> None:
    """The claim alone decides, without the lock that keeps whole cycles apart."""
    url = place.copy()
    slots = [Slot(name=SlotName(EIGHT.date(), f"{n // 60:02}:{n % 60:02}"), at=EIGHT) for n in range(40)]

    def claim(number: int) -> None:
        won: list[str] = []
        with open_store(url) as store:
            for slot in slots:
                claimed = store.slots.take(KEYS[0], slot, seen=None, notes=[], claimed_by=str(number), now=NOW)
                won += [slot.name.label] if claimed else []
        (tmp_path / f"won-{number}").write_text(" ".join(won))

    at_once(claim)
    won = [(tmp_path / f"won-{number}").read_text().split() for number in range(2)]
    assert sorted(won[0] + won[1]) == [slot.name.label for slot in slots]


def test_two_cycles_at_once_run_each_slot_once(place: Place) -> None:
    """The second waits for the lock, and then finds nothing due."""
    url = place.copy()
    at_once(lambda _: cycle(url))
    with open_store(url) as store:
        assert runs(store) == ["export AVN", "import AVN", "import BRK"]

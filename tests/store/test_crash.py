"""Killed at any statement or commit, a store is wholly old or wholly new, and a plain rerun converges."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from reconciler.errors import StalePlan, StoreError
from reconciler.records.academic import AcademicEntity
from reconciler.records.entities import Entity
from reconciler.reports.ports import IssueFilter, TransferFilter
from reconciler.store.feed_commit import write as write_feed_commit
from reconciler.store.open import Store, create_store, open_store
from reconciler.syncs.ports import EntityChanges
from reconciler.testing.crash import KILLED, count_points, run_until, sample
from reconciler.testing.fixtures import BACK_ENDS, PostgresDatabases, sqlite_url
from reconciler.testing.postgres import LocalPostgres
from reconciler.transfers.entry import Outcome
from tests.store.values import (
    NOW,
    academic_commit,
    attach,
    change,
    digested,
    entry,
    feed_commit,
    first_load,
    issue,
    scope_of,
    staff,
    state_commit,
    with_partner,
)

SEED = int(os.environ.get("RECONCILE_CRASH_SEED", "0"))
EVERY = 7


@dataclass(frozen=True, slots=True)
class Place:
    """Copies of one prepared store, a new one for each crash."""

    url: str  # of the prepared store
    copy: Callable[[], str]


@contextmanager
def opened(url: str) -> Iterator[Store]:
    store = open_store(url)
    try:
        yield store
    finally:
        store.close()


@pytest.fixture(params=BACK_ENDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A store with a partner, ten members of staff of run r1, and academic records of a1; nobody is connected."""
    if request.param == "sqlite":
        url = sqlite_url(tmp_path)
        _prepare(url)
        return Place(url, lambda: _copy_file(url, tmp_path / "copies"))
    databases: PostgresDatabases = request.getfixturevalue("postgres")
    url = databases.empty()
    _prepare(url)
    return Place(url, lambda: databases.copy_of(url))


def _prepare(url: str) -> None:
    with create_store(url, estate_id="eskmere-test", rehearsal=False, now=NOW) as store:
        scope = with_partner(store)
        store.feeds.commit(feed_commit(scope, "r1", first_load(*(staff(n) for n in range(10)))))
        academic = academic_commit(scope, "a1")
        store.academic.commit(academic)
        for changes in academic.changes.values():
            changes.close()


def _copy_file(url: str, folder: Path) -> str:
    target = folder / str(len(list(folder.iterdir())) if folder.exists() else 0)
    shutil.copytree(Path(url.removeprefix("sqlite:///")).parent, target)
    return f"sqlite:///{target / 'store.db'}"


def apply_second(url: str) -> None:
    """What an apply does with the store: plan from the state as it is, then commit; nothing to do the second time."""
    with opened(url) as store:
        if "report.new" in store.state.read_state().resources:
            return
        store.state.commit(
            state_commit(
                store, change("school.BRK", {"name": "Brookmoor"}), change("partner.BRK", {}),
                change("school.AVN", {"name": "renamed"}, action="update"), change("report.new", {}),
                change("partner.AVN", None, action="forget"),
                attachments=[attach("attach", "BRK", "b" * 64), attach("retain")],
            )
        )  # fmt: skip


def import_differences(url: str) -> None:
    """What an import does with the store: start, compare, commit the differences of several entities and issues."""
    with opened(url) as store:
        scope = scope_of(store)
        offered = [staff(n, surname="Ames" if n < 3 else "Okafor") for n in range(2, 14)]
        changes, _ = store.feeds.compare(scope, Entity.STAFF, digested(*offered))
        run = f"r{len(store.reports.transfers(TransferFilter())) + 1}"
        store.feeds.start_run(entry(scope, run, Outcome.RUNNING))
        rooms = EntityChanges(new=digested(("R1", "Hall"), ("R2", "Gym")), first_load=True)
        if store.feeds.digests(scope, Entity.ROOMS):
            rooms = EntityChanges()
        commit = feed_commit(scope, run, changes, base=store.feeds.base(scope), issues=[issue()],
                             issue_codes=frozenset({issue().code}))  # fmt: skip
        store.feeds.commit(replace(commit, changes={Entity.STAFF: changes, Entity.ROOMS: rooms}))


def picture(url: str) -> object:
    """All that an act may change, run ids apart; the store must be sound to be looked at."""
    with opened(url) as store:
        state = store.state.read_state()
        assert not store.state.verify_audit()
        scope = scope_of(store)
        rows = {e: list(store.feeds.rows(scope, e)) for e in (Entity.STAFF, Entity.ROOMS)}
        marks = AcademicEntity.ATTENDANCE_MARKS
        academic = (list(store.academic.rows(scope, marks)), store.academic.parked(scope),
                    store.academic.cursor(scope, marks))  # fmt: skip
        for entity, found in rows.items():
            assert {row[0] for row in found} == store.feeds.digests(scope, entity).keys()
        done = [run.counts for run in store.reports.transfers(TransferFilter(outcomes=frozenset({"done"})))]
        issues = [tracked.issue.identity for tracked in store.reports.issues(IssueFilter())]
        told = (done, issues, store.reports.record_counts(), academic)
        return state.serial, sorted(state.resources), state.attachments, rows, told


def die_everywhere(place: Place, act: Callable[[str], None], *, every: int) -> int:
    """Kills the act at its points; returns at how many it was killed."""
    whole = place.copy()
    points = count_points(lambda: act(whole))
    old, new = picture(place.copy()), picture(whole)
    assert old != new
    killed = 0
    for k in sample(len(points), every=every, seed=SEED):
        url = place.copy()
        killed += run_until(lambda url=url: act(url), k) == KILLED  # type: ignore[misc]
        assert picture(url) in (old, new), f"torn at point {k}, {points[k - 1]}"
        assert run_until(lambda url=url: act(url), 0) == 0  # type: ignore[misc]
        assert picture(url) == new, f"no way on after point {k}, {points[k - 1]}"
    return killed


ACTS = pytest.mark.parametrize("act", [apply_second, import_differences])


@pytest.mark.requirement(18, 43)
@ACTS
def test_killed_at_a_sample_of_points(place: Place, act: Callable[[str], None]) -> None:
    """Every seventh point, from one that the seed chooses (RECONCILE_CRASH_SEED)."""
    assert die_everywhere(place, act, every=EVERY) >= 4


@pytest.mark.slow
@ACTS
def test_killed_at_every_point(place: Place, act: Callable[[str], None]) -> None:
    """All of them: before and after each statement, COPY and commit."""
    assert die_everywhere(place, act, every=1) >= 30


def how_it_opens(url: str) -> str:
    """`whole`, or the code with which opening is refused."""
    try:
        open_store(url).close()
    except StoreError as error:
        return error.code
    return "whole"


@pytest.mark.slow
@pytest.mark.parametrize("back_end", BACK_ENDS)
def test_killed_at_every_point_of_making(back_end: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A store whose making was killed does not open, and is made by making it again."""

    def make(url: str) -> None:
        create_store(url, estate_id="eskmere-test", rehearsal=False, now=NOW).close()

    def fresh(number: int) -> str:
        if back_end == "sqlite":
            return sqlite_url(tmp_path / str(number))
        url: str = request.getfixturevalue("postgres").empty()
        return url

    url = fresh(0)
    points = count_points(lambda: make(url))
    for k in sample(len(points), every=1, seed=0):
        url = fresh(k)
        assert run_until(lambda url=url: make(url), k) == KILLED  # type: ignore[misc]
        if how_it_opens(url) in ("store.missing", "store.half_made"):
            make(url)
        with opened(url) as store:
            assert store.state.read_state().serial == 0


def test_the_points_are_those_that_were_counted(place: Place) -> None:
    """A crash past the last point never happens, and an act that fails by itself is not taken for a crash."""
    url = place.copy()
    points = count_points(lambda: import_differences(url))
    assert {"before commit", "after commit"} <= set(points)
    assert run_until(lambda: import_differences(place.copy()), len(points) + 50) == 0
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        run_until(lambda: 1 // 0, 1)


def test_a_server_killed_in_a_transaction_leaves_the_old_state() -> None:
    """PostgreSQL dies between two statements of a commit: a plain error, and after its restart the old state."""
    server = LocalPostgres(durable=True)
    try:
        url = server.new_database("estate")
        with create_store(url, estate_id="eskmere-test", rehearsal=False, now=NOW) as store:
            scope = with_partner(store)
            doomed = feed_commit(scope, "r1", first_load(staff(1)))

            def commit_while_the_server_dies() -> None:
                with store.state._database.write() as connection:
                    write_feed_commit(connection, doomed)
                    server.kill()

            with pytest.raises(StoreError) as error:
                commit_while_the_server_dies()
            assert error.value.code in ("store.commit_unknown", "store.unreachable")
            server.start()
            assert store.feeds.digests(scope, Entity.STAFF) == {}
            store.feeds.commit(doomed)
            with pytest.raises(StalePlan):
                store.feeds.commit(doomed)
            assert store.feeds.digests(scope, Entity.STAFF).keys() == {"t0001"}
    finally:
        server.stop()

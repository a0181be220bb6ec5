"""Killed at any SQL statement, commit or COPY of an apply and of an import, a plain rerun ends in the same state."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, make_url, text

from reconciler.app.context import opened
from reconciler.settings import read_settings
from reconciler.simulator.practice import Practice, practice
from reconciler.testing.crash import KILLED, count_points, run_until, sample
from reconciler.testing.fixtures import BACK_ENDS, PostgresDatabases, sqlite_url
from tests.end_to_end.conftest import Desk

SEED = 20261123
# what tells the story of runs differs by the run that was cut off; the chain of the audit is verified instead
TOLD_BY_RUNS = {"run", "transfer_count", "rejected_row", "transfer_note", "lock_holder", "audit"}


class Bench:
    """A prepared store that is copied for each crash."""

    def __init__(self, made: Practice, engine: str, folder: Path, postgres: PostgresDatabases | None) -> None:
        self.made, self.engine, self.folder, self.postgres = made, engine, folder, postgres
        self.url = postgres.empty() if postgres else sqlite_url(folder / "prepared")
        self.world = made.simulator.world
        self._copies = 0

    def desk(self, url: str) -> Desk:
        return Desk(settings=read_settings({**self.made.environment, "RECONCILE_STORE": url}))

    def copy(self) -> str:
        """The prepared store again, in another place."""
        if self.postgres:
            return self.postgres.copy_of(self.url)
        self._copies += 1
        url = sqlite_url(self.folder / str(self._copies))
        source, target = (Path(make_url(u).database or "") for u in (self.url, url))
        target.parent.mkdir(parents=True, mode=0o700)
        for name in source.parent.iterdir():
            if name.is_file():
                shutil.copy2(name, target.parent / name.name)
        return url


@pytest.fixture(scope="module")
def schools(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Small schools that answer over HTTP, for the whole module."""
    with practice({}, into=str(tmp_path_factory.mktemp("crash") / "practice"), scale=0.05) as made:
        yield made


@pytest.fixture(autouse=True)
def _same_schools(schools: Practice) -> Any:
    """Each test finds the schools as they were made."""
    world = schools.simulator.world
    yield
    schools.simulator.world = world


@pytest.fixture(params=BACK_ENDS)
def bench(request: pytest.FixtureRequest, schools: Practice, tmp_path: Path) -> Bench:
    """On each engine."""
    postgres = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    return Bench(schools, request.param, tmp_path, postgres)


def apply_(desk: Desk) -> None:
    desk.apply()


def first_import(desk: Desk) -> None:
    desk.sync("AVN", "GHL", first=True)


def next_import(desk: Desk) -> None:
    desk.sync("AVN", "GHL")


def crash_everywhere(bench: Bench, act: Callable[[Desk], None], chosen: Callable[[int], Sequence[int]]) -> None:
    """Each chosen point: the store is as before or as after, and running the act again ends as if nothing happened."""
    before = picture(bench.url)
    whole = bench.copy()
    points = count_points(lambda: act(bench.desk(whole)))
    after = picture(whole)
    assert before != after
    assert len(points) > 10
    parts = after_each_school(bench, act, before, after)
    for k in chosen(len(points)):
        url = bench.copy()
        assert run_until(lambda url=url: act(bench.desk(url)), k) == KILLED, points[k - 1]
        left = picture(url)
        assert left in parts, f"half written at point {k}, {points[k - 1]}"
        act(bench.desk(url))
        assert picture(url) == after, f"another end after a crash at point {k}, {points[k - 1]}"
        with opened(bench.desk(url).settings) as context:
            assert not context.store.state.verify_audit()
            assert len(context.store.state.versions()) == 1


def after_each_school(bench: Bench, act: Callable[[Desk], None], before: Any, after: Any) -> list[Any]:
    """The states between the transactions of one act: an import commits school by school."""
    if act is apply_:
        return [before, after]
    url = bench.copy()
    bench.desk(url).sync("AVN", first=act is first_import)
    return [before, picture(url), after]


def picture(url: str) -> dict[str, list[str]]:
    """Every row of every table that is not merely the story of runs; run numbers and ids are left out."""
    engine = create_engine(url)
    names = sorted(set(inspect(engine).get_table_names()) - TOLD_BY_RUNS)
    try:
        with engine.connect() as connection:
            return {name: sorted(str(_steady(row)) for row in _rows(connection, name)) for name in names}
    finally:
        engine.dispose()


def _rows(connection: Any, table: str) -> Any:
    return connection.execute(text(f'SELECT * FROM "{table}"')).mappings()  # noqa: S608 (names of our own tables)


def _steady(row: Any) -> list[tuple[str, str]]:
    """A row without numbers that a sequence gave it: PostgreSQL leaves gaps where a transaction was rolled back."""
    moving = ("load", "run", "number", "hash", "sequence")
    return [(key, str(value)) for key, value in row.items() if key != "id" and not any(word in key for word in moving)]


def seeded(points: int) -> range:
    return sample(points, every=max(1, points // 12), seed=SEED)


def every(points: int) -> range:
    return range(1, points + 1)


def prepare(bench: Bench, name: str) -> Callable[[Desk], None]:
    """The act of that name, with the store made ready for it."""
    desk = bench.desk(bench.url).init()
    if name == "apply":
        return apply_
    desk.apply()
    if name == "first_import":
        return first_import
    desk.sync("AVN", "GHL", first=True)
    world = bench.world
    pupil = world.schools["AVN"].offered_students()[0]
    bench.made.simulator.world = world.rename(f"AVN:{pupil.id}", surname="Othername").stop_offering(
        f"GHL:{world.schools['GHL'].offered_students()[0].id}"
    )
    return next_import


@pytest.mark.requirement(18, 43)
@pytest.mark.parametrize("act", ["apply", "first_import", "next_import"])
def test_a_seeded_sample_of_crashes_ends_well(bench: Bench, act: str) -> None:
    """Wholly old or wholly new, and a plain rerun converges."""
    crash_everywhere(bench, prepare(bench, act), seeded)


@pytest.mark.slow
@pytest.mark.requirement(18, 43)
@pytest.mark.parametrize("act", ["apply", "first_import", "next_import"])
def test_every_crash_ends_well(bench: Bench, act: str) -> None:
    """All points, one by one."""
    crash_everywhere(bench, prepare(bench, act), every)

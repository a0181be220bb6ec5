"""Killed at any SQL statement, commit or COPY of an apply and of an import, a plain rerun ends in the same state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from reconciler.app.context import opened
from reconciler.simulator.practice import Practice
from reconciler.testing.crash import KILLED, count_points, run_until, spread
from reconciler.testing.fixtures import BACK_ENDS
from tests.end_to_end.bench import Bench, picture, small_schools, swift_folder
from tests.end_to_end.conftest import Desk

SEED = 20261123
PARTS = 4
SCHOOLS = ("DNE", "HRT")  # both drop files: what is asked over HTTP is killed at in `test_cycle_crashes.py`
ONE = SCHOOLS[:1]  # all points of one school: the other one's are the same ones again


@pytest.fixture(scope="module")
def schools() -> Iterator[Practice]:
    """Tiny schools for the whole module; three pupils of each are offered, so that one may leave unheld."""
    with small_schools(scale=0.02) as made:
        simulator = made.simulator
        for code in SCHOOLS:
            for pupil in simulator.world.schools[code].on_roll(simulator.world.now.date())[:3]:
                simulator.world = simulator.world.offer(f"{code}:{pupil.id}")
        simulator.write_drops(made.folder / ".reconcile")
        yield made


@pytest.fixture(params=BACK_ENDS)
def bench(request: pytest.FixtureRequest, schools: Practice) -> Iterator[Bench]:
    """On each engine, with the schools as they were made."""
    world = schools.simulator.world
    postgres = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    with swift_folder() as folder:
        yield Bench(schools, folder, postgres)
    schools.simulator.world = world


def desk(bench: Bench) -> Desk:
    return Desk(settings=bench.settings())


Act = Callable[[Desk], object]


def crash_everywhere(bench: Bench, act: Act, chosen: Callable[[int], Sequence[int]], *,
                     first_part: Act | None = None) -> None:  # fmt: skip
    """Each chosen point: the store is as before or as after, and running the act again ends as if nothing happened.

    `first_part` is the part of the act that is a transaction of its own: an import commits school by school.
    """
    before = picture(bench.url)
    parts = [before]
    if first_part is not None:
        first_part(desk(bench.copy()))
        parts.append(picture(bench.url))
    bench.copy()
    points = count_points(lambda: act(desk(bench)))
    after = picture(bench.url)
    parts.append(after)
    assert before != after
    assert len(points) > 10
    for k in chosen(len(points)):
        bench.copy()
        assert run_until(lambda: act(desk(bench)), k) == KILLED, points[k - 1]
        assert picture(bench.url) in parts, f"half written at point {k}, {points[k - 1]}"
        act(desk(bench))
        assert picture(bench.url) == after, f"another end after a crash at point {k}, {points[k - 1]}"
        with opened(bench.settings()) as context:
            assert not context.store.state.verify_audit()
            assert len(context.store.state.versions()) == 1


def prepare(bench: Bench, name: str) -> Callable[[Sequence[str]], Act]:
    """The act of that name for the schools given, with the store made ready for it."""
    prepared = desk(bench).init()
    if name != "apply":
        prepared.apply()
    if name == "next_import":
        prepared.sync(*SCHOOLS, first=True)
        simulator = bench.made.simulator
        dne, (other, *_) = simulator.world.schools["DNE"], simulator.world.schools["HRT"].offered_students()
        pupil, *_, leaver = dne.offered_students()
        joins = next(student for student in dne.students if not student.offered)
        simulator.world = (
            simulator.world.rename(f"DNE:{pupil.id}", surname="Othername")
            .stop_offering(f"DNE:{leaver.id}")
            .offer(f"DNE:{joins.id}")
            .rename(f"HRT:{other.id}", surname="Thatcher")
        )
        simulator.write_drops(bench.base)
    bench.prepared()
    acts: dict[str, Callable[[Sequence[str]], Act]] = {
        "apply": lambda _: lambda desk: desk.apply(),
        "first_import": lambda schools: lambda desk: desk.sync(*schools, first=True),
        "next_import": lambda schools: lambda desk: desk.sync(*schools),
    }
    return acts[name]


@pytest.mark.requirement(18, 43)
@pytest.mark.parametrize("act", ["apply", "first_import", "next_import"])
def test_a_seeded_sample_of_crashes_ends_well(bench: Bench, act: str) -> None:
    """Wholly old or wholly new, school by school, and a plain rerun converges."""
    of = prepare(bench, act)
    crash_everywhere(bench, of(SCHOOLS), lambda points: spread(points, number=12, seed=SEED),
                     first_part=None if act == "apply" else of(ONE))  # fmt: skip


@pytest.mark.slow
@pytest.mark.requirement(18, 43)
@pytest.mark.parametrize("act", ["apply", "first_import", "next_import"])
@pytest.mark.parametrize("part", range(PARTS))
def test_every_crash_ends_well(bench: Bench, act: str, part: int) -> None:
    """All points, one by one; in parts, so that two processes share the work."""
    crash_everywhere(bench, prepare(bench, act)(ONE), lambda points: range(1 + part, points + 1, PARTS))

"""Killed at any statement, commit, HTTP call or rename of an export, a plain rerun ends as if nothing had happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from reconciler.app import flows
from reconciler.app.context import opened
from reconciler.simulator.practice import Practice
from reconciler.testing.crash import DATABASE, KILLED, count_points, run_until, spread
from reconciler.testing.fixtures import BACK_ENDS
from reconciler.testing.outside import OUTSIDE
from tests.end_to_end.bench import Bench, small_schools, swift_folder
from tests.exports.conftest import TABLE, ExportDesk

SEED = 20261123
PARTS = 4
PROBES = (*DATABASE, *OUTSIDE)
SCHOOLS = ("AVN", "BRK", "DNE", "FGT")
OTHER_TABLE = TABLE.replace("BRK:20041,AVN:12B/Ph1,2026-09-07,2027-07-21\n", "").replace(
    "2027-03-25", "2027-03-26"
)  # fmt: skip


def desk_of(bench: Bench) -> ExportDesk:
    return ExportDesk(made=bench.made, settings=bench.settings())


def world(bench: Bench) -> dict[str, Any]:
    """What the partners hold, the files that were dropped, and the store's ledger."""
    partners = {
        code: {key: (h.item, h.ended_on) for key, h in {**p.guests, **p.assignments}.items()}
        for code, p in bench.partners.items()
    }
    drops = {path.name: path.read_bytes() for path in (bench.base / "out").rglob("*.zip")}
    return {"partners": partners, "drops": drops, "store": ledger(bench.url)}


def ledger(url: str) -> list[str]:
    """Every line of the ledger, without the partner's own ids, which depend on the order of calls, and the run."""
    engine = create_engine(url)
    with engine.connect() as connection:
        items = connection.execute(text("SELECT * FROM export_item")).mappings()
        told = [str({k: str(v) for k, v in row.items() if k not in ("run", "reference")}) for row in items]
        done = connection.execute(text("SELECT attachment FROM export_state")).scalars()
        issues = connection.execute(text("SELECT code, school, record FROM data_issue WHERE closed_at IS NULL"))
        found = [*told, *done, *map(str, issues)]
    engine.dispose()
    return sorted(found)


def export(desk: ExportDesk) -> None:
    desk.export(*SCHOOLS, first=True)


@pytest.fixture(scope="module")
def schools() -> Iterator[Practice]:
    """Tiny schools for the whole module."""
    with small_schools(scale=0.02) as made:
        yield made


@pytest.fixture(params=BACK_ENDS)
def bench(request: pytest.FixtureRequest, schools: Practice) -> Iterator[Bench]:
    """On each engine, with the schools as they were made."""
    world = schools.simulator.world
    postgres = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    with swift_folder() as folder:
        yield Bench(schools, folder, postgres)
    schools.simulator.world = world
    for partner in schools.simulator.exchange.partners.values():
        partner.guests.clear()
        partner.assignments.clear()
        partner._replies.clear()


def prepare(bench: Bench, act: str) -> None:
    """Imported, and for the second act exported once, with one student renamed and the table changed since."""
    desk = desk_of(bench).table(TABLE).prepare(*SCHOOLS)
    if act == "next_export":
        export(desk)
        desk.made.simulator.world = desk.made.simulator.world.rename("AVN:10233", surname="Othername")
        flows.run_imports(desk.settings, schools=("AVN",))
        desk.table(OTHER_TABLE)
    bench.prepared()


def crash_everywhere(bench: Bench, chosen: Callable[[int], Sequence[int]]) -> None:
    """Each chosen point: a rerun ends as the unbroken run did, each thing at the partners once, and a third is idle."""
    bench.copy()
    points = count_points(lambda: export(desk_of(bench)), probes=PROBES)
    wanted = world(bench)
    assert sum(label.startswith(("before PUT", "before GET")) for label in points) > 3
    assert "before rename" in points
    for k in chosen(len(points)):
        bench.copy()
        where = f"after a crash at point {k}, {points[k - 1]}"
        assert run_until(lambda: export(desk_of(bench)), k, probes=PROBES) == KILLED, where
        export(desk_of(bench))
        assert world(bench) == wanted, f"another end {where}"
        for partner in bench.partners.values():
            assert len(partner.created) == len(set(partner.created)), f"something was made twice {where}"
        calls = len(bench.made.simulator.exchange.calls)
        idle = desk_of(bench).export(*SCHOOLS, first=True)
        assert {r.outcome.value for r in idle.results} == {"unchanged"}, where
        assert len(bench.made.simulator.exchange.calls) == calls, where
        with opened(bench.settings()) as context:
            assert not context.store.state.verify_audit()


@pytest.mark.requirement(54, 56)
@pytest.mark.parametrize("act", ["first_export", "next_export"])
def test_a_seeded_sample_of_crashes_ends_well(bench: Bench, act: str) -> None:
    """Each guest and each assignment at the partners exactly once."""
    prepare(bench, act)
    crash_everywhere(bench, lambda points: spread(points, number=10, seed=SEED))


@pytest.mark.slow
@pytest.mark.requirement(54, 56)
@pytest.mark.parametrize("act", ["first_export", "next_export"])
@pytest.mark.parametrize("part", range(PARTS))
def test_every_crash_ends_well(bench: Bench, act: str, part: int) -> None:
    """All points, one by one; in parts, so that two processes share the work."""
    prepare(bench, act)
    crash_everywhere(bench, lambda points: range(1 + part, points + 1, PARTS))

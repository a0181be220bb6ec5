"""Killed at any statement, commit, HTTP call or rename of an export, a plain rerun ends as if nothing had happened."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from reconciler.app import flows
from reconciler.app.context import opened
from reconciler.settings import Settings, read_settings
from reconciler.simulator.exchange.partner import Held, Partner
from reconciler.simulator.practice import Practice, practice
from reconciler.testing.crash import DATABASE, KILLED, count_points, run_until, sample
from reconciler.testing.fixtures import BACK_ENDS
from reconciler.testing.outside import OUTSIDE
from tests.end_to_end.test_crashes import Bench
from tests.exports.conftest import TABLE, ExportDesk

SEED = 20261123
PROBES = (*DATABASE, *OUTSIDE)
SCHOOLS = ("AVN", "BRK", "DNE", "FGT")
OTHER_TABLE = TABLE.replace("BRK:20041,AVN:12B/Ph1,2026-09-07,2027-07-21\n", "").replace(
    "2027-03-25", "2027-03-26"
)  # fmt: skip


class ExportBench:
    """A prepared store that is copied for each crash, and partners that are put back to what they held then."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.partners = bench.made.simulator.exchange.partners
        self.held: dict[str, Any] = {}

    def settings(self, url: str) -> Settings:
        return read_settings({**self.bench.made.environment, "RECONCILE_STORE": url})

    def desk(self, url: str) -> ExportDesk:
        return ExportDesk(made=self.bench.made, settings=self.settings(url))

    def remember(self) -> None:
        self.held = {code: (_copy(p.guests), _copy(p.assignments), p._next) for code, p in self.partners.items()}

    def copy(self) -> str:
        """The prepared store again, and the partners as they were."""
        for code, (guests, assignments, number) in self.held.items():
            partner: Partner = self.partners[code]
            partner.guests, partner.assignments, partner._next = _copy(guests), _copy(assignments), number
            partner.created.clear()
            partner._replies.clear()
        url = self.bench.copy()
        shutil.rmtree(self.desk(url).base / "out", ignore_errors=True)
        return url

    def world(self, url: str) -> dict[str, Any]:
        """What the partners hold, the files that were dropped, and the store's ledger."""
        partners = {
            code: {key: (h.item, h.ended_on) for key, h in {**p.guests, **p.assignments}.items()}
            for code, p in self.partners.items()
        }
        drops = {path.name: path.read_bytes() for path in (self.desk(url).base / "out").rglob("*.zip")}
        return {"partners": partners, "drops": drops, "store": ledger(url)}


def _copy(held: dict[str, Held]) -> dict[str, Held]:
    return {key: Held(number=h.number, item=h.item, ended_on=h.ended_on) for key, h in held.items()}


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
def schools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """Small schools that answer over HTTP, for the whole module."""
    with practice({}, into=str(tmp_path_factory.mktemp("crash") / "practice"), scale=0.05) as made:
        yield made


@pytest.fixture(params=BACK_ENDS)
def bench(request: pytest.FixtureRequest, schools: Practice, tmp_path: Any) -> Iterator[ExportBench]:
    """On each engine, with the schools as they were made."""
    world = schools.simulator.world
    postgres = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    yield ExportBench(Bench(schools, request.param, tmp_path, postgres))
    schools.simulator.world = world


def prepare(bench: ExportBench, act: str) -> None:
    """Imported, and for the second act exported once, with one student renamed and the table changed since."""
    desk = bench.desk(bench.bench.url)
    desk.base.mkdir(mode=0o700, exist_ok=True, parents=True)
    desk.made.simulator.write_drops(desk.base)
    desk.table(TABLE).prepare(*SCHOOLS)
    if act == "next_export":
        export(desk)
        desk.made.simulator.world = desk.made.simulator.world.rename("AVN:10233", surname="Othername")
        flows.run_imports(desk.settings, schools=("AVN",))
        desk.table(OTHER_TABLE)
    bench.remember()


def crash_everywhere(bench: ExportBench, chosen: Callable[[int], Sequence[int]]) -> None:
    """Each chosen point: a rerun ends as the unbroken run did, each thing at the partners once, and a third is idle."""
    whole = bench.copy()
    points = count_points(lambda: export(bench.desk(whole)), probes=PROBES)
    wanted = bench.world(whole)
    assert sum(label.startswith(("before PUT", "before GET")) for label in points) > 3
    assert "before rename" in points
    for k in chosen(len(points)):
        url = bench.copy()
        where = f"after a crash at point {k}, {points[k - 1]}"
        assert run_until(lambda url=url: export(bench.desk(url)), k, probes=PROBES) == KILLED, where
        export(bench.desk(url))
        assert bench.world(url) == wanted, f"another end {where}"
        for partner in bench.partners.values():
            assert len(partner.created) == len(set(partner.created)), f"something was made twice {where}"
        calls = len(bench.bench.made.simulator.exchange.calls)
        idle = bench.desk(url).export(*SCHOOLS, first=True)
        assert {r.outcome.value for r in idle.results} == {"unchanged"}, where
        assert len(bench.bench.made.simulator.exchange.calls) == calls, where
        with opened(bench.settings(url)) as context:
            assert not context.store.state.verify_audit()


@pytest.mark.requirement(54, 56)
@pytest.mark.parametrize("act", ["first_export", "next_export"])
def test_a_seeded_sample_of_crashes_ends_well(bench: ExportBench, act: str) -> None:
    """Each guest and each assignment at the partners exactly once."""
    prepare(bench, act)
    crash_everywhere(bench, lambda points: sample(points, every=max(1, points // 10), seed=SEED))


@pytest.mark.slow
@pytest.mark.requirement(54, 56)
@pytest.mark.parametrize("act", ["first_export", "next_export"])
def test_every_crash_ends_well(bench: ExportBench, act: str) -> None:
    """All points, one by one."""
    prepare(bench, act)
    crash_everywhere(bench, lambda points: range(1, points + 1))

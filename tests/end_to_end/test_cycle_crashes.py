"""Killed at any HTTP call, commit or rename of a whole cycle, the cycle run again ends as an unbroken one does.

Three partners of the example estate: two that are read over SOAP and told over the exchange, with guests of each other,
and one that gives and takes files. The partners live in this process and outlive the killed one, as in life: what they
were told before the crash they know after it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from reconciler.app import academic, control, due, exports, flows, states
from reconciler.app.context import opened
from reconciler.reports.ports import TransferFilter
from reconciler.simulator.practice import Practice
from reconciler.simulator.world import World
from reconciler.testing.crash import KILLED, count_points, run_until, spread, stored
from reconciler.testing.fixtures import BACK_ENDS
from reconciler.testing.outside import OUTSIDE
from tests.end_to_end.bench import Bench, cut, picture, small_schools, swift_folder

SEED = int(os.environ.get("RECONCILE_CRASH_SEED", "20261123"))
PROBES = (stored, *OUTSIDE)
PARTS = 4
PARTNERS = ("AVN", "BRK", "DNE")
BY_HAND = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
SCHEDULED = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)  # the slots of 08:00 are due
FRIDAY = date(2026, 11, 20)
# the ledger of slots tells how often, by whom and what of it; the ledger of exports under which number of the partner
HOW_TOLD = frozenset({"attempts", "claimed_by", "reference", "outcome", "reason"})
FIRST_TABLE = """student,class,from,to
BRK:20041,AVN:12B/Ph1,2026-09-07,2027-07-21
BRK:20118,AVN:12B/Ph1,2026-09-07,2027-07-21
DNE:24377,AVN:12B/Ph1,2026-09-07,2027-07-21
AVN:10233,BRK:12B/Ph1,2026-11-09,2027-02-12
BRK:20041,DNE:10B/Ph1,2026-09-07,2027-07-21
"""


def a_day_passes(bench: Bench, world: World) -> World:
    """Something new for every flow: people join, leave and change their names, marks and assignments.

    The last school that is read sends a pupil of the first one, which shows only where all are looked at together.
    """
    shared = world.student("AVN:10501").upn
    world = (
        world.rename("AVN:10233", surname="Othername")  # a guest at BRK
        .add_student("BRK", forename="Nela", surname="Vance", year_group="12")
        .stop_offering("AVN:10502")
        .rename("DNE:24377", surname="Thatcher")  # a guest at AVN, told by files
        .change("DNE:24410", lambda student: replace(student, offered=True, upn=shared))
        .mark("BRK:20118", FRIDAY, "AM", "I")
        .mark("AVN:10233", FRIDAY, "PM", "L")
    )
    new = world.schools["BRK"].students[-1].id
    (bench.base / "assignments.csv").write_text(
        FIRST_TABLE.replace("BRK:20041,AVN:12B/Ph1,2026-09-07,2027-07-21", f"BRK:{new},AVN:12B/Ph1,2026-11-23,")
        .replace("2027-02-12", "2027-02-19")
        .replace("BRK:20041,DNE:10B/Ph1,2026-09-07,2027-07-21", "AVN:10501,DNE:10B/Ph1,2026-11-23,2027-07-21"),
        "utf-8",
    )
    return world


@pytest.fixture(scope="module")
def schools() -> Iterator[Practice]:
    """Tiny schools for the whole module."""
    with small_schools(scale=0.02) as made:
        (made.folder / "estate.yaml").write_text(cut(*PARTNERS), "utf-8")
        yield made


@pytest.fixture(params=BACK_ENDS)
def bench(request: pytest.FixtureRequest, schools: Practice) -> Iterator[Bench]:
    """First runs were made by hand on each engine, a day has passed, and a cycle is due."""
    postgres = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    world = schools.simulator.world
    with swift_folder() as folder:
        made = Bench(schools, folder, postgres)
        (made.base / "assignments.csv").write_text(FIRST_TABLE, "utf-8")
        by_hand = made.settings(BY_HAND)
        states.init(by_hand, rehearsal=True)
        control.apply(by_hand)
        flows.run_imports(by_hand, schools=PARTNERS, first=True)
        exports.run_exports(by_hand, schools=PARTNERS, first=True)
        academic.run_academic(by_hand)
        schools.simulator.world = a_day_passes(made, world)
        schools.simulator.write_drops(made.base)
        yield made.prepared()
        schools.simulator.world = world


def cycle(bench: Bench, now: datetime = SCHEDULED) -> due.DueOutcome:
    """`reconcile sync --due`."""
    return due.due_now(bench.settings(now), due.scheduled_flows())


def held(bench: Bench) -> dict[str, dict[str, Any]]:
    """What each partner holds of the hub: guests and assignments by key, without its own numbers."""
    return {
        code: {key: (one.item, one.ended_on) for key, one in {**p.guests, **p.assignments}.items()}
        for code, p in bench.partners.items()
    }


def dropped(bench: Bench) -> dict[str, bytes]:
    """What a partner finds in its folder; it takes no notice of hidden files, which are half written."""
    return {str(p.relative_to(bench.base)): p.read_bytes() for p in sorted((bench.base / "out").rglob("[!.]*.*"))}


def end(bench: Bench) -> dict[str, Any]:
    """Where a cycle ends."""
    return {"store": picture(bench.url, without=HOW_TOLD), "partners": held(bench), "drops": dropped(bench)}


def differences(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """What is only in one of two ends, by part, table, partner or file."""
    return {
        f"{part} {name}": [found[part].get(name), wanted[part].get(name)]
        if part != "store" else sorted(set(found[part][name]) ^ set(wanted[part][name]))
        for part in wanted
        for name in wanted[part].keys() | found[part].keys()
        if found[part].get(name) != wanted[part].get(name)
    }  # fmt: skip


def asked(bench: Bench) -> int:
    """How many calls the schools and partners have answered."""
    return len(bench.made.simulator.calls) + len(bench.made.simulator.exchange.calls)


def crash_everywhere(bench: Bench, chosen: Callable[[int], Sequence[int]]) -> None:
    """Each chosen point: killed there all is sound, and the same command again ends as if nothing had happened."""
    before = end(bench)
    bench.copy()
    points = count_points(lambda: cycle(bench), probes=PROBES)
    wanted, made = end(bench), created(bench)
    assert_changed_everywhere(before, wanted, made)
    assert {"before POST", "before PUT", "before GET", "before commit", "before rename"} <= set(points)
    for k in chosen(len(points)):
        where = f"a crash at point {k} of {len(points)}, {points[k - 1]}"
        bench.copy()
        assert run_until(lambda: cycle(bench), k, probes=PROBES) == KILLED, where
        assert_sound(bench, before, wanted, where)
        cycle(bench)
        assert not differences(end(bench), wanted), f"another end after {where}"
        assert created(bench) == made, f"something was made twice after {where}"
        assert_idle(bench, where)


def created(bench: Bench) -> list[tuple[str, str]]:
    """What was made at the partners since the copy, as often as it was made."""
    return sorted((code, key) for code, partner in bench.partners.items() for key in partner.created)


def assert_changed_everywhere(before: dict[str, Any], wanted: dict[str, Any], made: list[tuple[str, str]]) -> None:
    """So that no point is without meaning: every flow of the cycle had something to do."""
    for table in ("students", "attendance_marks", "export_item", "export_intent", "data_issue", "schedule_slot"):
        assert before["store"][table] != wanted["store"][table], table
    assert before["drops"] != wanted["drops"]
    assert {code for code, _ in made} == {"AVN"}
    assert any(on for _, on in wanted["partners"]["AVN"].values()), "an assignment should have been ended"
    assert before["partners"]["BRK"] != wanted["partners"]["BRK"]


def assert_sound(bench: Bench, before: dict[str, Any], wanted: dict[str, Any], where: str) -> None:
    """The store opens and its audit holds, one run at most did not end, and all that a partner has is old or new."""
    with opened(bench.settings(SCHEDULED)) as context:
        assert not context.store.state.verify_audit(), where
        assert len(context.store.slots.claims()) <= 1, where
        unended = context.store.reports.transfers(TransferFilter(outcomes=frozenset({"interrupted", "running"})))
        assert len(unended) <= 1, where  # running for as long as PostgreSQL takes to notice that its client is gone
    for name, content in dropped(bench).items():
        assert content in (before["drops"].get(name), wanted["drops"].get(name)), f"{name} is torn by {where}"
    for code, items in held(bench).items():
        old, new = before["partners"][code], wanted["partners"][code]
        assert old.keys() <= items.keys() <= new.keys(), where
        assert all(item in (old.get(key), new.get(key)) for key, item in items.items()), where


def assert_idle(bench: Bench, where: str) -> None:
    """Run a third time nothing is due, an export by hand has nothing to say, and nobody is asked anything."""
    calls = asked(bench)
    assert not cycle(bench).ends, where
    again = exports.run_exports(bench.settings(SCHEDULED), schools=PARTNERS)
    assert {result.outcome.value for result in again.results} == {"unchanged"}, where
    assert asked(bench) == calls, f"somebody was asked again after {where}"
    with opened(bench.settings(SCHEDULED)) as context:
        assert not context.store.slots.claims(), where
        assert not context.store.reports.transfers(TransferFilter(outcomes=frozenset({"running"}))), where


@pytest.mark.requirement(18, 43, 49, 54, 56, 59)
def test_sixty_crashes_of_a_cycle_end_as_if_nothing_had_happened(bench: Bench) -> None:
    """Thirty points on each engine, other ones on each: one by chance in each thirtieth of the cycle."""
    number = BACK_ENDS.index(bench.engine)
    crash_everywhere(bench, lambda points: spread(points, number=30, seed=SEED + number))


@pytest.mark.slow
@pytest.mark.requirement(18, 43, 49, 54, 56, 59)
@pytest.mark.parametrize("part", range(PARTS))
def test_no_crash_of_a_cycle_leaves_a_trace(bench: Bench, part: int) -> None:
    """All points, one by one; in parts, so that two processes share the work."""
    crash_everywhere(bench, lambda points: range(1 + part, points + 1, PARTS))


@pytest.mark.requirement(49)
def test_the_morning_after_an_unbroken_cycle_has_nothing_to_tell(bench: Bench) -> None:
    """Everything is imported and exported again at its next slot, and not one row or word is new."""
    cycle(bench.copy())
    said = len(bench.made.simulator.exchange.calls)
    world = bench.made.simulator.world
    bench.made.simulator.world = world.at(world.now + timedelta(days=1))
    done = cycle(bench, SCHEDULED + timedelta(days=1))
    ran = {(e.key.kind, e.key.school): e.end.outcome.value for e in done.ends if e.end}
    assert {school for _, school in ran} == set(PARTNERS)
    assert {outcome for (kind, _), outcome in ran.items() if kind != "academic"} == {"unchanged"}
    assert len(bench.made.simulator.exchange.calls) == said

"""A year of `sync --due` on a real store with schools that answer: every slot is run once, whatever the year brings.

Both changes of the clock, holidays, blackouts and a roll-over are in it: the partners change year one after the other,
then the hub does. What the schedule says is worked out here by the clock on the wall alone. It runs
with `make crash`; in `make test` are the stretches of the year that matter (`tests/runner/test_due_now.py`), on both
engines, and the whole year with a ledger in memory (`tests/runner/test_year.py`).
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine, select

from reconciler.app import control, due, exports, flows, states
from reconciler.app.context import opened
from reconciler.settings import Settings, read_settings
from reconciler.simulator.practice import Practice
from reconciler.simulator.world import World
from reconciler.simulator.year_change import roll_over
from reconciler.store.tables.runs import RUN
from reconciler.store.tables.slots import SCHEDULE_SLOT
from reconciler.transfers.entry import Outcome
from tests.end_to_end.bench import cut, small_schools, through_july

LONDON = ZoneInfo("Europe/London")
FIRST, LAST = date(2026, 9, 14), date(2027, 9, 13)
MORNING, NIGHT = time(8, 0), time(18, 0)
TIMES = {"import": MORNING, "export": MORNING, "academic": NIGHT}
SHUT = {date(2026, 12, 24) + timedelta(days=n) for n in range(11)}
MOVES_HOUSE = date(2027, 2, 13)
MAPPED, HUB_CHANGES = date(2027, 7, 1), date(2027, 9, 9)
ROLLS = (date(2027, 9, 1), date(2027, 9, 6))
_A_YEAR = timedelta(weeks=52)  # days of the week stay what they are
TABLE = "student,class,from,to\n{student},DNE:10B/Ph1,2026-09-14,2027-07-21\n"


class Year:
    """The estate of two partners through its year; the clock is set, never waited for."""

    def __init__(self, made: Practice, partners: tuple[str, str]) -> None:
        self.made, self.partners, self.path = made, partners, made.folder / "estate.yaml"
        times = {"students_and_classes": "every_morning", "academic": "every_night"}
        self.estate = json.loads(cut(*partners, schedules=times))
        self.estate["blackouts"] = [
            {"from": f"{min(SHUT)}", "to": f"{max(SHUT)}", "what": ["export"], "why": "schools shut"},
            {"from": f"{MOVES_HOUSE}T06:00", "to": f"{MOVES_HOUSE}T23:00", "what": ["import", "export", "academic"],
             "why": "the servers move", "schools": [partners[0]]},
        ]  # fmt: skip
        for code in partners:
            world = through_july(made.simulator.world, code)
            for pupil in world.schools[code].on_roll(FIRST)[:3]:
                world = world.offer(f"{code}:{pupil.id}")
            made.simulator.world = _with_a_class(world, code)

    @property
    def base(self) -> Path:
        return self.made.folder / ".reconcile"

    def lines(self, at: time) -> list[tuple[str, str]]:
        """What has its slot at that time; only Bromcom gives academic data."""
        return [(kind, code) for kind, when in TIMES.items() for code in self.partners
                if when == at and (kind != "academic" or code == "AVN")]  # fmt: skip

    def expected(self, kind: str, school: str) -> dict[tuple[date, str], str]:
        """The slots of a line, and what becomes of each."""
        quiet = (SHUT if kind == "export" else set()) | ({MOVES_HOUSE} if school == self.partners[0] else set())
        return {(day, f"{TIMES[kind]:%H:%M}"): "skipped" if day in quiet else "done" for day in days()}

    def settings(self, day: date, at: time) -> Settings:
        moment = datetime.combine(day, at, LONDON).astimezone(UTC)
        return read_settings({**self.made.environment, "RECONCILE_NOW": moment.isoformat()})

    def apply(self, day: date, at: time) -> None:
        self.path.write_text(json.dumps(self.estate), "utf-8")
        control.apply(self.settings(day, at))

    def begin(self) -> None:
        """Everything by hand for once, in the evening before the first slot."""
        evening = self.settings(FIRST - timedelta(days=1), time(19, 0))
        self.base.mkdir(mode=0o700, exist_ok=True)
        (other,) = {*self.partners} - {"DNE"}
        pupil = self.made.simulator.world.schools[other].offered_students()[0]
        (self.base / "assignments.csv").write_text(TABLE.format(student=f"{other}:{pupil.id}"), "utf-8")
        states.init(evening, rehearsal=True)
        self.turn(FIRST - timedelta(days=1))
        self.apply(FIRST - timedelta(days=1), time(19, 0))
        flows.run_imports(evening, schools=self.partners, first=True)
        exports.run_exports(evening, schools=self.partners, first=True)

    def turn(self, day: date) -> None:
        """The schools' own systems on a day."""
        simulator = self.made.simulator
        simulator.world = simulator.world.at(day)
        if day in ROLLS:
            simulator.world = roll_over(simulator.world, self.partners[ROLLS.index(day)])
        if day in ROLLS or day < FIRST:
            simulator.write_drops(self.base)

    def edit(self, day: date) -> None:
        """What people change in the estate: the maps of the next year, then the hub's own year."""
        hub = self.estate["virtual_school"]
        if day == MAPPED:
            for maps in self.estate["period_maps"].values():
                maps["2027-2028"] = maps["2026-2027"]
        elif day == HUB_CHANGES:
            hub["academic_year"] = hub.pop("next_year")["year"]
            for calendar in self.estate["calendars"].values():
                calendar.pop("closed", None)
                for term in calendar.get("terms", ()):
                    term.update({end: f"{date.fromisoformat(str(term[end])) + _A_YEAR}" for end in ("from", "to")})
            for code, maps in self.estate["period_maps"].items():
                del maps["2026-2027"]
                left = {"address": f"period_map.{code}.2026-2027", "reason": "the year is over"}
                self.estate.setdefault("removed", []).append(left)
        else:
            return
        self.apply(day, time(17, 0))

    def stored(self) -> tuple[list[Any], list[Any], dict[str, str]]:
        """The ledger of slots, the log of runs, and the year that each partner is in."""
        with opened(self.settings(LAST, NIGHT)) as context:
            years = {scope.school: str(scope.year) for scope in context.store.across.scopes()}
        engine = create_engine(self.settings(LAST, NIGHT).store_url or "")
        with engine.connect() as connection:
            slots, runs = (list(connection.execute(select(table))) for table in (SCHEDULE_SLOT, RUN))
        engine.dispose()
        return slots, runs, years


def _with_a_class(world: World, code: str) -> World:
    """One class at least is offered: by its classes a school shows which year it is in."""
    school = world.schools[code]
    first, *others = school.classes
    classes = (replace(first, offered=True), *others)
    return replace(world, schools={**world.schools, code: replace(school, classes=classes)})


def days() -> list[date]:
    return [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.requirement(6, 9, 47, 48, 49)
@pytest.mark.parametrize("partners", [("DNE", "HRT"), ("AVN", "DNE")], ids=["files", "wires"])
def test_a_year_of_due_slots_runs_each_of_them_once(partners: tuple[str, str]) -> None:
    """Nobody is run twice, nothing is left out, nothing fails, and each partner ends in the next year."""
    with small_schools(scale=0.02) as made:
        year = Year(made, partners)
        year.begin()
        for day in days():
            year.turn(day)
            year.edit(day)
            for at in filter(year.lines, (MORNING, NIGHT)):
                done = due.due_now(year.settings(day, at), due.scheduled_flows())
                ended = {(e.key.kind, e.key.school): e for e in done.ends}
                assert {line: e.state.value for line, e in ended.items()} == {
                    line: year.expected(*line)[day, f"{at:%H:%M}"] for line in year.lines(at)
                }, (day, at, done.ends)  # fmt: skip
                if day in ROLLS and at == MORNING:
                    assert ended["import", partners[ROLLS.index(day)]].end.outcome is Outcome.DONE
            if day.day == 1:
                again = due.due_now(year.settings(day, time(18, 20)), due.scheduled_flows())
                assert not again.ends
        slots, runs, years = year.stored()
    assert years == dict.fromkeys(partners, "2027-2028")
    for line in [*year.lines(MORNING), *year.lines(NIGHT)]:
        own = [s for s in slots if (s.kind, s.school) == line]
        assert {(date.fromisoformat(s.day), s.label): s.state for s in own} == year.expected(*line)
        told = Counter(s.run for s in own if s.state == "done")
        assert set(told.values()) == {1}, "a run stands for one slot"
        logged = [run for run in runs if (run.kind, run.school) == line]
        by_hand = 0 if line[0] == "academic" else 1
        assert len(logged) == len(told) + by_hand, "and nothing was run beside the slots"
        assert not [run.message for run in logged if run.outcome not in ("done", "unchanged")]

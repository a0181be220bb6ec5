"""A year of `sync --due` on a real store with schools that answer: every slot is run once, whatever the year brings.

Both changes of the clock, holidays, blackouts and a roll-over are in it: the partners change year one after the other,
then the hub does. What the schedule says is worked out here by the clock on the wall alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine, select

from reconciler.app import control, due, exports, flows, states
from reconciler.settings import Settings, read_settings
from reconciler.simulator.practice import Practice
from reconciler.simulator.year_change import roll_over
from reconciler.store.tables.runs import RUN
from reconciler.store.tables.slots import SCHEDULE_SLOT
from tests.end_to_end.bench import cut, small_schools, through_july

LONDON = ZoneInfo("Europe/London")
PARTNERS = ("AVN", "DNE")
FIRST, LAST = date(2026, 9, 14), date(2027, 9, 13)
MORNING, NIGHT = time(8, 0), time(18, 0)
TIMES = {"import": MORNING, "export": MORNING, "academic": NIGHT}
LINES = [("import", "AVN"), ("import", "DNE"), ("export", "AVN"), ("export", "DNE"), ("academic", "AVN")]
AWAY = [
    {"from": "2026-12-24", "to": "2027-01-03", "what": ["export"], "why": "schools shut"},
    {"from": "2027-02-13T12:00", "to": "2027-02-14T06:00", "what": ["import", "export", "academic"], "why": "moves",
     "schools": ["AVN"]},
]  # fmt: skip
SHUT = {date(2026, 12, 24) + timedelta(days=n) for n in range(11)}
ROLLS = {date(2027, 9, 1): "AVN", date(2027, 9, 6): "DNE"}
HUB_CHANGES = date(2027, 9, 9)
TABLE = "student,class,from,to\nDNE:24377,AVN:12B/Ph1,2026-09-14,2027-07-21\n"


class Year:
    """One estate through its year; the clock is set, never waited for."""

    def __init__(self, made: Practice) -> None:
        self.made, self.path = made, made.folder / "estate.yaml"
        self.estate = json.loads(cut(*PARTNERS, schedules={
            "students_and_classes": "every_morning", "academic": "every_night",
        }))  # fmt: skip
        self.estate["blackouts"] = AWAY

    def settings(self, day: date, at: time) -> Settings:
        moment = datetime.combine(day, at, LONDON).astimezone(UTC)
        return read_settings({**self.made.environment, "RECONCILE_NOW": moment.isoformat()})

    def apply(self, day: date, at: time) -> None:
        self.path.write_text(json.dumps(self.estate), "utf-8")
        control.apply(self.settings(day, at), allowed=("year:virtual_school",))

    def begin(self) -> None:
        """Everything by hand for once, in the evening before the first slot."""
        day, at = FIRST - timedelta(days=1), time(19, 0)
        (self.made.folder / ".reconcile").mkdir(mode=0o700, exist_ok=True)
        (self.made.folder / ".reconcile" / "assignments.csv").write_text(TABLE, "utf-8")
        states.init(self.settings(day, at), rehearsal=True)
        self.turn(day)
        self.apply(day, at)
        flows.run_imports(self.settings(day, at), schools=PARTNERS, first=True)
        exports.run_exports(self.settings(day, at), schools=PARTNERS, first=True)

    def turn(self, day: date) -> None:
        """The schools' own systems on a day."""
        simulator = self.made.simulator
        world = simulator.world.at(day)
        if day in ROLLS:
            world = roll_over(world, ROLLS[day])
        simulator.world = world
        simulator.write_drops(self.made.folder / ".reconcile")

    def edit(self, day: date) -> None:
        """What people change in the estate."""
        if day == date(2027, 7, 1):
            for maps in self.estate["period_maps"].values():
                maps["2027-2028"] = maps["2026-2027"]
            self.apply(day, time(17, 0))
        if day == HUB_CHANGES:
            hub = self.estate["virtual_school"]
            hub["academic_year"] = hub.pop("next_year")["year"]
            for maps in self.estate["period_maps"].values():
                del maps["2026-2027"]
            self.apply(day, time(17, 0))


@pytest.fixture(scope="module")
def year() -> Iterator[Year]:
    with small_schools(scale=0.02) as made:
        for code in PARTNERS:
            made.simulator.world = through_july(made.simulator.world, code)
        yield Year(made)


def days() -> list[date]:
    return [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


def expected(kind: str, school: str) -> dict[tuple[str, str], str]:
    """The slots of a line and what becomes of each."""
    away = set(SHUT) if kind == "export" else set()
    if school == "AVN":
        away.add(date(2027, 2, 13) if TIMES[kind] == NIGHT else date(2027, 2, 14))
    if school == "AVN" and TIMES[kind] == MORNING:
        away.discard(date(2027, 2, 14))  # it is over at six
    return {(day.isoformat(), f"{TIMES[kind]:%H:%M}"): "skipped" if day in away else "done" for day in days()}


@pytest.mark.timeout(900)
@pytest.mark.requirement(6, 9, 47, 48, 49)
def test_a_year_of_due_slots_runs_each_of_them_once(year: Year, tmp_path: Path) -> None:
    """Nobody is run twice, nothing is left out, nothing fails, and each partner ends in the next year."""
    year.begin()
    for day in days():
        year.turn(day)
        year.edit(day)
        for at in (MORNING, NIGHT):
            done = due.due_now(year.settings(day, at), due.scheduled_flows())
            assert {(e.key.kind, e.key.school): e.state.value for e in done.ends} == {
                line: expected(*line)[day.isoformat(), f"{at:%H:%M}"] for line in LINES if TIMES[line[0]] == at
            }, (day, at, [e.end for e in done.ends])  # fmt: skip
        if day.day == 1:
            assert not due.due_now(year.settings(day, time(18, 5)), due.scheduled_flows()).ends
    engine = create_engine(year.settings(LAST, NIGHT).store_url or "")
    with engine.connect() as connection:
        slots, runs = connection.execute(select(SCHEDULE_SLOT)).all(), connection.execute(select(RUN)).all()
    engine.dispose()
    for line in LINES:
        told = {(s.day, s.label): s.state for s in slots if (s.kind, s.school) == line}
        assert told == expected(*line)
        ran = Counter(s.run for s in slots if (s.kind, s.school) == line and s.state == "done")
        assert set(ran.values()) == {1}, "a run stands for one slot"
        logged = [r.run for r in runs if (r.kind, r.school) == line and r.run in ran]
        assert len(logged) == len(ran)

"""A year of ticks, in memory: every slot is run once, whatever the clock, the calendar and the blackouts do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.runner.cycle import Agenda, run_cycle
from reconciler.runner.ports import SlotLedger
from reconciler.schedule.blackouts import Blackout, quiet
from reconciler.schedule.due import Line, LineKey, SlotState
from reconciler.schedule.times import SlotName, slots_between
from tests.runner.memory import MemoryLedger, Watch, Work

LONDON = ZoneInfo("Europe/London")
START = datetime(2026, 8, 31, 23, 0, tzinfo=UTC)  # midnight in London, summer time
END = START + timedelta(days=365) - timedelta(seconds=1)
BLACKOUTS = (
    Blackout.parse("2026-12-24", "2027-01-03", what=["export"], why="schools shut"),
    Blackout.parse("2027-02-13T18:00", "2027-02-14T06:00", what=["import", "export", "academic"], why="MIS upgrade",
                   schools=["CST"]),
)  # fmt: skip
TIMES = {"import": "every_morning", "export": "every_morning", "academic": "every_30_minutes"}
SCHOOLS = ("AVN", "CST")


def lines(since: datetime, times: dict[str, str]) -> list[Line]:
    return [Line(key=LineKey(kind, school), times=t, since=since) for kind, t in times.items() for school in SCHOOLS]


def expected(line: Line, start: datetime, end: datetime, blackouts: Iterable[Blackout]) -> dict[SlotName, bool]:
    """Every slot of the line, and whether it may run; by the clock on the wall."""
    return {
        slot.name: quiet(blackouts, datetime.combine(slot.name.day, _time(slot.name)), kind=line.key.kind,
                         school=line.key.school) is None
        for slot in slots_between(line.times, LONDON, start, end)
    }  # fmt: skip


def _time(name: SlotName) -> object:
    return datetime.strptime(name.label, "%H:%M").time()  # noqa: DTZ007 (a time on the wall has no zone)


def tick(agenda: Agenda, ledger: SlotLedger, at: datetime) -> None:
    list(run_cycle(agenda, ledger, clock=Watch(at), claimed_by="here:1"))


def test_a_year_of_ticks_at_every_slot_runs_each_slot_once() -> None:
    """Both changes of the clock, holidays and two blackouts included; academic data comes every half an hour."""
    ledger = MemoryLedger()
    work = Work(ledger.log)
    agenda = Agenda(lines=lines(START, TIMES), blackouts=BLACKOUTS, zone=LONDON, flows=dict.fromkeys(TIMES, work))
    moments = sorted({slot.at for times in TIMES.values() for slot in slots_between(times, LONDON, START, END)})
    for moment in moments:
        tick(agenda, ledger, moment)
    for line in agenda.lines:
        wanted = expected(line, START, END, BLACKOUTS)
        states = ledger.states(line.key)
        assert states == {n: SlotState.DONE if run else SlotState.SKIPPED for n, run in wanted.items()}
        assert Counter(work.ran)[line.key] == sum(wanted.values())
    assert len(ledger.states(LineKey("import", "AVN"))) == 365
    assert len(ledger.states(LineKey("academic", "AVN"))) == 365 * 48 - 2  # the hour that does not come in March
    assert sum(s is SlotState.SKIPPED for s in ledger.states(LineKey("export", "AVN")).values()) == 11
    assert sum(s is SlotState.SKIPPED for s in ledger.states(LineKey("academic", "CST")).values()) == 24


@pytest.mark.requirement(9)
@pytest.mark.parametrize("day", [date(2026, 10, 25), date(2027, 3, 28)])
@pytest.mark.parametrize("times", ["every_30_minutes", "every_hour", "every_morning", "01:30"])
def test_ticks_of_every_minute_over_a_change_of_the_clock_run_each_slot_once(day: date, times: str) -> None:
    """No slot twice at 01:30 in October, none left out in March."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=LONDON).astimezone(UTC)
    ledger = MemoryLedger()
    work = Work(ledger.log)
    only = [Line(key=LineKey("import", "AVN"), times=times, since=midnight)]
    agenda = Agenda(lines=only, blackouts=(), zone=LONDON, flows={"import": work})
    for minute in range(24 * 60 + 90):
        tick(agenda, ledger, midnight + timedelta(minutes=minute))
    on_the_day = {name: state for name, state in ledger.states(only[0].key).items() if name.day == day}
    assert set(on_the_day.values()) == {SlotState.DONE}
    labels = {"every_30_minutes": 48, "every_hour": 24}.get(times, 1)
    gone = 0 if day.month == 10 else {"every_30_minutes": 2, "every_hour": 1}.get(times, 0)
    assert len(on_the_day) == labels - gone
    assert len(work.ran) == len(ledger.states(only[0].key))


steps = st.lists(st.integers(-90, 300), min_size=1, max_size=60)


def walk(minutes: list[int], times: str, each: Callable[[MemoryLedger, datetime], None]) -> tuple[MemoryLedger, Work]:
    """Ticks around the October change at a clock that goes forward and back; `each` looks after every tick."""
    ledger = MemoryLedger()
    work = Work(ledger.log)
    start = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
    agenda = Agenda(lines=[Line(key=LineKey("import", "AVN"), times=times, since=start)], blackouts=(), zone=LONDON,
                    flows={"import": work})  # fmt: skip
    now = start
    for step in minutes:
        now = max(start, now + timedelta(minutes=step))
        tick(agenda, ledger, now)
        each(ledger, now)
    return ledger, work


@pytest.mark.requirement(9)
@given(steps, st.sampled_from(["every_30_minutes", "every_hour"]))
def test_no_sequence_of_ticks_runs_a_slot_twice_or_leaves_the_latest_undone(minutes: list[int], times: str) -> None:
    """Forward or back: after each tick the latest slot has run, and each slot has run at most once."""

    def latest_has_run(ledger: MemoryLedger, now: datetime) -> None:
        states = ledger.states(LineKey("import", "AVN"))
        start = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
        slots = slots_between(times, LONDON, start, now)
        assert not slots or states[slots[-1].name] is SlotState.DONE

    ledger, work = walk(minutes, times, latest_has_run)
    done = [name for name, state in ledger.states(LineKey("import", "AVN")).items() if state is SlotState.DONE]
    assert len(work.ran) == len(done)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=60), st.sampled_from(["every_30_minutes", "every_hour"]))
def test_while_the_clock_goes_forward_every_slot_is_either_run_or_missed(minutes: list[int], times: str) -> None:
    """Run when a tick found it the latest, missed when a later one had come by then; never both, never neither."""
    found: set[SlotName] = set()
    ticks: list[datetime] = []
    ledger, work = walk(minutes, times, lambda _, now: ticks.append(now))
    start = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
    for now in ticks:
        found |= {slot.name for slot in slots_between(times, LONDON, start, now)[-1:]}
    states = ledger.states(LineKey("import", "AVN"))
    assert list(states) == [slot.name for slot in slots_between(times, LONDON, start, ticks[-1])]
    assert {name for name, state in states.items() if state is SlotState.DONE} == found
    assert {name for name, state in states.items() if state is SlotState.MISSED} == states.keys() - found
    assert len(work.ran) == len(found)

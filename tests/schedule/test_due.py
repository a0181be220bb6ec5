"""What is due at a moment: one verdict a slot."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reconciler.schedule.blackouts import Blackout
from reconciler.schedule.due import LOOK_BACK, DueSlot, Line, LineKey, Recorded, SlotState, due
from reconciler.schedule.times import SlotName

LONDON = ZoneInfo("Europe/London")
AVN = LineKey("import", "AVN")
LONG_AGO = datetime(2026, 11, 1, tzinfo=UTC)


def on(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026, in which London's clock shows UTC."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def line(times: str = "every_hour", *, key: LineKey = AVN, since: datetime = LONG_AGO, waiting: bool = False) -> Line:
    return Line(key=key, times=times, since=since, waiting=waiting)


def row(when: datetime, state: SlotState = SlotState.DONE, *, noted: datetime | None = None) -> Recorded:
    name = SlotName(when.date(), f"{when:%H:%M}")
    return Recorded(name=name, due_at=when, state=state, noted_at=noted or when)


def verdicts(found: list[DueSlot]) -> list[tuple[str, str]]:
    return [(f"{f.slot.name.day.day} {f.slot.name.label}", f.verdict.value) for f in found]


def ask(now: datetime, *rows: Recorded, of: Line | None = None, blackouts: tuple[Blackout, ...] = ()) \
        -> list[tuple[str, str]]:  # fmt: skip
    wanted = of or line()
    return verdicts(due([wanted], blackouts, {wanted.key: rows}, zone=LONDON, now=now))


def test_a_slot_is_due_at_its_moment_and_not_before() -> None:
    """To the second."""
    assert ask(on(23, 8) - timedelta(seconds=1), row(on(23, 7))) == []
    assert ask(on(23, 8), row(on(23, 7))) == [("23 08:00", "run")]


@pytest.mark.parametrize("state", [SlotState.DONE, SlotState.FAILED, SlotState.SKIPPED, SlotState.MISSED])
def test_a_settled_slot_is_not_due_again(state: SlotState) -> None:
    """Whatever became of it: a failed slot is not tried again, the next one is."""
    assert ask(on(23, 8, 59), row(on(23, 8), state)) == []


def test_another_time_zone_does_not_bring_a_slot_of_the_day_back() -> None:
    """A slot is known by date and label: 08:00 that ran in London is not run again when it is eight in the Azores."""
    wanted, ran = line("every_morning", since=on(23, 8, 30)), row(on(23, 8))
    assert due([wanted], [], {AVN: [ran]}, zone=ZoneInfo("Atlantic/Azores"), now=on(23, 9, 30)) == []


@pytest.mark.requirement(9)
def test_of_several_missed_slots_the_latest_runs_and_the_others_are_missed() -> None:
    """The catch-up rule."""
    assert ask(on(23, 11, 20), row(on(23, 8))) == [("23 09:00", "missed"), ("23 10:00", "missed"), ("23 11:00", "run")]


def test_what_fell_due_before_the_schedule_took_over_is_nobodys() -> None:
    """An estate applied, or a first import made, at 10:05 has no slot before that."""
    assert ask(on(23, 10, 30), of=line(since=on(23, 10, 5))) == []
    assert ask(on(23, 11, 0), of=line(since=on(23, 10, 5))) == [("23 11:00", "run")]
    assert ask(on(23, 10, 30), of=line(since=on(23, 10))) == [("23 10:00", "run")]


def test_a_slot_that_was_due_at_the_first_tick_runs() -> None:
    """The first timer of an estate fires at 08:00:03, with nothing in the ledger yet."""
    assert ask(on(23, 8) + timedelta(seconds=3), of=line("every_morning", since=on(22, 15))) == [("23 08:00", "run")]


@pytest.mark.requirement(45)
def test_a_line_that_waits_for_a_person_misses_nothing() -> None:
    """Only its latest slot is looked at, so that it can be recorded as waiting."""
    assert ask(on(23, 11, 20), of=line(since=on(1, 0), waiting=True)) == [("23 11:00", "run")]
    assert ask(on(23, 11, 20), row(on(23, 8), SlotState.SKIPPED), of=line(waiting=True)) == [("23 11:00", "run")]


def test_a_claim_is_run_again_when_it_is_the_latest() -> None:
    """Its process died, and nothing has fallen due since."""
    assert ask(on(23, 8, 30), row(on(23, 7)), row(on(23, 8), SlotState.CLAIMED)) == [("23 08:00", "run")]


def test_a_claim_that_was_overtaken_is_missed() -> None:
    """The catch-up rule holds for it too, and the reason says that its process went away."""
    wanted = line()
    found = due([wanted], [], {AVN: [row(on(23, 7)), row(on(23, 8), SlotState.CLAIMED)]}, zone=LONDON, now=on(23, 9))
    assert verdicts(found) == [("23 08:00", "missed"), ("23 09:00", "run")]
    assert "went away" in found[0].why


def test_an_outage_longer_than_the_look_back_lists_no_more_than_that() -> None:
    """A store that slept for a year does not wake with nine thousand rows."""
    found = ask(on(23, 8), row(on(23, 8) - timedelta(days=400)), of=line(since=on(1, 0) - timedelta(days=500)))
    assert len(found) == LOOK_BACK.days * 24  # with both ends, and the hour that came twice in October counted once
    assert found[-1] == ("23 08:00", "run")


@pytest.mark.requirement(9)
def test_a_clock_that_went_back_repeats_nothing() -> None:
    """08:00 ran, the clock goes back to 07:30 and reaches 08:00 once more."""
    rows = (row(on(23, 7)), row(on(23, 8)))
    assert ask(on(23, 7, 30), *rows) == []
    assert ask(on(23, 8), *rows) == []
    assert ask(on(23, 8, 1), *rows) == []


@pytest.mark.requirement(9)
def test_a_clock_that_went_back_loses_nothing() -> None:
    """At a wrong 14:00 the slots from 09:00 on were noted as missed; when it is 09:00 at last, that slot runs."""
    leap = on(23, 14)
    rows = [row(on(23, 8)), *(row(on(23, h), SlotState.MISSED, noted=leap) for h in range(9, 14)), row(leap)]
    assert ask(on(23, 8, 10), *rows) == []
    assert ask(on(23, 9), *rows) == [("23 09:00", "run")]
    assert ask(on(23, 11), *rows) == [("23 09:00", "missed"), ("23 10:00", "missed"), ("23 11:00", "run")]
    assert ask(on(23, 14, 30), *rows) == []
    assert ask(on(23, 15), *rows) == [("23 15:00", "run")]


def test_a_clock_that_is_set_back_by_a_moment_runs_no_older_slot_after_a_newer_one() -> None:
    """07:00 was noted as missed and 08:00 run; a correction by half a second does not bring 07:00 back."""
    noted = on(23, 8) + timedelta(milliseconds=900)
    rows = (row(on(23, 6)), row(on(23, 7), SlotState.MISSED, noted=noted), row(on(23, 8), noted=noted))
    assert ask(on(23, 8) + timedelta(milliseconds=400), *rows) == []


def test_an_estate_applied_by_a_wrong_clock_still_has_its_slots() -> None:
    """A `since` that lies ahead says nothing: the latest slot runs, and no older one is called missed."""
    assert ask(on(23, 8), of=line(since=on(30, 0))) == [("23 08:00", "run")]
    assert ask(on(23, 9), row(on(23, 8)), of=line(since=on(30, 0))) == [("23 09:00", "run")]


@pytest.mark.requirement(8, 49)
def test_imports_come_before_exports_and_both_before_academic_data() -> None:
    """At eight o'clock all of them are due; each kind goes through its schools before the next begins."""
    keys = [LineKey(kind, school) for school in ("BRK", "AVN") for kind in ("academic", "export", "import")]
    lines = [line("every_hour" if key.kind == "academic" else "every_morning", key=key, since=on(23, 7, 30))
             for key in keys]  # fmt: skip
    found = due(lines, [], {}, zone=LONDON, now=on(23, 8))
    assert [(f.key.kind, f.key.school) for f in found] == [
        ("import", "AVN"), ("import", "BRK"), ("export", "AVN"), ("export", "BRK"), ("academic", "AVN"),
        ("academic", "BRK"),
    ]  # fmt: skip


def blackout(start: str, end: str, *schools: str, what: tuple[str, ...] = ("import",)) -> Blackout:
    return Blackout.parse(start, end, what=what, why="MIS upgrade", schools=schools)


def test_a_blackout_skips_the_slots_inside_it_and_says_why() -> None:
    """From its beginning to before its end."""
    wanted = line()
    quiet = blackout("2026-11-23T09:00", "2026-11-23T11:00")
    found = due([wanted], [quiet], {AVN: [row(on(23, 8))]}, zone=LONDON, now=on(23, 11))
    assert verdicts(found) == [("23 09:00", "skipped"), ("23 10:00", "skipped"), ("23 11:00", "run")]
    assert found[0].why == "blackout: MIS upgrade"


def test_a_blackout_of_days_includes_its_last_day_whole() -> None:
    """`to: 2026-11-24` lasts until midnight."""
    quiet = (blackout("2026-11-23", "2026-11-24"),)
    assert ask(on(24, 23), row(on(24, 22), SlotState.SKIPPED), blackouts=quiet) == [("24 23:00", "skipped")]
    assert ask(on(25, 0), row(on(24, 23), SlotState.SKIPPED), blackouts=quiet) == [("25 00:00", "run")]


@pytest.mark.parametrize(
    ("school", "what", "verdict"),
    [("AVN", "import", "skipped"), ("BRK", "import", "run"), ("AVN", "export", "run")],
)
def test_a_blackout_is_for_its_schools_and_kinds_alone(school: str, what: str, verdict: str) -> None:
    """The others run as ever."""
    quiet = blackout("2026-11-23", "2026-11-23", "AVN", what=("import",))
    assert ask(on(23, 8), of=line(key=LineKey(what, school), since=on(23, 8)), blackouts=(quiet,)) == [
        ("23 08:00", verdict)
    ]


def test_a_slot_missed_before_a_blackout_does_not_run_inside_it() -> None:
    """It is recorded as missed, since nobody will catch it up."""
    quiet = (blackout("2026-11-23T10:30", "2026-11-23T18:00"),)
    assert ask(on(23, 10, 45), row(on(23, 9)), blackouts=quiet) == [("23 10:00", "missed")]


def test_a_slot_missed_before_a_blackout_runs_after_it() -> None:
    """When the machine was off all the time and nothing has fallen due since."""
    quiet = (blackout("2026-11-23T09:30", "2026-11-23T11:30"),)
    assert ask(on(23, 11, 40), row(on(23, 8)), blackouts=quiet) == [
        ("23 09:00", "run"), ("23 10:00", "skipped"), ("23 11:00", "skipped"),
    ]  # fmt: skip


@pytest.mark.requirement(9)
def test_a_blackout_is_on_the_clock_on_the_wall() -> None:
    """In summer 08:00 in London is 07:00 UTC."""
    summer = datetime(2026, 7, 1, 7, 0, tzinfo=UTC)
    quiet = blackout("2026-07-01T08:00", "2026-07-01T08:30")
    wanted = line("every_morning", since=summer - timedelta(hours=1))
    (found,) = due([wanted], [quiet], {}, zone=LONDON, now=summer)
    assert (found.verdict.value, found.slot.name) == ("skipped", SlotName(date(2026, 7, 1), "08:00"))

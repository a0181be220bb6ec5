"""One cycle: what is due is claimed, run and settled, whatever happens to a school or to the process."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from reconciler.errors import Refused, StoreError
from reconciler.runner.cycle import MOST_ATTEMPTS, Agenda, SlotEnd, run_cycle
from reconciler.schedule.blackouts import Blackout
from reconciler.schedule.due import Line, LineKey, SlotState
from reconciler.schedule.times import SlotName
from reconciler.transfers.entry import Outcome
from tests.runner.memory import Death, MemoryLedger, Watch, Work

LONDON = ZoneInfo("Europe/London")
AVN = LineKey("import", "AVN")
EIGHT = SlotName(date(2026, 11, 23), "08:00")


def on(hour: int, minute: int = 0, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@dataclass(slots=True)
class Office:
    """A schedule of daily lines at eight with everything in memory."""

    keys: list[LineKey]
    blackouts: list[Blackout] = field(default_factory=list)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    watch: Watch = field(default_factory=lambda: Watch(on(8)))
    stopped_after: int = 10**6
    followed: list[tuple[LineKey, str]] = field(default_factory=list)
    work: Work = field(init=False)

    def __post_init__(self) -> None:
        self.work = Work(self.ledger.log)

    def cycle(self) -> list[SlotEnd]:
        lines = [Line(key=key, times="every_morning", since=on(0, day=20)) for key in self.keys]
        agenda = Agenda(lines=lines, blackouts=self.blackouts, zone=LONDON,
                        flows=dict.fromkeys(("import", "export", "academic"), self.work),
                        follow_up=lambda key, end: self.followed.append((key, end.run)))  # fmt: skip
        return list(run_cycle(agenda, self.ledger, clock=self.watch, claimed_by="here:1",
                              stop=lambda: len(self.work.ran) >= self.stopped_after))  # fmt: skip

    def begun_yesterday(self) -> Office:
        """With the slots before the 23rd settled."""
        self.watch.shows = on(8, day=22)
        self.cycle()
        self.work.ran.clear()
        self.ledger.log.clear()
        self.watch.shows = on(8)
        return self


def office(*words: str) -> Office:
    """Lines like `import AVN`, settled up to yesterday."""
    return Office([LineKey(*word.split()) for word in words]).begun_yesterday()


def test_what_is_due_runs_once_and_is_done() -> None:
    """A second cycle finds nothing."""
    desk = office("import AVN", "import BRK")
    assert [(end.key.school, end.state.value) for end in desk.cycle()] == [("AVN", "done"), ("BRK", "done")]
    assert desk.cycle() == []
    assert [key.school for key in desk.work.ran] == ["AVN", "BRK"]


@pytest.mark.requirement(8, 49)
def test_all_imports_run_before_the_first_export_and_academic_data_comes_last() -> None:
    """In every cycle."""
    desk = office("academic AVN", "export AVN", "export BRK", "import AVN", "import BRK")
    desk.cycle()
    assert [f"{key.kind} {key.school}" for key in desk.work.ran] == [
        "import AVN", "import BRK", "export AVN", "export BRK", "academic AVN",
    ]  # fmt: skip


@pytest.mark.requirement(49)
def test_an_export_is_told_which_imports_of_its_cycle_failed() -> None:
    """Also when the process was stopped between import and export."""
    desk = office("import AVN", "import BRK", "export BRK")
    desk.work.ends[AVN] = Outcome.FAILED
    desk.stopped_after = 2
    desk.cycle()
    desk.stopped_after = 10
    desk.cycle()
    assert desk.work.told[LineKey("export", "BRK")] == {"AVN"}
    assert desk.work.told[LineKey("import", "BRK")] == frozenset()


@pytest.mark.requirement(66)
@pytest.mark.parametrize("fault", [Outcome.FAILED, Refused("x.y", "no", hint="do"), KeyError("Xqzcanarypupil")])
def test_one_failing_school_never_stops_another(fault: Outcome | BaseException) -> None:
    """Its slot is failed with a reason that shows no value, and it is not tried again before the next slot."""
    desk = office("import AVN", "import BRK")
    desk.work.ends[AVN] = fault
    first, second = desk.cycle()
    assert (first.state, second.state) == (SlotState.FAILED, SlotState.DONE)
    assert first.reason
    assert "Xqzcanarypupil" not in first.reason
    assert desk.cycle() == []


@pytest.mark.requirement(45, 46)
def test_a_partner_that_waits_is_skipped_and_recorded_as_waiting() -> None:
    """With what the run said about it."""
    desk = office("import AVN")
    desk.work.ends[AVN] = Outcome.WAITING
    (end,) = desk.cycle()
    assert (end.state, end.reason) == (SlotState.SKIPPED, "AVN import waiting")


@pytest.mark.requirement(67)
def test_a_held_run_settles_its_slot() -> None:
    """A person decides about the run; the slot is not run again meanwhile."""
    desk = office("import AVN")
    desk.work.ends[AVN] = Outcome.HELD
    (end,) = desk.cycle()
    assert end.state is SlotState.DONE
    assert desk.cycle() == []


def test_a_blackout_runs_nothing_and_is_recorded() -> None:
    """With its reason."""
    desk = office("import AVN")
    desk.blackouts = [Blackout.parse("2026-11-23", "2026-11-23", what=["import"], why="MIS upgrade")]
    (end,) = desk.cycle()
    assert (end.state, end.reason) == (SlotState.SKIPPED, "blackout: MIS upgrade")
    assert desk.work.ran == []


def test_a_stop_comes_between_two_schools_and_loses_nothing() -> None:
    """What had not begun is due in the next cycle."""
    desk = office("import AVN", "import BRK", "import CST")
    desk.stopped_after = 1
    desk.cycle()
    assert [key.school for key in desk.work.ran] == ["AVN"]
    desk.stopped_after = 10
    desk.cycle()
    assert [key.school for key in desk.work.ran] == ["AVN", "BRK", "CST"]


def test_a_store_that_goes_away_ends_the_cycle_and_leaves_the_claim() -> None:
    """The next cycle runs the slot again."""
    desk = office("import AVN")
    desk.work.ends[AVN] = StoreError("store.unreachable", "gone")
    with pytest.raises(StoreError):
        desk.cycle()
    assert desk.ledger.states(AVN)[EIGHT] is SlotState.CLAIMED
    desk.work.ends.clear()
    assert [end.state for end in desk.cycle()] == [SlotState.DONE]


def test_a_run_that_had_ended_before_its_process_died_is_not_repeated() -> None:
    """The transfer log tells of it."""
    desk = office("import AVN")
    desk.ledger.dies_before_finish = True
    with pytest.raises(Death):
        desk.cycle()
    desk.ledger.dies_before_finish = False
    (end,) = desk.cycle()
    assert (end.state, end.end.run if end.end else "") == (SlotState.DONE, "r1")
    assert "went away" in end.reason
    assert desk.work.ran == [AVN]


def test_what_follows_a_run_is_made_up_for_when_its_process_died_in_between() -> None:
    """Before the slot counts as settled, so that another death loses it no more than the first one did."""
    desk = office("import AVN")
    desk.ledger.dies_before_finish = True
    for _ in range(2):
        with pytest.raises(Death):
            desk.cycle()
    desk.ledger.dies_before_finish = False
    desk.cycle()
    assert desk.followed == [(AVN, "r1")] * 2
    desk.watch.shows = on(8, day=24)
    desk.cycle()
    assert len(desk.followed) == 2


def test_a_run_that_had_not_ended_when_its_process_died_is_run_again() -> None:
    """A sync may run twice."""
    desk = office("import AVN")
    killed(desk)
    desk.work.ends.clear()
    assert [end.state for end in desk.cycle()] == [SlotState.DONE]
    assert desk.work.ran == [AVN, AVN]


def killed(desk: Office) -> None:
    """A cycle whose process dies while AVN is imported."""
    desk.work.ends[AVN] = Death()
    with pytest.raises(Death):
        desk.cycle()


def test_a_run_of_another_slot_or_school_does_not_settle_a_claim() -> None:
    """Only what the log tells of after the claim, and of the same line."""
    desk = office("import AVN", "import BRK")
    desk.watch.shows = on(7)
    desk.work(AVN, frozenset())
    desk.watch.shows = on(8)
    killed(desk)
    desk.work.ends.clear()
    desk.work(LineKey("import", "BRK"), frozenset())
    desk.work(LineKey("export", "AVN"), frozenset())
    ran = len(desk.work.ran)
    desk.cycle()
    assert desk.work.ran[ran:] == [AVN, LineKey("import", "BRK")]


def test_a_school_that_kills_its_process_does_not_keep_the_others_from_their_turn() -> None:
    """After three deaths over one slot it is failed, and whoever comes next gets on."""
    desk = office("import AVN", "import BRK")
    for _ in range(MOST_ATTEMPTS):
        killed(desk)
    ends = desk.cycle()
    assert [(e.key.school, e.state.value) for e in ends] == [("AVN", "failed"), ("BRK", "done")]
    assert "3 times" in ends[0].reason


def test_a_claim_of_what_is_no_longer_scheduled_is_closed() -> None:
    """The partner was removed while its process was dead."""
    desk = office("import AVN", "import BRK")
    killed(desk)
    desk.keys.remove(AVN)
    ends = desk.cycle()
    assert [(e.key.school, e.state.value) for e in ends] == [("AVN", "skipped"), ("BRK", "done")]
    assert "no longer scheduled" in ends[0].reason


def test_a_process_that_dies_between_two_lines_has_half_noted_nothing() -> None:
    """What was missed is noted together with the claim that follows it, so that neither hides the other."""
    desk = office("import AVN", "import BRK")
    desk.watch.shows = on(9, day=26)
    killed(desk)
    states = desk.ledger.states(AVN)
    assert [state.value for state in states.values()][-4:] == ["missed", "missed", "missed", "claimed"]
    assert EIGHT not in desk.ledger.states(LineKey("import", "BRK"))
    desk.work.ends.clear()
    desk.cycle()
    assert [s.value for s in desk.ledger.states(LineKey("import", "BRK")).values()][-4:] == [
        "missed", "missed", "missed", "done",
    ]  # fmt: skip

"""The slot ledger of the store: claims that only one process gets, and the same answers as a ledger in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from reconciler.errors import Refused
from reconciler.runner.cycle import Agenda, run_cycle
from reconciler.runner.ports import RunEnd, SlotLedger
from reconciler.schedule.blackouts import Blackout
from reconciler.schedule.due import DueSlot, Line, LineKey, Recorded, SlotState, Verdict
from reconciler.schedule.times import Slot, SlotName, slots_between
from reconciler.store.open import Store, open_store
from reconciler.transfers.entry import Outcome
from tests.runner.memory import MemoryLedger, Watch, Work
from tests.store.values import change, entry, state_commit, with_partner

LONDON = ZoneInfo("Europe/London")
AVN = LineKey("import", "AVN")


def on(hour: int, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def slot(hour: int, day: int = 23) -> Slot:
    return Slot(name=SlotName(date(2026, 11, day), f"{hour:02}:00"), at=on(hour, day))


def note(hour: int, verdict: Verdict = Verdict.MISSED) -> DueSlot:
    return DueSlot(key=AVN, slot=slot(hour), verdict=verdict, why="off")


def take(store: Store, hour: int, seen: Recorded | None = None, *notes: DueSlot, now: datetime | None = None) \
        -> Recorded | None:  # fmt: skip
    return store.slots.take(AVN, slot(hour), seen=seen, notes=notes, claimed_by="here:1", now=now or on(hour))


def states(store: Store, key: LineKey = AVN) -> dict[str, str]:
    """Label and state of every slot of a line."""
    with store.state._database.read() as connection:
        query = text("SELECT label, state FROM schedule_slot WHERE kind = :kind AND school = :school ORDER BY due_at")
        return {row.label: row.state for row in connection.execute(query, {"kind": key.kind, "school": key.school})}


def test_a_slot_is_claimed_once(store: Store) -> None:
    """Who comes second gets nothing."""
    assert take(store, 8) is not None
    assert take(store, 8) is None


def test_two_processes_that_read_the_same_claim_do_not_both_take_it_over(store: Store, store_url: str) -> None:
    """Both saw the claim of a dead process; only the quicker one has it, and the slower one notes nothing either."""
    dead = take(store, 8)
    with open_store(store_url) as other:
        assert take(other, 8, dead) is not None
        assert take(store, 8, dead, note(7)) is None
    assert states(store) == {"08:00": "claimed"}


def test_a_claim_counts_its_attempts(store: Store) -> None:
    """So that a slot that kills its process is given up some day."""
    first = take(store, 8)
    second = take(store, 8, first)
    assert [claim.attempts for claim in (first, second) if claim] == [1, 2]
    assert [(key, claim.attempts) for key, claim in store.slots.claims()] == [(AVN, 2)]


def test_a_claim_is_found_also_behind_a_slot_that_was_skipped(store: Store) -> None:
    """08:00 was caught up while 09:00 was in a blackout, and the process died over it."""
    take(store, 8, None, note(9, Verdict.SKIPPED), now=on(9))
    found = {r.name.label: r.state for r in store.slots.recent([AVN], now=on(9))[AVN]}
    assert found == {"08:00": SlotState.CLAIMED, "09:00": SlotState.SKIPPED}


def test_a_claim_that_was_lost_cannot_be_settled(store: Store) -> None:
    """A process that stood still does not overwrite what another one found."""
    stale = take(store, 8)
    assert stale is not None
    assert take(store, 8, stale) is not None
    with pytest.raises(Refused) as refused:
        store.slots.finish(AVN, stale, state=SlotState.DONE, end=None, reason="", now=on(9))
    assert refused.value.code == "schedule.claim_lost"
    assert states(store) == {"08:00": "claimed"}


def test_a_settled_slot_is_never_noted_anew(store: Store) -> None:
    """Done stays done, and what was missed keeps its first reason, unless the clock has gone back since."""
    claim = take(store, 8, None, note(6))
    assert claim is not None
    store.slots.finish(AVN, claim, state=SlotState.DONE, end=None, reason="", now=on(8))
    late = replace(note(6), why="again")
    store.slots.take(AVN, None, seen=None, notes=[note(8, Verdict.SKIPPED), late], claimed_by="here:1", now=on(9))
    assert states(store) == {"06:00": "missed", "08:00": "done"}
    assert [row.reason for row in store.slots.missed(since=on(0))] == ["off"]
    store.slots.take(AVN, None, seen=None, notes=[late], claimed_by="here:1", now=on(7))
    assert [row.reason for row in store.slots.missed(since=on(0))] == ["again"]


def test_missed_slots_are_told_from_a_moment_on(store: Store) -> None:
    """By when they were noted, the latest slot first."""
    store.slots.take(AVN, None, seen=None, notes=[note(6), note(7)], claimed_by="here:1", now=on(9))
    assert [row.recorded.name.label for row in store.slots.missed(since=on(9))] == ["07:00", "06:00"]
    assert store.slots.missed(since=on(10)) == []


def test_the_transfer_log_tells_what_ended_after_a_claim(store: Store) -> None:
    """Of the same kind, school and feed; a run that has not ended or was cut off settles nothing."""
    scope = with_partner(store)
    store.feeds.end_run(entry(scope, "r1", Outcome.DONE))
    claim = take(store, 8)
    assert claim is not None
    assert store.slots.ended_run(AVN, after_run=claim.after_run) is None
    store.feeds.start_run(entry(scope, "r2", Outcome.RUNNING))
    store.feeds.end_run(replace(entry(scope, "r3", Outcome.DONE), kind="export"))
    assert store.slots.ended_run(AVN, after_run=claim.after_run) is None
    store.feeds.start_run(entry(scope, "r4", Outcome.RUNNING))
    store.feeds.end_run(entry(scope, "r4", Outcome.HELD))
    found = store.slots.ended_run(AVN, after_run=claim.after_run)
    assert found is not None
    assert (found.run, found.outcome) == ("r4", Outcome.HELD)


def test_failed_imports_of_a_slot_are_known_by_school(store: Store) -> None:
    """An export of the same cycle asks for them."""
    for school, state in (("AVN", SlotState.FAILED), ("BRK", SlotState.DONE)):
        key = LineKey("import", school)
        claim = store.slots.take(key, slot(8), seen=None, notes=[], claimed_by="here:1", now=on(8))
        assert claim is not None
        end = RunEnd(run="r1", outcome=Outcome.FAILED, message="no")
        store.slots.finish(key, claim, state=state, end=end, reason="no", now=on(8))
    assert store.slots.failed("import", slot(8).name) == {"AVN"}
    assert store.slots.failed("import", slot(9).name) == frozenset()
    assert store.slots.failed("academic", slot(8).name) == frozenset()


def schedule_of(times: str) -> dict[str, object]:
    return {"schedules": {"students_and_classes": times}, "timezone": "Europe/London"}


def test_a_schedule_is_known_since_its_value_was_applied(store: Store) -> None:
    """Another change of the hub moves nothing; a changed time does; a partner that came back counts from then."""

    def time_of_day(spec: object) -> object:
        return spec["schedules"]  # type: ignore[index] # a hub's spec

    def apply(hour: int, *changes: object) -> None:
        store.state.commit(replace(state_commit(store, *changes), at=on(hour)))  # type: ignore[arg-type]

    assert store.slots.applied_since("virtual_school", time_of_day) is None
    apply(7, change("virtual_school", schedule_of("every_morning")))
    apply(9, change("virtual_school", schedule_of("every_morning") | {"academic_year": "2027-2028"}, action="update"))
    assert store.slots.applied_since("virtual_school", time_of_day) == on(7)
    apply(10, change("virtual_school", schedule_of("every_night"), action="update"))
    apply(
        11,
        change("school.AVN", {"name": "Ashvale"}),
        change("partner.AVN", {}),
    )
    assert store.slots.applied_since("virtual_school", time_of_day) == on(10)
    assert store.slots.applied_since("partner.AVN", lambda _: True) == on(11)
    apply(12, change("partner.AVN", None, action="forget"))
    assert store.slots.applied_since("partner.AVN", lambda _: True) is None
    apply(13, change("partner.AVN", {}))
    assert store.slots.applied_since("partner.AVN", lambda _: True) == on(13)


def test_the_first_success_is_that_of_the_attachment(store: Store) -> None:
    """Failed and waiting runs are none, and the earliest good one counts."""
    scope = with_partner(store)
    assert store.slots.first_success(scope, kind="import") is None
    for hour, outcome in ((7, Outcome.WAITING), (8, Outcome.FAILED), (9, Outcome.PARTIAL), (10, Outcome.DONE)):
        store.feeds.end_run(replace(entry(scope, f"r{hour}", outcome), finished_at=on(hour)))
    assert store.slots.first_success(scope, kind="import") == on(9)
    assert store.slots.first_success(scope, kind="export") is None
    assert store.slots.first_success(replace(scope, attachment="AVN:000000000000"), kind="import") is None


DAYS = [datetime(2026, 10, 24, 10, tzinfo=UTC), datetime(2027, 3, 27, 10, tzinfo=UTC)]


@pytest.mark.requirement(9)
@pytest.mark.parametrize("start", DAYS, ids=["October", "March"])
def test_a_weekend_of_ticks_ends_as_in_memory(store: Store, start: datetime) -> None:
    """Half-hourly over a change of the clock, with an outage, a blackout, and a clock that leaps ahead and returns."""
    blackout = Blackout.parse(f"{start.date()}T20:00", f"{start.date()}T22:00", what=["import"], why="quiet")
    moments = [s.at for s in slots_between("every_30_minutes", LONDON, start, start + timedelta(hours=40))]
    ticks = [*moments[:10], start + timedelta(hours=12), *moments[10:14], *moments[20:]]

    def walk(ledger: SlotLedger) -> tuple[list[LineKey], list[tuple[SlotName, str]]]:
        work = Work([])
        line = Line(key=AVN, times="every_30_minutes", since=start)
        agenda = Agenda(lines=[line], blackouts=[blackout], zone=LONDON, flows={"import": work})
        ended: list[tuple[SlotName, str]] = []
        for at in ticks:
            found = run_cycle(agenda, ledger, clock=Watch(at), claimed_by="here:1")
            ended += [(end.name, end.state.value) for end in found]
        return work.ran, ended

    assert walk(store.slots) == walk(MemoryLedger())

"""Guards of an academic import: per kind, with the limits of every import (VS, rule 67)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.errors import ExitCode, Refused, UnknownName
from reconciler.syncs.academic_holding import approve_academic, reject_academic
from reconciler.syncs.guards import ExpectedChange, GuardLimits
from reconciler.transfers.entry import Outcome
from tests.academic.memory_store import MemoryAcademicStore
from tests.academic.scripted import ACTOR, EVENTS, MARKS, NOW, TODAY, event, importing, mark

DAY = timedelta(days=1)


def marks(number: int, code: str = "/") -> list[object]:
    """Four periods a day, the latest days first, so that a hundred of them lie within the days that are looked at."""
    return [mark(on=TODAY - n // 4 * DAY, session=f"P{n % 4 + 1}", code=code) for n in range(number)]


@pytest.mark.requirement(59, 67)
def test_marks_that_vanish_are_held_and_the_old_ones_stay(store: MemoryAcademicStore) -> None:
    """More than the limit: nothing of the run is written, the reasons name count, threshold and setting."""
    importing(store, {MARKS: marks(100)})
    done = importing(store, {MARKS: marks(60)})
    assert (done.outcome, done.exit_code) == (Outcome.HELD, ExitCode.HELD)
    assert len(store.live[MARKS]) == 100
    assert "40 of " in done.held[0]
    assert "max_drop_count 25" in done.held[0]
    assert {i.code for i in store.open_issues.values()} == {"academic.mass_drop"}


@pytest.mark.requirement(67)
def test_a_fall_to_zero_is_always_held(store: MemoryAcademicStore) -> None:
    """Two marks are few, and all of them are all."""
    importing(store, {MARKS: marks(2)})
    assert importing(store, {MARKS: []}).outcome is Outcome.HELD


@pytest.mark.requirement(67)
def test_the_last_event_of_a_few_days_may_go_while_others_stay(store: MemoryAcademicStore) -> None:
    """The fall to zero is one of all that is held, not of the days that were asked for."""
    importing(store, {EVENTS: [event("E1", on=TODAY - 60 * DAY), event("E2")]})
    done = importing(store, {EVENTS: [event("E1", on=TODAY - 60 * DAY)]})
    assert (done.outcome, done.entry.counts["behaviour_events"].left) == (Outcome.DONE, 1)


@pytest.mark.requirement(67)
def test_marks_overwritten_in_numbers_are_held(store: MemoryAcademicStore) -> None:
    """A register that is read under the wrong pupils looks like this."""
    importing(store, {MARKS: marks(100)})
    done = importing(store, {MARKS: marks(100, code="I")})
    assert done.outcome is Outcome.HELD
    assert "100 of 100 attendance_marks would be overwritten" in done.held[0]


@pytest.mark.requirement(67)
def test_a_mark_n_is_there_to_be_replaced(store: MemoryAcademicStore) -> None:
    """However many: the reason has become known."""
    importing(store, {MARKS: marks(100, code="N")})
    assert importing(store, {MARKS: marks(100, code="I")}).outcome is Outcome.DONE


@pytest.mark.requirement(67)
def test_what_comes_is_not_guarded(store: MemoryAcademicStore) -> None:
    """Marks come every hour of every day."""
    importing(store, {MARKS: marks(4)})
    assert importing(store, {MARKS: marks(400)}).outcome is Outcome.DONE


@pytest.mark.requirement(67)
def test_limits_and_announced_changes_are_the_partner_s_own(store: MemoryAcademicStore) -> None:
    """A wider limit lets it pass, and so does an announcement of this kind on this day."""
    importing(store, {MARKS: marks(100)})
    wide = GuardLimits(max_drop_count=1000, max_drop_percent=90, max_gain_count=1000, max_gain_percent=100)
    assert importing(store, {MARKS: marks(60)}, job_guards=wide).outcome is Outcome.DONE
    importing(store, {MARKS: marks(100)})
    told = ExpectedChange(kind="attendance_marks", up_to=40, start=TODAY, end=TODAY)
    assert importing(store, {MARKS: marks(60)}, job_expected_changes=(told,)).outcome is Outcome.DONE
    importing(store, {MARKS: marks(100)})
    of_others = ExpectedChange(kind="students", up_to=40, start=TODAY, end=TODAY)
    assert importing(store, {MARKS: marks(60)}, job_expected_changes=(of_others,)).outcome is Outcome.HELD


@pytest.mark.requirement(67)
def test_approving_commits_exactly_what_was_held(store: MemoryAcademicStore) -> None:
    """And nothing else of that day."""
    importing(store, {MARKS: marks(100)})
    held = importing(store, {MARKS: marks(60)})
    entry = approve_academic(store, held.entry.run, now=NOW, actor=ACTOR, reason="a closure was taken back")
    assert entry.counts["attendance_marks"].left == 40
    assert len(store.live[MARKS]) == 60
    assert not store.held


@pytest.mark.requirement(67)
def test_rejecting_changes_nothing(store: MemoryAcademicStore) -> None:
    """What was live stays live."""
    importing(store, {MARKS: marks(100)})
    held = importing(store, {MARKS: marks(60)})
    entry = reject_academic(store, held.entry.run, now=NOW, actor=ACTOR, reason="a fault of the source")
    assert entry.outcome is Outcome.REJECTED
    assert (len(store.live[MARKS]), store.held) == (100, {})


def test_a_held_run_expires_after_a_day(store: MemoryAcademicStore) -> None:
    """What the school holds then is another question."""
    importing(store, {MARKS: marks(100)})
    held = importing(store, {MARKS: marks(60)})
    with pytest.raises(Refused) as caught:
        approve_academic(store, held.entry.run, now=NOW + 25 * timedelta(hours=1), actor=ACTOR, reason="late")
    assert caught.value.code == "guard.held_expired"


def test_an_unknown_run_is_named_with_the_nearest(store: MemoryAcademicStore) -> None:
    """A slip of the pen is told from a run that was closed."""
    with pytest.raises(UnknownName) as caught:
        approve_academic(store, "a0", now=NOW, actor=ACTOR, reason="meant")
    assert caught.value.code == "guard.no_such_run"

"""A person decides about a held run: exactly what was held is committed, or nothing is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.errors import Refused, StalePlan, UnknownName
from reconciler.records.entities import Entity
from reconciler.syncs.holding import approve_held, reject_held
from reconciler.syncs.job import ImportResult
from reconciler.transfers.entry import Outcome
from tests.syncs.memory_store import MemoryStore
from tests.syncs.scripted import ACTOR, JOB, NOW, importing, school, student


@pytest.fixture
def held(store: MemoryStore) -> ImportResult:
    """Four of five students would leave."""
    importing(store, school(5))
    result = importing(store, school(1))
    assert result.outcome is Outcome.HELD
    return result


@pytest.mark.requirement(67)
def test_approve_commits_exactly_what_was_held(store: MemoryStore, held: ImportResult) -> None:
    """The change set is the one that was shown, and the log says who let it through and why."""
    entry = approve_held(store, held.entry.run, now=NOW, actor=ACTOR, reason="the course ended")
    assert set(store.digests(JOB.scope, Entity.STUDENTS)) == {"S1"}
    assert entry.outcome is Outcome.DONE
    assert entry.message.endswith("held, then approved by data.manager@eskmere.example: the course ended")
    assert store.entries[held.entry.run] == entry
    assert store.closed_held == [(held.entry.run, "approved", "the course ended")]
    assert store.open_issues == {}, "the reason to hold is gone"
    assert importing(store, school(1)).outcome is Outcome.UNCHANGED


@pytest.mark.requirement(67)
def test_reject_changes_nothing(store: MemoryStore, held: ImportResult) -> None:
    """The run ends as rejected, and the next import is judged anew."""
    entry = reject_held(store, held.entry.run, now=NOW, actor=ACTOR, reason="their list is broken")
    assert entry.message == (
        "AVN import rejected: turned down by data.manager@eskmere.example: their list is broken; nothing was changed"
    )
    assert len(store.digests(JOB.scope, Entity.STUDENTS)) == 5
    assert store.held == {}
    with pytest.raises(UnknownName, match="is held"):
        approve_held(store, held.entry.run, now=NOW, actor=ACTOR, reason="after all")


def test_approval_is_refused_after_a_day(store: MemoryStore, held: ImportResult) -> None:
    """What was true yesterday may not be today; at the last moment it still goes."""
    late = NOW + timedelta(hours=24, seconds=1)
    with pytest.raises(Refused, match="can no longer be approved") as refused:
        approve_held(store, held.entry.run, now=late, actor=ACTOR, reason="late")
    assert refused.value.code == "guard.held_expired"
    assert store.closed_held == [(held.entry.run, "expired", "not approved in time")]
    assert len(store.digests(JOB.scope, Entity.STUDENTS)) == 5


def test_approval_holds_until_the_last_moment(store: MemoryStore, held: ImportResult) -> None:
    """24 hours are 24 hours."""
    assert approve_held(store, held.entry.run, now=NOW + timedelta(hours=24), actor=ACTOR, reason="ok")


def test_approval_is_refused_when_another_run_changed_the_feed(store: MemoryStore, held: ImportResult) -> None:
    """The held change set was made from rows that are no longer the live ones."""
    rows = school(5)
    rows[Entity.STUDENTS][0] = student("S1", surname="New", admission_number="001")
    importing(store, rows)
    with pytest.raises(StalePlan, match="so it cannot be approved") as stale:
        approve_held(store, held.entry.run, now=NOW, actor=ACTOR, reason="ok")
    assert stale.value.code == "guard.base_moved"
    assert len(store.digests(JOB.scope, Entity.STUDENTS)) == 5


def test_an_unknown_run_suggests_the_nearest(store: MemoryStore, held: ImportResult) -> None:
    """A slip of the keyboard is answered with the right name."""
    with pytest.raises(UnknownName) as unknown:
        approve_held(store, held.entry.run + "x", now=NOW, actor=ACTOR, reason="ok")
    assert held.entry.run in unknown.value.hint


@pytest.mark.requirement(45, 47)
def test_a_held_first_import_is_done_once_it_is_approved(store: MemoryStore) -> None:
    """Until then the schedule goes on waiting."""
    rows = school()
    rows[Entity.STUDENTS].append(student("S1", surname="Other"))
    held = importing(store, rows)
    assert held.outcome is Outcome.HELD
    assert not store.first_import_done(JOB.scope)
    entry = approve_held(store, held.entry.run, now=NOW, actor=ACTOR, reason="known")
    assert entry.outcome is Outcome.PARTIAL
    assert store.first_import_done(JOB.scope)

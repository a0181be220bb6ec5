"""The academic import on a real store, on SQLite and PostgreSQL: as in memory, and nothing half written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from reconciler.errors import StalePlan, StoreError
from reconciler.records.academic import AcademicEntity
from reconciler.reports.ports import TransferFilter
from reconciler.store.open import Store, create_store
from reconciler.store.tables.academic import ACADEMIC_HELD, ACADEMIC_RECORDS
from reconciler.store.tables.runs import CHANGE_JOURNAL
from reconciler.syncs.academic_holding import approve_academic
from reconciler.syncs.academic_job import AcademicJob
from reconciler.transfers.entry import Outcome
from tests.academic.memory_store import MemoryAcademicStore
from tests.academic.scripted import ACTOR, JOB, MARKS, NOW, TODAY, importing, mark
from tests.academic.test_properties import KNOWN, PAYLOADS, WIDE, Payload, live
from tests.store.values import KEY, OTHER_KEY, attach, change, feed_commit, scope_of, state_commit, with_partner

DAY = timedelta(days=1)


class RealStore:
    """A real academic store that takes its known students from the test, as the one in memory does."""

    def __init__(self, store: Store, students: set[str]) -> None:
        self.whole, self.students = store, students
        self._real = store.academic

    def known_students(self, _scope: object) -> frozenset[str]:
        return frozenset(self.students)

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


@pytest.fixture
def real(store_url: str) -> Iterator[Store]:
    """An empty store with the partner AVN, whose first import is done."""
    with create_store(store_url, estate_id="eskmere-test", rehearsal=False, now=NOW) as made:
        scope = with_partner(made)
        made.feeds.commit(feed_commit(scope, "first", completes_first_import=True))
        yield made


def job(store: Store) -> AcademicJob:
    return replace(JOB, attachment=store.feeds.attachment("AVN"), guards=WIDE)


def marks(number: int, code: str = "/") -> dict[AcademicEntity, list[object]]:
    return {MARKS: [mark(on=TODAY - n // 10 * DAY, session=f"P{n % 10}", code=code) for n in range(number)]}


def held_rows(store: Store) -> dict[AcademicEntity, dict[str, object]]:
    scope = scope_of(store)
    return {entity: {str(row[0]): row for row in store.academic.rows(scope, entity)} for entity in AcademicEntity}


@pytest.mark.requirement(59)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
          deadline=None)  # fmt: skip
@given(history=st.lists(st.tuples(PAYLOADS, KNOWN, st.integers(0, 9)), min_size=1, max_size=4))
def test_any_history_gives_the_same_rows_as_in_memory(
    real: Store, history: list[tuple[Payload, set[str], int]]
) -> None:
    """Rows, parked keys, cursors and counts are the same, whatever the engine."""
    memory = MemoryAcademicStore()
    _empty(real)
    for number, (payload, known, days) in enumerate(history):
        memory.students = known
        told = RealStore(real, known)
        for store, what in ((memory, JOB), (told, job(real))):
            done = importing(store, payload, job=replace(what, guards=WIDE), obeys=False,
                             after=timedelta(days=number * 10 + days))  # fmt: skip
            if done.outcome is Outcome.HELD:
                approve_academic(store, done.entry.run, now=NOW, actor=ACTOR, reason="meant")
        assert held_rows(real) == live(memory)
        scope = scope_of(real)
        assert real.academic.parked(scope) == memory.parked(scope)
        for entity in AcademicEntity:
            assert real.academic.cursor(scope, entity) == memory.cursor(scope, entity)
            assert real.academic.live_rows(scope, entity) == memory.live_rows(scope, entity)


def _empty(store: Store) -> None:
    names = [table.name for table in ACADEMIC_RECORDS.values()]
    names += ["academic_state", "academic_cursor", "academic_parked", "academic_held", "data_issue"]
    with store.state._database.write() as connection:
        for name in names:
            connection.execute(text(f"DELETE FROM {name}"))  # noqa: S608
        placed = ", ".join(f"'{entity.value}'" for entity in AcademicEntity)
        connection.execute(text(f"DELETE FROM feed_cursor WHERE entity IN ({placed})"))  # noqa: S608


def test_many_rows_go_the_bulk_way_and_come_out_the_same(real: Store) -> None:
    """A first load, then hundreds of new, changed and left rows at once, with a line each in the journal."""
    store = RealStore(real, {"S1"})
    importing(store, marks(300), job=job(real))
    changed = importing(store, marks(600, code="I"), job=job(real))
    assert changed.entry.counts["attendance_marks"].changed == 290, "28 days of ten, and today"
    assert changed.entry.counts["attendance_marks"].new == 0, "what is older is looked at once a week"
    whole = importing(store, marks(600, code="I"), job=replace(job(real), whole_year=True))
    assert (whole.entry.counts["attendance_marks"].new, whole.entry.counts["attendance_marks"].changed) == (300, 10)
    gone = importing(store, marks(50, code="I"), job=replace(job(real), whole_year=True))
    assert gone.entry.counts["attendance_marks"].left == 550
    assert len(held_rows(real)[MARKS]) == real.academic.live_rows(scope_of(real), MARKS) == 50
    table = CHANGE_JOURNAL
    with real.state._database.read() as connection:
        ops = [op for (op,) in connection.execute(select(table.c.op).where(table.c.entity == MARKS.value))]
    assert (ops.count("first_load"), ops.count("new"), ops.count("changed"), ops.count("left")) == (1, 300, 300, 550)


def test_a_commit_that_fails_leaves_nothing_behind(real: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records, journal, cursors and log are one transaction."""
    store = RealStore(real, {"S1"})
    importing(store, marks(20), job=job(real))
    before = held_rows(real)

    def fail(*_: object, **__: object) -> None:
        raise StoreError("store.failed", "stopped on purpose")

    with monkeypatch.context() as patch:
        patch.setattr("reconciler.store.academic_commit.audit.append", fail)
        with pytest.raises(StoreError, match="on purpose"):
            importing(store, marks(30, code="I"), job=job(real))
    assert held_rows(real) == before
    assert importing(store, marks(30, code="I"), job=job(real)).entry.counts["attendance_marks"].changed == 20
    runs = real.reports.transfers(TransferFilter(kinds=frozenset({"academic"})))
    assert [run.outcome for run in runs] == [Outcome.DONE, Outcome.INTERRUPTED, Outcome.DONE]


@pytest.mark.requirement(27)
def test_academic_records_follow_their_school_to_a_new_key(real: Store) -> None:
    """Rows, cursors and parked keys move with a replaced key; what was held can no longer be committed."""
    store = RealStore(real, {"S1"})
    importing(store, {MARKS: [*marks(100)[MARKS], mark("S9")]}, job=job(real), obeys=False)
    held = importing(store, marks(2), job=replace(job(real), guards=JOB.guards))
    assert held.outcome is Outcome.HELD
    before, old = held_rows(real), real.feeds.attachment("AVN")
    real.state.commit(state_commit(real, attachments=[attach("rekey", key=OTHER_KEY, old=KEY)]))
    assert real.feeds.attachment("AVN") != old
    assert held_rows(real) == before
    assert [p.student for p in real.academic.parked(scope_of(real))] == ["S9"]
    assert not real.academic.held_runs()
    again = importing(store, marks(100), job=job(real))
    assert again.outcome is Outcome.UNCHANGED


@pytest.mark.requirement(26, 27)
def test_a_school_that_comes_back_finds_its_academic_records(real: Store) -> None:
    """Removed, its rows are kept; under the same key they are there again."""
    store = RealStore(real, {"S1"})
    importing(store, marks(10), job=job(real))
    before = held_rows(real)
    real.state.commit(state_commit(real, attachments=[attach("retain")]))
    real.state.commit(state_commit(real, attachments=[attach("reattach")]))
    assert held_rows(real) == before


def test_a_held_run_loses_its_change_set_when_it_is_closed(real: Store) -> None:
    """It holds people, so it goes as soon as it is of no more use."""
    store = RealStore(real, {"S1"})
    importing(store, marks(100), job=job(real))
    held = importing(store, marks(2), job=replace(job(real), guards=JOB.guards))
    (kept,) = real.academic.held_runs()
    assert (kept.run, kept.commit.entry.counts) == (held.entry.run, dict(held.entry.counts) or kept.commit.entry.counts)
    approve_academic(real.academic, held.entry.run, now=NOW, actor=ACTOR, reason="meant")
    with real.state._database.read() as connection:
        rows = [tuple(r) for r in connection.execute(select(ACADEMIC_HELD.c.status, ACADEMIC_HELD.c.change_set))]
    assert rows == [("approved", None)]
    assert len(held_rows(real)[MARKS]) == 2


@pytest.mark.requirement(3)
def test_an_academic_run_is_approved_only_under_the_terms_that_it_was_held_under(real: Store) -> None:
    """A hub that no longer asks for attendance, or a school that was removed, gets none by a late approval."""
    store = RealStore(real, {"S1"})
    importing(store, marks(100), job=job(real))
    importing(store, marks(2), job=replace(job(real), guards=JOB.guards))
    (kept,) = real.academic.held_runs()
    asked = change("virtual_school", {"academic": []}, before={"academic": ["attendance"]}, action="update")
    real.state.commit(state_commit(real, asked))
    assert not real.academic.held_runs()
    real.state.commit(state_commit(real, attachments=[attach("retain")]))
    with pytest.raises(StalePlan) as caught:
        real.academic.commit(kept.commit)
    assert caught.value.code == "store.set_aside"
    real.state.commit(state_commit(real, attachments=[attach("reattach")]))
    assert len(held_rows(real)[MARKS]) == 100


def test_two_commits_from_one_base_cannot_both_succeed(real: Store) -> None:
    """The second is refused before its first record."""
    store = RealStore(real, {"S1"})
    importing(store, marks(100), job=job(real))
    held = importing(store, marks(2), job=replace(job(real), guards=JOB.guards))
    (kept,) = real.academic.held_runs()
    importing(store, marks(101), job=job(real))
    with pytest.raises(StalePlan) as caught:
        real.academic.commit(kept.commit)
    assert caught.value.code == "store.stale_feed"
    assert held.entry.run == kept.run
    assert not real.academic.held_runs(), "another run's change superseded it"

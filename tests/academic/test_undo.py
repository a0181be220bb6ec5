"""An academic import taken back by its run id, on SQLite and PostgreSQL: the records are as they were before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from reconciler.errors import Refused, StalePlan
from reconciler.records.academic import AcademicEntity
from reconciler.records.entities import Entity
from reconciler.reports.ports import IssueFilter, TransferFilter
from reconciler.store.open import Store, create_store
from reconciler.store.tables.academic import ACADEMIC_RECORDS
from reconciler.syncs.academic_holding import approve_academic
from reconciler.syncs.academic_job import AcademicJob
from reconciler.syncs.academic_ports import AcademicCommit
from reconciler.syncs.ports import EntityChanges
from reconciler.syncs.undo import Undone, undo_run
from reconciler.transfers.entry import Outcome
from tests.academic.scripted import ACTOR, JOB, MARKS, NOW, RESULTS, Rows, importing, mark, result
from tests.academic.test_properties import KNOWN, PAYLOADS, WIDE, Payload
from tests.academic.test_store import RealStore, _empty, held_rows
from tests.store.values import attach, digested, feed_commit, first_load, scope_of, staff, state_commit, with_partner

_UNDOS = count(1)
Held = dict[AcademicEntity, dict[str, object]]


@pytest.fixture
def real(store_url: str) -> Iterator[Store]:
    """An empty store with the partner AVN, whose first import is done."""
    with create_store(store_url, estate_id="eskmere-test", rehearsal=False, now=NOW) as made:
        made.feeds.commit(feed_commit(with_partner(made), "first", first_load(staff(1)), completes_first_import=True))
        yield made


def job(store: Store) -> AcademicJob:
    return replace(JOB, attachment=store.feeds.attachment("AVN"), guards=WIDE)


def take(store: Store, rows: Rows, known: set[str] | None = None, *, obeys: bool = True, days: int = 0) -> str:
    """Imports academic rows of the students known; what a guard holds, a person lets through."""
    done = importing(RealStore(store, known or {"S1"}), rows, job=job(store), obeys=obeys,  # type: ignore[arg-type]
                     after=timedelta(days=days))  # fmt: skip
    if done.outcome is Outcome.HELD:
        approve_academic(store.academic, done.entry.run, now=NOW, actor=ACTOR, reason="meant")
    return done.entry.run


def undo(store: Store, run: str) -> Undone:
    return undo_run(store.undoing, run, run=f"u{next(_UNDOS)}", now=NOW + timedelta(hours=1), actor=ACTOR,
                    reason="the wrong school")  # fmt: skip


def refused(store: Store, run: str) -> Refused:
    with pytest.raises(Refused) as error:
        undo(store, run)
    return error.value


FIRST: Rows = {MARKS: [mark(), mark(session="PM")], RESULTS: [result("R1"), result("R2")]}
LATER: Rows = {MARKS: [mark(code="I"), mark(session="P1")], RESULTS: [result("R1", on=NOW.date()), result("R3")]}


@pytest.mark.requirement(59)
def test_an_undo_brings_back_every_record_as_it_was(real: Store) -> None:
    """What was new has left, what had left is live, what was changed has its former values, dates included (C13)."""
    take(real, FIRST)
    before = held_rows(real)
    run = take(real, LATER)
    assert held_rows(real) != before
    undone = undo(real, run)
    assert held_rows(real) == before
    assert undone.academic
    for entity, found in before.items():
        assert real.academic.live_rows(scope_of(real), entity) == len(found)
    marks = undone.entry.counts["attendance_marks"]
    assert (marks.new, marks.changed, marks.left) == (1, 1, 1)


def test_nothing_is_deleted_by_an_undo(real: Store) -> None:
    """Records that the run brought are marked as left, and stay with their history (C24)."""
    run = take(real, FIRST)
    table = ACADEMIC_RECORDS[MARKS]
    undo(real, run)
    left = select(func.count()).select_from(table).where(table.c.left_load.is_not(None))
    with real.state._database.read() as connection:
        assert connection.execute(left).scalar_one() == 2
    assert not any(held_rows(real).values())
    figures = real.academic.figures(scope_of(real))
    assert (dict(figures.counts), dict(figures.attendance)) == ({}, {})


def test_the_next_academic_import_brings_what_the_school_holds(real: Store) -> None:
    """Days that were read are read again: a mark of months ago, outside every overlap, comes back as well."""
    old = {MARKS: [mark(on=NOW.date() - timedelta(days=60)), mark()]}
    run = take(real, old)
    whole = held_rows(real)
    undo(real, run)
    assert real.academic.cursor(scope_of(real), MARKS) is None
    take(real, old)
    assert held_rows(real) == whole


def test_values_that_a_record_had_before_it_left_survive_its_coming_back(real: Store) -> None:
    """Taken, brought back with other values, and both undone: the record has the values from before it was taken."""
    take(real, {MARKS: [mark(), mark(session="PM")]})
    before = held_rows(real)
    taken = take(real, {MARKS: [mark(session="PM")]})
    without = held_rows(real)
    back = take(real, {MARKS: [mark(code="I"), mark(session="PM")]})
    undo(real, back)
    assert held_rows(real) == without
    undo(real, taken)
    assert held_rows(real) == before


@pytest.mark.requirement(59)
def test_keys_that_a_run_parked_go_with_it(real: Store) -> None:
    """They came in with the run; those that waited before wait on, and the undo says how many went."""
    take(real, {MARKS: [mark("S8")]}, obeys=False)
    run = take(real, {MARKS: [mark("S8"), mark("S9"), mark("S9", session="PM")]}, obeys=False)
    undone = undo(real, run)
    assert [(p.student, p.rows) for p in real.academic.parked(scope_of(real))] == [("S8", 1)]
    (waiting,) = real.academic.figures(scope_of(real)).parked
    assert (waiting.entity, waiting.students, waiting.rows, waiting.since) == (MARKS, 1, 1, NOW)
    assert "2 parked key(s) let go" in undone.entry.message
    assert refused(real, run).code == "undo.already_undone"


@pytest.mark.requirement(63)
def test_issues_on_records_follow_the_records(real: Store) -> None:
    """An unknown code that the run found is no issue any more once the run is undone."""

    def issues() -> set[str]:
        codes = frozenset({"attendance.unknown_code"})
        return {tracked.issue.record for tracked in real.reports.issues(IssueFilter(codes=codes))}

    run = take(real, {MARKS: [mark(), mark(session="PM", code="Q9")]})
    assert issues()
    undo(real, run)
    assert not issues()


def test_an_undo_is_a_run_of_its_own(real: Store) -> None:
    """The log has it with who and why, the undone run says by which run, and the audit chain holds."""
    run = take(real, FIRST)
    undone = undo(real, run)
    told, original = real.reports.transfers(TransferFilter())[:2]
    assert (told.run, told.kind, told.outcome) == (undone.entry.run, "undo", Outcome.DONE)
    assert "the wrong school" in told.message
    assert f"undone by run {told.run}" in original.notes[-1]
    assert real.state.audit_rows(limit=1)[0].verb == "run.undone"
    assert not real.state.verify_audit()


def test_academic_runs_are_undone_latest_first(real: Store) -> None:
    """Refused while a later academic run stands, naming the order; an import of students is no obstacle."""
    first, second = take(real, FIRST), take(real, LATER)
    scope = scope_of(real)
    real.feeds.commit(feed_commit(scope, "roster", EntityChanges(new=digested(staff(2))), base=real.feeds.base(scope)))
    error = refused(real, first)
    assert error.code == "undo.changed_since"
    assert "roster" not in error.message
    undo(real, second)
    undo(real, first)


@pytest.mark.requirement(45)
def test_an_import_is_undone_beside_academic_records(real: Store) -> None:
    """They stand, the undo names their run, and the next import of students is a first one although they are live."""
    run = take(real, FIRST)
    before = held_rows(real)
    undone = undo(real, "first")
    assert undone.first_again
    assert undone.beside == (run,)
    assert held_rows(real) == before
    assert not real.feeds.digests(scope_of(real), Entity.STAFF)


def test_a_change_set_that_is_held_cannot_be_approved_after_an_undo(real: Store) -> None:
    """It was worked out from records that are no longer live."""
    run = take(real, {MARKS: [mark(session=f"P{n}") for n in range(40)]})
    held = importing(RealStore(real, {"S1"}), {MARKS: []},  # type: ignore[arg-type]
                     job=replace(job(real), guards=JOB.guards))  # fmt: skip
    assert held.outcome is Outcome.HELD
    undo(real, run)
    assert not real.academic.held_runs()


@pytest.mark.requirement(26, 27)
def test_retained_academic_records_are_not_touched(real: Store) -> None:
    """While the partner is away nothing moves; back under the same key, the run can be undone."""
    run = take(real, FIRST)
    real.state.commit(state_commit(real, attachments=[attach("retain")]))
    assert refused(real, run).code == "undo.not_attached"
    real.state.commit(state_commit(real, attachments=[attach("reattach")]))
    undo(real, run)


def test_an_undo_that_another_run_overtook_changes_nothing(real: Store) -> None:
    """The way back was read before the other run's commit, so it is refused as a whole."""
    run = take(real, FIRST)
    back = real.undoing.academic_way_back(run, scope_of(real))
    take(real, LATER)
    before = held_rows(real)
    entry = replace(real.reports.transfers(TransferFilter(run=run))[0], run="late", kind="undo")
    commit = AcademicCommit(scope=scope_of(real), entry=entry, base=back.base, changes=back.changes)
    with pytest.raises(StalePlan):
        real.undoing.undo_academic(commit, of=run, reason="late")
    for changes in back.changes.values():
        changes.close()
    assert held_rows(real) == before


def test_what_a_partner_was_told_is_not_unsaid(real: Store) -> None:
    """An export cannot be undone: the refusal says why, and how what it told is ended."""
    scope = scope_of(real)
    commit = feed_commit(scope, "x1", base=real.feeds.base(scope))
    real.feeds.commit(replace(commit, entry=replace(commit.entry, kind="export", direction="out")))
    error = refused(real, "x1")
    assert error.code == "undo.not_an_import"
    assert "not unsaid: change class_assignments" in error.hint


@settings(max_examples=10, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])  # fmt: skip
@given(history=st.lists(st.tuples(PAYLOADS, KNOWN, st.integers(0, 9)), min_size=1, max_size=4))
def test_undone_in_reverse_every_earlier_state_comes_back(
    real: Store, history: list[tuple[Payload, set[str], int]]
) -> None:
    """Any academic imports, held and approved ones too: their undos walk back through the same states."""
    _empty(real)
    stack: list[tuple[str, Held]] = []
    for number, (payload, known, days) in enumerate(history):
        before = held_rows(real)
        run = take(real, payload, known or {"S1"}, obeys=False, days=number * 10 + days)
        if held_rows(real) != before:
            stack.append((run, before))
    while stack:
        run, before = stack.pop()
        undo(real, run)
        assert held_rows(real) == before
        for entity, rows in before.items():
            assert real.academic.live_rows(scope_of(real), entity) == len(rows)


def test_a_thousand_marks_are_taken_back_in_the_bulk_way(real: Store) -> None:
    """A thousand that leave and a thousand that come back, on both engines."""
    day = NOW.date()
    take(real, {MARKS: [mark(on=day - timedelta(days=n // 40), session=f"A{n % 40}") for n in range(1000)]})
    before = held_rows(real)
    run = take(real, {MARKS: [mark(on=day - timedelta(days=n // 40), session=f"B{n % 40}") for n in range(1000)]})
    undone = undo(real, run)
    assert held_rows(real) == before
    assert undone.entry.counts["attendance_marks"].left == 1000

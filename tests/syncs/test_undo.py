"""An import taken back by its run id, on SQLite and PostgreSQL: the rows are as they were, and nothing is deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from reconciler.errors import Refused, StalePlan, UnknownName
from reconciler.records.entities import Entity
from reconciler.reports.ports import IssueFilter, TransferFilter
from reconciler.store.open import Store, create_store
from reconciler.store.tables.records import RECORDS
from reconciler.store.tables.undo import RUN_CHANGE
from reconciler.syncs.holding import approve_held
from reconciler.syncs.job import ImportJob, ImportResult
from reconciler.syncs.ports import CanonicalRow, FeedCommit
from reconciler.syncs.undo import Undone, undo_run
from reconciler.testing.fixtures import BACK_ENDS, PostgresDatabases, postgres_databases, sqlite_url
from reconciler.transfers.entry import Outcome
from tests.store.values import OTHER_KEY, attach, state_commit, with_partner
from tests.syncs.scripted import ACTOR, JOB, NOW, Answer, answers, importing, member, school, student
from tests.syncs.test_import_properties import OTHER_JOBS, WIDE, Payload, payloads

_UNDOS, _FEEDS = count(1), count(1)
Held = dict[Entity, list[CanonicalRow]]


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresDatabases]:
    """A real PostgreSQL; without one the test fails and says how to get one."""
    with postgres_databases() as databases:
        yield databases


@pytest.fixture(params=BACK_ENDS)
def real(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store with the partner AVN."""
    url = sqlite_url(tmp_path) if request.param == "sqlite" else request.getfixturevalue("postgres").empty()
    with create_store(url, estate_id="eskmere-test", rehearsal=False, now=NOW) as made:
        with_partner(made)
        yield made


def job(store: Store, **more: object) -> ImportJob:
    return replace(JOB, attachment=store.feeds.attachment("AVN"), guards=WIDE, **more)  # type: ignore[arg-type]


def take(store: Store, rows: Payload, **more: object) -> ImportResult:
    """Imports a payload; what a guard holds, a person lets through."""
    known = job(store)
    result = importing(store.feeds, rows, job=known, **more)  # type: ignore[arg-type]
    if result.outcome is Outcome.HELD:
        approve_held(store.feeds, result.entry.run, now=NOW, actor=ACTOR, reason="meant")
    return result


def undo(store: Store, run: str) -> Undone:
    return undo_run(store.undoing, run, run=f"undo{next(_UNDOS)}", now=NOW + timedelta(hours=1), actor=ACTOR,
                       reason="the wrong file")  # fmt: skip


def rows(store: Store, known: ImportJob) -> Held:
    return {entity: list(store.feeds.rows(known.scope, entity)) for entity in Entity}


def refused(store: Store, run: str) -> Refused:
    with pytest.raises(Refused) as error:
        undo(store, run)
    return error.value


def later() -> Payload:
    """The same school after a while: one student renamed, one gone, one new; dates come and go."""
    found = school()
    found[Entity.STUDENTS] = [
        student("S1", admission_number="001", surname="Ó Néill", birth_date=date(2009, 2, 28)),
        *found[Entity.STUDENTS][2:],
        student("S9", admission_number="009"),
    ]
    found[Entity.MEMBERSHIPS] = [m for m in found[Entity.MEMBERSHIPS] if "S2" not in m.key] + [member("C1", "S9")]
    return found


def test_an_undo_brings_back_every_row_as_it_was(real: Store) -> None:
    """What was new has left, what had left is live, what was changed has its former values, dates included (C13)."""
    take(real, school())
    before = rows(real, job(real))
    changed = take(real, later())
    assert rows(real, job(real)) != before
    undone = undo(real, changed.entry.run)
    assert rows(real, job(real)) == before
    assert not undone.first_again
    assert undone.entry.counts["students"].new == 1
    assert undone.entry.counts["students"].changed == 1
    assert undone.entry.counts["students"].left == 1


def test_nothing_is_deleted_by_an_undo(real: Store) -> None:
    """Rows that the run brought are marked as left, and stay with their history (C24)."""
    run = take(real, school()).entry.run
    table = RECORDS[Entity.STUDENTS]
    with real.state._database.read() as connection:
        kept = connection.execute(select(func.count()).select_from(table)).scalar_one()
    undo(real, run)
    with real.state._database.read() as connection:
        assert connection.execute(select(func.count()).select_from(table)).scalar_one() == kept
        left = select(func.count()).select_from(table).where(table.c.left_load.is_not(None))
        assert connection.execute(left).scalar_one() == kept


@pytest.mark.requirement(45)
def test_an_undone_first_load_leaves_nothing_live_and_waits_for_a_person(real: Store) -> None:
    """A wrong school that was loaded is gone from live views, and the schedule does not load it again (C25)."""
    first = take(real, school())
    undone = undo(real, first.entry.run)
    assert undone.first_again
    assert all(found == [] for found in rows(real, job(real)).values())
    assert not real.feeds.first_import_done(job(real).scope)
    assert real.reports.record_counts()["AVN"]["students"] == 0
    assert importing(real.feeds, school(), job=job(real, first=False)).outcome is Outcome.WAITING
    again = importing(real.feeds, school(), job=job(real))
    assert again.outcome is Outcome.DONE
    assert again.entry.counts["students"].new == 4


def test_the_next_import_brings_what_the_school_holds_although_its_payload_is_unchanged(real: Store) -> None:
    """The cheap exit forgets what it saw: an equal fingerprint does not hide what the undo took away."""

    def told(found: Payload) -> dict[str, Answer]:
        return {e.value: replace(a, fingerprint=f"{e.value}1") for e, a in answers(found).items()}

    take(real, school())
    changed = take(real, later(), **told(later()))
    after = rows(real, job(real))
    undo(real, changed.entry.run)
    again = take(real, later(), **told(later()))
    assert again.outcome is Outcome.DONE
    assert rows(real, job(real)) == after
    assert take(real, later(), **told(later())).outcome is Outcome.UNCHANGED


def test_an_undo_is_a_run_of_its_own(real: Store) -> None:
    """The log has it with who and why, the undone run says by which run, and the audit chain holds."""
    take(real, school())
    run = take(real, later()).entry.run
    undone = undo(real, run)
    told, original = real.reports.transfers(TransferFilter())[:2]
    assert told == undone.entry
    assert (told.kind, told.outcome) == ("undo", Outcome.DONE)
    assert "the wrong file" in told.message
    assert f"undone by run {told.run}" in original.notes[-1]
    audit = real.state.audit_rows(limit=1)[0]
    assert (audit.verb, audit.subject, audit.detail["reason"]) == ("run.undone", f"run {run}", "the wrong file")
    assert not real.state.verify_audit()


def test_a_second_undo_of_a_run_changes_nothing(real: Store) -> None:
    """It says by which run it was undone."""
    take(real, school())
    run = take(real, later()).entry.run
    by = undo(real, run).entry.run
    before, base = rows(real, job(real)), real.feeds.base(job(real).scope)
    error = refused(real, run)
    assert error.code == "undo.already_undone"
    assert by in error.message
    assert (rows(real, job(real)), real.feeds.base(job(real).scope)) == (before, base)


def test_an_earlier_run_is_undone_after_the_later_ones(real: Store) -> None:
    """Refused while a later run stands, naming the order; latest first, it works."""
    first = take(real, school()).entry.run
    second = take(real, later()).entry.run
    third = take(real, school()).entry.run
    error = refused(real, first)
    assert error.code == "undo.changed_since"
    assert error.hint.index(third) < error.hint.index(second)
    undo(real, third)
    undo(real, second)
    undo(real, first)
    assert all(found == [] for found in rows(real, job(real)).values())


def test_a_run_that_changed_nothing_in_between_is_no_obstacle(real: Store) -> None:
    """Neither is one that merely took digests anew under another mapping."""
    take(real, school())
    run = take(real, later()).entry.run
    assert take(real, later()).outcome is Outcome.UNCHANGED
    wider = job(real, period_map={**(JOB.period_map or {}), "W1Fri.P1": "W1Fri.P1"})
    assert importing(real.feeds, later(), job=wider).entry.total.changed == 0
    undo(real, run)


def test_another_school_year_is_another_scope(real: Store) -> None:
    """What was loaded for the next year does not stand in the way of this year's undo."""
    run = take(real, school()).entry.run
    next_year = replace(job(real), year=type(JOB.year)(2027))
    importing(real.feeds, school(), job=next_year)
    undo(real, run)
    assert rows(real, next_year)[Entity.STUDENTS]


@pytest.mark.parametrize("what", ["unchanged", "held", "undo"])
def test_only_an_import_that_changed_something_can_be_undone(real: Store, what: str) -> None:
    """Nothing to undo is said so, with what to do instead."""
    take(real, school())
    if what == "undo":
        error = refused(real, undo(real, take(real, later()).entry.run).entry.run)
        assert error.code == "undo.not_an_import"
        return
    gone = {**school(), Entity.STUDENTS: []}
    result = take(real, school()) if what == "unchanged" else importing(real.feeds, gone, job=job(real))
    assert result.outcome.value == what
    error = refused(real, result.entry.run)
    assert error.code == "undo.changed_nothing"
    assert ("reconcile reject" in error.hint) == (what == "held")


def test_an_unknown_run_is_answered_with_the_nearest(real: Store) -> None:
    """So that a slip of the finger is mended at once."""
    run = take(real, school()).entry.run
    with pytest.raises(UnknownName) as error:
        undo(real, f"{run}x")
    assert error.value.code == "undo.unknown_run"
    assert run in error.value.hint


@pytest.mark.requirement(26, 27)
def test_retained_rows_are_not_touched(real: Store) -> None:
    """While the partner is away nothing of its rows moves; back under the same key, the run can be undone."""
    run = take(real, school()).entry.run
    real.state.commit(state_commit(real, attachments=[attach("retain")]))
    assert refused(real, run).code == "undo.not_attached"
    real.state.commit(state_commit(real, attachments=[attach("reattach")]))
    undo(real, run)


@pytest.mark.requirement(21)
def test_a_run_can_still_be_undone_after_its_school_changed_its_key(real: Store) -> None:
    """The rows moved to the new key, and the way back with them."""
    run = take(real, school()).entry.run
    real.state.commit(
        state_commit(real, attachments=[attach("rekey", key=OTHER_KEY, old=attach("attach").fingerprint)])
    )
    undo(real, run)
    assert all(found == [] for found in rows(real, job(real)).values())


def test_a_change_set_that_is_held_cannot_be_approved_after_an_undo(real: Store) -> None:
    """It was worked out from rows that are no longer live."""
    take(real, school())
    run = take(real, later()).entry.run
    held = importing(real.feeds, {**later(), Entity.STUDENTS: []}, job=job(real))
    assert held.outcome is Outcome.HELD
    undo(real, run)
    assert real.feeds.held_runs() == []


@pytest.mark.requirement(63)
def test_issues_on_records_follow_the_records(real: Store) -> None:
    """Those that the run opened are closed, those that it closed are open again."""

    def without_teacher(name: str) -> Payload:
        found = school()
        found[Entity.MEMBERSHIPS] = [m for m in found[Entity.MEMBERSHIPS] if m.key != name]
        return found

    def open_records() -> set[str]:
        return {t.issue.record for t in real.reports.issues(IssueFilter(codes=frozenset({"class.no_teacher"})))}

    take(real, without_teacher("C1|teacher|T1"))
    before = open_records()
    run = take(real, without_teacher("C2|teacher|T2")).entry.run
    assert open_records() != before
    undo(real, run)
    assert open_records() == before


def test_an_undo_that_another_run_overtook_changes_nothing(real: Store) -> None:
    """The way back was read before the other run's commit, so it is refused as a whole."""
    take(real, school())
    run = take(real, later()).entry.run
    facts = real.undoing.run_facts(run)
    assert facts.scope
    back = real.undoing.way_back(run, facts.scope)
    take(real, school())
    before = rows(real, job(real))
    entry = replace(real.reports.transfers(TransferFilter(run=run))[0], run="late", kind="undo")
    commit = FeedCommit(scope=facts.scope, entry=entry, base=facts.base, changes=back.changes, cursors=back.cursors)
    with pytest.raises(StalePlan):
        real.undoing.undo(commit, of=run, reason="late")
    assert rows(real, job(real)) == before
    assert not real.reports.transfers(TransferFilter(run="late"))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One SQLite store for many examples, each with a feed of its own."""
    url = sqlite_url(tmp_path_factory.mktemp("undo"))
    with create_store(url, estate_id="eskmere-test", rehearsal=False, now=NOW) as made:
        with_partner(made)
        yield made


@pytest.fixture(scope="module")
def shared_postgres(postgres: PostgresDatabases) -> Iterator[Store]:
    """The same on PostgreSQL."""
    with create_store(postgres.empty(), estate_id="eskmere-test", rehearsal=False, now=NOW) as made:
        with_partner(made)
        yield made


HISTORIES = st.lists(st.tuples(payloads(), st.sampled_from(OTHER_JOBS)), min_size=1, max_size=5)


def _there_and_back(store: Store, history: list[tuple[Payload, ImportJob]]) -> None:
    """Imports a history into a feed of its own, then undoes it from its end, comparing at every step."""
    feed, attachment = f"feed{next(_FEEDS)}", store.feeds.attachment("AVN")
    scope = replace(JOB, feed=feed, attachment=attachment).scope

    def live() -> Held:
        found = {entity: list(store.feeds.rows(scope, entity)) for entity in Entity}
        for entity, held in found.items():
            assert {row[0] for row in held} == store.feeds.digests(scope, entity).keys()
        return found

    def take_in(payload: Payload, known: ImportJob) -> str:
        mine = replace(known, feed=feed, attachment=attachment, guards=WIDE)
        result = importing(store.feeds, payload, job=mine)
        if result.outcome is Outcome.HELD:
            approve_held(store.feeds, result.entry.run, now=NOW, actor=ACTOR, reason="meant")
        return result.entry.run

    stack: list[tuple[str, Held]] = []
    for payload, known in history:
        before = live()
        run = take_in(payload, known)
        if live() != before:
            stack.append((run, before))
    whole, last = live(), run
    while stack:
        run, before = stack.pop()
        undo(store, run)
        assert live() == before
        if run == last:  # the same import again brings the same rows, and can be undone as well
            stack.append((take_in(*history[-1]), before))
            assert live() == whole


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(history=HISTORIES)
def test_undone_in_reverse_every_earlier_state_comes_back(
    shared: Store, history: list[tuple[Payload, ImportJob]]
) -> None:
    """Any imports, under any settings, held and approved ones too; afterwards the school can be imported again."""
    _there_and_back(shared, history)


@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(history=HISTORIES)
def test_undone_in_reverse_every_earlier_state_comes_back_on_postgresql(
    shared_postgres: Store, history: list[tuple[Payload, ImportJob]]
) -> None:
    """The same on the other engine."""
    _there_and_back(shared_postgres, history)


def test_a_large_import_is_taken_back_as_fast_as_it_came(real: Store) -> None:
    """A thousand rows that leave and a thousand that come back, in the bulk way of both engines."""
    many = [student(f"S{n}", admission_number=f"{n:05}") for n in range(1000)]
    take(real, {**school(), Entity.STUDENTS: many})
    before = rows(real, job(real))
    others = [student(f"N{n}", admission_number=f"{n:05}") for n in range(1000)]
    run = take(real, {**school(), Entity.STUDENTS: others}).entry.run
    undo(real, run)
    assert rows(real, job(real)) == before


def test_a_run_of_an_older_version_is_refused_with_a_reason(real: Store) -> None:
    """Nothing is guessed about what it changed."""
    run = take(real, school()).entry.run
    with real.state._database.write() as connection:
        connection.execute(delete(RUN_CHANGE))
    error = refused(real, run)
    assert error.code == "undo.not_recorded"
    assert "sync import --school AVN" in error.hint

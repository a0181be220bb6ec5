"""The import on a real store, on SQLite and PostgreSQL: the same answers as in memory, and nothing lost on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from reconciler.connectors.protocol import Completeness
from reconciler.errors import UnknownName
from reconciler.records.entities import Entity
from reconciler.reports.ports import IssueFilter, TransferFilter
from reconciler.store.open import Store, create_store
from reconciler.store.tables.records import RECORDS
from reconciler.syncs.cross_school import Holder
from reconciler.syncs.holding import approve_held, reject_held
from reconciler.syncs.job import ImportJob
from reconciler.syncs.ports import FeedScope
from reconciler.testing.fixtures import BACK_ENDS, PostgresDatabases, postgres_databases, sqlite_url
from reconciler.transfers.entry import Outcome
from tests.store.values import OTHER_KEY, attach, change, state_commit, with_partner
from tests.syncs.memory_store import MemoryStore
from tests.syncs.scripted import ACTOR, JOB, NOW, Answer, importing, row, school, student
from tests.syncs.test_import_properties import WIDE, Payload, payloads


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


def job(store: Store) -> ImportJob:
    return replace(JOB, attachment=store.feeds.attachment("AVN"))


def rich() -> dict[Entity, list[object]]:
    """A school with accents, dates and empty fields."""
    rows = school()
    rows[Entity.STUDENTS] += [
        student("S5", surname="Ó Néill", forename="Zoë", birth_date=date(2009, 2, 28), upn="A123"),
        student("S6", surname="Żuraw", start_date=date(2026, 9, 2), year_group="12", enrolment_status="m"),
    ]
    rows[Entity.CLASSES].append(row("C3", name="Wŷn’s set", subject="Cymraeg", start_date="2026-09-01"))
    return rows


@pytest.mark.requirement(50, 61, 62)
def test_a_school_comes_in_and_the_second_run_writes_no_record_row(real: Store) -> None:
    """What is read back equals what came, and the second run issues no statement that writes a record."""
    first = importing(real.feeds, rich(), job=job(real))
    assert first.outcome is Outcome.DONE
    memory = MemoryStore()
    importing(memory, rich(), job=job(real))
    for entity in Entity:
        assert list(real.feeds.rows(job(real).scope, entity)) == list(memory.rows(job(real).scope, entity))
        assert real.feeds.digests(job(real).scope, entity) == memory.digests(job(real).scope, entity)

    written: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE", "COPY")):
            written.append(" ".join(statement.split())[:60])  # the verb and the table

    event.listen(Engine, "before_cursor_execute", note)
    try:
        second = importing(real.feeds, rich(), job=job(real))
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert second.outcome is Outcome.UNCHANGED
    tables = {table.name for table in RECORDS.values()} | {"change_journal", "packed_digests", "feed_cursor"}
    assert written, "the run itself is logged"
    assert not [statement for statement in written if tables & set(re.findall(r"\w+", statement))]
    transfers = real.reports.transfers(TransferFilter())
    assert [t.outcome for t in transfers] == [Outcome.UNCHANGED, Outcome.DONE]
    assert transfers[1].counts == first.entry.counts
    assert transfers[1].message == first.message


@pytest.mark.requirement(63)
def test_issues_open_and_close_with_the_runs(real: Store) -> None:
    """The wrong UPN and the class without a teacher are open until they are mended."""
    importing(real.feeds, rich(), job=job(real))
    codes = [(t.issue.code, t.issue.record) for t in real.reports.issues(IssueFilter())]
    assert sorted(codes) == [("class.no_teacher", "C3"), ("record.invalid_upn", "S5")]
    mended = rich()
    mended[Entity.STUDENTS][4] = student("S5", surname="Ó Néill", forename="Zoë", birth_date=date(2009, 2, 28))
    mended[Entity.CLASSES].pop()
    importing(real.feeds, mended, job=job(real))
    assert real.reports.issues(IssueFilter()) == []


@pytest.mark.requirement(67)
def test_a_held_run_waits_and_is_approved_or_rejected(real: Store) -> None:
    """Held in the store, committed exactly as shown, with its own line in the log each time."""
    importing(real.feeds, school(8), job=job(real))
    held = importing(real.feeds, school(2), job=job(real))
    assert held.outcome is Outcome.HELD
    assert real.reports.transfers(TransferFilter())[0].message == held.message
    assert [t.issue.code for t in real.reports.issues(IssueFilter())] == ["import.mass_drop"]
    reject_held(real.feeds, held.entry.run, now=NOW, actor=ACTOR, reason="a fault")
    assert real.reports.transfers(TransferFilter())[0].outcome is Outcome.REJECTED
    assert len(real.feeds.digests(job(real).scope, Entity.STUDENTS)) == 8

    again = importing(real.feeds, school(2), job=job(real))
    entry = approve_held(real.feeds, again.entry.run, now=NOW, actor=ACTOR, reason="true")
    assert set(real.feeds.digests(job(real).scope, Entity.STUDENTS)) == {"S1", "S2"}
    assert real.reports.transfers(TransferFilter())[0] == entry
    assert real.reports.issues(IssueFilter()) == []
    assert real.feeds.held_runs() == []


@pytest.mark.requirement(16)
def test_a_new_mapping_makes_no_phantom_change(real: Store) -> None:
    """Digests are taken anew, columns stay, and the run after that has nothing to do."""
    importing(real.feeds, rich(), job=job(real))
    wider = replace(job(real), period_map={**(JOB.period_map or {}), "W1Fri.P1": "W1Fri.P1"})
    result = importing(real.feeds, rich(), job=wider)
    assert (result.outcome, result.entry.total.changed) == (Outcome.UNCHANGED, 0)
    assert importing(real.feeds, rich(), job=wider).changes == {}


@pytest.mark.requirement(26, 27, 28)
def test_rows_of_a_removed_partner_stay_and_come_back_under_the_same_key(real: Store) -> None:
    """Retained: nothing can be imported, nothing is lost; the same key finds the rows, another key starts anew."""
    known = job(real)
    importing(real.feeds, rich(), job=known)
    held = {entity: real.feeds.digests(known.scope, entity) for entity in Entity}
    real.state.commit(state_commit(real, attachments=[attach("retain")]))
    assert {entity: real.feeds.digests(known.scope, entity) for entity in Entity} == held

    real.state.commit(state_commit(real, attachments=[attach("reattach")]))
    assert job(real).attachment == known.attachment
    assert importing(real.feeds, rich(), job=job(real)).outcome is Outcome.UNCHANGED

    real.state.commit(state_commit(real, attachments=[attach("orphan"), attach("attach", key=OTHER_KEY)]))
    fresh = importing(real.feeds, rich(), job=job(real))
    assert fresh.entry.total.new == sum(len(ids) for ids in held.values())
    assert real.feeds.digests(known.scope, Entity.STUDENTS) == held[Entity.STUDENTS]


@pytest.mark.requirement(19)
def test_a_school_outside_the_applied_estate_has_nowhere_to_come_in(real: Store) -> None:
    """No attachment, no import."""
    with pytest.raises(UnknownName):
        real.feeds.attachment("XYZ")


@pytest.mark.requirement(66)
def test_a_failed_run_leaves_the_records_and_is_logged(real: Store) -> None:
    """An answer that is cut short changes nothing."""
    from reconciler.errors import TransientSourceError

    importing(real.feeds, rich(), job=job(real))
    cut = Answer(
        rich()[Entity.STUDENTS], error=TransientSourceError("http.cut", "the answer was cut short"), fails_after=2
    )
    result = importing(real.feeds, rich(), job=job(real), students=cut)
    assert result.outcome is Outcome.FAILED
    assert real.reports.transfers(TransferFilter())[0] == result.entry
    assert importing(real.feeds, rich(), job=job(real)).outcome is Outcome.UNCHANGED


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One SQLite store for many examples, each with a feed of its own."""
    url = sqlite_url(tmp_path_factory.mktemp("shared"))
    with create_store(url, estate_id="eskmere-test", rehearsal=False, now=NOW) as made:
        with_partner(made)
        yield made


_FEEDS = iter(range(10**6))


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(history=st.lists(st.tuples(payloads(), st.sampled_from(list(Completeness))), min_size=1, max_size=4))
def test_the_store_agrees_with_the_one_in_memory(shared: Store, history: list[tuple[Payload, Completeness]]) -> None:
    """Any history, complete or not, ends in the same rows and digests."""
    memory, feed = MemoryStore(), f"feed{next(_FEEDS)}"
    mine = replace(job(shared), feed=feed, guards=WIDE)
    for payload, ends in history:
        for store in (memory, shared.feeds):
            answered = {e.value: Answer(rows, ends=ends) for e, rows in payload.items()}
            result = importing(store, payload, job=mine, **answered)
            if result.outcome is Outcome.HELD:
                approve_held(store, result.entry.run, now=NOW, actor=ACTOR, reason="meant")
    for entity in Entity:
        assert shared.feeds.digests(mine.scope, entity) == memory.digests(mine.scope, entity)
        assert list(shared.feeds.rows(mine.scope, entity)) == list(memory.rows(mine.scope, entity))


@pytest.mark.requirement(11, 12)
def test_a_number_that_another_school_brings_while_this_one_is_compared_holds_the_run(real: Store) -> None:
    """Two machines import two schools at once: the later one is held with both records named, and none can approve."""
    real.state.commit(state_commit(real, change("virtual_school", {"identifiers": {"admission_numbers_unique": True}})))
    with_partner(real, "BRK", OTHER_KEY)
    avn = replace(job(real), admission_numbers_unique=True)
    brk = replace(avn, school="BRK", short_code="BRK", attachment=real.feeds.attachment("BRK"))
    rows = {Entity.STUDENTS: [student("S1", admission_number="004512", tutor_group=None)]}

    class Meanwhile:
        """The others as they are, and BRK's import right behind the first look at them."""

        looks = 0

        def scopes(self) -> Sequence[FeedScope]:
            found = real.across.scopes()
            self.looks += 1
            if self.looks == 1:
                importing(real.feeds, rows, job=brk, across=real.across)
            return found

        def holders(self, *asked: Any) -> Sequence[Holder]:
            return real.across.holders(*asked)

    result = importing(real.feeds, rows, job=avn, across=Meanwhile())  # type: ignore[arg-type] # what a run asks for
    assert result.outcome is Outcome.HELD
    assert "admission number 004512 of AVN:S1 is also that of BRK:S1" in result.message
    assert [issue.code for issue in result.issues] == ["id.admission_clash"]
    assert (result.expires_at, real.feeds.held_runs()) == (None, [])
    assert real.feeds.digests(avn.scope, Entity.STUDENTS) == {}
    (logged,) = real.reports.transfers(TransferFilter(run=result.entry.run))
    assert logged.outcome is Outcome.HELD

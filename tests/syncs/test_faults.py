"""A school's system misbehaves: nothing is concluded from what did not come, and other schools go on."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from reconciler.connectors.protocol import Completeness, RejectedRow, Session
from reconciler.errors import (
    ExitCode,
    MalformedSourceError,
    RefusedSourceError,
    SecretUnavailable,
    SourceError,
    TransientSourceError,
)
from reconciler.records.entities import Entity
from reconciler.syncs.importing import import_school
from reconciler.transfers.entry import Outcome
from tests.syncs.memory_store import MemoryStore
from tests.syncs.scripted import ACTOR, JOB, NOW, Answer, ScriptedSession, answers, importing, row, school, student

TIMEOUT = TransientSourceError("http.deadline", "mis.avn.example did not answer\nwithin 60 seconds")
REFUSED = RefusedSourceError("source.not_granted", "the school does not grant Staff to this account")


def state(store: MemoryStore) -> Any:
    """All that an import may change, to compare before and after."""
    return ({k: dict(v) for k, v in store.live.items()}, dict(store.cursors), dict(store.bases), set(store.first_done))


@pytest.mark.requirement(66)
@pytest.mark.parametrize(
    "error",
    [TIMEOUT, MalformedSourceError("bromcom.cut", "the answer ends in the middle"),
     RefusedSourceError("http.unauthorised", "mis.avn.example refused the credentials (401)")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
@pytest.mark.parametrize("entity", list(Entity))
def test_a_source_that_fails_midway_changes_nothing(store: MemoryStore, error: SourceError, entity: Entity) -> None:
    """Whichever entity breaks, and after however many rows, the school stays as it was (C13)."""
    importing(store)
    before = state(store)
    rows = school()
    rows[Entity.STUDENTS] = rows[Entity.STUDENTS][1:]
    result = importing(store, rows, **{entity.value: Answer(rows[entity], error=error, fails_after=1)})
    assert result.outcome is Outcome.FAILED
    assert state(store) == before


@pytest.mark.requirement(61, 62, 63, 66)
def test_a_failure_ends_in_one_line_with_its_own_issue(store: MemoryStore) -> None:
    """Failure is a message too: logged, readable, and closed by the next import that works."""
    result = importing(store, staff=Answer(error=TIMEOUT))
    assert result.message == (
        "AVN import failed: mis.avn.example did not answer within 60 seconds (http.deadline); nothing was changed"
    )
    assert store.entries[result.entry.run] == result.entry
    assert result.exit_code is ExitCode.ERROR
    assert [(i.code, i.field) for i in store.open_issues.values()] == [("import.source_failed", "http.deadline")]
    importing(store)
    assert store.open_issues == {}


@pytest.mark.requirement(66)
@pytest.mark.parametrize("error", [TIMEOUT, SecretUnavailable("secret.unresolved", "AVN_MIS_PASSWORD is not set")])
def test_a_source_that_cannot_be_opened_fails_that_school(store: MemoryStore, error: Exception) -> None:
    """Credentials that are missing, or a refused connection, end in the transfer log like every other failure."""

    def connect() -> AbstractContextManager[Session]:
        raise error

    result = import_school(JOB, connect, store, run="r1", now=NOW, actor=ACTOR)
    assert result.outcome is Outcome.FAILED
    assert store.entries["r1"].outcome is Outcome.FAILED


def test_a_run_is_in_the_log_before_anything_is_asked_of_its_school(store: MemoryStore) -> None:
    """Also where opening the source asks who it is: whoever waits for an answer that does not come is seen to run."""
    seen: list[Outcome] = []

    def connect() -> AbstractContextManager[Session]:
        seen.append(store.entries["r1"].outcome)
        raise TIMEOUT

    import_school(JOB, connect, store, run="r1", now=NOW, actor=ACTOR)
    assert seen == [Outcome.RUNNING]


@pytest.mark.requirement(66)
def test_an_incomplete_fetch_adds_and_changes_and_removes_nothing(store: MemoryStore) -> None:
    """Without proof that all came, nobody has left (C13, C32), and an issue says so."""
    importing(store)
    rows = school()
    rows[Entity.STUDENTS] = [student("S1", surname="Changed", admission_number="001"), student("S9")]
    result = importing(store, rows, students=Answer(rows[Entity.STUDENTS], ends=Completeness.NONE))
    changes = result.changes[Entity.STUDENTS]
    assert ([r[0] for r, _ in changes.new], [r[0] for r, _ in changes.changed], changes.left) == (["S9"], ["S1"], [])
    assert not any(found.left for found in result.changes.values()), "nor what depends on students"
    assert result.message.endswith("; nothing removed, since these may be incomplete: students")
    assert [(i.code, i.entity) for i in store.open_issues.values()] == [("import.incomplete_fetch", "students")]


@pytest.mark.requirement(66)
def test_an_incomplete_list_keeps_the_memberships_of_those_it_lacks(store: MemoryStore) -> None:
    """Students who did not come still stand, so a new membership of theirs is taken."""
    rows = school()
    importing(store, rows)
    from tests.syncs.scripted import member

    more = school()
    more[Entity.MEMBERSHIPS].append(member("C2", "S4"))
    result = importing(store, more, students=Answer(rows[Entity.STUDENTS][:2], ends=Completeness.NONE))
    assert [r[0] for r, _ in result.changes[Entity.MEMBERSHIPS].new] == ["C2|student|S4"]


def test_a_teacher_of_memberships_that_did_not_come_is_still_kept_up_to_date(store: MemoryStore) -> None:
    """Whom rows lead to that stand and were not read is not known, so nobody held is out of scope."""
    rows = school()
    importing(store, rows)
    rows[Entity.STAFF][1] = row("T2", surname="Married", staff_code="T2")
    rows[Entity.LESSONS] = rows[Entity.LESSONS][:1]
    few = Answer(rows[Entity.MEMBERSHIPS][:1], ends=Completeness.NONE)
    result = importing(store, rows, memberships=few)
    assert [r[0] for r, _ in result.changes[Entity.STAFF].changed] == ["T2"]


@pytest.mark.parametrize(("declared", "left"), [(True, ["S4"]), (False, [])])
def test_a_declared_source_may_remove_only_when_the_estate_says_complete(
    store: MemoryStore, declared: bool, left: list[str]
) -> None:
    """`complete: true` stands in for a proof that the source cannot give (C32)."""
    importing(store)
    rows = school()
    declaring = {e.value: Answer(found, ends=Completeness.DECLARED) for e, found in rows.items()}
    declaring["students"] = Answer(rows[Entity.STUDENTS][:3], ends=Completeness.DECLARED)
    result = importing(store, rows, job_declared_complete=declared, **declaring)
    found = result.changes.get(Entity.STUDENTS)
    assert (found.left if found else []) == left


@pytest.mark.parametrize(
    "nameless",
    [
        RejectedRow("Students row 4", "source.no_key", "a row has no id"),
        RejectedRow("Students row 4", "source.date", "not a date", "Students row 4"),
        RejectedRow("", "source.date", "not a date", "Students row 4"),
    ],
    ids=["no key", "place as key", "empty key"],
)
def test_a_rejected_row_without_an_id_could_be_anyone(store: MemoryStore, nameless: RejectedRow) -> None:
    """So nobody of that kind is taken to have left."""
    importing(store)
    rows = school()
    rows[Entity.STUDENTS] = [*rows[Entity.STUDENTS][:3], nameless]
    result = importing(store, rows)
    assert Entity.STUDENTS not in result.changes
    assert result.entry.rejected[0].place == "Students row 4"
    assert "import.incomplete_fetch" in {i.code for i in result.issues}


def test_a_student_offered_by_an_id_that_the_school_no_longer_has_leaves(store: MemoryStore) -> None:
    """The row is named as rejected, since the estate offers somebody who is not there; he does not stay for ever."""
    importing(store)
    rows = school()
    rows[Entity.STUDENTS][0] = RejectedRow("S1", "source.offer_unknown", "student S1 is offered by name, but unknown")
    result = importing(store, rows)
    assert result.changes[Entity.STUDENTS].left == ["S1"]
    assert [r.code for r in result.entry.rejected] == ["source.offer_unknown"]


@pytest.mark.requirement(66)
def test_one_refused_entity_is_skipped_and_the_others_go_on(store: MemoryStore) -> None:
    """The staff list is refused: students come, nothing of staff or of what hangs on it is concluded (E6)."""
    importing(store)
    rows = school()
    rows[Entity.STUDENTS].append(student("S5"))
    rows[Entity.MEMBERSHIPS] = rows[Entity.MEMBERSHIPS][1:]
    first = [row("T1", surname="Changed"), *rows[Entity.STAFF][1:]]
    result = importing(store, rows, staff=Answer(first, error=REFUSED, fails_after=1))
    assert result.outcome is Outcome.PARTIAL
    assert [r[0] for r, _ in result.changes[Entity.STUDENTS].new] == ["S5"]
    assert Entity.STAFF not in result.changes
    assert Entity.MEMBERSHIPS not in result.changes
    assert [(i.code, i.entity, i.field) for i in store.open_issues.values()] == [
        ("import.entity_refused", "staff", "source.not_granted")
    ]
    assert "staff not read (source.not_granted)" in result.message
    importing(store, rows)
    assert store.open_issues == {}


def test_a_permission_text_of_the_source_skips_its_entity_too(store: MemoryStore) -> None:
    """`perm.staff` says the same about another system."""
    result = importing(store, staff=Answer(error=RefusedSourceError("perm.staff", "staff could not be read")))
    assert result.outcome is Outcome.PARTIAL
    assert "class.no_teacher" not in {i.code for i in result.issues}, "nothing is said about teachers nobody could read"


@pytest.mark.requirement(47)
def test_a_first_import_with_a_refused_entity_stays_pending(store: MemoryStore) -> None:
    """The schedule takes over only after a first import that read everything."""
    importing(store, staff=Answer(error=REFUSED))
    assert not store.first_import_done(JOB.scope)
    importing(store)
    assert store.first_import_done(JOB.scope)


@pytest.mark.requirement(66)
def test_an_account_that_may_read_nothing_has_failed(store: MemoryStore) -> None:
    """Every entity refused is no partial success."""
    result = importing(store, **{entity.value: Answer(error=REFUSED) for entity in Entity})
    assert result.outcome is Outcome.FAILED


@pytest.mark.requirement(66)
def test_one_failing_school_never_stops_another(store: MemoryStore) -> None:
    """Each school is its own run: BRK comes in although AVN broke."""
    importing(store, staff=Answer(error=TIMEOUT))
    brk = replace(JOB, school="BRK", short_code="BRK", attachment="BRK:aaaaaaaaaaaa")
    assert importing(store, job=brk).outcome is Outcome.DONE


@pytest.mark.requirement(45)
def test_a_scheduled_run_waits_for_the_first_manual_import(store: MemoryStore) -> None:
    """The source is not even opened; exit 0, and the log says what it waits for."""
    from reconciler.syncs.job import Trigger

    def connect() -> AbstractContextManager[Session]:
        raise AssertionError("the source was opened")

    scheduled = replace(JOB, trigger=Trigger.SCHEDULED, first=False)
    result = import_school(scheduled, connect, store, run="r1", now=NOW, actor=ACTOR)
    assert (result.outcome, result.exit_code) == (Outcome.WAITING, ExitCode.DONE)
    assert "Ashvale North Academy is waiting for its first manual import" in result.message
    assert store.entries["r1"].outcome is Outcome.WAITING


@pytest.mark.requirement(45, 47)
def test_the_schedule_takes_over_after_a_first_import_by_hand(store: MemoryStore) -> None:
    """By hand it takes `--first`; afterwards neither is needed."""
    from reconciler.syncs.job import Trigger

    by_hand = importing(store, job_first=False)
    assert (by_hand.outcome, by_hand.exit_code) == (Outcome.WAITING, ExitCode.HELD)
    failed = importing(store, students=Answer(error=TIMEOUT))
    assert failed.outcome is Outcome.FAILED
    assert importing(store, job_first=False).outcome is Outcome.WAITING, "a failed first run leaves it pending"
    importing(store)
    scheduled = importing(store, job_first=False, job_trigger=Trigger.SCHEDULED)
    assert scheduled.outcome is Outcome.UNCHANGED


def test_a_session_is_closed_when_the_import_ends(store: MemoryStore) -> None:
    """Connections are never left open, whatever happened."""
    closed: list[bool] = []

    @contextmanager
    def connect() -> Any:
        try:
            yield ScriptedSession(answers(school()))
        finally:
            closed.append(True)

    assert import_school(JOB, connect, store, run="r1", now=NOW, actor=ACTOR).outcome is Outcome.DONE
    assert closed == [True]


def test_no_message_names_a_person(store: MemoryStore) -> None:
    """Messages, issues and the log name records by id (C30)."""
    rows = school()
    rows[Entity.STUDENTS] += [
        student("S7", surname="Canarysson" * 30), student("S8", surname="Canarysson", upn="CANARY"),
        student("S9", surname="Canarysson\ufffd"), student("S1", surname="Canarysson"),
    ]  # fmt: skip
    rows[Entity.STAFF].append(row("T1", surname="Canarysson", staff_code="T1"))
    result = importing(store, rows)
    assert result.outcome is Outcome.HELD
    told = [result.message, *result.held, *result.entry.notes, *(r.message for r in result.entry.rejected)]
    told += [f"{i.message} {i.next_step}" for i in (*result.issues, *store.open_issues.values())]
    assert not [text for text in told if "canary" in text.casefold()]

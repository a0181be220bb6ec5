"""What an academic import brings, leaves out, parks, corrects and says (VS, rules 3, 8, 59 and 60)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from reconciler.connectors.protocol import Completeness, OutOfScopeRow, RejectedRow
from reconciler.errors import ExitCode, MalformedSourceError, RefusedSourceError, StalePlan
from reconciler.records.academic import COPY, AcademicEntity
from reconciler.records.structures import behaviour
from reconciler.syncs.academic_holding import approve_academic
from reconciler.transfers.entry import Counts, Outcome
from tests.academic.memory_store import MemoryAcademicStore
from tests.academic.scripted import (
    ACTOR,
    AIMS,
    EVENTS,
    HUB,
    MARKS,
    NOW,
    RESULTS,
    TODAY,
    ScriptedAcademic,
    aim,
    event,
    importing,
    mark,
    result,
)

EVERYTHING = {MARKS: [mark(), mark(session="PM", code="\\")], EVENTS: [event()], RESULTS: [result()], AIMS: [aim()]}
NOT_GRANTED = RefusedSourceError("source.not_granted", "the school does not grant it", hint="tick it")
DAY = timedelta(days=1)


def codes(store: MemoryAcademicStore) -> set[str]:
    return {issue.code for issue in store.open_issues.values()}


@pytest.mark.requirement(1, 3, 59)
def test_every_kind_comes_in_with_counts_of_its_own(store: MemoryAcademicStore) -> None:
    """Attendance, behaviour, assessment and post-16 facts, each counted apart."""
    done = importing(store, EVERYTHING)
    assert done.outcome is Outcome.DONE
    assert done.entry.counts == {
        "attendance_marks": Counts(read=2, new=2), "behaviour_events": Counts(read=1, new=1),
        "assessment_results": Counts(read=1, new=1), "post16_aims": Counts(read=1, new=1),
    }  # fmt: skip
    assert done.entry.kind == "academic"


@pytest.mark.requirement(59)
def test_only_the_kinds_that_the_estate_asks_for_are_read(store: MemoryAcademicStore) -> None:
    """What is not declared is not even asked for."""
    school = ScriptedAcademic(EVERYTHING)
    importing(store, session=school, job_entities=frozenset({EVENTS}))
    assert {entity for entity, _, _ in school.asked} == {EVENTS}


@pytest.mark.requirement(59)
def test_only_known_students_are_asked_for(store: MemoryAcademicStore) -> None:
    """The filter at the school names them; nobody else's data leaves the school."""
    school = ScriptedAcademic(EVERYTHING)
    importing(store, session=school)
    assert {students for _, students, _ in school.asked} == {("S1", "S2")}


def test_the_hub_says_everywhere_that_its_attendance_is_a_copy(store: MemoryAcademicStore) -> None:
    """The register is the home school's (D4): completion line and notes of the log say so."""
    done = importing(store, EVERYTHING)
    assert "never the register" in done.message
    assert f"attendance_marks: {COPY}" in done.entry.notes


@pytest.mark.requirement(59)
def test_a_second_run_writes_nothing(store: MemoryAcademicStore) -> None:
    """The same records again are all unchanged."""
    importing(store, EVERYTHING)
    base, written = store.last, store.writes
    again = importing(store, EVERYTHING)
    assert (again.outcome, store.last, store.writes) == (Outcome.UNCHANGED, base, written)
    assert again.entry.total == Counts(read=5, same=5)


def test_a_dry_run_writes_nothing_and_counts_all(store: MemoryAcademicStore) -> None:
    """A preview is the same run up to the write."""
    done = importing(store, EVERYTHING, dry_run=True)
    assert done.entry.total.new == 5
    assert (store.entries, store.live, store.cursors) == ({}, {}, {})


@pytest.mark.requirement(45, 59)
def test_before_the_first_import_of_students_it_waits(store: MemoryAcademicStore) -> None:
    """There is nobody yet whom the records could be about; the school is not asked."""
    store.first_done = False
    school = ScriptedAcademic(EVERYTHING)
    done = importing(store, session=school)
    assert done.outcome is Outcome.WAITING
    assert not school.asked


@pytest.mark.requirement(59)
def test_a_corrected_mark_is_a_change_with_its_former_value(store: MemoryAcademicStore) -> None:
    """The journal holds what stood there, and only the columns that differ."""
    importing(store, {MARKS: [mark(code="N")]})
    done = importing(store, {MARKS: [mark(code="I")]})
    assert done.entry.counts["attendance_marks"] == Counts(read=1, changed=1)
    assert store.journal[-1][2:] == (
        "S1|2026-11-20|AM", "changed", {"code": "N", "statistical_class": "unauthorised"},
    )  # fmt: skip


@pytest.mark.requirement(59)
def test_a_mark_that_is_gone_has_left_only_if_its_days_were_read_whole(store: MemoryAcademicStore) -> None:
    """An incomplete answer removes nothing (C13)."""
    marks = [mark(on=TODAY - n * DAY) for n in range(40)]
    importing(store, {MARKS: marks})
    cut = importing(store, {MARKS: marks[1:]}, ends=Completeness.NONE)
    assert cut.entry.counts["attendance_marks"].left == 0
    assert "academic.incomplete_fetch" in codes(store)
    whole = importing(store, {MARKS: marks[1:]})
    assert whole.entry.counts["attendance_marks"].left == 1
    assert "academic.incomplete_fetch" not in codes(store)


def test_what_a_source_declares_complete_may_leave(store: MemoryAcademicStore) -> None:
    """A source that cannot prove it needs `complete: true`."""
    importing(store, {MARKS: [mark(), mark("S2")]})
    kept = importing(store, {MARKS: [mark()]}, ends=Completeness.DECLARED)
    assert kept.entry.counts["attendance_marks"].left == 0
    gone = importing(store, {MARKS: [mark()]}, ends=Completeness.DECLARED, job_declared_complete=True)
    assert gone.entry.counts["attendance_marks"].left == 1


def test_a_later_run_asks_for_the_overlap_only(store: MemoryAcademicStore) -> None:
    """Marks of 28 days back are looked at again; earlier ones once a week."""
    importing(store, {MARKS: [mark(on=date(2026, 9, 8)), mark()]})
    school = ScriptedAcademic({MARKS: [mark(), mark(on=TODAY, code="I")]})
    done = importing(store, session=school, after=DAY)
    assert min(days.first for entity, _, days in school.asked if entity is MARKS) == TODAY - timedelta(days=28)
    assert done.entry.counts["attendance_marks"] == Counts(read=2, new=1, same=1)
    assert len(store.live[MARKS]) == 3


def test_once_a_week_every_day_of_the_year_is_looked_at_again(store: MemoryAcademicStore) -> None:
    """So a correction of September is noticed, at the latest a week later; `whole_year` asks at once."""
    old = date(2026, 9, 8)
    importing(store, {MARKS: [mark(on=old), mark()]})
    mended = {MARKS: [mark(on=old, code="I"), mark()]}
    assert importing(store, mended, after=6 * DAY).entry.counts["attendance_marks"].changed == 0
    assert importing(store, mended, after=7 * DAY).entry.counts["attendance_marks"].changed == 1
    again = {MARKS: [mark(on=old, code="M"), mark()]}
    assert importing(store, again, after=7 * DAY, job_whole_year=True).entry.counts["attendance_marks"].changed == 1


def test_days_that_came_incompletely_are_asked_for_again(store: MemoryAcademicStore) -> None:
    """The cursor moves only over what was read whole, so that nothing falls between two runs."""
    importing(store, {MARKS: [mark()]}, ends=Completeness.NONE)
    school = ScriptedAcademic({MARKS: [mark(), mark(on=date(2026, 9, 8))]})
    done = importing(store, session=school, after=DAY)
    assert min(days.first for entity, _, days in school.asked if entity is MARKS) == date(2026, 8, 1)
    assert done.entry.counts["attendance_marks"] == Counts(read=2, new=1, same=1)


@pytest.mark.requirement(6, 59)
def test_rows_of_another_year_and_of_days_not_asked_for_are_counted_out(store: MemoryAcademicStore) -> None:
    """One academic year only (C22); a mark of a day to come is not taken before its day."""
    rows = [mark(on=date(2025, 11, 20)), mark(on=TODAY + DAY), mark()]
    done = importing(store, {MARKS: rows}, obeys=False)
    assert len(store.live[MARKS]) == 1
    assert done.entry.counts["attendance_marks"].read == done.entry.counts["attendance_marks"].out_of_scope + 1


@pytest.mark.requirement(59)
def test_rows_of_an_unknown_student_are_parked_by_key_and_never_live(store: MemoryAcademicStore) -> None:
    """They are counted and named by id, and no value of them is stored."""
    done = importing(store, {MARKS: [mark(), mark("S9")], EVENTS: [event("E9", "S9")]}, obeys=False)
    assert {row[1] for table in store.live.values() for row in table.values()} == {"S1"}
    assert {key[1:] for key in store.parked_keys} == {("S9", "S9|2026-11-20|AM"), ("S9", "E9")}
    assert "parked" in done.message
    issue = next(i for i in store.open_issues.values() if i.entity == "attendance_marks")
    assert issue.code == "academic.unknown_student"
    assert "S9" in issue.message


@pytest.mark.requirement(59)
def test_parked_rows_come_in_after_the_student_does(store: MemoryAcademicStore) -> None:
    """Of a student whom the roster has brought, all of the year is read, however long ago."""
    old = mark("S9", on=date(2026, 9, 8))
    importing(store, {MARKS: [mark(), old]}, obeys=False)
    store.students.add("S9")
    importing(store, {MARKS: [mark(), old]}, after=DAY)
    assert "S9|2026-09-08|AM" in store.live[MARKS]
    assert not store.parked_keys
    assert "academic.unknown_student" not in codes(store)


@pytest.mark.requirement(59)
def test_a_parked_row_waits_though_it_does_not_come_again(store: MemoryAcademicStore) -> None:
    """It is never lost: it stays listed until its student is known."""
    importing(store, {MARKS: [mark(), mark("S9")]}, obeys=False)
    importing(store, {MARKS: [mark()]})
    assert store.parked_keys
    assert "academic.unknown_student" in codes(store)


def test_a_student_who_is_no_longer_known_keeps_what_came(store: MemoryAcademicStore) -> None:
    """Withdrawn is not deleted: nothing of the student is asked for or removed."""
    importing(store, {MARKS: [mark(), mark("S2")]})
    store.students.remove("S2")
    done = importing(store, {MARKS: [mark()]})
    assert done.entry.counts["attendance_marks"] == Counts(read=1, same=1)
    assert len(store.live[MARKS]) == 2


@pytest.mark.requirement(60)
def test_behaviour_is_left_out_where_the_structure_differs_and_attendance_flows(store: MemoryAcademicStore) -> None:
    """The issue names the first code that differs; what was held stays."""
    importing(store, EVERYTHING)
    other = {**HUB, EVENTS: behaviour({**HUB[EVENTS].codes, "XQZ": "Else"})}
    done = importing(store, {**EVERYTHING, MARKS: [mark(code="L")], EVENTS: []}, structures=other)
    assert done.outcome is Outcome.PARTIAL
    assert "behaviour_events" not in done.entry.counts
    assert (len(store.live[EVENTS]), store.live[MARKS]["S1|2026-11-20|AM"][4]) == (1, "L")
    issue = next(i for i in store.open_issues.values() if i.code == "academic.structure_mismatch")
    assert "'XQZ' is used at the school and not at the hub" in issue.message
    importing(store, EVERYTHING)
    assert "academic.structure_mismatch" not in codes(store)


@pytest.mark.requirement(60)
def test_without_the_requirement_another_structure_is_taken(store: MemoryAcademicStore) -> None:
    """`require_structure_match: false` takes the records as the school calls them."""
    other = {**HUB, EVENTS: behaviour({"XQZ": "Else"})}
    done = importing(store, {EVENTS: [event(code="XQZ")]}, structures=other, job_require_structure_match=False)
    assert done.entry.counts["behaviour_events"].new == 1


@pytest.mark.requirement(60)
def test_a_structure_that_cannot_be_read_cannot_match(store: MemoryAcademicStore) -> None:
    """The kind is left out with what to grant; without the requirement it comes."""
    done = importing(store, EVERYTHING, no_structure={RESULTS: NOT_GRANTED})
    assert "assessment_results" not in done.entry.counts
    assert "academic.structure_unknown" in codes(store)
    free = importing(store, EVERYTHING, no_structure={RESULTS: NOT_GRANTED}, job_require_structure_match=False)
    assert free.entry.counts["assessment_results"].new == 1


@pytest.mark.parametrize(
    ("entity", "row"),
    [
        (EVENTS, event(code="ZZZ")),
        (RESULTS, result(kind="Unheard of")),
        (RESULTS, result(grade="Q+")),
    ],
)
def test_a_code_outside_the_school_s_own_structure_is_refused(
    store: MemoryAcademicStore, entity: AcademicEntity, row: object
) -> None:
    """A wrong grade never becomes "other" in silence (C29)."""
    done = importing(store, {entity: [row]})
    assert [r.code for r in done.entry.rejected] == ["academic.unknown_code"]
    assert done.outcome is Outcome.PARTIAL


@pytest.mark.requirement(59)
def test_an_unknown_mark_is_a_rejected_row_and_leaves_what_is_held(store: MemoryAcademicStore) -> None:
    """It is named with its key, there is one issue a code, and once mended the issue closes."""
    importing(store, {MARKS: [mark(), mark(session="PM")]})
    wrong = {MARKS: [mark(code="Q1"), mark(code="Q1", session="PM")]}
    done = importing(store, wrong)
    assert {(r.key, r.code) for r in done.entry.rejected} == {
        ("S1|2026-11-20|AM", "attendance.unknown_code"), ("S1|2026-11-20|PM", "attendance.unknown_code"),
    }  # fmt: skip
    assert {row[4] for row in store.live[MARKS].values()} == {"/"}
    assert [i.code for i in store.open_issues.values()] == ["attendance.unknown_code"]
    importing(store, {MARKS: [mark(), mark(session="PM")]}, job_whole_year=True)
    assert not store.open_issues


def test_an_issue_about_an_old_mark_is_not_closed_by_a_run_that_did_not_look(store: MemoryAcademicStore) -> None:
    """Only a look at the whole year can say that it was mended."""
    wrong = {MARKS: [mark(on=date(2026, 9, 8), code="J"), mark()]}
    importing(store, wrong)
    importing(store, wrong, after=DAY)
    assert codes(store) == {"attendance.abolished_code"}


def test_marks_in_conflict_are_both_refused(store: MemoryAcademicStore) -> None:
    """One session with two marks: neither is used, and what is held stays (C17)."""
    importing(store, {MARKS: [mark()]})
    done = importing(store, {MARKS: [mark(code="I"), mark(code="M")]})
    assert [r.code for r in done.entry.rejected] == ["record.conflict", "record.conflict"]
    assert done.entry.counts["attendance_marks"] == Counts(read=2, rejected=2)
    assert store.live[MARKS]["S1|2026-11-20|AM"][4] == "/"


def test_a_row_without_an_id_lets_nothing_leave(store: MemoryAcademicStore) -> None:
    """It may be any of those that are held."""
    importing(store, {MARKS: [mark(), mark("S2")]})
    done = importing(store, {MARKS: [mark(), RejectedRow("", "source.no_key", "a row lacks its student")]})
    assert done.entry.counts["attendance_marks"].left == 0


def test_a_session_without_a_mark_yet_is_counted_out(store: MemoryAcademicStore) -> None:
    """A register that was not taken is no absence."""
    done = importing(store, {MARKS: [mark(), OutOfScopeRow("S1|2026-11-20|PM", "no mark yet")]})
    assert done.entry.counts["attendance_marks"].new == 1
    assert any(note.endswith("no mark yet") for note in done.entry.notes)


def test_an_event_that_moves_to_another_day_or_student_is_one_change(store: MemoryAcademicStore) -> None:
    """Its id is what it is known by: it is not lost where it was and not doubled where it goes."""
    importing(store, {EVENTS: [event(on=date(2026, 10, 1)), event("E2", "S1")]})
    done = importing(store, {EVENTS: [event(on=date(2026, 11, 19)), event("E2", "S2")]}, job_whole_year=True)
    assert done.entry.counts["behaviour_events"] == Counts(read=2, changed=2)
    assert {(r[0], r[1]) for r in store.live[EVENTS].values()} == {("E1", "S1"), ("E2", "S2")}


def test_the_same_id_in_two_portions_is_used_once(store: MemoryAcademicStore) -> None:
    """A source that gives one id to two incidents months apart is named, and does not stop the run."""
    done = importing(store, {EVENTS: [event(on=date(2026, 9, 8)), event(on=date(2026, 11, 19))]})
    assert done.entry.counts["behaviour_events"] == Counts(read=2, new=1, rejected=1)


@pytest.mark.requirement(3)
def test_an_unknown_aim_is_kept_and_told(store: MemoryAcademicStore) -> None:
    """Post-16 facts are shown as they are; what is wrong with them is a data issue."""
    done = importing(store, {AIMS: [aim(code="603/1"), aim("A2", code=None), aim("A3")]})
    assert done.entry.counts["post16_aims"].new == 3
    assert sorted(i.record for i in store.open_issues.values() if i.code == "academic.unknown_aim") == ["A1", "A2"]
    assert [row[0] for row in store.rows(done, AIMS, student="S1")] == ["A1", "A2", "A3"]


@pytest.mark.requirement(3, 6)
def test_an_aim_that_ended_before_the_year_is_counted_out(store: MemoryAcademicStore) -> None:
    """A course of two years touches the year; one that is over does not."""
    done = importing(store, {AIMS: [aim(), aim("A2", end=date(2026, 7, 1))]})
    assert done.entry.counts["post16_aims"] == Counts(read=2, new=1, out_of_scope=1)


@pytest.mark.requirement(3)
def test_aims_that_are_not_granted_are_a_note_and_no_fault(store: MemoryAcademicStore) -> None:
    """Nobody is asked to grant them."""
    done = importing(store, EVERYTHING, errors={AIMS: NOT_GRANTED})
    assert done.outcome is Outcome.DONE
    assert not store.open_issues
    assert any(note.startswith("post16_aims: not read") for note in done.entry.notes)


@pytest.mark.requirement(66)
def test_a_kind_that_is_refused_leaves_the_others_alone(store: MemoryAcademicStore) -> None:
    """The refusal is an issue, and the run is partial."""
    done = importing(store, EVERYTHING, errors={MARKS: NOT_GRANTED})
    assert done.outcome is Outcome.PARTIAL
    assert done.exit_code is ExitCode.PARTIAL
    assert done.entry.counts["behaviour_events"].new == 1
    assert codes(store) == {"academic.entity_refused"}


@pytest.mark.requirement(66)
def test_a_source_that_fails_half_way_changes_nothing(store: MemoryAcademicStore) -> None:
    """Nothing of the run is written, also of kinds that had been read."""
    importing(store, EVERYTHING)
    before, base = dict(store.live[MARKS]), store.last
    failing = MalformedSourceError("bromcom.xml", "the answer is not well-formed")
    done = importing(store, {**EVERYTHING, MARKS: [mark(code="I")]}, errors={RESULTS: failing})
    assert done.outcome is Outcome.FAILED
    assert (store.live[MARKS], store.last) == (before, base)
    assert "academic.source_failed" in codes(store)
    importing(store, EVERYTHING)
    assert "academic.source_failed" not in codes(store)


def test_credentials_that_are_refused_fail_the_run(store: MemoryAcademicStore) -> None:
    """That is about the account, not about one kind."""
    refused = RefusedSourceError("source.credentials", "the account was refused")
    done = importing(store, EVERYTHING, errors={EVENTS: refused})
    assert done.outcome is Outcome.FAILED


def test_a_commit_on_a_base_that_moved_is_refused(store: MemoryAcademicStore) -> None:
    """Two runs of one school cannot both write what they worked out from the same rows."""
    importing(store, {MARKS: [mark(on=TODAY - n * DAY) for n in range(1, 30)]})
    held = importing(store, {MARKS: []})
    assert held.outcome is Outcome.HELD
    importing(store, {MARKS: [mark(on=TODAY - n * DAY) for n in range(30)]})
    with pytest.raises(StalePlan) as caught:
        approve_academic(store, held.entry.run, now=NOW, actor=ACTOR, reason="meant")
    assert caught.value.code == "guard.base_moved"


def test_many_students_are_asked_for_in_portions(store: MemoryAcademicStore) -> None:
    """A filter stays short, and neither side holds a year of marks at once."""
    store.students |= {f"P{n:04}" for n in range(450)}
    school = ScriptedAcademic({MARKS: [mark(f"P{n:04}") for n in range(450)]})
    importing(store, session=school)
    asked = [(students, days) for entity, students, days in school.asked if entity is MARKS]
    assert max(len(students) for students, _ in asked) == 200
    assert max((days.last - days.first).days for _, days in asked) < 31
    assert len(store.live[MARKS]) == 450


def test_an_entry_names_no_person(store: MemoryAcademicStore) -> None:
    """Ids only, in the log and in issues."""
    bad = replace(result(), values={**result().values, "is_grade": "Priya was upset"})
    done = importing(store, {RESULTS: [bad]})
    assert "Priya" not in repr(done.entry) + repr(list(store.open_issues.values()))

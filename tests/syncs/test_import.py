"""A school comes in: what is kept, what is counted, and what a second run does."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.connectors.protocol import Fetched, Offer, OutOfScopeRow, RejectedRow, Row, Tolerance
from reconciler.errors import ExitCode
from reconciler.records.entities import Entity, column_names
from reconciler.syncs.job import Trigger
from reconciler.transfers.entry import Outcome
from tests.syncs.memory_store import MemoryStore
from tests.syncs.scripted import (
    JOB,
    Answer,
    ScriptedSession,
    answers,
    import_from,
    importing,
    lesson,
    member,
    row,
    school,
    student,
)


def ids(store: MemoryStore, entity: Entity) -> set[str]:
    return set(store.digests(JOB.scope, entity))


def values(store: MemoryStore, entity: Entity, key: str) -> dict[str, object]:
    found = next(found for found in store.rows(JOB.scope, entity) if found[0] == key)
    return dict(zip(column_names(entity), found, strict=True))


@pytest.mark.requirement(50, 61)
def test_a_first_import_brings_the_school_and_says_so_in_one_line(store: MemoryStore) -> None:
    """Students, classes and what they reach are held; the completion message counts them."""
    result = importing(store)
    assert result.message == ("AVN import done: 19 added, 0 changed, 0 left, 0 unchanged, 3 out of scope"), (
        "one line with the counts"
    )
    assert result.exit_code is ExitCode.DONE
    assert ids(store, Entity.STUDENTS) == {"S1", "S2", "S3", "S4"}
    assert store.entries[result.entry.run] == result.entry
    assert all(changes.first_load for changes in result.changes.values()), "the bulk path may be taken"


def test_entities_are_asked_in_order_and_each_once(store: MemoryStore) -> None:
    """A connector may rely on the order in which it is asked."""

    session = ScriptedSession(answers(school()))
    import_from(session, store)
    assert session.asked == list(Entity)


@pytest.mark.requirement(61)
def test_a_second_run_writes_no_record_row(store: MemoryStore) -> None:
    """Import twice: the second run is `unchanged`, touches no row and moves no base (C15)."""
    first = importing(store)
    written, base = store.record_writes, store.base(JOB.scope)
    second = importing(store)
    assert second.outcome is Outcome.UNCHANGED
    assert second.changes == {}
    assert (store.record_writes, store.base(JOB.scope)) == (written, base)
    assert second.entry.total.same == first.entry.total.new


@pytest.mark.requirement(61)
def test_only_the_row_that_differs_is_written(store: MemoryStore) -> None:
    """A changed surname is one changed row, keyed by the person and not by the name (C20)."""
    importing(store)
    rows = school()
    rows[Entity.STUDENTS][0] = student("S1", surname="Holm-Ayre", admission_number="001")
    result = importing(store, rows)
    assert [found[0] for found, _ in result.changes[Entity.STUDENTS].changed] == ["S1"]
    assert result.entry.total.changed == 1
    assert list(result.changes) == [Entity.STUDENTS]


@pytest.mark.requirement(13, 14)
def test_admission_numbers_and_tutor_groups_carry_the_short_code(store: MemoryStore) -> None:
    """The school's own values stay beside the prefixed ones, leading zeros included."""
    importing(store)
    found = values(store, Entity.STUDENTS, "S1")
    assert (found["admission_number"], found["hub_admission_number"]) == ("001", "AVN001")
    assert (found["tutor_group"], found["hub_tutor_group"]) == ("12A", "AVN12A")
    assert values(store, Entity.TUTOR_GROUPS, "12A")["hub_name"] == "AVN12A"


@pytest.mark.requirement(10, 14, 15)
def test_the_two_flags_are_independent(store: MemoryStore) -> None:
    """Claiming unique admission numbers ends the prefix of both student columns, not that of staff codes."""
    importing(store, job_admission_numbers_unique=True, job_separator="-")
    found = values(store, Entity.STUDENTS, "S1")
    assert (found["hub_admission_number"], found["hub_tutor_group"]) == ("001", "12A")
    assert values(store, Entity.STAFF, "T1")["hub_staff_code"] == "AVN-T1"


@pytest.mark.requirement(51)
def test_what_is_not_offered_is_dropped_counted_and_named(store: MemoryStore) -> None:
    """An over-shared pupil is never held, and neither are his memberships."""
    rows = school()
    rows[Entity.STUDENTS].append(student("S99", offered=False))
    rows[Entity.MEMBERSHIPS].append(member("C1", "S99"))
    result = importing(store, rows)
    assert "S99" not in ids(store, Entity.STUDENTS)
    assert not any("S99" in i for i in ids(store, Entity.MEMBERSHIPS))
    assert result.entry.counts["students"].out_of_scope == 1
    assert [i.record for i in result.issues if i.code == "import.not_outplaced"] == ["S99"]
    assert "students: 1 not offered to the virtual school" in result.entry.notes


@pytest.mark.requirement(52)
def test_staff_rooms_and_tutor_groups_come_only_as_far_as_they_are_reached(store: MemoryStore) -> None:
    """T9, R9 and 7B belong to no offered class or student: read, counted, not kept."""
    result = importing(store)
    assert (ids(store, Entity.STAFF), ids(store, Entity.ROOMS)) == ({"T1", "T2"}, {"R1", "R2"})
    assert ids(store, Entity.TUTOR_GROUPS) == {"12A"}
    assert result.entry.counts["staff"].out_of_scope == 1


@pytest.mark.requirement(52)
def test_memberships_and_lessons_of_classes_that_are_not_offered_stay_out(store: MemoryStore) -> None:
    """C9 is not offered, so nothing of it is held, and its teacher is not reached."""
    rows = school()
    rows[Entity.CLASSES].append(row("C9", offered=False, name="Other"))
    rows[Entity.MEMBERSHIPS] += [member("C9", "S1"), member("C9", "T9", "teacher")]
    rows[Entity.LESSONS].append(lesson("C9", staff="T9", room="R9"))
    importing(store, rows)
    assert not any("C9" in i for e in Entity for i in ids(store, e))
    assert "T9" not in ids(store, Entity.STAFF)


@pytest.mark.requirement(52)
def test_a_class_whose_teacher_is_unknown_is_kept_with_an_issue(store: MemoryStore) -> None:
    """The staff list lacks T2, and the class stays."""
    rows = school()
    rows[Entity.STAFF] = [found for found in rows[Entity.STAFF] if found.key != "T2"]
    result = importing(store, rows)
    assert "C2" in ids(store, Entity.CLASSES)
    assert [i.record for i in result.issues if i.code == "class.no_teacher"] == ["C2"]


@pytest.mark.requirement(52)
def test_a_rejected_row_that_nothing_leads_to_any_more_is_out_of_scope(store: MemoryStore) -> None:
    """T2 teaches no offered class now, so what is wrong with the record is not ours to name, and T2 leaves."""
    importing(store)
    rows = school()
    rows[Entity.STAFF] = [row("T1", surname="Teacher1", staff_code="T1"), row("T2", surname="x" * 201)]
    assert [r.key for r in importing(store, rows, dry_run=True).entry.rejected] == ["T2"]
    rows[Entity.MEMBERSHIPS], rows[Entity.LESSONS] = rows[Entity.MEMBERSHIPS][:-1], rows[Entity.LESSONS][:1]
    result = importing(store, rows)
    assert result.changes[Entity.STAFF].left == ["T2"]
    assert result.entry.rejected == ()
    assert result.entry.counts["staff"].out_of_scope == 1


@pytest.mark.requirement(53)
def test_a_student_who_is_no_longer_offered_leaves_and_is_not_deleted(store: MemoryStore) -> None:
    """He is marked as left, his memberships with him, and comes back as new when he is offered again."""
    importing(store)
    fewer = school()
    fewer[Entity.STUDENTS][0] = student("S1", offered=False)
    result = importing(store, fewer)
    assert result.changes[Entity.STUDENTS].left == ["S1"]
    assert result.changes[Entity.MEMBERSHIPS].left == ["C1|student|S1"]
    assert store.departed[JOB.attachment, "hub", "2026-2027", Entity.STUDENTS] == {"S1"}
    back = importing(store)
    assert [found[0] for found, _ in back.changes[Entity.STUDENTS].new] == ["S1"]
    assert not back.changes[Entity.STUDENTS].first_load


@pytest.mark.requirement(6)
def test_rows_of_another_year_are_counted_and_not_kept(store: MemoryStore) -> None:
    """A class that ended before this year began is out of scope, whoever notices it (C22)."""
    rows = school()
    rows[Entity.CLASSES].append(row("C8", name="Last year", end_date=date(2026, 7, 20)))
    rows[Entity.STUDENTS].append(OutOfScopeRow("S8", "another academic year"))
    result = importing(store, rows)
    assert "C8" not in ids(store, Entity.CLASSES)
    assert result.entry.counts["classes"].out_of_scope == 1
    assert "students: 1 another academic year (S8)" in result.entry.notes


@pytest.mark.requirement(63)
def test_every_rejected_row_is_named_and_the_run_is_partial(store: MemoryStore) -> None:
    """Success means zero rejected rows (C16); a held row whose new version cannot be used stays as it was."""
    importing(store)
    rows = school()
    rows[Entity.STUDENTS][0] = student("S1", surname="x" * 201)
    rows[Entity.STUDENTS].append(RejectedRow("S9", "source.date", "birth_date is not a date", "users.csv:14"))
    result = importing(store, rows)
    assert result.outcome is Outcome.PARTIAL
    assert result.exit_code is ExitCode.PARTIAL
    assert [(r.key, r.code, r.place) for r in result.entry.rejected] == [
        ("S1", "record.too_long", ""),
        ("S9", "source.date", "users.csv:14"),
    ]
    assert "S1" in ids(store, Entity.STUDENTS)
    assert {(i.record, i.field) for i in result.issues if i.code == "import.row_rejected"} == {
        ("S1", "record.too_long"),
        ("S9", "source.date"),
    }


@pytest.mark.requirement(63)
def test_an_issue_closes_when_it_is_not_found_again(store: MemoryStore) -> None:
    """The school mends the UPN; the next import closes the issue."""
    rows = school()
    rows[Entity.STUDENTS][0] = student("S1", upn="A123", admission_number="001")
    importing(store, rows)
    assert {i.code for i in store.open_issues.values()} == {"record.invalid_upn"}
    importing(store)
    assert store.open_issues == {}


def test_tolerances_are_reported(store: MemoryStore) -> None:
    """What a connector forgave is in the notes of the transfer."""
    tolerant = Answer(school()[Entity.ROOMS], tolerances=(Tolerance("csv.bom", "a byte order mark", 1),))
    result = importing(store, rooms=tolerant)
    assert "rooms: forgiven csv.bom x1: a byte order mark" in result.entry.notes


@pytest.mark.requirement(61)
def test_a_preview_shows_the_change_set_and_writes_nothing(store: MemoryStore) -> None:
    """`--dry-run` is the same run up to the write (C17)."""
    preview = importing(store, dry_run=True, job_first=False)
    assert (store.entries, store.live, store.cursors) == ({}, {}, {})
    done = importing(store)
    assert preview.changes == done.changes
    assert preview.entry.counts == done.entry.counts
    assert "nothing was written" in preview.message


@pytest.mark.requirement(29, 32, 44)
def test_an_unmapped_partner_waits_and_nothing_of_it_comes_in(store: MemoryStore) -> None:
    """Its source is not opened; the log and an issue say why, and the map brings everything in."""
    result = importing(store, job_period_map=None)
    assert (result.outcome, result.exit_code) == (Outcome.WAITING, ExitCode.HELD)
    assert (
        "has no period map for 2026-2027, so nothing of it is imported; declare period_maps: {AVN: " in result.message
    )
    assert {entity: ids(store, entity) for entity in Entity} == {entity: set() for entity in Entity}
    assert [issue.code for issue in store.open_issues.values()] == ["period.unmapped_partner"]
    assert importing(store, job_period_map=None, job_trigger=Trigger.SCHEDULED).exit_code is ExitCode.DONE
    mapped = importing(store)
    assert mapped.outcome is Outcome.DONE
    assert len(ids(store, Entity.LESSONS)) == 2
    assert store.open_issues == {}


@pytest.mark.requirement(32)
def test_a_partner_that_loses_its_map_keeps_what_is_held(store: MemoryStore) -> None:
    """Half the roll is gone at the source, and it changes nothing here until there is a map again."""
    importing(store)
    before = {entity: ids(store, entity) for entity in Entity}
    result = importing(store, school(1), job_period_map=None)
    assert (result.outcome, result.changes) == (Outcome.WAITING, {})
    assert {entity: ids(store, entity) for entity in Entity} == before


def test_a_feed_without_periods_brings_everything_but_lessons(store: MemoryStore) -> None:
    """An account's feed has no timetable of the hub to stand in."""
    counts = importing(store, job_period_map=None, job_feed="elm-parentpay").entry.counts
    assert counts["students"].new == 4
    assert "lessons" not in counts


@pytest.mark.requirement(37)
def test_one_partner_slot_may_serve_several_hub_slots(store: MemoryStore) -> None:
    """A one-week partner in a two-week hub: the lesson stands in both weeks."""
    importing(store)
    assert values(store, Entity.LESSONS, "C1|W1Mon.P1|T1|R1")["hub_slots"] == "W1Mon.P1 W2Mon.P1"


@pytest.mark.requirement(39)
def test_a_lesson_that_no_hub_slot_reaches_is_left_out_and_said(store: MemoryStore) -> None:
    """The issue names the partner slot and the classes that lose a lesson."""
    rows = school()
    rows[Entity.LESSONS].append(lesson("C1", "W1Tue.P5"))
    result = importing(store, rows)
    assert result.entry.counts["lessons"].out_of_scope == 1
    issue = next(i for i in result.issues if i.code == "period.slot_unreached")
    assert (issue.record, "C1" in issue.message) == ("W1Tue.P5", True)


@pytest.mark.requirement(16, 37)
def test_a_new_mapping_changes_only_rows_whose_columns_change(store: MemoryStore) -> None:
    """Another separator re-keys students and staff; an equal map written anew changes nothing."""
    importing(store)
    result = importing(store, job_separator="-")
    assert {e: len(c.changed) for e, c in result.changes.items()} == {
        Entity.STUDENTS: 4, Entity.STAFF: 2, Entity.TUTOR_GROUPS: 1,
    }  # fmt: skip
    map_with_more = dict(JOB.period_map or {}) | {"W1Fri.P1": "W1Fri.P1"}
    wider = importing(store, job_separator="-", job_period_map=map_with_more)
    assert wider.outcome is Outcome.UNCHANGED, "a slot that no lesson stands in makes no phantom change"
    assert set(wider.changes) == {Entity.LESSONS}
    assert len(wider.changes[Entity.LESSONS].redigested) == 2
    assert importing(store, job_separator="-", job_period_map=map_with_more).changes == {}


def test_an_equal_payload_is_not_mapped_again(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cheapest exit: same fingerprint, same mapping, same offer; everything counts as the same."""
    marked = {entity.value: Answer(found, fingerprint=f"f-{entity}") for entity, found in _clean_school().items()}
    first = importing(store, **marked)

    def refuse(*_: object) -> object:
        raise AssertionError("a row was mapped")

    monkeypatch.setattr("reconciler.syncs.reading.mapper", lambda *_: refuse)
    again = {entity.value: Answer(found, fingerprint=f"f-{entity}") for entity, found in _clean_school().items()}
    second = importing(store, **again)
    assert second.outcome is Outcome.UNCHANGED
    assert second.entry.total.same == first.entry.total.new
    assert store.row_reads == 0


def test_an_equal_payload_is_read_again_when_the_offer_changed(store: MemoryStore) -> None:
    """The same bytes mean other rows when other classes are offered."""
    rows = _clean_school()
    importing(store, students=Answer(rows[Entity.STUDENTS], fingerprint="f"), rows=rows)
    rows[Entity.STUDENTS] = [
        student(r.key, offered=r.key != "S1", admission_number=r.key) for r in rows[Entity.STUDENTS]
    ]
    result = importing(
        store, rows, students=Answer(rows[Entity.STUDENTS], fingerprint="f"), job_students=Offer(all=True)
    )
    assert result.changes[Entity.STUDENTS].left == ["S1"]


def test_a_changed_class_list_judges_equal_memberships_anew(store: MemoryStore) -> None:
    """Memberships with an equal payload still leave when their student does."""
    rows = _clean_school()
    importing(store, rows, memberships=Answer(rows[Entity.MEMBERSHIPS], fingerprint="m"))
    rows[Entity.STUDENTS] = rows[Entity.STUDENTS][1:]
    result = importing(store, rows, memberships=Answer(rows[Entity.MEMBERSHIPS], fingerprint="m"))
    assert result.changes[Entity.MEMBERSHIPS].left == ["C1|student|S1"]


def test_an_equal_payload_is_mapped_anew_under_a_new_mapping(store: MemoryStore) -> None:
    """The same bytes make other rows when a setting changes."""
    rows = _clean_school()
    importing(store, rows, students=Answer(rows[Entity.STUDENTS], fingerprint="f"))
    result = importing(store, rows, students=Answer(rows[Entity.STUDENTS], fingerprint="f"), job_separator="-")
    assert len(result.changes[Entity.STUDENTS].changed) == 4


def test_rows_of_an_equal_payload_still_lead_to_others(store: MemoryStore) -> None:
    """The teacher of a membership that was not mapped again is still reached."""
    rows = _clean_school()
    equal = {e.value: rows[e] for e in (Entity.STUDENTS, Entity.MEMBERSHIPS, Entity.LESSONS)}
    importing(store, rows, **{name: Answer(found, fingerprint=name) for name, found in equal.items()})
    rows[Entity.STAFF] = [*rows[Entity.STAFF], row("T9", surname="Teacher9")]
    result = importing(store, rows, **{name: Answer(found, fingerprint=name) for name, found in equal.items()})
    assert (result.outcome, result.issues) == (Outcome.UNCHANGED, ())


def test_an_equal_payload_closes_no_issue(store: MemoryStore) -> None:
    """Nobody looked at the rows, so what was wrong with them still is."""

    def wrong() -> dict[str, Answer]:
        rows = _clean_school()
        rows[Entity.STUDENTS][0] = student("S1", upn="A123", admission_number="001")
        return {e.value: Answer(found, fingerprint=e.value) for e, found in rows.items()}

    importing(store, **wrong())
    importing(store, **wrong())
    assert [i.code for i in store.open_issues.values()] == ["record.invalid_upn"]


def test_another_run_in_between_is_noticed(store: MemoryStore) -> None:
    """The change set was made from rows that are no longer the live ones, and the log says so."""
    importing(store)

    class Slow(ScriptedSession):
        def fetch(self, entity: Entity) -> Fetched:
            if entity is Entity.LESSONS:
                importing(store, school(5))
            return super().fetch(entity)

    done = import_from(Slow(answers(school(3))), store, run="slow")
    assert (done.outcome, store.entries["slow"].outcome) == (Outcome.FAILED, Outcome.FAILED)
    assert "store.base_moved" in done.message
    assert ids(store, Entity.STUDENTS) == {f"S{n}" for n in range(1, 6)}


def test_progress_is_told_by_entity(store: MemoryStore) -> None:
    """Work over many rows can be watched."""

    told: list[tuple[str, int]] = []
    import_from(ScriptedSession(answers(school(1234))), store,
                progress=lambda entity, rows: told.append((entity, rows)))  # fmt: skip
    assert [rows for entity, rows in told if entity == "students"] == [500, 1000, 1234]
    assert {entity for entity, _ in told} == {entity.value for entity in Entity}


def _clean_school() -> dict[Entity, list[Row]]:
    """Every row of it is kept, so that an equal payload needs no second look."""
    rows = school()
    rows[Entity.STAFF], rows[Entity.ROOMS] = rows[Entity.STAFF][:2], rows[Entity.ROOMS][:2]
    rows[Entity.TUTOR_GROUPS] = rows[Entity.TUTOR_GROUPS][:1]
    return rows

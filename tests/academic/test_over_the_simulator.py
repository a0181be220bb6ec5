"""The academic import over real sockets and on both engines: simulated schools, the example estate, a real store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, inspect, select, text

from reconciler.app import control, flows, states
from reconciler.app.academic import AcademicOutcome, decide_academic, run_academic, student_records
from reconciler.app.applied import virtual_school
from reconciler.app.context import Context, opened
from reconciler.app.due import scheduled_flows
from reconciler.app.status import status
from reconciler.connectors.academic_protocol import Days
from reconciler.errors import ExitCode, NotPermitted, UnknownName
from reconciler.records.academic import ACADEMIC_COLUMNS, COPY, AcademicEntity
from reconciler.reports.ports import IssueFilter, TransferFilter
from reconciler.settings import Settings, read_settings
from reconciler.simulator.practice import Practice, practice
from reconciler.simulator.world import World
from reconciler.store.tables.academic import ACADEMIC_PARKED, ACADEMIC_RECORDS
from reconciler.store.tables.runs import CHANGE_JOURNAL
from reconciler.syncs.ports import FeedScope
from reconciler.transfers.entry import Counts, Outcome
from reconciler.vocabulary.codes import AcademicYear

MARKS, EVENTS, RESULTS, AIMS = AcademicEntity
PUPIL = "AVN:10233"  # in the sixth form, offered
DAY = date(2026, 11, 20)  # a Friday in term


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """The example estate, applied, with AVN imported, and its schools."""

    schools: Practice
    settings: Settings

    @property
    def world(self) -> World:
        return self.schools.simulator.world

    def change(self, world: World) -> None:
        self.schools.simulator.world = world

    def first(self, school: str) -> Hub:
        flows.run_imports(self.settings, schools=(school,), first=True)
        return self

    def roster(self) -> None:
        flows.run_imports(self.settings, schools=("AVN",))

    def academic(self, *schools: str, **more: bool) -> AcademicOutcome:
        return run_academic(self.settings, schools=schools or ("AVN",), **more)

    def counts(self, *schools: str, **more: bool) -> dict[str, Counts]:
        (done,) = self.academic(*schools, **more).results
        return dict(done.entry.counts)

    def issues(self) -> set[str]:
        with opened(self.settings) as context:
            return {t.issue.code for t in context.store.reports.issues(IssueFilter())}

    def execute(self, statement: object) -> list[tuple[object, ...]]:
        with opened(self.settings) as context, context.store.academic._database.read() as connection:
            return [tuple(row) for row in connection.execute(statement)]


@pytest.fixture
def hub(tmp_path: Path, store_url: str) -> Iterator[Hub]:
    """Small schools, on the engine of the test."""
    with practice({}, into=str(tmp_path / "practice"), scale=0.05) as schools:
        settings = read_settings({**schools.environment, "RECONCILE_STORE": store_url})
        states.init(settings, rehearsal=True)
        control.apply(settings)
        yield Hub(schools=schools, settings=settings).first("AVN")


@pytest.mark.requirement(1, 3, 59, 61, 62)
def test_every_kind_comes_in_over_the_wire_and_is_logged(hub: Hub) -> None:
    """Exactly what the school holds of its offered pupils, and nothing of the others."""
    counts = hub.counts()
    assert all(c.read == c.new > 0 for c in counts.values())
    offered = {str(s.id) for s in hub.world.schools["AVN"].offered_students()}
    for entity, table in ACADEMIC_RECORDS.items():
        rows = hub.execute(select(table.c.student_id, table.c.academic_year, table.c.origin, table.c.left_load))
        assert len(rows) == counts[entity.value].new
        assert {row[0] for row in rows} <= offered
        assert {row[1:] for row in rows} == {("2026-2027", "mis", None)}
    days = {day for day, _ in hub.world.schools["AVN"].cycle.calendar.school_days() if day <= hub.world.now.date()}
    assert counts["attendance_marks"].new == len(days) * 2 * len(offered)
    with opened(hub.settings) as context:
        (entry,) = context.store.reports.transfers(TransferFilter(kinds=frozenset({"academic"})))
        assert context.store.reports.record_counts()["AVN"]["attendance_marks"] == counts["attendance_marks"].new
    assert dict(entry.counts) == counts
    assert f"attendance_marks: {COPY}" in entry.notes


@pytest.mark.requirement(59)
def test_the_second_run_writes_no_record_row(hub: Hub) -> None:
    """No statement of it names a table of records, cursors, parked keys or the journal."""
    hub.academic()
    written: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE", "COPY")):
            written.append(" ".join(statement.split())[:80])

    event.listen(Engine, "before_cursor_execute", note)
    try:
        (done,) = hub.academic().results
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert done.outcome is Outcome.UNCHANGED
    tables = {table.name for table in ACADEMIC_RECORDS.values()}
    tables |= {"change_journal", "feed_cursor", "academic_cursor"}
    assert written, "the run itself is logged"
    assert not [statement for statement in written if tables & set(re.findall(r"\w+", statement))]


@pytest.mark.requirement(59)
def test_the_school_is_asked_for_known_pupils_by_id_and_by_days(hub: Hub) -> None:
    """The filter travels: nobody else's marks leave the school."""
    hub.academic()
    first = {call.filter for call in hub.schools.simulator.calls if call.entity == "Attendances"}
    assert all("StudentID IN (" in text_ and "CalendarStartDate >= '" in text_ for text_ in first)
    assert any("2026-08-01" in text_ for text_ in first)
    hub.schools.simulator.server.calls.clear()
    hub.academic()
    (again,) = [call.filter for call in hub.schools.simulator.calls if call.entity == "Attendances"]
    assert "2026-10-26" in again  # 28 days before the last run


@pytest.mark.requirement(59)
def test_a_correction_is_journalled_with_what_stood_there(hub: Hub) -> None:
    """One row changed, one taken away, and both can be looked up."""
    hub.change(hub.world.mark(PUPIL, DAY, "AM", "N"))
    hub.academic()
    hub.change(hub.world.mark(PUPIL, DAY, "AM", "J1").unmark(PUPIL, DAY, "PM"))
    counts = hub.counts()["attendance_marks"]
    assert (counts.new, counts.changed, counts.left) == (0, 1, 1)
    journal = hub.execute(
        select(CHANGE_JOURNAL.c.source_id, CHANGE_JOURNAL.c.op, CHANGE_JOURNAL.c.before).where(
            CHANGE_JOURNAL.c.entity == MARKS.value, CHANGE_JOURNAL.c.op != "first_load"
        )
    )
    assert sorted(journal, key=str) == [
        (f"10233|{DAY}|AM", "changed", {"code": "N", "statistical_class": "unauthorised"}),
        (f"10233|{DAY}|PM", "left", None),
    ]
    hub.change(hub.world.mark(PUPIL, DAY, "PM", "L"))
    assert hub.counts()["attendance_marks"].new == 1
    table = ACADEMIC_RECORDS[MARKS]
    (row,) = hub.execute(select(table.c.code, table.c.left_load).where(table.c.source_id == f"10233|{DAY}|PM"))
    assert row == ("L", None)
    ops = hub.execute(select(CHANGE_JOURNAL.c.op).where(CHANGE_JOURNAL.c.source_id == f"10233|{DAY}|PM"))
    assert ops == [("left",), ("rejoined",)]


@pytest.mark.requirement(60)
def test_a_school_with_an_unknown_behaviour_code_keeps_its_behaviour(hub: Hub) -> None:
    """Attendance and assessment flow, the code is named, the exit code is 4, and healed it comes."""
    hub.first("BRK").schools.simulator.server.fault("BRK", "unknown_behaviour_code")
    done = hub.academic("AVN", "BRK")
    assert [r.outcome for r in done.results] == [Outcome.DONE, Outcome.PARTIAL]
    assert done.exit_code is ExitCode.PARTIAL
    assert set(done.results[1].entry.counts) == {"attendance_marks", "assessment_results", "post16_aims"}
    (issue,) = done.results[1].issues
    assert (issue.code, issue.school) == ("academic.structure_mismatch", "BRK")
    assert "'XQZ' is used at the school and not at the hub" in issue.message
    hub.schools.simulator.server.heal()
    assert hub.counts("BRK")["behaviour_events"].new > 0
    assert "academic.structure_mismatch" not in hub.issues()
    hub.change(hub.world.add_behaviour_code("BRK", "OWN", "Our own"))
    assert "behaviour_events" not in hub.counts("BRK")


@pytest.mark.requirement(60)
def test_a_hub_that_declares_its_own_structure_compares_with_that(hub: Hub) -> None:
    """Written in the estate and applied, it is the hub's; the schools that have another are left out now."""
    estate = hub.settings.estate
    own = "  academic_structure: {behaviour: {OWN: Our own}}\n  require_structure_match: true"
    estate.write_text(estate.read_text("utf-8").replace("  require_structure_match: true", own), "utf-8")
    control.apply(hub.settings)
    (done,) = hub.academic().results
    assert "behaviour_events" not in done.entry.counts
    assert "assessment_results" in done.entry.counts
    assert any("'ACH' is used at the school and not at the hub" in issue.message for issue in done.issues)


@pytest.mark.requirement(59)
def test_marks_of_a_pupil_who_is_not_known_wait_and_come_in_after_the_pupil(hub: Hub) -> None:
    """A source that sends more than was asked for: the keys are parked, and a year of marks comes with the pupil."""
    hub.academic()
    hub.schools.simulator.server.fault("AVN", "over_share", entity="Attendances")
    (done,) = hub.academic().results
    (student,) = {str(row[0]) for row in hub.execute(select(ACADEMIC_PARKED.c.student_id))}
    assert done.entry.counts["attendance_marks"].out_of_scope == 1
    assert "academic.unknown_student" in hub.issues()
    assert not hub.execute(select(ACADEMIC_RECORDS[MARKS]).where(ACADEMIC_RECORDS[MARKS].c.student_id == student))
    assert hub.counts()["attendance_marks"].out_of_scope == 1, "parked again, once"
    assert len(hub.execute(select(ACADEMIC_PARKED))) == 1
    hub.schools.simulator.server.heal()
    hub.academic()
    assert "academic.unknown_student" in hub.issues(), "it waits though it did not come again"

    hub.change(hub.world.offer(f"AVN:{student}"))
    hub.roster()
    counts = hub.counts()["attendance_marks"]
    days = {day for day, _ in hub.world.schools["AVN"].cycle.calendar.school_days() if day <= hub.world.now.date()}
    assert counts.new == 2 * len(days)
    assert not hub.execute(select(ACADEMIC_PARKED))
    assert "academic.unknown_student" not in hub.issues()


@pytest.mark.requirement(59)
def test_an_abolished_and_an_unknown_mark_are_named_and_not_used(hub: Hub) -> None:
    """J and Q9 are refused with their keys; the rest of the school comes."""
    hub.change(hub.world.mark(PUPIL, DAY, "AM", "J").mark(PUPIL, DAY, "PM", "Q9"))
    (done,) = hub.academic().results
    assert {(r.key, r.code) for r in done.entry.rejected} == {
        (f"10233|{DAY}|AM", "attendance.abolished_code"), (f"10233|{DAY}|PM", "attendance.unknown_code"),
    }  # fmt: skip
    assert done.exit_code is ExitCode.PARTIAL
    assert {"attendance.abolished_code", "attendance.unknown_code"} <= hub.issues()
    hub.change(hub.world.mark(PUPIL, DAY, "AM", "J1").mark(PUPIL, DAY, "PM", "I"))
    assert hub.counts(whole_year=True)["attendance_marks"].new == 2
    assert not {"attendance.abolished_code", "attendance.unknown_code"} & hub.issues()


def _without_marks(hub: Hub) -> World:
    world = hub.world
    for student in world.schools["AVN"].offered_students():
        for back in range(20):
            for session in ("AM", "PM"):
                world = world.unmark(f"AVN:{student.id}", DAY - timedelta(days=back), session)
    return world


@pytest.mark.requirement(59, 67)
def test_a_mass_of_missing_marks_is_held_then_approved_or_rejected(hub: Hub) -> None:
    """Nothing of it is written until a person decides; then exactly what was held is."""
    before = hub.counts()["attendance_marks"].new
    whole = hub.world
    hub.change(_without_marks(hub))
    done = hub.academic()
    (held,) = done.results
    assert (held.outcome, done.exit_code) == (Outcome.HELD, ExitCode.HELD)
    assert f"reconcile approve {held.entry.run}" in done.to_text()
    needs = [need for need in status(hub.settings, scheduled_flows()).waiting if need.code == "schedule.run_held"]
    assert [f"reconcile approve {held.entry.run}" in need.next_step for need in needs] == [True], "status says so too"
    live = select(ACADEMIC_RECORDS[MARKS].c.source_id).where(ACADEMIC_RECORDS[MARKS].c.left_load.is_(None))
    assert len(hub.execute(live)) == before
    assert "academic.mass_drop" in hub.issues()
    with opened(hub.settings) as context:
        assert "approved" in decide_academic(context, held.entry.run, approve=True, reason="closure")
        assert not context.store.academic.held_runs()
    left = before - held.entry.counts["attendance_marks"].left if held.entry.counts else 0
    assert len(hub.execute(live)) == left < before

    hub.change(whole)
    assert hub.counts()["attendance_marks"].new == before - left
    hub.change(_without_marks(hub))
    (again,) = hub.academic().results
    with opened(hub.settings) as context:
        decide_academic(context, again.entry.run, approve=False, reason="fault of the source")
    assert len(hub.execute(live)) == before
    hub.change(whole)
    hub.academic()
    assert "academic.mass_drop" not in hub.issues()


@pytest.mark.requirement(66)
def test_a_school_that_fails_changes_nothing_and_stops_no_other(hub: Hub) -> None:
    """A body that is cut, marks that are refused, an offline school: each has its verdict, and the others go on."""
    hub.first("BRK").schools.simulator.server.fault("AVN", "malformed", entity="AssociationAssessmentResults")
    hub.schools.simulator.server.revoke("BRK", "Attendances")
    done = hub.academic("AVN", "BRK")
    assert [r.outcome for r in done.results] == [Outcome.FAILED, Outcome.PARTIAL]
    assert done.exit_code is ExitCode.PARTIAL
    assert not hub.execute(select(ACADEMIC_RECORDS[MARKS]))
    assert hub.execute(select(ACADEMIC_RECORDS[EVENTS].c.source_id))
    assert {"academic.source_failed", "academic.entity_refused"} <= hub.issues()
    hub.schools.simulator.server.heal()
    hub.schools.simulator.server.grant("BRK", "Attendances")
    assert hub.academic("AVN", "BRK").exit_code is ExitCode.DONE
    assert not {"academic.source_failed", "academic.entity_refused"} & hub.issues()


def test_the_roster_s_issues_and_held_runs_are_not_touched(hub: Hub) -> None:
    """Each import judges what it has read, and neither makes the other's held run stale."""
    hub.schools.simulator.server.fault("AVN", "empty_list")
    (held,) = flows.run_imports(hub.settings, schools=("AVN",)).results
    assert held.outcome is Outcome.HELD
    before = hub.issues()
    hub.schools.simulator.server.heal()
    hub.academic()
    assert hub.issues() == before
    with opened(hub.settings) as context:
        assert [run.run for run in context.store.feeds.held_runs()] == [held.entry.run]


@pytest.mark.requirement(3, 59)
def test_the_records_of_one_student_can_be_listed(hub: Hub) -> None:
    """Read only, with attendance under its label and the learning aims beside it."""
    hub.academic()
    told = student_records(hub.settings, "AVN", "10233").to_json()
    assert told["attendance_is"] == COPY
    assert len(told["post16_aims"]) == 2
    assert {row["student_id"] for row in told["attendance_marks"]} == {"10233"}
    with pytest.raises(UnknownName):
        student_records(hub.settings, "ELM", "10233")


@pytest.mark.requirement(19, 59)
def test_only_partners_and_only_syncers(hub: Hub) -> None:
    """A school that is no partner cannot be named, and who may not sync may not sync this."""
    with pytest.raises(UnknownName):
        hub.academic("ELM")
    told = {**hub.schools.environment, "RECONCILE_STORE": hub.settings.store_url or "", "RECONCILE_ACTOR": "nobody"}
    with pytest.raises(NotPermitted):
        run_academic(read_settings(told))


@pytest.mark.requirement(45, 59)
def test_partners_without_a_first_import_wait_and_files_give_none(hub: Hub) -> None:
    """The schedule's run goes through all partners; who has no academic data or no pupils yet is told so."""
    outcomes = {r.entry.school: r.outcome for r in run_academic(hub.settings).results}
    assert outcomes["CST"] is Outcome.WAITING
    assert outcomes["DNE"] is Outcome.UNCHANGED
    done = run_academic(hub.settings)
    assert done.exit_code is ExitCode.DONE
    assert "gives no academic data" in done.to_text()
    assert done.to_json()["transfers"]


def test_comments_of_staff_are_never_stored_and_attendance_is_labelled(hub: Hub, store_url: str) -> None:
    """The simulated incidents carry a comment, and no column holds it; the table says that it is a copy."""
    hub.academic()
    with opened(hub.settings) as context, context.store.academic._database.read() as connection:
        for name in inspect(connection).get_table_names():
            for row in connection.execute(text(f'SELECT * FROM "{name}"')):  # noqa: S608
                assert "corridor" not in str(row), name
        if not store_url.startswith("sqlite"):  # which has no comments
            assert inspect(connection).get_table_comment("attendance_marks")["text"] == f"Attendance: {COPY}."


def test_a_portion_is_read_by_students_and_days(hub: Hub) -> None:
    """The store answers for what was asked and no more, whatever the engine."""
    hub.academic()
    with opened(hub.settings) as context:
        scope = _scope(context)
        one = context.store.academic.portion(scope, MARKS, ["10233"], Days(first=DAY, last=DAY))
        assert sorted(one) == [f"10233|{DAY}|AM", f"10233|{DAY}|PM"]
        rows = list(context.store.academic.rows(scope, RESULTS, student="10233"))
        assert rows == sorted(rows, key=lambda row: str(row[0]))
        assert all(len(row) == len(ACADEMIC_COLUMNS[RESULTS]) for row in rows)
        assert context.store.academic.find(scope, AIMS, ["102330", "none"]).keys() == {"102330"}


def _scope(context: Context) -> FeedScope:
    hub = virtual_school(context.store.state.read_state())
    return FeedScope(school="AVN", attachment=context.store.feeds.attachment("AVN"), feed="hub",
                     year=AcademicYear.parse(hub["academic_year"]))  # fmt: skip


@pytest.mark.requirement(6, 59)
def test_a_partner_is_asked_about_the_year_that_it_is_in(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a partner has changed to the next year, its marks are those of that year, and last year's stay."""
    before = hub.counts()["attendance_marks"].new
    monkeypatch.setattr("reconciler.app.academic.partner_year", lambda *_: AcademicYear(2027))
    hub.schools.simulator.server.calls.clear()
    hub.academic()
    assert not [call for call in hub.schools.simulator.calls if "2026-08-01" in call.filter]
    table = ACADEMIC_RECORDS[MARKS]
    rows = hub.execute(select(table.c.academic_year).where(table.c.left_load.is_(None)))
    assert rows == [("2026-2027",)] * before

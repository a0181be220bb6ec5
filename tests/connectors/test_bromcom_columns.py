"""Columns that a school's service may not have: fallbacks, and what is said when there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from reconciler.connectors.bromcom import mapping
from reconciler.connectors.bromcom.client import Account
from reconciler.connectors.bromcom.columns import views
from reconciler.connectors.bromcom.connector import BromcomSession
from reconciler.connectors.bromcom.school import School
from reconciler.connectors.protocol import Completeness, Offer, Row, SourceRequest, SourceRow
from reconciler.errors import MalformedSourceError
from reconciler.records.entities import Entity
from tests.conftest import ROOT
from tests.connectors.harnesses import files_request

Table = list[dict[str, str]]
GUIDE = ROOT / "docs" / "guides" / "connectors.md"


@dataclass
class Columns:
    columns: tuple[str, ...]


@dataclass
class Scripted:
    """A service that answers every filter with all rows of a table."""

    tables: Mapping[str, Table]
    account: Account = field(default_factory=lambda: Account(school_id=20001, username="u", password="p"))

    def entities(self) -> dict[str, str]:
        return {name.lower(): name for name in self.tables}

    def columns(self, entity: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for row in self.tables[entity] for name in row))

    def rows(self, entity: str, _filter: str) -> tuple[Columns, Iterator[dict[str, str]]]:
        return Columns(self.columns(entity)), iter(self.tables[entity])


STUDENT = {"StudentID": "7", "FirstName": "Greta", "LastName": "Abernath", "TutorGroup": "12A  "}
CLASS = {"ClassID": "4501", "ClassDescription": "12B/Ph1 (26/27)", "StartDate": "2026-09-02T00:00:00+01:00"}
LESSON = {"ClassID": "4501", "StaffID": "42", "PeriodStartDate": "2026-11-23T09:10:00", "PeriodName": "P1   ",
          "WeekNumber": "1", "DayOfWeek": "Monday", "LocationName": "B12"}  # fmt: skip
TABLES: dict[str, Table] = {
    "Students": [STUDENT],
    "SubjectClasses": [CLASS],
    "CollectionAssociates": [{"CollectionID": "4501", "PersonID": "7"}],
    "CollectionExecutives": [{"CollectionID": "4501", "StaffID": "42"}],
    "Staff": [{"StaffID": "42", "LastName": "Quern", "StaffCode": "SQN   "}],
    "Locations": [{"LocationID": "101", "RoomName": "B12  "}, {"LocationID": "102", "RoomName": "DEFAULT"}],
    "Timetable": [LESSON],
}


def fetch(
    entity: Entity, request: SourceRequest | None = None, **tables: Table
) -> tuple[list[Row], Completeness, set[str]]:
    """Rows, completeness and codes of what was forgiven."""
    school = School(Scripted({**TABLES, **tables}), request or files_request(Path()))  # type: ignore[arg-type]
    fetched = BromcomSession(school).fetch(entity)
    rows = list(fetched)
    return rows, fetched.completeness, {tolerance.code for tolerance in fetched.tolerances}


def one(entity: Entity, **tables: Table) -> SourceRow:
    rows, _, _ = fetch(entity, **tables)
    assert len(rows) == 1
    assert isinstance(rows[0], SourceRow)
    return rows[0]


def test_the_plainest_service_is_read(tmp_path: Path) -> None:
    """With none of the inferred columns every entity still comes."""
    assert {entity: len(fetch(entity)[0]) for entity in Entity} == {
        Entity.STAFF: 1, Entity.ROOMS: 1, Entity.TUTOR_GROUPS: 1, Entity.STUDENTS: 1, Entity.CLASSES: 1,
        Entity.MEMBERSHIPS: 2, Entity.LESSONS: 1,
    }  # fmt: skip


def test_names_of_columns_are_compared_without_case() -> None:
    """Clients write STAFFID, staffid and StaffID."""
    found = one(Entity.STUDENTS, Students=[{name.upper(): value for name, value in STUDENT.items()}])
    assert (found.key, found.values["surname"]) == ("7", "Abernath")


def test_an_entity_without_its_key_column_is_malformed() -> None:
    """The message names what was looked for."""
    with pytest.raises(MalformedSourceError) as caught:
        fetch(Entity.STUDENTS, Students=[{"LastName": "Abernath"}])
    assert caught.value.code == "bromcom.column"
    assert "StudentID or PersonID" in caught.value.message


def test_a_value_falls_back_to_the_next_column() -> None:
    """Where the first is there but empty, too."""
    both = {"ClassID": "4501", "ClassName": "  ", "ClassDescription": "12B/Ph1"}
    assert one(Entity.CLASSES, SubjectClasses=[both]).values["name"] == "12B/Ph1"
    assert one(Entity.CLASSES).values["name"] == "12B/Ph1"


def test_without_the_mark_no_class_is_read_and_none_has_left() -> None:
    """Said in words; not an error."""
    request = replace(files_request(Path()), classes=Offer(in_group="Outplaced"))
    for entity in (Entity.STAFF, Entity.ROOMS, Entity.CLASSES, Entity.MEMBERSHIPS, Entity.LESSONS):
        rows, completeness, forgiven = fetch(entity, request)
        assert not [row for row in rows if isinstance(row, SourceRow)], entity
        assert completeness is Completeness.NONE, entity
        assert forgiven == {"bromcom.no_class_mark"}, entity


def test_a_mark_that_is_false_is_an_over_share() -> None:
    """The server sent the class although the filter asked for marked ones."""
    request = replace(files_request(Path()), classes=Offer(in_group="Outplaced"))
    rows, _, _ = fetch(Entity.CLASSES, request, SubjectClasses=[{**CLASS, "Outplaced": "false"}])
    assert [row.offered for row in rows if isinstance(row, SourceRow)] == [False]


@pytest.mark.parametrize("sentinel", ["NoTutorGrp", "UNKNOWN", "DEFAULT", "   "])
def test_sentinel_tutor_groups_mean_none(sentinel: str) -> None:
    """And make no tutor group."""
    students = [{**STUDENT, "TutorGroup": sentinel}]
    assert one(Entity.STUDENTS, Students=students).values["tutor_group"] is None
    assert fetch(Entity.TUTOR_GROUPS, Students=students)[0] == []


def test_tutor_groups_come_from_pupils_where_collections_may_not_be_read() -> None:
    """Under their names."""
    assert one(Entity.TUTOR_GROUPS) == SourceRow("name:12A", {"name": "12A"})


@pytest.mark.parametrize(
    ("lesson", "slot"),
    [
        (LESSON, "W1Mon.P1"),
        ({**LESSON, "WeekNumber": "Week 2", "DayOfWeek": "friday"}, "W2Fri.P1"),
        ({**LESSON, "DayOfWeek": "", "TimetableDay": "3"}, "W1Wed.P1"),
        ({"ClassID": "4501", "PeriodStartDate": "2026-11-23T09:10:00", "WeekDayPeriod": "W02:D05:P4"}, "W2Fri.P4"),
        ({**LESSON, "PeriodName": "", "PeriodDisplayName": "P1"}, "W1Mon.P1"),
    ],
)
def test_a_slot_is_put_together_from_what_there_is(lesson: dict[str, str], slot: str) -> None:
    """Week, day and period have several spellings."""
    assert one(Entity.LESSONS, Timetable=[lesson]).values["partner_slot"] == slot


@pytest.mark.parametrize("gap", ["PeriodName", "WeekNumber", "DayOfWeek"])
def test_a_lesson_without_a_slot_is_rejected_by_its_place(gap: str) -> None:
    """Nothing is guessed."""
    rows, _, _ = fetch(Entity.LESSONS, Timetable=[LESSON, {**LESSON, gap: " "}])
    assert [(row.key, row.code) for row in rows if not isinstance(row, SourceRow)] == [  # type: ignore[union-attr]
        ("Timetable row 2", "bromcom.no_slot")
    ]


def test_cover_is_counted_apart() -> None:
    """Somebody standing in does not teach the class."""
    rows, _, _ = fetch(Entity.LESSONS, Timetable=[LESSON, {**LESSON, "StaffID": "43", "IsCover": "1"}])
    assert [row.key for row in rows if isinstance(row, SourceRow)] == ["4501|W1Mon.P1|42|101"]


def test_rooms_that_the_school_does_not_list_fall_together() -> None:
    """A lesson in two unlisted rooms is one lesson without a room."""
    later = {**LESSON, "LocationName": "Z9", "PeriodStartDate": "2026-11-30T09:10:00"}
    found = one(Entity.LESSONS, Timetable=[{**LESSON, "LocationName": "DEFAULT"}, later])
    assert (found.values["room_id"], str(found.values["start_date"]), str(found.values["end_date"])) == (
        None, "2026-11-23", "2026-11-30",
    )  # fmt: skip


def test_a_date_keeps_the_day_that_is_written() -> None:
    """No offset moves a birthday."""
    found = one(Entity.STUDENTS, Students=[{**STUDENT, "DateOfBirth": "2010-02-14T00:00:00+01:00"}])
    assert str(found.values["birth_date"]) == "2010-02-14"


def test_a_date_that_is_none_rejects_the_row_without_showing_it() -> None:
    """By id and column."""
    rows, _, _ = fetch(Entity.STUDENTS, Students=[{**STUDENT, "DateOfBirth": "Abernath day"}])
    assert [(row.key, row.code, "Abernath" in row.message) for row in rows if not isinstance(row, SourceRow)] == [  # type: ignore[union-attr]
        ("7", "source.date", False)
    ]


def test_what_hangs_on_a_rejected_class_is_still_read() -> None:
    """The class stays as it is held, and so must its memberships."""
    rows, _, _ = fetch(Entity.MEMBERSHIPS, SubjectClasses=[{**CLASS, "StartDate": "soon"}])
    assert {row.key for row in rows} == {"4501|student|7", "4501|teacher|42"}


def test_several_rows_of_one_member_are_one_span() -> None:
    """From the first start to the last end; an open end stays open."""
    base = {"CollectionID": "4501", "PersonID": "7"}
    rows, _, _ = fetch(Entity.MEMBERSHIPS, CollectionAssociates=[
        {**base, "StartDate": "2026-09-02", "EndDate": "2026-10-23"},
        {**base, "StartDate": "2026-11-02", "EndDate": "2027-07-21"},
    ])  # fmt: skip
    member = next(row for row in rows if row.key == "4501|student|7")
    assert isinstance(member, SourceRow)
    assert (str(member.values["start_date"]), str(member.values["end_date"])) == ("2026-09-02", "2027-07-21")


def test_an_enrolment_at_another_school_does_not_count() -> None:
    """A dual pupil is main there and subsidiary here."""
    rows = [{"StudentID": "7", "SchoolID": "20009", "EnrolmentStateName": "M"},
            {"StudentID": "7", "SchoolID": "20001", "EnrolmentStateName": "S"}]  # fmt: skip
    assert one(Entity.STUDENTS, StudentEnrolments=rows).values["enrolment_status"] == "S"


def test_enrolments_of_another_school_alone_are_its_data() -> None:
    """Then nothing of the answer is ours."""
    rows = [{"StudentID": "7", "SchoolID": "20009", "EnrolmentStateName": "C"}]
    with pytest.raises(MalformedSourceError) as caught:
        fetch(Entity.STUDENTS, StudentEnrolments=rows)
    assert caught.value.code == "source.other_school"


def test_a_row_that_names_another_school_stops_the_reading() -> None:
    """Any entity that carries a school id is compared."""
    with pytest.raises(MalformedSourceError) as caught:
        fetch(Entity.STAFF, Staff=[{"StaffID": "42", "LastName": "Quern", "SchoolID": "20009"}])
    assert caught.value.code == "source.other_school"


def test_the_guide_tells_every_inferred_column() -> None:
    """Which facts nobody has seen is said to whoever relies on them."""
    rows = re.findall(r"(?m)^\| `(\w+)` \| (.*?) \| (.*?) \|", GUIDE.read_text("utf-8"))
    told = {entity: set(re.findall(r"`(\w+)`", inferred)) for entity, _, inferred in rows}
    for view in views().values():
        assert view.inferred <= told[view.entity], view.entity


def test_every_candidate_of_the_students_is_in_the_data_file() -> None:
    """No column name is written in code but those that filters need."""
    assert set(mapping.STUDENT) <= views()["students"].columns.keys()

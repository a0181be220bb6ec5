"""What a DataSet says and leaves out."""

from __future__ import annotations

from datetime import datetime

import pytest
from lxml import etree

from reconciler.simulator.bromcom.catalogue import catalogue, find_entity
from reconciler.simulator.bromcom.tables import rows
from reconciler.simulator.world import World
from tests.simulator.wire import Wire

DIFFGRAM = "urn:schemas-microsoft-com:xml-diffgram-v1"
MSDATA = "urn:schemas-microsoft-com:xml-msdata"
_TYPES = {"int": int, "string": str, "dateTime": datetime, "boolean": bool}


def test_rows_stand_in_no_namespace_and_are_numbered(wire: Wire) -> None:
    """`Table1` has rowOrder 0; schema order, then row order."""
    tables = list(etree.fromstring(wire.entity("Students", "StudentID < 10004").body).iter("Table"))
    assert [table.get(f"{{{DIFFGRAM}}}id") for table in tables] == ["Table1", "Table2", "Table3"]
    assert [table.get(f"{{{MSDATA}}}rowOrder") for table in tables] == ["0", "1", "2"]


def test_null_is_an_omitted_element(wire: Wire) -> None:
    """A pupil who has not left has no EndDate at all, and nothing is marked nil."""
    answer = wire.entity("Students", "StudentID = 10233")
    assert "EndDate" not in answer.rows()[0]
    assert "nil" not in answer.text
    assert '<xs:element name="EndDate" type="xs:dateTime" minOccurs="0"/>' in answer.text


def test_without_rows_the_new_data_set_is_missing_and_the_schema_complete(wire: Wire) -> None:
    """`1=0` is how clients ask for the columns; an empty answer is success."""
    answer = wire.entity("Staff", "1=0")
    root = etree.fromstring(answer.body)
    assert answer.status == 200
    assert root.find(f".//{{{DIFFGRAM}}}diffgram") is not None
    assert root.find(".//NewDataSet") is None
    named = [e.get("name") for e in root.iter("{http://www.w3.org/2001/XMLSchema}element")]
    assert named[2:] == [column.name for column in catalogue()["Staff"].columns]


def test_dates_carry_the_offset_of_their_day(wire: Wire) -> None:
    """Summer and winter differ, so a client keeps the date part as written."""
    times = {
        row["PeriodStartDate"][:10]: row["PeriodStartDate"] for row in wire.entity("Timetable", "ClassID = 4501").rows()
    }
    offsets = {day: text[-6:] for day, text in times.items()}
    assert {offset for day, offset in offsets.items() if "2026-10-25" < day < "2027-03-28"} == {"+00:00"}
    assert {offset for day, offset in offsets.items() if day < "2026-10-25"} == {"+01:00"}


def test_names_arrive_as_they_are_written(world: World, wire: Wire) -> None:
    """Accents and the typographic apostrophe survive, and markup in a name is only text."""
    assert wire.entity("Students", "StudentID = 10501").rows()[0]["LastName"] == "Ó Néill"
    assert Wire(wire.simulator, "GHL").entity("Students", "LastName = 'O’Dea'").rows()[0]["FirstName"] == "Maeve"
    wire.simulator.world = world.rename("AVN:10233", surname="<b>&\"'\x07]]>")
    assert wire.entity("Students", "StudentID = 10233").rows()[0]["LastName"] == "<b>&\"']]>"


def test_sentinels_and_padding_are_there_to_be_coped_with(wire: Wire) -> None:
    """NoTutorGrp, UNKNOWN, DEFAULT, padded codes and periods, and the year behind a class's name."""
    foxgate = Wire(wire.simulator, "FGT")
    assert foxgate.entity("Students", "StudentID = 50031").rows()[0]["TutorGroup"] == "NoTutorGrp"
    assert wire.entity("Staff", "StaffCode = 'JSM'").rows()[0]["StaffCode"] == "JSM       "
    lessons = wire.entity("TimeTable", "ClassID = 4503").rows()
    assert {row["ClassName"] for row in lessons} == {"12B/Fm1 (26/27)"}
    assert "UNKNOWN" in {row["LocationName"] for row in lessons}
    assert {row["PeriodName"] for row in lessons} <= {f"P{n}        " for n in range(1, 6)}
    assert wire.entity("Locations").rows()[0]["RoomName"].rstrip() == "DEFAULT"
    assert any("StaffID" not in row for row in wire.entity("Timetable", "ClassID = 4504").rows())


@pytest.mark.parametrize("name", list(catalogue()))
@pytest.mark.parametrize("code", ["AVN", "FGT", "ELM"])
def test_every_row_fits_the_columns_of_the_catalogue(world: World, code: str, name: str) -> None:
    """As many values as columns, each of its column's type; keys are never missing."""
    entity = catalogue()[name]
    found = list(rows(world.schools[code], entity, classes={4501}))
    # a primary school teaches no timetabled classes, and neither it nor the provision academy has a sixth form
    assert found or (code, name) in {("ELM", "Timetable"), ("ELM", "StudentLearning"), ("FGT", "StudentLearning")}
    for row in found:
        assert len(row) == len(entity.columns)
        for column, value in zip(entity.columns, row, strict=True):
            assert value is None or type(value) is _TYPES[column.type], column.name


def test_every_column_says_whether_it_was_seen() -> None:
    """What is ours is marked, so that no client comes to depend on it."""
    evidence = {column.evidence for entity in catalogue().values() for column in entity.columns}
    assert evidence == {"seen", "inferred"}
    outplaced = catalogue()["SubjectClasses"].columns[-1]
    assert (outplaced.name, outplaced.evidence) == ("Outplaced", "inferred")


def test_an_alias_is_as_good_as_the_name() -> None:
    """Suppliers' lists differ: School and Schools, Timetable and TimeTable."""
    assert find_entity("school") is find_entity("Schools")
    assert find_entity(" TimeTable ") is find_entity("timetable") is not None
    assert find_entity("PersonPhotos") is None


def test_period_structures_tell_the_cycle_apart_from_sessions(wire: Wire) -> None:
    """Slots are rows of type PERIOD; Foxgate's Friday has two of them."""
    found = Wire(wire.simulator, "FGT").entity("PeriodStructures", "CalendarTypeName = 'PERIOD'").rows()
    assert len(found) == 18
    assert [row["PeriodDisplayName"].strip() for row in found if row["DayOfWeek"] == "Friday"] == ["P1", "P2"]
    assert {row["CalendarModelName"] for row in found} >= {"MON_P1_1", "FRI_P2_1"}


def test_a_dated_lesson_knows_its_place_in_the_cycle(wire: Wire) -> None:
    """Week, day and period name agree with the date; no lesson falls on a closed day."""
    for row in Wire(wire.simulator, "BRK").entity("Timetable", "ClassID = 4501").rows():
        day = datetime.fromisoformat(row["PeriodStartDate"])
        assert f"{day:%A}" == row["DayOfWeek"]
        assert row["WeekNumber"] in {"1", "2"}
        assert f"{day:%Y-%m-%d}" not in {"2026-09-02", "2026-11-02", "2027-01-04", "2027-05-03"}


def test_a_room_changes_after_christmas(wire: Wire) -> None:
    """One lesson of class 4502 is taught in one room until 18 December and in another from 5 January."""
    rooms: dict[str, set[str]] = {}
    for row in wire.entity("Timetable", "ClassID = 4502 AND DayOfWeek = 'Monday'").rows():
        rooms.setdefault("before" if row["PeriodStartDate"] < "2027" else "after", set()).add(row["LocationName"])
    assert len(rooms["before"]) == len(rooms["after"]) == 1
    assert rooms["before"] != rooms["after"]


def test_nobody_is_a_member_of_anything_after_vanishing_from_the_roll(world: World, wire: Wire) -> None:
    """A dropped pupil leaves no membership behind."""
    wire.simulator.world = world.drop_students("AVN", 60)
    here = {row["StudentID"] for row in wire.entity("Students").rows()}
    assert {row["PersonID"] for row in wire.entity("CollectionAssociates").rows()} <= here


def test_every_address_and_number_is_set_aside_for_fiction(wire: Wire) -> None:
    """Mail ends in .example, telephones lie in the range for drama."""
    (school,) = wire.entity("Schools").rows()
    assert school["Phone"].startswith("01632 960")
    mail = [school["Email"], *(row["WorkEmail"] for row in wire.entity("Staff").rows())]
    mail += [row["StudentEmail"] for row in wire.entity("Students").rows()]
    assert all(address.endswith(".example") for address in mail)

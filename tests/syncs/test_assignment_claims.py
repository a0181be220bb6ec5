"""A partner that claims an assignment is told so; the hub's value is the one that is exported (VS, rule 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from reconciler.connectors.protocol import Row
from reconciler.records.entities import Entity
from reconciler.syncs.across import AcrossJob, look_across
from reconciler.syncs.assignment_lines import Line
from reconciler.vocabulary.upn import check_letter
from tests.syncs.memory_across import MemoryAcross
from tests.syncs.memory_store import MemoryStore
from tests.syncs.scripted import JOB, NOW, importing, member, row, student

CHILD = check_letter("99920001700" + "1") + "999200017001"
BRK = replace(JOB, school="BRK", short_code="BRK", school_name="Brackenmoor", attachment="BRK:0123456789ab")
FIRST, LAST = date(2026, 11, 9), date(2027, 2, 12)


def line(student_school: str = "AVN", student_id: str = "S1", *, first: date = FIRST, last: date | None = LAST,
         class_name: str = "12B/Ph1") -> Line:  # fmt: skip
    return Line(student_school=student_school, student_id=student_id, class_school="AVN", class_name=class_name,
                first=first, last=last, place="inline 1")  # fmt: skip


def look(store: MemoryStore, across: MemoryAcross, lines: Sequence[Line] | None) -> list[tuple[str, str, str]]:
    """The open claims after a look, as (school, membership, message)."""
    job = AcrossJob(
        schools={"AVN": "", "BRK": ""}, today=NOW.date(), zone=ZoneInfo("Europe/London"), assignments=lines,
        is_school_day=lambda _: True,
    )  # fmt: skip
    look_across(job, store, across, run="r1", at=NOW)
    return [(i.school, i.record, i.message) for i in across.settled.values() if i.code == "assignment.conflict"]


def brought(store: MemoryStore, *, person: str = "S1", role: str = "student", **dates: date) -> MemoryAcross:
    """AVN brings its class C1 (12B/Ph1) with this member; BRK holds the same child under another id."""
    rows: dict[Entity, list[Row]] = {
        Entity.STUDENTS: [student("S1"), student("S9", upn=CHILD)],
        Entity.CLASSES: [row("C1", name="12B/Ph1", start_date=date(2026, 9, 2), end_date=date(2027, 7, 21))],
        Entity.MEMBERSHIPS: [member("C1", person, role, **dates)],
    }
    importing(store, rows, job=JOB)
    importing(store, {Entity.STUDENTS: [student("B7", upn=CHILD)]}, job=BRK)
    return MemoryAcross(store, [JOB.scope, BRK.scope])


@pytest.mark.requirement(2)
@pytest.mark.parametrize("class_name", ["12B/Ph1", "C1"])
def test_a_school_with_other_dates_than_the_hub_is_named_and_the_hubs_stand(
    store: MemoryStore, class_name: str
) -> None:
    """Both are told in one line; the class is known by name or id."""
    across = brought(store, start_date=date(2026, 9, 1))
    ((school, membership, message),) = look(store, across, [line(class_name=class_name)])
    assert (school, membership) == ("AVN", "C1|student|S1")
    assert message == (
        f"AVN has AVN:S1 in AVN:{class_name} from 2026-09-01 on, and the hub assigns it from 2026-11-09 to 2027-02-12; "
        "the hub's dates stand"
    )


@pytest.mark.requirement(2)
@pytest.mark.parametrize(
    ("dates", "claims"),
    [
        ({}, False),
        ({"start_date": FIRST}, False),
        ({"start_date": FIRST, "end_date": LAST}, False),
        ({"end_date": LAST}, False),
        ({"start_date": date(2026, 9, 2), "end_date": date(2027, 7, 21)}, False),
        ({"start_date": FIRST, "end_date": date(2027, 2, 11)}, True),
        ({"end_date": date(2027, 2, 13)}, True),
        ({"start_date": date(2026, 11, 8), "end_date": LAST}, True),
    ],
)
def test_a_date_that_is_not_given_claims_nothing(store: MemoryStore, dates: dict[str, date], claims: bool) -> None:
    """Equal dates agree, and so does silence; the first and last day of the class itself are nobody's word."""
    assert bool(look(store, brought(store, **dates), [line()])) is claims


@pytest.mark.requirement(2)
def test_any_of_several_stays_may_be_meant(store: MemoryStore) -> None:
    """Who comes back to a class has two lines, and the school one of them at a time."""
    second = line(first=date(2027, 4, 12), last=None)
    across = brought(store, start_date=date(2027, 4, 12))
    assert look(store, across, [line(), second]) == []
    ((_, _, message),) = look(store, across, [line(), replace(second, first=date(2027, 5, 1))])
    assert "from 2026-11-09 to 2027-02-12 and from 2027-05-01 on" in message


@pytest.mark.requirement(2)
def test_a_child_whom_the_school_keeps_a_record_of_itself_is_found_by_the_upn(store: MemoryStore) -> None:
    """BRK's pupil is in AVN's class by the hub's word, and AVN lists the child as its own S9."""
    across = brought(store, person="S9", start_date=date(2026, 9, 1))
    ((school, membership, _),) = look(store, across, [line("BRK", "B7")])
    assert (school, membership) == ("AVN", "C1|student|S9")


@pytest.mark.requirement(2)
@pytest.mark.parametrize(
    "lines",
    [[], [line("AVN", "S2")], [line("BRK", "S1")], [line(class_name="12B/Ch1")], [replace(line(), class_school="BRK")]],
)
def test_what_the_hub_does_not_assign_is_the_schools_own(store: MemoryStore, lines: list[Line]) -> None:
    """Another student, another school's student of that id, another class."""
    assert look(store, brought(store, start_date=date(2026, 9, 1)), lines) == []


@pytest.mark.requirement(2)
def test_a_teacher_with_the_id_of_a_student_claims_nothing(store: MemoryStore) -> None:
    """Only students are assigned."""
    assert look(store, brought(store, role="teacher", start_date=date(2026, 9, 1)), [line()]) == []


@pytest.mark.requirement(2)
def test_a_claim_is_closed_when_the_two_agree_and_not_when_the_lines_cannot_be_read(store: MemoryStore) -> None:
    """A file that went missing says nothing about anybody."""
    across = brought(store, start_date=date(2026, 9, 1))
    assert look(store, across, [line()])
    assert look(store, across, None)
    assert not look(store, across, [line(first=date(2026, 9, 1))])

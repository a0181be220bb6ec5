"""Rules 51 and 52 on single rows: offered, reached, or not the hub's to hold."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.records.entities import Entity, column_names
from reconciler.sharing.scope import (
    CLASS_NOT_OFFERED,
    OTHER_YEAR,
    SLOT_NOT_REACHED,
    STUDENT_NOT_OFFERED,
    HubScope,
)
from reconciler.vocabulary.codes import AcademicYear


def canonical(entity: Entity, **values: object) -> tuple[object, ...]:
    return tuple(values.get(name) for name in column_names(entity))


@pytest.fixture
def scope() -> HubScope:
    """One student and one class are offered."""
    return HubScope(AcademicYear(2026), students={"S1"}, classes={"C1"})


@pytest.mark.requirement(51, 52)
@pytest.mark.parametrize(
    ("class_id", "person", "role", "reason"),
    [
        ("C1", "S1", "student", ""), ("C1", "S2", "student", STUDENT_NOT_OFFERED), ("C1", "T1", "teacher", ""),
        ("C2", "S1", "student", CLASS_NOT_OFFERED), ("C2", "T1", "teacher", CLASS_NOT_OFFERED),
    ],
)  # fmt: skip
def test_memberships(scope: HubScope, class_id: str, person: str, role: str, reason: str) -> None:
    """Offered students in offered classes, and the teachers of these classes."""
    row = canonical(Entity.MEMBERSHIPS, class_id=class_id, person_id=person, role=role)
    assert scope.outside(Entity.MEMBERSHIPS, row) == reason


@pytest.mark.parametrize(
    ("class_id", "slots", "reason"),
    [("C1", "W1Mon.P1", ""), ("C1", None, SLOT_NOT_REACHED), ("C2", "W1Mon.P1", CLASS_NOT_OFFERED)],
)
def test_lessons(scope: HubScope, class_id: str, slots: str | None, reason: str) -> None:
    """Lessons of offered classes in periods that the hub has."""
    assert scope.outside(Entity.LESSONS, canonical(Entity.LESSONS, class_id=class_id, hub_slots=slots)) == reason


@pytest.mark.requirement(6)
@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [
        (None, None, ""), (date(2026, 9, 1), None, ""), (None, date(2026, 8, 1), ""), (date(2027, 7, 31), None, ""),
        (None, date(2026, 7, 31), OTHER_YEAR), (date(2027, 8, 1), None, OTHER_YEAR),
    ],
)  # fmt: skip
def test_dates_outside_the_year(scope: HubScope, start: date | None, end: date | None, reason: str) -> None:
    """One year only, from 1 August to 31 July (C22)."""
    assert scope.outside(Entity.STUDENTS, canonical(Entity.STUDENTS, start_date=start, end_date=end)) == reason


@pytest.mark.requirement(52)
def test_reach(scope: HubScope) -> None:
    """Teachers, rooms and tutor groups are kept when something offered leads to them, and no sooner."""
    assert not scope.keeps(Entity.STAFF, "T1", "")
    scope.reach(Entity.MEMBERSHIPS, canonical(Entity.MEMBERSHIPS, class_id="C1", person_id="T1", role="teacher"))
    scope.reach(Entity.MEMBERSHIPS, canonical(Entity.MEMBERSHIPS, class_id="C1", person_id="S1", role="student"))
    scope.reach(Entity.LESSONS, canonical(Entity.LESSONS, class_id="C1", staff_id="T2", room_id="R1"))
    scope.reach(Entity.STUDENTS, canonical(Entity.STUDENTS, tutor_group="12A"))
    assert [scope.keeps(Entity.STAFF, key, "") for key in ("T1", "T2", "S1")] == [True, True, False]
    assert [scope.keeps(Entity.ROOMS, key, "") for key in ("R1", "R2")] == [True, False]
    assert [scope.keeps(Entity.TUTOR_GROUPS, "g1", name) for name in ("12A", "7B")] == [True, False]

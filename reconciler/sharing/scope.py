"""Rule 51 and 52 over the feed `hub`: only offered students and classes, and what is reached through them.

Students and classes are offered or not. A membership belongs when its class is offered and so is its student, or when
it names a teacher of an offered class; a lesson belongs when its class is offered and the hub has a slot for it.
Staff, rooms and tutor groups come first in the order of reading, so they are judged last: what was reached stays. The
scope holds ids only, never a row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from reconciler.records.entities import Entity, column_names
from reconciler.records.row_digest import CanonicalRow
from reconciler.vocabulary.codes import AcademicYear

NARROWED = (Entity.STAFF, Entity.ROOMS, Entity.TUTOR_GROUPS)

# An entity can be judged complete only when those that decide about its rows were read completely too.
DECIDED_BY: dict[Entity, frozenset[Entity]] = {
    Entity.STAFF: frozenset({Entity.CLASSES, Entity.MEMBERSHIPS, Entity.LESSONS}),
    Entity.ROOMS: frozenset({Entity.CLASSES, Entity.LESSONS}),
    Entity.TUTOR_GROUPS: frozenset({Entity.STUDENTS}),
    Entity.STUDENTS: frozenset(),
    Entity.CLASSES: frozenset(),
    Entity.MEMBERSHIPS: frozenset({Entity.STUDENTS, Entity.CLASSES, Entity.STAFF}),
    Entity.LESSONS: frozenset({Entity.CLASSES, Entity.STAFF, Entity.ROOMS}),
}

OTHER_YEAR = "another academic year"
NOT_OFFERED = "not offered to the virtual school"
CLASS_NOT_OFFERED = "of a class that is not offered"
STUDENT_NOT_OFFERED = "of a student who is not offered"
SLOT_NOT_REACHED = "in a period that no hub period is mapped to"
NOT_REACHED = "not part of an offered class or student"


def at(entity: Entity, column: str) -> int:
    """Where a column stands in the canonical rows of an entity."""
    return column_names(entity).index(column)


_DATES = {e: (at(e, "start_date"), at(e, "end_date")) for e in Entity if "start_date" in column_names(e)}
_TUTOR_GROUP = at(Entity.STUDENTS, "tutor_group")
_GROUP_NAME = at(Entity.TUTOR_GROUPS, "name")
_M_CLASS, _M_PERSON, _M_ROLE = (at(Entity.MEMBERSHIPS, c) for c in ("class_id", "person_id", "role"))
_L_CLASS, _L_STAFF, _L_ROOM, _L_SLOTS = (
    at(Entity.LESSONS, c) for c in ("class_id", "staff_id", "room_id", "hub_slots")
)


@dataclass(slots=True)
class HubScope:
    """What one run has learnt about who belongs: `students` and `classes` are the ids that stand."""

    year: AcademicYear
    students: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    staff: set[str] = field(default_factory=set)
    rooms: set[str] = field(default_factory=set)
    tutor_groups: set[str] = field(default_factory=set)  # by name, as students carry it

    def outside(self, entity: Entity, row: CanonicalRow) -> str:
        """Why a canonical row is not the hub's to hold, or the empty text when it is."""
        if entity in _DATES:
            start, end = (row[i] for i in _DATES[entity])
            if (start or end) and not self.year.overlaps(_day(start), _day(end)):
                return OTHER_YEAR
        if entity is Entity.MEMBERSHIPS:
            if row[_M_CLASS] not in self.classes:
                return CLASS_NOT_OFFERED
            return STUDENT_NOT_OFFERED if row[_M_ROLE] == "student" and row[_M_PERSON] not in self.students else ""
        if entity is Entity.LESSONS:
            if row[_L_CLASS] not in self.classes:
                return CLASS_NOT_OFFERED
            return "" if row[_L_SLOTS] else SLOT_NOT_REACHED
        return ""

    def reach(self, entity: Entity, row: CanonicalRow) -> None:
        """Takes note of whom and what a row in scope leads to."""
        if entity is Entity.STUDENTS:
            self.tutor_groups.add(str(row[_TUTOR_GROUP]))
        elif entity is Entity.MEMBERSHIPS and row[_M_ROLE] == "teacher":
            self.staff.add(str(row[_M_PERSON]))
        elif entity is Entity.LESSONS:
            self.staff.add(str(row[_L_STAFF]))
            self.rooms.add(str(row[_L_ROOM]))

    def keeps(self, entity: Entity, source_id: str, name: str) -> bool:
        """Whether a row of a narrowed entity was reached; a tutor group is known by its name."""
        match entity:
            case Entity.STAFF:
                return source_id in self.staff
            case Entity.ROOMS:
                return source_id in self.rooms
            case Entity.TUTOR_GROUPS:
                return name in self.tutor_groups
        return True

    def stand(self, entity: Entity, ids: Iterable[str]) -> None:
        """Says which students or classes stand after this run, before the rows that depend on them are read."""
        if entity is Entity.STUDENTS:
            self.students = set(ids)
        elif entity is Entity.CLASSES:
            self.classes = set(ids)


def name_of(entity: Entity, row: CanonicalRow) -> str:
    """The name that `keeps` wants: of tutor groups, since students carry the name and not the id."""
    return str(row[_GROUP_NAME]) if entity is Entity.TUTOR_GROUPS else ""


def _day(value: object) -> date | None:
    return value if isinstance(value, date) else None

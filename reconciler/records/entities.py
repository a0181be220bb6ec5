"""The entities of the feed `hub` and their columns, as data.

A canonical row is a tuple in column order, `source_id` first. Values are text, `date` or None: never numbers, since
an admission number 004512 must stay what it is. Personal columns are marked, so that logs, plans and issues can be
checked against them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Entity(StrEnum):
    """What an import brings, in the order in which it is read and written (references point backwards)."""

    STAFF = "staff"
    ROOMS = "rooms"
    TUTOR_GROUPS = "tutor_groups"
    STUDENTS = "students"
    CLASSES = "classes"
    MEMBERSHIPS = "memberships"
    LESSONS = "lessons"


class ColumnType(StrEnum):
    TEXT = "text"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `length` in characters bounds text (checked before the database could cut it, C18)."""

    name: str
    type: ColumnType = ColumnType.TEXT
    length: int = 200
    required: bool = False
    personal: bool = False
    derived: bool = False  # computed by the hub (prefixes, hub slots), not read from the source


_ID = Column("source_id", length=120, required=True)
_START = Column("start_date", ColumnType.DATE)
_END = Column("end_date", ColumnType.DATE)

COLUMNS: dict[Entity, tuple[Column, ...]] = {
    Entity.STAFF: (
        _ID,
        Column("staff_code", length=40),
        Column("hub_staff_code", length=60, derived=True),
        Column("title", length=40, personal=True),
        Column("forename", personal=True),
        Column("surname", required=True, personal=True),
        _START,
        _END,
    ),
    Entity.ROOMS: (_ID, Column("name", required=True)),
    Entity.TUTOR_GROUPS: (
        _ID,
        Column("name", length=60, required=True),
        Column("hub_name", length=80, derived=True),
    ),
    Entity.STUDENTS: (
        _ID,
        Column("admission_number", length=40),
        Column("hub_admission_number", length=60, derived=True),
        Column("upn", length=13, personal=True),
        Column("former_upn", length=13, personal=True),
        Column("forename", personal=True),
        Column("surname", required=True, personal=True),
        Column("preferred_forename", personal=True),
        Column("preferred_surname", personal=True),
        Column("birth_date", ColumnType.DATE, personal=True),
        Column("year_group", length=40),
        Column("tutor_group", length=60),
        Column("hub_tutor_group", length=80, derived=True),
        Column("enrolment_status", length=1),  # C single, M main, S subsidiary, G guest
        _START,
        _END,
    ),
    Entity.CLASSES: (
        _ID,
        Column("name", required=True),
        Column("subject"),
        Column("year_group", length=40),
        _START,
        _END,
    ),
    Entity.MEMBERSHIPS: (
        _ID,  # class|role|person
        Column("class_id", length=120, required=True),
        Column("person_id", length=120, required=True),
        Column("role", length=10, required=True),  # student or teacher
        _START,
        _END,
    ),
    Entity.LESSONS: (
        _ID,  # class|partner slot|staff|room
        Column("class_id", length=120, required=True),
        Column("staff_id", length=120),
        Column("room_id", length=120),
        Column("partner_slot", length=40, required=True),  # Slot text at the partner, W1Mon.P1
        Column("hub_slots", length=400, derived=True),  # Slot texts at the hub, space separated; many to one
        _START,
        _END,
    ),
}


def column_names(entity: Entity) -> tuple[str, ...]:
    """The columns of a canonical row, in order."""
    return tuple(column.name for column in COLUMNS[entity])


def source_columns(entity: Entity) -> tuple[str, ...]:
    """The columns that a connector fills; the others are derived by the hub."""
    return tuple(column.name for column in COLUMNS[entity] if not column.derived)

"""The academic records of the feed `hub` and their columns, as data (VS, rules 3, 59 and 60).

They are kept apart from the roster of `entities.py`: other clock, other source entities, other rules about what may be
concluded. What the hub holds of attendance is a copy for management; the register is kept by the home school.
Comments of staff are not among the columns: they are never stored.
"""

from __future__ import annotations

from enum import StrEnum

from reconciler.records.entities import Column, ColumnType


class AcademicEntity(StrEnum):
    """What an academic import brings, in the order in which it is read and written."""

    ATTENDANCE_MARKS = "attendance_marks"
    BEHAVIOUR_EVENTS = "behaviour_events"
    ASSESSMENT_RESULTS = "assessment_results"
    POST16_AIMS = "post16_aims"


# What `virtual_school.academic` calls them. Post-16 facts come along where a school grants them (rule 3).
KINDS = {
    "attendance": AcademicEntity.ATTENDANCE_MARKS,
    "behaviour": AcademicEntity.BEHAVIOUR_EVENTS,
    "assessment": AcademicEntity.ASSESSMENT_RESULTS,
}
NEEDS_STRUCTURE = frozenset({AcademicEntity.BEHAVIOUR_EVENTS, AcademicEntity.ASSESSMENT_RESULTS})

COPY = "a copy for management, never the register: that is kept by the student's home school"

_ID = Column("source_id", length=300, required=True)
_STUDENT = Column("student_id", length=120, required=True)

ACADEMIC_COLUMNS: dict[AcademicEntity, tuple[Column, ...]] = {
    AcademicEntity.ATTENDANCE_MARKS: (
        _ID,  # student|date|session
        _STUDENT,
        Column("on_date", ColumnType.DATE, required=True),
        Column("session", length=40, required=True),  # AM, PM, or the partner's period
        Column("code", length=2, required=True, personal=True),
        Column("statistical_class", length=20, required=True, derived=True, personal=True),
        Column("minutes_late", length=4, personal=True),
        Column("class_id", length=120),
    ),
    AcademicEntity.BEHAVIOUR_EVENTS: (
        _ID,
        _STUDENT,
        Column("on_date", ColumnType.DATE, required=True),
        Column("event_code", length=40, required=True, personal=True),
        Column("points", length=10, personal=True),
        Column("class_id", length=120),
        Column("staff_id", length=120),
    ),
    AcademicEntity.ASSESSMENT_RESULTS: (
        _ID,
        _STUDENT,
        Column("on_date", ColumnType.DATE, required=True),  # when it was entered
        Column("assessment_type", length=120, required=True),
        Column("subject", length=120),
        Column("term", length=60),
        Column("year_group", length=40),
        Column("result", length=60, required=True, personal=True),
        Column("is_grade", length=5),  # true or false
    ),
    AcademicEntity.POST16_AIMS: (
        _ID,
        _STUDENT,
        Column("aim_code", length=40),
        Column("title"),
        Column("start_date", ColumnType.DATE),
        Column("planned_end_date", ColumnType.DATE),
        Column("end_date", ColumnType.DATE),
        Column("status", length=60),
    ),
}


def academic_columns(entity: AcademicEntity) -> tuple[str, ...]:
    """The columns of a canonical row, in order; the second is the student."""
    return tuple(column.name for column in ACADEMIC_COLUMNS[entity])

"""What a simulated school holds, as frozen values; a change makes a new school that shares all it can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from reconciler.simulator.calendar import Cycle


@dataclass(frozen=True, slots=True, kw_only=True)
class Student:
    """One pupil on a roll. `tutor_group` is empty for none; `offered` is the mark Outplaced of that school."""

    id: int
    admission_number: str
    upn: str
    former_upn: str = ""
    forename: str
    middle_name: str = ""
    surname: str
    preferred_forename: str = ""
    birth_date: date
    gender: str
    year_group: str
    tutor_group: str
    enrolment: str = "C"  # C single, M main, S subsidiary, G guest
    offered: bool = False
    start: date
    end: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMember:
    """One member of staff; `id` is a person id of the same school, never one of a pupil."""

    id: int
    code: str
    title: str
    forename: str
    surname: str
    job: str
    start: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One lesson of the cycle, taught between two dates; staff and room may be missing."""

    week: int
    day: int  # 1 is Monday
    period: str
    staff: int | None
    room: int | None
    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectClass:
    """One teaching group with its members and lessons; `offered` is the mark Outplaced of that school."""

    id: int
    name: str
    description: str
    subject: str
    year_group: str
    teachers: tuple[int, ...]
    students: tuple[int, ...]
    lessons: tuple[Lesson, ...]
    offered: bool
    start: date
    end: date


@dataclass(frozen=True, slots=True, kw_only=True)
class TutorGroup:
    id: int
    name: str
    year_group: str
    tutor: int


MarkKey = tuple[int, date, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcademicChanges:
    """What was changed by hand since the seed: `marks` by pupil, day and session (None: no row at all).

    `event_types` are further behaviour codes with their descriptions.
    """

    marks: Mapping[MarkKey, str | None] = field(default_factory=dict)
    event_types: tuple[tuple[str, str], ...] = ()

    def with_mark(self, key: MarkKey, code: str | None) -> AcademicChanges:
        return replace(self, marks={**self.marks, key: code})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class School:
    """One school at one moment. Compared by identity, so that tables built from it can be kept by it."""

    code: str
    name: str
    mis: str  # bromcom or sims
    school_id: int
    urn: str
    establishment: str
    cycle: Cycle
    students: tuple[Student, ...]
    staff: tuple[StaffMember, ...]
    rooms: tuple[Room, ...]
    tutor_groups: tuple[TutorGroup, ...]
    classes: tuple[SubjectClass, ...]
    seed: int = 0  # of the marks, events and results that its pupils are thrown
    academic: AcademicChanges = field(default_factory=AcademicChanges)

    def student(self, number: int) -> Student:
        """Raises KeyError for an id that is not on the roll."""
        for student in self.students:
            if student.id == number:
                return student
        raise KeyError(f"{self.code} has no pupil {number}")

    def on_roll(self, on: date) -> tuple[Student, ...]:
        """Those who have come and not left, on a day."""
        return tuple(s for s in self.students if s.start <= on and (s.end is None or s.end >= on))

    def offered_students(self) -> tuple[Student, ...]:
        return tuple(s for s in self.students if s.offered)

    def offered_classes(self) -> tuple[SubjectClass, ...]:
        return tuple(c for c in self.classes if c.offered)

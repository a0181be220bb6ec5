"""One school's own change to the next academic year, as its MIS does it in the summer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from reconciler.simulator.calendar import Calendar
from reconciler.simulator.invent import year_number
from reconciler.simulator.school import Lesson, School, Student, SubjectClass, TutorGroup
from reconciler.simulator.world import World

_YEAR = timedelta(weeks=52)  # days of the week stay what they are
_NEW_CLASSES = 10_000  # classes of the new year have ids of their own


def roll_over(world: World, code: str) -> World:
    """The school in the next year: all a year group up, the last one gone, classes made anew; nobody joins.

    Its other systems stay where they are: each school changes by itself. Raises KeyError for an unknown school.
    """
    school = world.schools[code]
    last = max(year_number(s.year_group) for s in school.students)
    moved = tuple(_up(s, school, last) for s in school.students)
    calendar = _later(school.cycle.calendar)
    changed = replace(
        school, cycle=replace(school.cycle, calendar=calendar), students=moved,
        classes=tuple(_anew(one, moved) for one in school.classes),
    )  # fmt: skip
    return replace(world, schools={**world.schools, code: changed})


def _up(student: Student, school: School, last: int) -> Student:
    end = school.cycle.calendar.last_day
    if student.end is not None:
        return student
    if year_number(student.year_group) >= last:
        return replace(student, end=end, offered=False)
    year = str(year_number(student.year_group) + 1)
    return replace(student, year_group=year, tutor_group=_group(student, school, year))


def _group(student: Student, school: School, year: str) -> str:
    """The group of the same place in the next year, as far as that year has as many."""
    here: list[TutorGroup] = [g for g in school.tutor_groups if g.year_group == student.year_group.removeprefix("Y")]
    there = [g.name for g in school.tutor_groups if g.year_group == year]
    place = next((n for n, g in enumerate(here) if g.name == student.tutor_group), 0)
    return there[place % len(there)] if there else ""


def _anew(one: SubjectClass, students: tuple[Student, ...]) -> SubjectClass:
    """The class of the same name, for those who are in its year group now."""
    taken = [s.id for s in students if s.year_group == one.year_group and s.end is None and s.offered == one.offered]
    return replace(
        one, id=one.id + _NEW_CLASSES, students=tuple(taken), start=one.start + _YEAR, end=one.end + _YEAR,
        lessons=tuple(_lesson(lesson) for lesson in one.lessons),
    )  # fmt: skip


def _lesson(lesson: Lesson) -> Lesson:
    return replace(lesson, first=lesson.first + _YEAR, last=lesson.last + _YEAR)


def _later(calendar: Calendar) -> Calendar:
    def move(day: date) -> date:
        return day + _YEAR

    return Calendar(
        terms=tuple((move(first), move(last)) for first, last in calendar.terms),
        closed=frozenset(map(move, calendar.closed)), week_1_starts=tuple(map(move, calendar.week_1_starts)),
    )  # fmt: skip

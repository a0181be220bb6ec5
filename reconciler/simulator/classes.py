"""Builds teaching groups and their lessons; the offered classes hold offered pupils only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from reconciler.simulator import invent
from reconciler.simulator.blueprint import SchoolBlueprint, names
from reconciler.simulator.calendar import Cycle
from reconciler.simulator.school import Lesson, Room, StaffMember, Student, SubjectClass

FIRST_CLASS = 4501
CLASS_SIZE = 27
LESSONS_A_WEEK = 4
_NEW_ROOM_FROM = date(2027, 1, 5)  # one offered class moves rooms after Christmas
_OLD_ROOM_UNTIL = date(2026, 12, 18)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A class before it has teachers and lessons."""

    name: str
    subject: str
    year_group: str
    students: tuple[int, ...]
    offered: bool


def build_classes(
    blueprint: SchoolBlueprint, students: Sequence[Student], staff: Sequence[StaffMember], rooms: Sequence[Room], *,
    seed: int, scale: float,
) -> tuple[SubjectClass, ...]:  # fmt: skip
    """The offered classes first, then everything else that the school teaches."""
    plans = _offered(blueprint, students, scale=scale) + _ordinary(blueprint, students, seed=seed)
    return tuple(_class(plan, index, blueprint.cycle, staff, rooms) for index, plan in enumerate(plans))


def _offered(blueprint: SchoolBlueprint, students: Sequence[Student], *, scale: float) -> list[_Plan]:
    if not blueprint.offered_classes:
        return []
    count, years = max(1, round(blueprint.offered_classes * scale)), blueprint.offer_years
    subjects = list(names().sixth_form.items())
    members: list[list[int]] = [[] for _ in range(count)]
    for index, student in enumerate(s for s in students if s.offered):
        same_year = [n for n in range(count) if years[n % len(years)] == student.year_group] or list(range(count))
        for turn in range(min(2, len(same_year))):
            members[same_year[(index + turn) % len(same_year)]].append(student.id)
    plans = []
    for number in range(count):
        year, turn = years[number % len(years)], number // len(years)
        code, subject = subjects[turn % len(subjects)]
        name = f"{year}B/{code}{turn // len(subjects) + 1}"
        plans.append(_Plan(name=name, subject=subject, year_group=year, students=tuple(sorted(members[number])),
                           offered=True))  # fmt: skip
    return plans


def _ordinary(blueprint: SchoolBlueprint, students: Sequence[Student], *, seed: int) -> list[_Plan]:
    plans = []
    by_subject: dict[tuple[str, str, str], list[int]] = {}
    for student in students:
        year = student.year_group.removeprefix("Y")
        for code, subject in _subjects(student, seed, blueprint.code):
            by_subject.setdefault((year, code, subject), []).append(student.id)
    for (year, code, subject), taking in by_subject.items():
        sets = -(-len(taking) // CLASS_SIZE)
        for number in range(sets):
            plans.append(_Plan(name=f"{year}A/{code}{number + 1}", subject=subject, year_group=year,
                               students=tuple(sorted(taking[number::sets])), offered=False))  # fmt: skip
    return plans


def _subjects(student: Student, seed: int, code: str) -> list[tuple[str, str]]:
    """Sixth formers take three subjects, primary pupils two, everybody else all of them."""
    level = invent.year_number(student.year_group)
    if level >= 12:
        return invent.dice(seed, code, student.id, "subjects").sample(list(names().sixth_form.items()), 3)
    everything = list(names().subjects.items())
    return everything[:2] if level < 7 else everything


def _class(
    plan: _Plan, index: int, cycle: Cycle, staff: Sequence[StaffMember], rooms: Sequence[Room]
) -> SubjectClass:  # fmt: skip
    teachers = [staff[index % len(staff)].id]
    if index % 4 == 3:  # every fourth class is shared by two teachers
        teachers.append(staff[(index + 1) % len(staff)].id)
    return SubjectClass(
        id=FIRST_CLASS + index,
        name=plan.name,
        description=f"Year {plan.year_group} {plan.subject}",
        subject=plan.subject,
        year_group=plan.year_group,
        teachers=tuple(dict.fromkeys(teachers)),
        students=plan.students,
        lessons=_lessons(plan, index, cycle, teachers, rooms),
        offered=plan.offered,
        start=cycle.calendar.first_day,
        end=cycle.calendar.last_day,
    )


def _lessons(
    plan: _Plan, index: int, cycle: Cycle, teachers: Sequence[int], rooms: Sequence[Room]
) -> tuple[Lesson, ...]:  # fmt: skip
    """Evenly spread over the cycle; a few offered classes carry what real timetables carry (see the comments)."""
    slots = cycle.slots()
    count = min(len(slots), LESSONS_A_WEEK * cycle.weeks)
    first, last = cycle.calendar.first_day, cycle.calendar.last_day
    room = rooms[index % len(rooms)].id
    lessons: list[Lesson] = []
    for turn in range(count):
        week, day, period = slots[(index + turn * (len(slots) // count)) % len(slots)]
        lesson = Lesson(week=week, day=day, period=period, staff=teachers[turn % len(teachers)], room=room,
                        first=first, last=last)  # fmt: skip
        lessons += _with_quirks(lesson, index, turn, rooms) if plan.offered else [lesson]
    return tuple(sorted(lessons, key=lambda one: (one.week, one.day, one.period, one.first)))


def _with_quirks(lesson: Lesson, index: int, turn: int, rooms: Sequence[Room]) -> list[Lesson]:
    if index == 1 and turn == 0:  # moves to another room after Christmas
        other = rooms[(index + 2) % len(rooms)].id
        return [replace(lesson, last=_OLD_ROOM_UNTIL), replace(lesson, first=_NEW_ROOM_FROM, room=other)]
    if index == 2 and turn == 1:  # no room is known
        return [replace(lesson, room=None)]
    if index == 3 and turn == 2:  # no teacher is known
        return [replace(lesson, staff=None)]
    return [lesson]

"""Attendance, behaviour, assessment and learning aims of one school, thrown anew for each request from the seed.

A year of marks is never kept: each pupil's are thrown by the pupil's own dice, and changes made by a test stand in the
school beside them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

from reconciler.simulator.invent import dice
from reconciler.simulator.school import School, Student

SESSIONS = ("AM", "PM")
_ABSENT = ("I", "I", "I", "M", "C", "O", "N", "V", "B", "C1", "J1", "S")
_EVENT_CHANCE, _ABSENT_CHANCE, _LATE_CHANCE = 0.12, 0.05, 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    student: int
    on: date
    session: str
    code: str
    minutes_late: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One behaviour incident; `kind` is the place of its type among the school's types, from 1."""

    id: int
    student: int
    kind: int
    on: date
    points: int
    staff: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    id: int
    student: int
    type: str
    subject: str
    term: str
    year_group: str
    result: str
    entered: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    id: int
    student: int
    reference: str
    title: str
    start: date
    planned_end: date


def event_types(school: School) -> tuple[tuple[str, str], ...]:
    """Short code and description of each behaviour event of a school."""
    return (*((code, entry[0]) for code, entry in _data()["behaviour"].items()), *school.academic.event_types)


def assessment_types() -> tuple[str, ...]:
    return tuple(_data()["assessment"]["types"])


def grade_sets() -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(grades) for name, grades in _data()["assessment"]["grade_sets"].items()}


def marks(school: School, student: Student, until: date) -> Iterator[Mark]:
    """Both sessions of every school day up to a day on which the pupil is on the roll, and marks added by hand."""
    throw = _dice(school, student, "marks")
    changed = {key: code for key, code in school.academic.marks.items() if key[0] == student.id}
    for day, _ in school.cycle.calendar.school_days():
        here = student.start <= day <= (student.end or day)
        away = throw.random() < _ABSENT_CHANCE
        for session in SESSIONS:
            code, late = _thrown(throw, session, away=away)
            if here and day <= until:
                told = changed.pop((student.id, day, session), code)
                if told is not None:
                    yield Mark(student=student.id, on=day, session=session, code=told,
                               minutes_late=late if told == "L" else None)  # fmt: skip
    for (number, day, session), added in changed.items():
        if added is not None and day <= until:
            yield Mark(student=number, on=day, session=session, code=added)


def _thrown(throw: Random, session: str, *, away: bool) -> tuple[str, int | None]:
    code, late, minutes = throw.choice(_ABSENT), throw.random() < _LATE_CHANCE, throw.randrange(1, 25)
    if away:
        return code, None
    return ("L", minutes) if late else ("/" if session == "AM" else "\\", None)


def events(school: School, student: Student, until: date) -> Iterator[Event]:
    """Incidents of the year up to a day."""
    throw = _dice(school, student, "events")
    points = [entry[1] for entry in _data()["behaviour"].values()]
    for number, (day, _) in enumerate(school.cycle.calendar.school_days()):
        happened, kind, who = throw.random() < _EVENT_CHANCE, throw.randrange(len(points)), throw.randrange(10**6)
        if happened and student.start <= day <= (student.end or day) and day <= until:
            yield Event(id=student.id * 1000 + number, student=student.id, kind=kind + 1, on=day,
                        points=points[kind], staff=school.staff[who % len(school.staff)].id)  # fmt: skip


def results(school: School, student: Student, until: date) -> Iterator[Result]:
    """One result of each type in each subject and term that is over."""
    throw = _dice(school, student, "results")
    sets = grade_sets()
    older = student.year_group in ("12", "13")
    number = 0
    for term, entered in _data()["assessment"]["terms"]:
        for subject in ("English", "Mathematics"):
            for kind in assessment_types():
                number += 1
                name = "Attitude" if kind.startswith("Attitude") else "A level" if older else "GCSE"
                grade = throw.choice(sets[name])
                if entered <= until:
                    yield Result(id=student.id * 1000 + number, student=student.id, type=kind, subject=subject,
                                 term=term, year_group=student.year_group, result=grade, entered=entered)  # fmt: skip


def aims(school: School, student: Student) -> Iterator[Aim]:
    """Two learning aims of each sixth former; a course lasts two years."""
    if student.year_group not in ("12", "13"):
        return
    throw = _dice(school, student, "aims")
    first = date(2026 if student.year_group == "12" else 2025, 9, 1)
    for number, (reference, title) in enumerate(throw.sample(sorted(_data()["aims"].items()), 2)):
        yield Aim(id=student.id * 10 + number, student=student.id, reference=reference, title=title, start=first,
                  planned_end=date(first.year + 2, 7, 31))  # fmt: skip


def _dice(school: School, student: Student, what: str) -> Random:
    return dice(school.seed, school.code, student.id, what)


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads(files("reconciler.simulator").joinpath("data/academic.toml").read_text(encoding="utf-8"))

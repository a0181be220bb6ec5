"""Academic records as the rows of the read service's entities, made for the pupils that a request names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime, time

from reconciler.simulator import academic
from reconciler.simulator.school import School, Student

Value = int | str | bool | datetime | None
Row = tuple[Value, ...]
Pupils = Collection[int] | None
_SESSION_STARTS = {"AM": time(8, 45), "PM": time(13, 0)}


def _named(school: School, students: Pupils) -> Iterator[Student]:
    return (s for s in school.students if students is None or s.id in students)


def _attendances(school: School, students: Pupils, until: date) -> Iterator[Row]:
    for student in _named(school, students):
        for one in academic.marks(school, student, until):
            begins = datetime.combine(one.on, _SESSION_STARTS.get(one.session, time(9, 0)))
            yield one.student, begins, one.code, one.session, None, one.minutes_late


def _event_types(school: School, _students: Pupils, _until: date) -> Iterator[Row]:
    first = datetime.combine(school.cycle.calendar.first_day, time())
    for number, (code, description) in enumerate(academic.event_types(school), start=1):
        yield number, code, description, first, None


def _events(school: School, students: Pupils, until: date) -> Iterator[Row]:
    for student in _named(school, students):
        for one in academic.events(school, student, until):
            yield (one.id, one.student, one.kind, one.staff, 0, 0, datetime.combine(one.on, time(11, 5)), one.points,
                   "Seen in the corridor", None)  # fmt: skip


def _assessment_types(_school: School, _students: Pupils, _until: date) -> Iterator[Row]:
    yield from enumerate(academic.assessment_types(), start=1)


def _grades(_school: School, _students: Pupils, _until: date) -> Iterator[Row]:
    for number, (name, grades) in enumerate(academic.grade_sets().items(), start=1):
        for grade in grades:
            yield number, name, grade


def _results(school: School, students: Pupils, until: date) -> Iterator[Row]:
    for student in _named(school, students):
        for one in academic.results(school, student, until):
            yield (one.id, one.student, one.type, one.result, datetime.combine(one.entered, time()), one.term,
                   one.year_group, one.subject, "True")  # fmt: skip


def _aims(school: School, students: Pupils, _until: date) -> Iterator[Row]:
    for student in _named(school, students):
        for one in academic.aims(school, student):
            yield (one.id, one.student, one.reference, one.title, datetime.combine(one.start, time()),
                   datetime.combine(one.planned_end, time()), None, "Continuing")  # fmt: skip


ACADEMIC: Mapping[str, Callable[[School, Pupils, date], Iterator[Row]]] = {
    "Attendances": _attendances,
    "BehaviourEvents": _event_types,
    "BehaviourEventRecords": _events,
    "AssessmentAssociationAssessmentTypes": _assessment_types,
    "AssessmentGradeSetGrades": _grades,
    "AssociationAssessmentResults": _results,
    "StudentLearning": _aims,
}

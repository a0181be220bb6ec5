"""A school as the rows of the read service's entities, each a tuple in the order of the catalogue's columns.

A value is int, str, bool, datetime (school-local wall clock) or None. Text is padded and missing things are spelt with
the sentinels that real systems use (`NoTutorGrp`, `UNKNOWN`, `DEFAULT`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from reconciler.simulator.bromcom.academic_tables import ACADEMIC
from reconciler.simulator.bromcom.catalogue import EntityTable, catalogue
from reconciler.simulator.build import NO_TUTOR_GROUP
from reconciler.simulator.calendar import DAY_NAMES
from reconciler.simulator.invent import AUTHORITY, FIRST_AUTUMN
from reconciler.simulator.school import School

Value = int | str | bool | datetime | None
Row = tuple[Value, ...]

OUTPLACED = "Outplaced"  # the group whose members a school offers
OUTPLACED_ID = 1001
FIRST_YEAR_GROUP_ID = 1101
NO_ROOM = "UNKNOWN"
DEFAULT_ROOM = "DEFAULT"
DEFAULT_ROOM_ID = 100
ROLE_TYPES = ("Main Tutor", "Additional Tutor", "Head of House", "Teacher", "Main Teacher", "Additional Teacher")
_FIRST_LESSON = time(9, 0)
_PERIOD = timedelta(minutes=55)
_BREAK = timedelta(minutes=5)


def rows(
    school: School, entity: EntityTable, *, classes: Collection[int] | None = None,
    students: Collection[int] | None = None, until: date | None = None,
) -> Iterator[Row]:  # fmt: skip
    """All rows of an entity. What would be too much to keep is narrowed before it is made: Timetable to `classes`,
    academic records to `students` and to what has happened by a day."""
    if entity.name == "Timetable":
        return _pad(entity, _timetable(school, classes))
    if entity.name in ACADEMIC:
        return _pad(entity, ACADEMIC[entity.name](school, students, until or school.cycle.calendar.last_day))
    return iter(_kept(school, entity.name))


@lru_cache(maxsize=128)
def _kept(school: School, name: str) -> Sequence[Row]:
    return tuple(_pad(catalogue()[name], _SOURCES[name](school)))


def _pad(entity: EntityTable, source: Iterator[Row]) -> Iterator[Row]:
    widths = [(place, column.width) for place, column in enumerate(entity.columns) if column.width]
    if not widths:
        yield from source
        return
    for row in source:
        padded = list(row)
        for place, width in widths:
            value = padded[place]
            if isinstance(value, str):
                padded[place] = value.ljust(width)
        yield tuple(padded)


def _at(day: date | None) -> datetime | None:
    return datetime.combine(day, time()) if day else None


def _schools(school: School) -> Iterator[Row]:
    domain = f"{school.code.lower()}.example"
    yield (school.school_id, school.name, int(school.urn), AUTHORITY, school.establishment, school.code,
           f"01632 960{school.school_id % 1000:03d}", f"office@{domain}")  # fmt: skip


def _students(school: School) -> Iterator[Row]:
    domain = f"{school.code.lower()}.example"
    for s in school.students:
        yield (s.id, s.id, s.upn, s.former_upn or None, s.admission_number, s.forename, s.middle_name or None,
               s.surname, s.preferred_forename or None, None, s.year_group, s.year_group.removeprefix("Y"),
               s.tutor_group or NO_TUTOR_GROUP, _at(s.start), _at(s.end), _at(s.birth_date), s.gender,
               f"{s.id}@students.{domain}")  # fmt: skip


def _enrolments(school: School) -> Iterator[Row]:
    for s in school.students:
        yield (800_000 + s.id, s.id, school.school_id, _at(s.start), _at(s.end), s.enrolment,
               "Moved to another school" if s.end else None, False)  # fmt: skip


def _people(school: School) -> Iterator[Row]:
    for s in school.students:
        yield (s.id, None, s.forename, s.middle_name or None, s.surname, s.preferred_forename or None, None, s.gender,
               _at(s.birth_date), True, False)  # fmt: skip
    for m in school.staff:
        yield m.id, m.title, m.forename, None, m.surname, None, None, None, None, False, True


def _staff(school: School) -> Iterator[Row]:
    domain = f"{school.code.lower()}.example"
    for m in school.staff:
        yield (m.id, m.title, m.forename, None, m.surname, f"{m.title} {m.forename} {m.surname}", m.code,
               f"{m.code.lower()}@{domain}", m.job, _at(m.start), None)  # fmt: skip


def _locations(school: School) -> Iterator[Row]:
    yield DEFAULT_ROOM_ID, DEFAULT_ROOM, DEFAULT_ROOM, DEFAULT_ROOM
    for room in school.rooms:
        yield room.id, room.name, f"Room {room.name}", room.name


def _year_groups(school: School) -> Mapping[str, int]:
    years = dict.fromkeys(s.year_group.removeprefix("Y") for s in school.students)
    return {year: FIRST_YEAR_GROUP_ID + index for index, year in enumerate(years)}


def _year(school: School) -> tuple[datetime | None, datetime | None]:
    return _at(school.cycle.calendar.first_day), _at(school.cycle.calendar.last_day)


def _collections(school: School) -> Iterator[Row]:
    first, last = _year(school)
    yield OUTPLACED_ID, OUTPLACED, "Group", first, last
    for year, number in _year_groups(school).items():
        yield number, f"Year {year}", "Year Group", first, last
    for group in school.tutor_groups:
        yield group.id, group.name, "Tutor Group", first, last
    for one in school.classes:
        yield one.id, one.name, "Subject Class", _at(one.start), _at(one.end)


def _associates(school: School) -> Iterator[Row]:
    """Members of every collection; those who are not on the roll any more are left out."""
    first, last = _year(school)
    years, groups = _year_groups(school), {group.name: group.id for group in school.tutor_groups}
    here = {s.id for s in school.students}
    found = _memberships(school, years, groups, here)
    for number, (collection, name, person, start, end) in enumerate(found, start=1):
        yield number, collection, person, name, start or first, end or last


def _memberships(
    school: School, years: Mapping[str, int], groups: Mapping[str, int], here: Collection[int]
) -> Iterator[tuple[int, str, int, datetime | None, datetime | None]]:
    for s in school.students:
        end, year = _at(s.end), s.year_group.removeprefix("Y")
        if s.offered:
            yield OUTPLACED_ID, OUTPLACED, s.id, None, end
        yield years[year], f"Year {year}", s.id, None, end
        if s.tutor_group in groups:
            yield groups[s.tutor_group], s.tutor_group, s.id, None, end
    for one in school.classes:
        for person in one.students:
            if person in here:
                yield one.id, one.name, person, _at(one.start), _at(one.end)


def _executives(school: School) -> Iterator[Row]:
    first, last = _year(school)
    for group in school.tutor_groups:
        yield group.id, group.tutor, "Main Tutor", first, last
    for one in school.classes:
        for index, teacher in enumerate(one.teachers):
            role = "Teacher" if len(one.teachers) == 1 else ("Main Teacher", "Additional Teacher")[min(index, 1)]
            yield one.id, teacher, role, _at(one.start), _at(one.end)


def _role_types(_school: School) -> Iterator[Row]:
    yield from enumerate(ROLE_TYPES, start=1)


def _subject_classes(school: School) -> Iterator[Row]:
    for one in school.classes:
        yield (one.id, one.name, one.description, one.subject, one.year_group, _at(one.start), _at(one.end),
               one.offered)  # fmt: skip


def _timetable(school: School, classes: Collection[int] | None) -> Iterator[Row]:
    dates, rooms = school.cycle.dates(), {room.id: room.name for room in school.rooms}
    suffix = f" ({FIRST_AUTUMN % 100}/{FIRST_AUTUMN % 100 + 1})"
    for one in school.classes:
        if classes is not None and one.id not in classes:
            continue
        for lesson in one.lessons:
            start, end = _times(school.cycle.periods[lesson.day - 1].index(lesson.period))
            room = rooms[lesson.room] if lesson.room else NO_ROOM
            for day in dates.get((lesson.week, lesson.day), ()):
                if lesson.first <= day <= lesson.last:
                    yield (lesson.staff, one.id, one.name + suffix, datetime.combine(day, start),
                           datetime.combine(day, end), lesson.period, lesson.week, DAY_NAMES[lesson.day - 1],
                           room)  # fmt: skip


def _times(place: int) -> tuple[time, time]:
    """Clock times of the nth period of a day; they are for show, slots never depend on them (VS, rule 34)."""
    begin = datetime.combine(date.min, _FIRST_LESSON) + place * (_PERIOD + _BREAK)
    return begin.time(), (begin + _PERIOD).time()


def _period_structures(school: School) -> Iterator[Row]:
    base = datetime(1900, 1, 1)  # noqa: DTZ001 (school-local wall clock, as the service writes it)
    number = 300
    for week in range(1, school.cycle.weeks + 1):
        for day, periods in enumerate(school.cycle.periods):
            name = DAY_NAMES[day]
            for place, period in enumerate(periods):
                number += 1
                start, end = _times(place)
                yield (number, f"{name[:3].upper()}_{period}_{week}", "PERIOD", week, f"Week {week}", name, period,
                       datetime.combine(base, start), datetime.combine(base, end))  # fmt: skip
            for half, (start, end) in {"AM": (time(8, 45), time(9, 0)), "PM": (time(13, 0), time(13, 15))}.items():
                number += 1
                yield (number, f"{name[:3].upper()}_{half}_{week}", "SESSION", week, f"Week {week}", name, half,
                       datetime.combine(base, start), datetime.combine(base, end))  # fmt: skip


_SOURCES: Mapping[str, Callable[[School], Iterator[Row]]] = {
    "Schools": _schools,
    "Students": _students,
    "StudentEnrolments": _enrolments,
    "People": _people,
    "Staff": _staff,
    "Locations": _locations,
    "Collections": _collections,
    "CollectionAssociates": _associates,
    "CollectionExecutives": _executives,
    "CollectionExecutivesRoleTypes": _role_types,
    "SubjectClasses": _subject_classes,
    "PeriodStructures": _period_structures,
}

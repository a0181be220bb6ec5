"""Academic data of schools on Bromcom: narrowed at the school to known students and to the days that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from reconciler.connectors.academic_protocol import Days
from reconciler.connectors.bromcom.columns import Bound, views
from reconciler.connectors.bromcom.connector import BromcomConnector
from reconciler.connectors.bromcom.mapping import dated
from reconciler.connectors.bromcom.school import School
from reconciler.connectors.protocol import Completeness, OutOfScopeRow, RejectedRow, Row, SourceRequest, SourceRow
from reconciler.connectors.reading import Reading, ToleranceLog
from reconciler.formats.bromcom import filters
from reconciler.formats.bromcom.decoder import RawRow
from reconciler.records.academic import AcademicEntity
from reconciler.records.structures import Structure, assessment, behaviour

NO_MARK = "no mark yet"

_Values = dict[str, "str | date | None"]


class BromcomAcademicConnector:
    """The third-party read service again, for the entities that an academic import needs."""

    name = "bromcom"
    entities = frozenset(AcademicEntity)

    @contextmanager
    def open(self, request: SourceRequest) -> Iterator[BromcomAcademicSession]:
        """Raises SecretUnavailable, and RefusedSourceError `source.settings` for an unusable entry."""
        with BromcomConnector().open(request) as session:
            yield BromcomAcademicSession(session.school)


class BromcomAcademicSession:
    """One school, one run."""

    def __init__(self, school: School) -> None:
        self._school = school
        self._event_names: dict[str, str] | None = None
        self._readers: dict[AcademicEntity, Callable[[Sequence[str], Days], Iterator[Row]]] = {
            AcademicEntity.ATTENDANCE_MARKS: self._marks,
            AcademicEntity.BEHAVIOUR_EVENTS: self._events,
            AcademicEntity.ASSESSMENT_RESULTS: self._results,
            AcademicEntity.POST16_AIMS: self._aims,
        }

    def structure(self, entity: AcademicEntity) -> Structure:
        """Event types, or assessment types with the grades of their sets."""
        if entity is AcademicEntity.BEHAVIOUR_EVENTS:
            return behaviour(dict(self._event_types()))
        types = [name for raw, bound, _ in self._school.rows(views()["assessment_types"])
                 if (name := bound.text(raw, "name"))]  # fmt: skip
        sets: dict[str, list[str]] = {}
        for raw, bound, _ in self._school.rows(views()["grades"]):
            sets.setdefault(bound.text(raw, "key") or "", []).append(bound.text(raw, "grade") or "")
        return assessment(types, sets)

    def read(self, entity: AcademicEntity, students: Sequence[str], days: Days) -> Reading:
        """Reads a portion; errors come while iterating."""
        log = ToleranceLog()
        return Reading(self._readers[entity](students, days), lambda: Completeness.PROVEN, log)

    def _event_types(self) -> Iterator[tuple[str, str]]:
        for raw, bound, _ in self._school.rows(views()["event_types"]):
            name = bound.text(raw, "name")
            if name:
                yield name, bound.text(raw, "description") or ""

    def _of(self, view: str, students: Sequence[str], *parts: str) -> Iterator[tuple[RawRow, Bound, str]]:
        self._school.granted(views()[view])
        return self._school.rows_of(views()[view], "StudentID", students, *parts)

    def _marks(self, students: Sequence[str], days: Days) -> Iterator[Row]:
        within = filters.between("CalendarStartDate", days.first, days.last)
        for raw, bound, place in self._of("attendance", students, within):
            on, bad = _day(raw, bound, "on", place)
            student, session = bound.text(raw, "key"), bound.text(raw, "session")
            if bad or on is None or not student or not session:
                yield bad or _nameless(bound, place)
            elif bound.text(raw, "mark") is None:
                yield OutOfScopeRow(f"{student}|{on}|{session}", NO_MARK, place)
            else:
                yield SourceRow(f"{student}|{on}|{session}", {
                    "student_id": student, "on_date": on, "session": session, "code": bound.text(raw, "mark"),
                    "minutes_late": bound.text(raw, "minutes_late"), "class_id": _id(raw, bound, "class_id"),
                })  # fmt: skip

    def _events(self, students: Sequence[str], days: Days) -> Iterator[Row]:
        """An incident names its type by id; the type's short code is what we keep."""
        names = self._names_by_id()
        within = filters.between("EventDate", days.first, days.last)
        for raw, bound, place in self._of("events", students, within):
            key = bound.text(raw, "key") or ""
            on, bad = _day(raw, bound, "on", place, key=key)
            if bad:
                yield bad
                continue
            kind = bound.text(raw, "event") or ""
            if kind not in names:
                yield RejectedRow(
                    key, "academic.unknown_code",
                    f"event type {kind or '(none)'} is not among the school's types", place=place,
                )  # fmt: skip
                continue
            yield SourceRow(key, {
                "student_id": bound.text(raw, "student"), "on_date": on, "event_code": names[kind],
                "points": bound.text(raw, "points"), "class_id": _id(raw, bound, "class_id"),
                "staff_id": _id(raw, bound, "staff"),
            })  # fmt: skip

    def _names_by_id(self) -> dict[str, str]:
        if self._event_names is None:
            rows = self._school.rows(views()["event_types"])
            self._event_names = {bound.text(raw, "key") or "": bound.text(raw, "name") or "" for raw, bound, _ in rows}
        return self._event_names

    def _results(self, students: Sequence[str], days: Days) -> Iterator[Row]:
        """Results without a date are asked for too, so that they are named and not passed over."""
        within = f"({filters.between('EnteredDate', days.first, days.last)}) OR EnteredDate IS NULL"
        names = ("assessment_type", "subject", "term", "year_group", "result", "is_grade")
        for raw, bound, place in self._of("results", students, within):
            values: _Values = {name: bound.text(raw, name) for name in names}
            student = bound.text(raw, "key")
            parts = (student, values["assessment_type"], values["subject"], values["term"], values["year_group"])
            key = bound.text(raw, "id") or "|".join(str(part or "") for part in parts)
            on, bad = _day(raw, bound, "on", place, key=key)
            yield bad or SourceRow(key, {"student_id": student, "on_date": on, **values})

    def _aims(self, students: Sequence[str], days: Days) -> Iterator[Row]:
        """Every column of this entity is inferred, so that its dates are looked at here and not in the filter."""
        for raw, bound, place in self._of("aims", students):
            student, code = bound.text(raw, "key"), bound.text(raw, "aim_code")
            key = bound.text(raw, "id") or f"{student or ''}|{code or ''}|{bound.text(raw, 'start_date') or ''}"
            values: _Values = {"student_id": student, "aim_code": code}
            values |= {name: bound.text(raw, name) for name in ("title", "status")}
            bad = None
            for name in ("start_date", "planned_end_date", "end_date"):
                values[name], wrong = _day(raw, bound, name, place, key=key)
                bad = bad or wrong
            yield bad or SourceRow(key, values)


def _day(raw: RawRow, bound: Bound, name: str, place: str, *, key: str = "") -> tuple[date | None, RejectedRow | None]:
    try:
        return dated(raw, bound, name), None
    except ValueError:
        return None, RejectedRow(key, "source.date", f"a date of {bound.entity} is not a date", place=place)


def _nameless(bound: Bound, place: str) -> RejectedRow:
    return RejectedRow("", "source.no_key", f"a row of {bound.entity} lacks its student, date or session", place=place)


def _id(raw: RawRow, bound: Bound, name: str) -> str | None:
    """Clients write 0 where there is no class."""
    text = bound.text(raw, name)
    return None if text == "0" else text

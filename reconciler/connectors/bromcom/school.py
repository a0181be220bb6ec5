"""What one run has learnt of one school: what is granted, and the parts that several entities need.

Each part is read when it is first asked for and kept for the run; all of them are bounded by the size of what is
offered, not by the number of dated rows behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date

from reconciler.connectors.bromcom import mapping
from reconciler.connectors.bromcom.client import BromcomClient
from reconciler.connectors.bromcom.columns import Bound, View, views
from reconciler.connectors.bromcom.mapping import LessonKey
from reconciler.connectors.cleaning import day_in_year
from reconciler.connectors.members import Member, within
from reconciler.connectors.protocol import OutOfScopeRow, RejectedRow, Row, SourceRequest, SourceRow
from reconciler.connectors.reading import ToleranceLog
from reconciler.errors import MalformedSourceError, RefusedSourceError, SourceError
from reconciler.formats.bromcom import filters
from reconciler.formats.bromcom.decoder import RawRow
from reconciler.vocabulary.codes import AcademicYear

CHUNK = 200  # ids in one filter; a T-SQL statement takes far more, but a proxy may not take a longer request

# The record of the school itself is compared whole; a pupil of two schools has an enrolment at each.
_OF_SEVERAL_SCHOOLS = frozenset({"Schools", "StudentEnrolments"})


@dataclass(slots=True)
class School:
    """One school in one run."""

    client: BromcomClient
    request: SourceRequest
    on: date = field(init=False)
    _granted: dict[str, str] | SourceError | None = None
    _students: list[Row] | None = None
    _classes: list[Row] | None = None
    _teachers: dict[str, Member] | None = None
    _rooms: list[SourceRow] | None = None
    _lessons: Lessons | None = None
    _marks: bool | None = None
    student_log: ToleranceLog = field(default_factory=ToleranceLog)
    class_log: ToleranceLog = field(default_factory=ToleranceLog)

    def __post_init__(self) -> None:
        self.on = day_in_year(self.request.now, self.request.year)

    def granted(self, view: View) -> str:
        """The name under which the school grants the entity. Raises RefusedSourceError `source.not_granted`."""
        if self._granted is None:
            try:
                self._granted = self.client.entities()
                self._check_school()
            except SourceError as error:
                self._granted = error  # one school that does not answer is asked once, not once for every entity
        if isinstance(self._granted, SourceError):
            raise self._granted
        if view.entity.lower() not in self._granted:
            raise RefusedSourceError(
                "source.not_granted",
                f"the school does not grant {view.entity} to this account",
                hint=f"the school ticks {view.entity} under Third Party Access Permissions, then saves",
            )
        return self._granted[view.entity.lower()]

    @contextmanager
    def knowing(self, granted: Mapping[str, str]) -> Iterator[None]:
        """With the list of entities from who has asked for it, without the check of the school's record; whoever reads
        afterwards makes that check."""
        before, self._granted = self._granted, dict(granted)
        try:
            yield
        finally:
            self._granted = before

    def _check_school(self) -> None:
        """Where the school's own record may be read, it must be this school's (threat T22)."""
        view = views()["schools"]
        if not self.grants(view):
            return
        sent = {bound.text(raw, "key") for raw, bound, _ in self.rows(view)} - {None}
        if sent and str(self.client.account.school_id) not in sent:
            raise self._foreign(view.entity)

    def _foreign(self, what: str) -> MalformedSourceError:
        return MalformedSourceError(
            "source.other_school",
            f"{what} is another school's: it does not carry the id {self.client.account.school_id}",
            hint="check school_id; if it is right, the supplier must hear of this at once",
        )

    def grants(self, view: View) -> bool:
        """Whether an entity that we can do without may be read."""
        try:
            return bool(self.granted(view))
        except RefusedSourceError as error:
            if error.code != "source.not_granted":
                raise
            return False

    def rows(self, view: View, *parts: str) -> Iterator[tuple[RawRow, Bound, str]]:
        """Raw rows under a filter, each with its columns and its place.

        Raises MalformedSourceError `source.other_school` when a row says that it is another school's.
        """
        dataset, rows = self.client.rows(self.granted(view), filters.both(*parts))
        bound: Bound | None = None
        own = str(self.client.account.school_id)
        for number, raw in enumerate(rows, start=1):
            if bound is None:
                bound = view.bind(dataset.columns or raw)
            place = f"{view.entity} row {number}"
            school = raw.get(bound.school_column, "").strip()
            if school and school != own and view.entity not in _OF_SEVERAL_SCHOOLS:
                raise self._foreign(place)
            yield raw, bound, place

    def rows_of(self, view: View, column: str, ids: Iterable[str], *parts: str) -> Iterator[tuple[RawRow, Bound, str]]:
        """Raw rows whose column holds one of the ids, asked for in chunks."""
        for chunk in filters.chunked(ids, CHUNK):
            yield from self.rows(view, filters.any_of(column, chunk), *parts)

    def lasting(self) -> str:
        """The filter for what has not ended yet and begins within the academic year."""
        return filters.in_force(self.on, self.request.year.last_day)

    def group_members(self, group: str) -> list[str]:
        """Persons who are in a named group now. Raises RefusedSourceError `bromcom.no_group`."""
        view = views()["collections"]
        found = []
        for raw, bound, _ in self.rows(view, filters.equals("CollectionName", group)):
            kind, name = bound.text(raw, "kind") or "Group", bound.text(raw, "name") or ""
            if kind.lower() == "group" and name.lower() == group.lower():
                found.append(bound.text(raw, "key") or "")
        if not found:
            raise RefusedSourceError(
                "bromcom.no_group",
                f"the school has no group named {group!r}",
                hint="the name under offers must be the group's name in the school's system, letter for letter",
            )
        associates = self.rows_of(views()["associates"], "CollectionID", found, filters.current(self.on))
        persons = (bound.text(raw, "person") or "" for raw, bound, _ in associates)
        return list(dict.fromkeys(person for person in persons if person))

    def students(self) -> list[Row]:
        """Every pupil whom the school sent for this offer; what was forgiven stands in `student_log`."""
        if self._students is None:
            offer = self.request.students
            if offer.all:
                found = list(self._students_under(self.lasting()))
            else:
                wanted = self.group_members(offer.in_group) if offer.in_group else _numbers(offer.explicit)
                found = list(self._students_among(wanted))
                found += _missing(offer.explicit, found, "student")
            self._students = found
        return self._students

    def _students_under(self, part: str) -> Iterator[Row]:
        states = self._enrolment_states("")
        for raw, bound, place in self.rows(views()["students"], part):
            state = states.get(bound.text(raw, "key") or "")
            yield self._in_year(mapping.student(raw, bound, enrolment=state, place=place, offered=True), place)

    def _students_among(self, wanted: list[str]) -> Iterator[Row]:
        everyone = frozenset(wanted)
        for chunk in filters.chunked(wanted, CHUNK):
            states = self._enrolment_states(filters.any_of("StudentID", chunk))
            of_others = everyone.difference(chunk)  # a server that sends them now sends them again in their own turn
            for raw, bound, place in self.rows(views()["students"], filters.any_of("StudentID", chunk)):
                key = bound.text(raw, "key") or ""
                if key not in of_others:
                    row = mapping.student(raw, bound, enrolment=states.get(key), place=place, offered=key in everyone)
                    yield self._in_year(row, place)

    def _in_year(self, row: Row, place: str) -> Row:
        return within(row, self.request.year, place)

    def _enrolment_states(self, part: str) -> dict[str, str]:
        """The enrolment letter of each pupil at this school today."""
        view = views()["enrolments"]
        if not self.grants(view):
            self.student_log.forgive(
                "bromcom.no_enrolments", "StudentEnrolments is not granted: enrolment status stays empty"
            )
            return {}
        states: dict[str, str] = {}
        own, others = str(self.client.account.school_id), False
        any_ours = False
        for raw, bound, _ in self.rows(view, part):
            letter = (bound.text(raw, "state") or "")[:1].upper()
            ours = (bound.text(raw, "school") or own) == own
            any_ours, others = any_ours or ours, others or not ours
            if ours and letter in mapping.ENROLMENTS and self._in_force(raw, bound):
                states[bound.text(raw, "key") or ""] = letter
        if others and not any_ours:
            raise self._foreign(view.entity)
        return states

    def _in_force(self, raw: RawRow, bound: Bound) -> bool:
        try:
            start, end = mapping.dated(raw, bound, "start_date"), mapping.dated(raw, bound, "end_date")
        except ValueError:
            return False
        return (start is None or start <= self.on) and (end is None or end >= self.on)

    def student_ids(self) -> frozenset[str]:
        """Ids of the pupils who are offered, those of rejected rows too: what is held under them stays."""
        return frozenset(_offered_keys(self.students()))

    def classes(self) -> list[Row]:
        """Every class that the school sent for this offer; none, with a word about it, where it cannot mark any."""
        if self._classes is None:
            self._classes = list(self._read_classes())
        return self._classes

    def marks_classes(self) -> bool:
        """Whether SubjectClasses has the column that marks a class as outplaced."""
        if self._marks is None:
            view = views()["classes"]
            self._marks = view.bind(self.client.columns(self.granted(view)) or ("ClassID",)).has("outplaced")
        return self._marks

    def _read_classes(self) -> Iterator[Row]:
        offer, view = self.request.classes, views()["classes"]
        if offer.all:
            for raw, bound, place in self.rows(view, self.lasting()):
                yield self._in_year(mapping.subject_class(raw, bound, place=place, offered=True), place)
        elif offer.in_group:
            if not self.marks_classes():
                self.class_log.forgive(
                    "bromcom.no_class_mark",
                    "SubjectClasses has no column Outplaced: list the classes by id under offers.classes",
                )
                return
            for raw, bound, place in self.rows(view, filters.equals("Outplaced", "true"), self.lasting()):
                marked = (bound.text(raw, "outplaced") or "").lower() in mapping.TRUE
                yield self._in_year(mapping.subject_class(raw, bound, place=place, offered=marked), place)
        else:
            found: list[Row] = []
            for raw, bound, place in self.rows_of(view, "ClassID", _numbers(offer.explicit)):
                key = bound.text(raw, "key") or ""
                row = mapping.subject_class(raw, bound, place=place, offered=key in offer.explicit)
                found.append(self._in_year(row, place))
            yield from found
            yield from _missing(offer.explicit, found, "class")

    def class_ids(self) -> list[str]:
        """Ids of the classes that are offered, in the order of the answer, those of rejected rows too."""
        return list(dict.fromkeys(_offered_keys(self.classes())))

    def teachers(self) -> dict[str, Member]:
        """Who teaches the offered classes, by membership key."""
        if self._teachers is None:
            found: dict[str, Member] = {}
            for raw, bound, place in self.rows_of(
                views()["executives"], "CollectionID", self.class_ids(), self.lasting()
            ):
                row = mapping.member(raw, bound, role="teacher", place=place)
                role = (bound.text(raw, "role") or "teacher").lower()
                if isinstance(row, Member) and role in mapping.TEACHER_ROLES:
                    found[row.key] = found[row.key].also(row) if row.key in found else row
            self._teachers = found
        return self._teachers

    def rooms(self) -> list[SourceRow]:
        """Every room of the school."""
        if self._rooms is None:
            self._rooms = []
            for raw, bound, place in self.rows(views()["rooms"]):
                row = mapping.columns_row(raw, bound, ("name",), place=place)
                if isinstance(row, SourceRow) and row.values["name"] not in mapping.NO_ROOM:
                    self._rooms.append(row)
        return self._rooms

    def lessons(self) -> Lessons:
        """The timetable of the offered classes over the academic year, folded to the cycle."""
        if self._lessons is None:
            year = self.request.year
            days = filters.between("PeriodStartDate", year.first_day, year.last_day)
            classes = self.class_ids()
            self._lessons = Lessons()
            self._lessons.fold(self.rows_of(views()["lessons"], "ClassID", classes, days), frozenset(classes), year)
        return self._lessons


@dataclass(slots=True)
class Lessons:
    """Dated lessons folded: first and last date of each lesson of the cycle."""

    spans: dict[LessonKey, tuple[date, date]] = field(default_factory=dict)
    other: list[Row] = field(default_factory=list)

    def fold(self, rows: Iterable[tuple[RawRow, Bound, str]], classes: frozenset[str], year: AcademicYear) -> None:
        """Takes in a stream of dated lessons; cover is counted apart, since it does not change who teaches a class."""
        for raw, bound, place in rows:
            read = mapping.lesson(raw, bound, place=place)
            if isinstance(read, RejectedRow):
                self.other.append(read)
                continue
            key, on = read
            if not year.first_day <= on <= year.last_day:
                self.other.append(OutOfScopeRow(place, f"outside the academic year {year}", place))
            elif key.class_id not in classes:
                self.other.append(OutOfScopeRow(place, "not a lesson of an offered class", place))
            elif key.cover:
                self.other.append(OutOfScopeRow(place, "cover for an absent teacher", place))
            else:
                self.spans[key] = _span(self.spans.get(key), on, on)

    def rows(self, rooms: Mapping[str, str]) -> Iterator[SourceRow]:
        """The lessons under our keys. Room names that the school does not list fall together as no room."""
        folded: dict[LessonKey, tuple[date, date]] = {}
        for key, (first, last) in self.spans.items():
            named = replace(key, room_name=key.room_name if key.room_name in rooms else "")
            folded[named] = _span(folded.get(named), first, last)
        for key, (first, last) in folded.items():
            yield mapping.lesson_row(key, first, last, rooms.get(key.room_name, ""))


def _span(known: tuple[date, date] | None, first: date, last: date) -> tuple[date, date]:
    return (min(known[0], first), max(known[1], last)) if known else (first, last)


def _offered_keys(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        known = row.code != "source.offer_unknown" if isinstance(row, RejectedRow) else isinstance(row, SourceRow)
        if known and row.key and getattr(row, "offered", True):
            yield row.key


def _numbers(ids: frozenset[str]) -> list[str]:
    """Ids that can be ids here, which are whole numbers, in a stable order."""
    return sorted(text for text in ids if text.isascii() and text.isdigit())


def _missing(wanted: frozenset[str], found: Iterable[Row], what: str) -> Iterator[RejectedRow]:
    sent = {row.key for row in found}
    for key in sorted(wanted - sent):
        yield RejectedRow(
            key, "source.offer_unknown", f"{what} {key} is offered by name, but the school has none with this id",
            hint="correct the id under offers, or take it out",
        )  # fmt: skip

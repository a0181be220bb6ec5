"""What one run has learnt of one delivery: who is what, which classes are in scope, who teaches whom.

The big files are streamed as often as they are needed; what is kept between is a few words for each person or class.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TypeVar

from reconciler.connectors.oneroster_csv.client import Delivery
from reconciler.connectors.oneroster_csv.mapping import Role, SchoolClass
from reconciler.connectors.protocol import Offer, RejectedRow, SourceRequest
from reconciler.connectors.reading import ToleranceLog
from reconciler.errors import MalformedSourceError
from reconciler.formats.oneroster import values
from reconciler.formats.oneroster.decoder import BrokenLine, Line, Rows
from reconciler.formats.oneroster.headers import TABLES
from reconciler.formats.oneroster.manifest import Manifest, read_manifest

T = TypeVar("T")

NO_GROUPS = "oneroster.no_group_column"
ABSENT = "refers to a row that is not in the files"


class BadCell(Exception):
    """One cell that cannot be used, on its way to becoming a rejected row."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass
class Roster:
    """One delivery in one run. `strict` turns everything that is otherwise forgiven into an error or a rejection."""

    delivery: Delivery
    request: SourceRequest
    strict: bool
    log: ToleranceLog = field(default_factory=ToleranceLog)
    unclosed: set[str] = field(default_factory=set)  # files with references to absent rows
    marks_classes: bool = False  # whether classes.csv can mark classes at all; known once `classes` was asked for

    def forgive(self, code: str, message: str) -> None:
        """Counts a breach of the file's form. Raises MalformedSourceError in strict mode."""
        if self.strict:
            raise MalformedSourceError(code, message, hint="mode: tolerant would read this and report it")
        self.log.forgive(code, message)

    def forgive_cell(self, code: str, message: str) -> None:
        """Counts a breach in one row. Raises BadCell in strict mode."""
        if self.strict:
            raise BadCell(code, message)
        self.log.forgive(code, message)

    def require(self) -> None:
        """Raises MalformedSourceError `oneroster.missing_file` unless the files are there that everything stands on."""
        wanted = ("users", "classes", "enrollments", *(("academicSessions", "courses", "orgs") if self.strict else ()))
        missing = [f"{name}.csv" for name in wanted if not self.delivery.has(name)]
        if missing:
            raise MalformedSourceError(
                "oneroster.missing_file", f"the delivery lacks {', '.join(missing)}",
                hint="let the school deliver all files together",
            )  # fmt: skip

    @cached_property
    def manifest(self) -> Manifest | None:
        """What the package says of itself; School Data Sync has no manifest, OneRoster must have one."""
        if self.delivery.has("manifest"):
            found = read_manifest(self.delivery.read("manifest"))
            for name, mode in found.files.items():
                if mode != "absent" and not self.delivery.has(name):
                    self.forgive("oneroster.manifest_file", f"the manifest names {name}.csv, which is not there")
                elif mode == "absent" and self.delivery.has(name) and name in TABLES:
                    self.forgive(
                        "oneroster.manifest_file", f"the manifest says that {name}.csv is absent, but it is there"
                    )
            return found
        if not self.sds:
            self.forgive("oneroster.no_manifest", "there is no manifest.csv")
        return None

    @cached_property
    def sds(self) -> bool:
        """Whether these are School Data Sync 2.1 files: roles in a file of their own, tied to sessions."""
        return self.delivery.has("roles") and "session" in self._columns("roles")

    def _columns(self, name: str) -> frozenset[str]:
        rows = Rows(self.delivery.opener(name), TABLES[name], lambda _code, _message: None)
        for _ in rows:
            break
        return rows.columns

    def lines(self, name: str) -> Iterator[Line | RejectedRow]:
        """The rows of a file that must be there; rows whose cells cannot be told apart are rejected."""
        for row in Rows(self.delivery.opener(name), TABLES[name], self.forgive):
            if isinstance(row, BrokenLine):
                yield RejectedRow(
                    row.place,
                    "oneroster.fields",
                    f"{row.place} has {row.found} cells where the header has {row.expected}",
                    place=row.place,
                    hint="look for a quotation mark or a comma that is not quoted",
                )
            else:
                yield row

    def optional(self, name: str) -> Iterator[Line]:
        """The readable rows of a file that may be missing."""
        if self.delivery.has(name):
            yield from (row for row in self.lines(name) if isinstance(row, Line))

    def day(self, line: Line, column: str) -> date | None:
        """Raises BadCell."""
        try:
            found, standard = values.read_date(line.text(column))
        except ValueError:
            raise BadCell("oneroster.date", f"{line.place} has a date that cannot be read ({column})") from None
        if not standard:
            self.forgive_cell("oneroster.date_format", f"dates of {_file(line)} are not written YYYY-MM-DD")
        return found

    def word(self, line: Line, column: str, known: frozenset[str], code: str) -> str:
        """A word of a list, empty for an empty cell. Raises BadCell."""
        text = line.text(column)
        if not text:
            return ""
        try:
            found, exact = values.read_word(text, known)
        except ValueError:
            raise BadCell(code, f"{line.place} has an unknown {column}") from None
        if not exact:
            self.forgive_cell("oneroster.case", f"{column} in {_file(line)} is not spelt as the standard has it")
        return found

    def deleted(self, line: Line) -> bool:
        """Whether the row says of itself that it no longer counts. Raises BadCell."""
        return self.word(line, "status", values.STATUSES, "oneroster.status") in ("inactive", "tobedeleted")

    def usable(self, line: Line, read: Callable[[Line], T]) -> T | RejectedRow:
        """What `read` makes of the row, or the rejection of the row."""
        try:
            return read(line)
        except BadCell as error:
            return RejectedRow(_key(line), error.code, error.message, place=line.place,
                               hint="the school mends this cell in its system")  # fmt: skip

    @cached_property
    def sessions(self) -> dict[str, tuple[date | None, date | None]]:
        """First and last day of each session."""
        if not self.delivery.has("academicSessions"):
            self.forgive("oneroster.no_sessions", "there is no academicSessions.csv, so that no year can be checked")
        found = {}
        for line in self.optional("academicSessions"):
            span = self.usable(line, self._days)
            if isinstance(span, RejectedRow):
                self.log.forgive(span.code, "a session without a readable date was taken to last the whole year")
            else:
                found[line.text("id")] = span
        return found

    def _days(self, line: Line) -> tuple[date | None, date | None]:
        return self.day(line, "start"), self.day(line, "end")

    def in_year(self, sessions: tuple[str, ...], file: str) -> tuple[bool, date | None, date | None]:
        """Whether any of the sessions touches the academic year, and the days that they span."""
        known = []
        for name in sessions:
            if name in self.sessions:
                known.append(self.sessions[name])
            elif self.sessions:
                self.unclosed.add(file)
                self.forgive_cell("oneroster.reference", f"{file}.csv {ABSENT} (academicSessions)")
        if not known:
            return True, None, None
        starts, ends = [start for start, _ in known if start], [end for _, end in known if end]
        touches = any(self.request.year.overlaps(start, end) for start, end in known)
        return touches, min(starts, default=None), max(ends, default=None)

    @cached_property
    def contacts(self) -> frozenset[str]:
        """Persons who are in the files only as somebody's guardian or relative."""
        return frozenset(line.text("contact") for line in self.optional("relationships"))

    @cached_property
    def roles(self) -> dict[str, list[Role]]:
        """Roles by person from roles.csv, those of other years marked `elsewhere`."""
        found: dict[str, list[Role]] = defaultdict(list)
        for line in self.optional("roles"):
            role = self.usable(line, self._role)
            if isinstance(role, RejectedRow):
                found[line.text("user")].append(Role("unreadable"))
            elif role:
                found[line.text("user")].append(role)
        return found

    def _role(self, line: Line) -> Role | None:
        if self.deleted(line):
            return None
        kind = self.kind(line)
        start, end = self.day(line, "start"), self.day(line, "end")
        session = (line.text("session"),) if line.text("session") else ()
        inside = self.in_year(session, "roles")[0] and self.request.year.overlaps(start, end)
        return Role(kind if inside else "elsewhere", start, end, line.text("grades"))

    def kind(self, line: Line) -> str:
        """`student`, `staff`, `contact`, or empty where the row gives no role. Raises BadCell."""
        known = values.STUDENT_ROLES | values.STAFF_ROLES | values.CONTACT_ROLES
        role = self.word(line, "role", known, "oneroster.role")
        if not role:
            return ""
        return "student" if role in values.STUDENT_ROLES else "staff" if role in values.STAFF_ROLES else "contact"

    def _live_kind(self, line: Line) -> str:
        return "" if self.deleted(line) else self.kind(line)

    @cached_property
    def courses(self) -> dict[str, str]:
        """Titles of courses, which stand in for a class's subject."""
        return {line.text("id"): line.text("title") for line in self.optional("courses")}

    @cached_property
    def classes(self) -> dict[str, SchoolClass | RejectedRow]:
        """Every class of the delivery by id, homerooms too."""
        found: dict[str, SchoolClass | RejectedRow] = {}
        marks = False
        for row in self.lines("classes"):
            if isinstance(row, RejectedRow):
                found[row.key] = row
            else:
                marks = marks or "groups" in row.values
                found[row.text("id") or row.place] = self.usable(row, self._class)
        self.marks_classes = marks
        if self.request.classes.in_group and not marks:
            self.forgive(NO_GROUPS, "classes.csv has no column metadata.groups: list the classes under offers.classes")
        return found

    def _class(self, line: Line) -> SchoolClass:
        inside, start, end = self.in_year(values.read_list(line.text("sessions")), "classes")
        kind = self.word(line, "kind", frozenset({"homeroom", "scheduled"}), "oneroster.class_type")
        grades = values.read_list(line.text("grades"))
        outside = "" if inside else f"outside the academic year {self.request.year}"
        if self.deleted(line):
            outside = "marked as deleted"
        return SchoolClass(
            id=line.text("id"), title=line.text("title"), grade=grades[0] if grades else "",
            subject=line.text("subjects") or self.courses.get(line.text("course"), ""), room=line.text("room"),
            slots=values.read_list(line.text("slots")), homeroom=kind == "homeroom", start=start, end=end,
            place=line.place, outside=outside,
            offered=_covers(self.request.classes, line.text("id"), line.text("groups")),
        )  # fmt: skip

    @property
    def tells_classes(self) -> bool:
        """Whether the files say for every class if it is offered."""
        readable = all(isinstance(one, SchoolClass) for one in self.classes.values())
        return readable and (self.marks_classes or not self.request.classes.in_group)

    def teaching(self) -> list[SchoolClass]:
        """The classes that are offered: in the year, no homerooms."""
        found = [one for one in self.classes.values() if isinstance(one, SchoolClass)]
        return [one for one in found if one.offered and not one.homeroom and not one.outside]

    @cached_property
    def homerooms(self) -> dict[str, SchoolClass]:
        found = [one for one in self.classes.values() if isinstance(one, SchoolClass)]
        return {one.id: one for one in found if one.homeroom and not one.outside}

    @cached_property
    def enrolled(self) -> Enrolled:
        """What enrollments.csv says of persons: tutor groups, teachers, roles, the class named like the group."""
        found = Enrolled()
        group = self.request.students.in_group.casefold()
        groups = {one.id for one in self.classes.values()
                  if isinstance(one, SchoolClass) and group and one.title.strip().casefold() == group}  # fmt: skip
        for line in self.optional("enrollments"):
            kind = self.usable(line, self._live_kind)
            if isinstance(kind, str) and kind:
                found.take(line, kind, homerooms=self.homerooms, groups=groups)
        return found

    @cached_property
    def known_users(self) -> frozenset[str]:
        """Ids of everyone in users.csv."""
        return frozenset(line.text("id") for line in self.lines("users") if isinstance(line, Line))

    @cached_property
    def offered_students(self) -> frozenset[str]:
        """Ids of the pupils whom the offer covers."""
        offer, found, marks = self.request.students, set(), False
        for row in self.lines("users"):
            if isinstance(row, Line):
                marks = marks or "groups" in row.values
                if _covers(offer, row.text("id"), row.text("groups")):
                    found.add(row.text("id"))
        if offer.in_group and not marks:
            self.forgive(NO_GROUPS, "users.csv has no column metadata.groups: the class of that name was taken")
            return frozenset(self.enrolled.in_group)
        return frozenset(found)


@dataclass(slots=True)
class Enrolled:
    """What enrollments say about persons, gathered in one pass."""

    tutor_groups: dict[str, str] = field(default_factory=dict)
    teachers: dict[str, dict[str, bool]] = field(default_factory=dict)  # class -> person -> primary
    kinds: dict[str, str] = field(default_factory=dict)
    in_group: set[str] = field(default_factory=set)

    def take(self, line: Line, kind: str, *, homerooms: dict[str, SchoolClass], groups: set[str]) -> None:
        group, person = line.text("class"), line.text("user")
        self.kinds.setdefault(person, kind)
        if kind == "student":
            if group in homerooms:
                self.tutor_groups.setdefault(person, homerooms[group].title)
            if group in groups:
                self.in_group.add(person)
        elif kind == "staff":
            primary = line.text("primary").casefold() in ("true", "1", "yes")
            self.teachers.setdefault(group, {})[person] = primary

    def teacher(self, group: str) -> str:
        """The main teacher of a class, else the first that is named; empty for none."""
        people = self.teachers.get(group, {})
        return next((person for person, primary in people.items() if primary), next(iter(people), ""))


def _covers(offer: Offer, key: str, groups: str) -> bool:
    if offer.all or key in offer.explicit:
        return True
    wanted = offer.in_group.casefold()
    return bool(wanted) and any(group.casefold() == wanted for group in values.read_list(groups))


def _key(line: Line) -> str:
    """The id under which we would hold the row, so that what is held under it stays."""
    if "class" in line.values:
        role = "student" if line.text("role").casefold() in values.STUDENT_ROLES else "teacher"
        return f"{line.text('class')}|{role}|{line.text('user')}"
    return line.text("id") or line.text("user") or line.place


def _file(line: Line) -> str:
    return line.place.partition(":")[0]

"""The connector `oneroster-csv`: one reading for each entity of the feed, from the files of one delivery.

The files hold the whole school, so the connector itself picks what is offered; pupils who are not are counted and their
rows go no further.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

from reconciler.connectors.live_protocol import LiveFact, LiveFacts
from reconciler.connectors.members import Member, within
from reconciler.connectors.oneroster_csv import live, mapping
from reconciler.connectors.oneroster_csv.client import open_delivery
from reconciler.connectors.oneroster_csv.mapping import Role, SchoolClass
from reconciler.connectors.oneroster_csv.roster import ABSENT, BadCell, Roster
from reconciler.connectors.protocol import (
    Capabilities,
    Completeness,
    OutOfScopeRow,
    RejectedRow,
    Row,
    SourceRequest,
    SourceRow,
)
from reconciler.connectors.reading import Reading, ToleranceLog
from reconciler.errors import MalformedSourceError, RefusedSourceError
from reconciler.formats.oneroster.decoder import Line
from reconciler.formats.oneroster.values import NOT_TEACHING
from reconciler.records.entities import Entity
from reconciler.vocabulary.slots import Slot

_PEOPLE = ("users", "roles", "enrollments", "classes")
_FILES = {
    Entity.STAFF: _PEOPLE,
    Entity.STUDENTS: (*_PEOPLE, "demographics"),
    Entity.TUTOR_GROUPS: _PEOPLE,
    Entity.ROOMS: ("classes",),
    Entity.CLASSES: ("classes", "courses"),
    Entity.MEMBERSHIPS: _PEOPLE,
    Entity.LESSONS: ("classes", "enrollments"),
}

# What is reached through the offered classes, and so is only known as well as they are.
_BY_CLASS = frozenset({Entity.STAFF, Entity.ROOMS, Entity.CLASSES, Entity.MEMBERSHIPS, Entity.LESSONS})


class OneRosterCsvConnector:
    """OneRoster 1.1 and 1.2 CSV and School Data Sync 2.1, tolerant unless `mode: strict`."""

    name = "oneroster-csv"
    capabilities = Capabilities(entities=frozenset(Entity), completeness=Completeness.PROVEN, live=live.TOLD)

    @contextmanager
    def open(self, request: SourceRequest) -> Iterator[OneRosterSession]:
        """Raises RefusedSourceError `source.settings`; the files are opened with the first entity."""
        drop = request.settings.get("drop") or request.settings.get("path")
        if not drop:
            raise RefusedSourceError(
                "source.settings", f"the mis entry of {request.school} does not say where its files are (drop)",
                hint="reconcile validate shows the line",
            )  # fmt: skip
        session = OneRosterSession(request, strict=request.settings.get("mode", "tolerant") == "strict")
        try:
            yield session
        finally:
            session.close()


class OneRosterSession:
    """One delivery, one run."""

    def __init__(self, request: SourceRequest, *, strict: bool) -> None:
        self._request = request
        self._strict = strict
        self._opened: Roster | None = None
        self._readers: dict[Entity, Callable[[Roster], Iterator[Row]]] = {
            Entity.STAFF: _staff,
            Entity.ROOMS: _rooms,
            Entity.TUTOR_GROUPS: _tutor_groups,
            Entity.STUDENTS: _students,
            Entity.CLASSES: _classes,
            Entity.MEMBERSHIPS: _memberships,
            Entity.LESSONS: _lessons,
        }

    def fetch(self, entity: Entity) -> Reading:
        """Reads one entity; errors come while iterating, so that each entity fails alone."""
        log = ToleranceLog()
        return Reading(self._rows(entity, log), lambda: self._completeness(entity), log)

    def look(self, wanted: Collection[LiveFact]) -> LiveFacts:
        """What the files say of the school. Raises SourceError when they cannot be read."""
        roster = self._roster(ToleranceLog())
        facts = live.look(roster, wanted)
        if LiveFact.STUDENTS in wanted:
            rows = self._readers[Entity.STUDENTS](roster)
            facts = replace(facts, students=sum(isinstance(row, SourceRow) and row.offered for row in rows))
        return facts

    def close(self) -> None:
        if self._opened:
            self._opened.delivery.close()

    def _rows(self, entity: Entity, log: ToleranceLog) -> Iterator[Row]:
        roster = self._roster(log)
        yield from self._readers[entity](roster)

    def _roster(self, log: ToleranceLog) -> Roster:
        """The delivery, opened once; what it forgives from now on belongs to `log`."""
        if self._opened is None:
            settings, found = self._request.settings, ToleranceLog()

            def forgive(code: str, message: str) -> None:
                if self._strict:
                    raise MalformedSourceError(code, message, hint="mode: tolerant would read this and report it")
                found.forgive(code, message)

            place = self._request.base / str(settings.get("drop") or settings.get("path"))
            self._opened = Roster(open_delivery(place, forgive), self._request, self._strict)
            log.include(found)
        self._opened.log = log
        self._opened.require()
        _ = self._opened.manifest  # read for what it says of the files, before any of them
        return self._opened

    def _completeness(self, entity: Entity) -> Completeness:
        """Whether absence from these files means anything (`protocols.md` 6.2, C32)."""
        roster = self._opened
        if roster is None:
            return Completeness.NONE
        files = [name for name in _FILES[entity] if roster.delivery.has(name)]
        if entity in _BY_CLASS and not roster.tells_classes:
            return Completeness.NONE
        manifest = roster.manifest
        if manifest is None:
            return Completeness.DECLARED
        if any(manifest.mode(name) == "delta" for name in files):
            return Completeness.NONE
        bulk = "delta" not in manifest.files.values() and all(manifest.mode(name) == "bulk" for name in files)
        closed = not roster.unclosed.intersection(files)
        return Completeness.PROVEN if bulk and closed else Completeness.DECLARED


def _people(roster: Roster) -> Iterator[tuple[Line, list[Role]] | Row]:
    """Every user with the roles that count this year; those without any are told apart by why."""
    for line in roster.lines("users"):
        if isinstance(line, RejectedRow):
            yield line
            continue
        found = roster.usable(line, lambda one: _roles_of(roster, one))
        yield found if isinstance(found, RejectedRow) else (line, found)


def _roles_of(roster: Roster, line: Line) -> list[Role]:
    """Raises BadCell for a row that gives no role anywhere."""
    key = line.text("id")
    if roster.deleted(line):
        return [Role("deleted")]
    roles = list(roster.roles.get(key, ()))
    own = roster.kind(line)
    if own and not any(role.kind == own for role in roles):
        roles.append(Role(own))
    if roles:
        return roles
    if key in roster.contacts:
        return [Role("contact")]
    enrolled = roster.enrolled.kinds.get(key)
    if enrolled:
        roster.forgive_cell("oneroster.role_from_enrollment", "persons without a role were given that of their classes")
        return [Role(enrolled)]
    raise BadCell("oneroster.no_role", f"{line.place} has no role, so it is neither a pupil nor staff")


def _students(roster: Roster) -> Iterator[Row]:
    births = _births(roster)
    for found in _people(roster):
        if not isinstance(found, tuple):
            yield found
            continue
        line, roles = found
        key = line.text("id")
        own = [role for role in roles if role.kind == "student"]
        if own and key not in roster.offered_students:
            yield OutOfScopeRow(key, "pupil who is not offered", line.place)
        elif own:
            birth = births.get(key)
            if isinstance(birth, RejectedRow):
                yield birth
            else:
                group = roster.enrolled.tutor_groups.get(key, "")
                row = mapping.student(line, own, birth_date=birth, tutor_group=group)
                yield within(row, roster.request.year, line.place)
        elif not any(role.kind == "staff" for role in roles):
            yield _nobody(line, roles, roster)
    yield from _unread(roster)


def _nobody(line: Line, roles: list[Role], roster: Roster) -> Row:
    """A person who is neither pupil nor staff this year, with why."""
    kinds = {role.kind for role in roles}
    if "unreadable" in kinds:
        return RejectedRow(line.text("id"), "oneroster.role", f"the role of {line.text('id')} cannot be read",
                           place=line.place, hint="look at the rows of this person in roles.csv")  # fmt: skip
    if "contact" in kinds:
        return OutOfScopeRow(line.text("id"), "parent, guardian or other contact", line.place)
    if "deleted" in kinds:
        return OutOfScopeRow(line.text("id"), "marked as deleted", line.place)
    return OutOfScopeRow(line.text("id"), f"outside the academic year {roster.request.year}", line.place)


def _births(roster: Roster) -> dict[str, date | RejectedRow | None]:
    """Birth dates of offered pupils; no other column of demographics.csv is ever looked at."""
    found: dict[str, date | RejectedRow | None] = {}
    for line in roster.optional("demographics"):
        if line.text("user") in roster.offered_students:
            found[line.text("user")] = roster.usable(line, lambda one: roster.day(one, "birth_date"))
    return found


def _unread(roster: Roster) -> Iterator[Row]:
    """Rows of files that are no business of ours, each named so that nothing seems lost."""
    for name, reason in (("relationships", "who is whose contact is not imported into the hub"),
                         ("userFlags", "marks of need, health or meals are never imported")):  # fmt: skip
        for line in roster.optional(name):
            yield OutOfScopeRow(line.place, reason, line.place)


def _staff(roster: Roster) -> Iterator[Row]:
    """All staff where all classes are offered, else the teachers of the offered classes (VS, rule 52)."""
    everyone = roster.request.classes.all
    reached = {person for one in roster.teaching() for person in roster.enrolled.teachers.get(one.id, ())}
    for found in _people(roster):
        if not isinstance(found, tuple):
            if not (isinstance(found, RejectedRow) and found.code == "oneroster.no_role"):
                yield found  # told with the pupils too: it may be a row of either
            continue
        line, roles = found
        own = [role for role in roles if role.kind == "staff"]
        if own and (everyone or line.text("id") in reached):
            yield within(mapping.staff(line, own), roster.request.year, line.place)
        elif own:
            yield OutOfScopeRow(line.text("id"), "teaches no offered class", line.place)
        elif any(role.kind == "unreadable" for role in roles):
            yield _nobody(line, roles, roster)


def _tutor_groups(roster: Roster) -> Iterator[Row]:
    yield from (one for one in roster.classes.values() if isinstance(one, RejectedRow))  # it may be a homeroom
    titles = {title for person, title in roster.enrolled.tutor_groups.items() if person in roster.offered_students}
    for one in roster.homerooms.values():
        if one.title in titles:
            yield SourceRow(one.id, {"name": one.title.strip()})
        else:
            yield OutOfScopeRow(one.id, "no offered pupil is in this tutor group", one.place)


def _rooms(roster: Roster) -> Iterator[Row]:
    for room in dict.fromkeys(one.room for one in roster.teaching() if one.room):
        yield SourceRow(room, {"name": room})


def _classes(roster: Roster) -> Iterator[Row]:
    for one in roster.classes.values():
        if isinstance(one, RejectedRow):
            yield one
        elif one.outside:
            yield OutOfScopeRow(one.id, one.outside, one.place)
        elif one.homeroom:
            continue  # a tutor group, read as such
        elif one.offered:
            yield one.row()
        else:
            yield OutOfScopeRow(one.id, "class that is not offered", one.place)


def _memberships(roster: Roster) -> Iterator[Row]:
    """Offered pupils and the teachers of offered classes; a person's rows in one class are one membership."""
    known = roster.known_users
    found: dict[str, tuple[Member, str]] = {}
    for line in roster.lines("enrollments"):
        row = line if isinstance(line, RejectedRow) else roster.usable(line, lambda one: _member(roster, one, known))
        if not isinstance(row, Member):
            yield row
        elif isinstance(line, Line):
            before = found.get(row.key)
            found[row.key] = (before[0].also(row), before[1]) if before else (row, line.place)
    for member, place in found.values():
        yield within(member.row(), roster.request.year, place)


def _member(roster: Roster, line: Line, known: frozenset[str]) -> Member | OutOfScopeRow:
    """Raises BadCell."""
    group, person, role = line.text("class"), line.text("user"), line.text("role")
    kind = roster.kind(line)
    key = f"{group}|{kind}|{person}"
    one = roster.classes.get(group)
    if one is None or person not in known:
        roster.unclosed.add("enrollments")
        roster.forgive_cell(
            "oneroster.reference", f"enrollments.csv {ABSENT} ({'classes' if one is None else 'users'})"
        )
        return OutOfScopeRow(key, ABSENT, line.place)
    outside = "marked as deleted" if roster.deleted(line) else _outside(roster, one, kind, person)
    if not outside and (kind not in ("student", "staff") or role in NOT_TEACHING):
        outside = "neither learns nor teaches in the class"
    if outside:
        return OutOfScopeRow(key, outside, line.place)
    start, end = roster.day(line, "start"), roster.day(line, "end")
    return Member(class_id=group, person_id=person, role="student" if kind == "student" else "teacher",
                  start=start, end=end)  # fmt: skip


def _outside(roster: Roster, one: SchoolClass | RejectedRow, kind: str, person: str) -> str:
    """Why a membership is not in scope, or the empty text. A class that was rejected may still be held: let it pass."""
    if isinstance(one, SchoolClass):
        if one.outside:
            return one.outside
        if one.homeroom:
            return "membership of a tutor group, read as such"
        if not one.offered:
            return "class that is not offered"
    return "pupil who is not offered" if kind == "student" and person not in roster.offered_students else ""


def _lessons(roster: Roster) -> Iterator[Row]:
    for one in roster.teaching():
        teacher = roster.enrolled.teacher(one.id)
        for text in dict.fromkeys(one.slots):
            try:
                slot = Slot.parse(text)
            except ValueError:
                yield RejectedRow(
                    f"{one.id}|{text}",
                    "oneroster.slot",
                    f"class {one.id} has a period that is no slot",
                    place=one.place,
                    hint="periods hold slots of the school's own week, such as W1Mon.P1",
                )
            else:
                yield mapping.lesson(one, slot, teacher)

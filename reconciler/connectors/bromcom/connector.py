"""The connector `bromcom`: one reading for each entity of the feed, put together from what the school grants."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from reconciler.connectors.bromcom import live
from reconciler.connectors.bromcom.client import Account, BromcomClient
from reconciler.connectors.bromcom.columns import views
from reconciler.connectors.bromcom.mapping import (
    NO_TUTOR_GROUP,
    STAFF,
    columns_row,
    member,
)
from reconciler.connectors.bromcom.school import School
from reconciler.connectors.exchange import HttpLimits
from reconciler.connectors.http import HttpClient
from reconciler.connectors.live_protocol import LiveFact, LiveFacts
from reconciler.connectors.members import Member, within
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
from reconciler.errors import RefusedSourceError
from reconciler.formats.bromcom.encoder import Binding
from reconciler.records.entities import Entity


class BromcomConnector:
    """Schools on Bromcom through the third-party read service. An answer proves its end by its last tag."""

    name = "bromcom"
    capabilities = Capabilities(entities=frozenset(Entity), completeness=Completeness.PROVEN, live=frozenset(LiveFact))

    @contextmanager
    def open(self, request: SourceRequest) -> Iterator[BromcomSession]:
        """Raises SecretUnavailable, and RefusedSourceError `source.settings` for an unusable entry."""
        settings = request.settings
        try:
            school_id, binding = int(settings["school_id"]), Binding(settings.get("binding", Binding.SOAP11))
            username, url = str(settings["username"]), str(settings["url"])
            reference = settings["password"]
        except (KeyError, ValueError, TypeError):
            raise RefusedSourceError(
                "source.settings",
                f"the mis entry of {request.school} lacks what bromcom needs: url, school_id, username, password",
                hint="reconcile validate shows the line",
            ) from None
        client = BromcomClient(
            http=HttpClient(
                limits=HttpLimits(deadline=request.deadline, budget=4 * request.deadline),
                rehearsal=request.rehearsal,
                listed=tuple(str(text) for text in settings.get("private_addresses", ())),
            ),
            url=request.endpoint(url),
            account=Account(school_id=school_id, username=username, password=request.secret(reference)),
            binding=binding,
        )
        yield BromcomSession(School(client, request))


class BromcomSession:
    """One school, one run."""

    def __init__(self, school: School) -> None:
        self._school = school
        self._unsure: set[Entity] = set()
        self._readers = {
            Entity.STAFF: self._staff,
            Entity.ROOMS: self._rooms,
            Entity.TUTOR_GROUPS: self._tutor_groups,
            Entity.STUDENTS: self._students,
            Entity.CLASSES: self._classes,
            Entity.MEMBERSHIPS: self._memberships,
            Entity.LESSONS: self._lessons,
        }

    @property
    def school(self) -> School:
        """What this run knows of the school, for readers of other records."""
        return self._school

    def fetch(self, entity: Entity) -> Reading:
        """Reads one entity; errors come while iterating, so that each entity fails alone."""
        log = ToleranceLog()

        def best() -> Completeness:
            return Completeness.NONE if entity in self._unsure else Completeness.PROVEN

        return Reading(self._readers[entity](log), best, log)

    def look(self, wanted: Collection[LiveFact]) -> LiveFacts:
        """What the school's system says of itself. Raises SourceError when it cannot be asked."""
        return live.look(self._school, wanted)

    def _students(self, log: ToleranceLog) -> Iterator[Row]:
        self._school.granted(views()["students"])
        rows = self._school.students()
        log.include(self._school.student_log)
        yield from rows

    def _classes(self, log: ToleranceLog) -> Iterator[Row]:
        yield from self._offered_classes(Entity.CLASSES, log)

    def _offered_classes(self, entity: Entity, log: ToleranceLog) -> list[Row]:
        """The classes, noting that nothing follows from their absence where the school cannot mark them."""
        self._school.granted(views()["classes"])
        rows = self._school.classes()
        log.include(self._school.class_log)
        if self._school.request.classes.in_group and not rows and not self._school.marks_classes():
            self._unsure.add(entity)
        return rows

    def _staff(self, log: ToleranceLog) -> Iterator[Row]:
        """All staff where all classes are offered, else those whom an offered class leads to (VS, rule 52)."""
        school, view = self._school, views()["staff"]
        school.granted(view)
        if school.request.classes.all:
            for raw, bound, place in school.rows(view, school.lasting()):
                yield within(columns_row(raw, bound, STAFF, place=place), school.request.year, place)
            return
        self._offered_classes(Entity.STAFF, log)
        reached = {teacher.person_id for teacher in school.teachers().values()}
        if school.grants(views()["lessons"]):
            reached |= {key.staff_id for key in school.lessons().spans if key.staff_id}
        else:
            log.forgive("bromcom.no_timetable", "Timetable is not granted: staff are those named on the classes")
            self._unsure.add(Entity.STAFF)
        for raw, bound, place in school.rows_of(view, "StaffID", sorted(reached)):
            offered = (bound.text(raw, "key") or "") in reached
            row = columns_row(raw, bound, STAFF, place=place, offered=offered)
            yield within(row, school.request.year, place)

    def _rooms(self, log: ToleranceLog) -> Iterator[Row]:
        """All rooms where all classes are offered, else those in which offered classes are taught (rule 52)."""
        school = self._school
        school.granted(views()["rooms"])
        if school.request.classes.all:
            yield from school.rooms()
            return
        self._offered_classes(Entity.ROOMS, log)
        used = {key.room_name for key in school.lessons().spans}
        for row in school.rooms():
            in_use = row.values["name"] in used
            yield row if in_use else OutOfScopeRow(row.key, "no offered class is taught in this room")

    def _tutor_groups(self, log: ToleranceLog) -> Iterator[Row]:
        """The tutor groups of the offered pupils, under the ids of Collections where that may be read."""
        school = self._school
        school.granted(views()["students"])
        names = {row.values["tutor_group"]: None for row in school.students()
                 if isinstance(row, SourceRow) and row.offered and row.values["tutor_group"]}  # fmt: skip
        if not names:
            return
        if school.grants(views()["collections"]):
            for raw, bound, place in school.rows(views()["collections"], school.lasting()):
                kind = (bound.text(raw, "kind") or "").lower()
                row = columns_row(raw, bound, ("name",), place=place)
                name = row.values["name"] if isinstance(row, SourceRow) else None
                if kind == "tutor group" and name in names:
                    names.pop(name)
                    yield row
        for name in sorted(str(name) for name in names if name not in NO_TUTOR_GROUP):
            yield SourceRow(f"name:{name}", {"name": name})

    def _memberships(self, log: ToleranceLog) -> Iterator[Row]:
        """Offered pupils and the teachers of the offered classes; other pupils of these classes stay out (rule 51)."""
        school = self._school
        school.granted(views()["associates"])
        self._offered_classes(Entity.MEMBERSHIPS, log)
        classes, people = school.class_ids(), school.student_ids()
        found: dict[str, Member] = {}
        for raw, bound, place in school.rows_of(views()["associates"], "CollectionID", classes, school.lasting()):
            row = member(raw, bound, role="student", place=place)
            if isinstance(row, RejectedRow):
                yield row
            elif row.person_id in people:
                found[row.key] = found[row.key].also(row) if row.key in found else row
            else:
                yield OutOfScopeRow(row.key, "the pupil is not offered", place)
        offered = frozenset(classes)
        for one in (*found.values(), *school.teachers().values()):
            yield within(one.row(offered=one.class_id in offered), school.request.year, one.key)

    def _lessons(self, log: ToleranceLog) -> Iterator[Row]:
        school = self._school
        school.granted(views()["lessons"])
        self._offered_classes(Entity.LESSONS, log)
        rooms: dict[str, str] = {}
        if school.grants(views()["rooms"]):
            rooms = {str(row.values["name"]): row.key for row in school.rooms()}
        else:
            log.forgive("bromcom.no_rooms", "Locations is not granted: lessons come without their rooms")
        lessons = school.lessons()
        yield from lessons.other
        yield from lessons.rows(rooms)

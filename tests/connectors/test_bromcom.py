"""The connector `bromcom` over real sockets: offers, grants, filters, folding, and one verdict for each fault (R8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from reconciler.connectors.bromcom import school as bromcom_school
from reconciler.connectors.protocol import Completeness, Offer, SourceRequest
from reconciler.connectors.registry import connector
from reconciler.errors import (
    MalformedSourceError,
    RefusedSourceError,
    SourceError,
    TransientSourceError,
)
from reconciler.records.entities import Entity
from reconciler.simulator.bromcom.server import BromcomServer
from reconciler.vocabulary.codes import AcademicYear
from tests.connectors.harnesses import bromcom_request
from tests.connectors.reading import read, read_one

GROUP = Offer(in_group="Outplaced")


@pytest.fixture
def offered(school: BromcomServer) -> SourceRequest:
    """Ashvale's outplaced pupils and classes."""
    return bromcom_request(school, students=GROUP, classes=GROUP)


def failure(request: SourceRequest, *entities: Entity) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(request, *entities)
    return caught.value


# -- offers -----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement(51, 52)
def test_exactly_the_outplaced_are_taken(school: BromcomServer, offered: SourceRequest) -> None:
    """Pupils of the group, classes with the mark, and of people and rooms those that they lead to."""
    avn = school.world.schools["AVN"]
    pupils, classes = avn.offered_students(), avn.offered_classes()
    found = read(offered)
    assert set(found[Entity.STUDENTS].taken) == {str(s.id) for s in pupils}
    assert set(found[Entity.CLASSES].taken) == {str(c.id) for c in classes}
    assert set(found[Entity.STAFF].taken) == {str(t) for c in classes for t in c.teachers}
    names = {s.tutor_group for s in pupils}
    assert set(found[Entity.TUTOR_GROUPS].taken) == {str(g.id) for g in avn.tutor_groups if g.name in names}
    assert {m["class_id"] for m in found[Entity.MEMBERSHIPS].taken.values()} == {str(c.id) for c in classes}


def test_a_pupil_comes_with_every_column(school: BromcomServer, offered: SourceRequest) -> None:
    """Padding is gone, leading zeros stay, the enrolment letter comes from StudentEnrolments."""
    pellow = school.world.student("AVN:10233")
    assert read_one(offered, Entity.STUDENTS).taken["10233"] == {
        "admission_number": "004512", "upn": pellow.upn, "former_upn": None, "forename": "Idris", "surname": "Pellow",
        "preferred_forename": None, "preferred_surname": None, "birth_date": pellow.birth_date, "year_group": "12",
        "tutor_group": "12A", "enrolment_status": "C", "start_date": pellow.start, "end_date": None,
    }  # fmt: skip


@pytest.mark.requirement(51)
def test_a_pupil_who_was_not_asked_for_is_an_over_share(school: BromcomServer, offered: SourceRequest) -> None:
    """Marked as not offered, so that the sync drops and reports it."""
    school.fault("AVN", "over_share")
    found = read_one(offered, Entity.STUDENTS)
    assert len(found.over_shared) == 1
    assert len(found.taken) == len(school.world.schools["AVN"].offered_students())


@pytest.mark.requirement(51)
def test_memberships_of_pupils_who_are_not_offered_stay_out(school: BromcomServer) -> None:
    """A class may be offered with pupils in it who are not."""
    request = bromcom_request(school, students=Offer(explicit=frozenset({"10233"})), classes=GROUP)
    found = read_one(request, Entity.MEMBERSHIPS)
    assert {m["person_id"] for m in found.taken.values() if m["role"] == "student"} == {"10233"}
    assert "the pupil is not offered" in found.outside.values()


def test_an_explicit_offer_that_the_school_lacks_is_named(school: BromcomServer) -> None:
    """The id is wrong in the estate, or the record is gone."""
    request = bromcom_request(school, students=Offer(explicit=frozenset({"10233", "99999", "x'; --"})))
    found = read_one(request, Entity.STUDENTS)
    assert set(found.taken) == {"10233"}
    assert found.rejected == {"99999": "source.offer_unknown", "x'; --": "source.offer_unknown"}


def test_a_group_that_does_not_exist_is_refused(school: BromcomServer) -> None:
    """Nobody can tell who is offered; that is not an empty list."""
    error = failure(bromcom_request(school, students=Offer(in_group="Outplcaed")), Entity.STUDENTS)
    assert (type(error), error.code) == (RefusedSourceError, "bromcom.no_group")


def test_a_quotation_mark_in_a_group_stays_in_its_literal(school: BromcomServer) -> None:
    """A name from YAML never becomes part of the filter's language."""
    error = failure(bromcom_request(school, students=Offer(in_group="O'Hara' OR '1'='1")), Entity.STUDENTS)
    assert error.code == "bromcom.no_group"


def test_ids_are_asked_for_in_chunks(
    school: BromcomServer, offered: SourceRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is the same however long the filters may be, and no filter is longer."""
    whole = read(offered)
    monkeypatch.setattr(bromcom_school, "CHUNK", 2)
    school.calls.clear()
    assert read(offered) == whole
    asked = [call.filter for call in school.calls if call.entity == "Students"]
    assert len(asked) == -(-len(whole[Entity.STUDENTS].taken) // 2)
    assert all(" IN (" in text and text.count(",") <= 1 for text in asked)


def test_only_what_is_needed_is_asked_for(school: BromcomServer, offered: SourceRequest) -> None:
    """No personal entity is ever read without a filter."""
    read(offered)
    assert school.calls[0].operation == "findEntitiesBySchoolID"
    for call in school.calls:
        if call.entity in ("Students", "StudentEnrolments", "Staff", "CollectionAssociates", "Timetable"):
            assert call.filter, call


# -- grants -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "refused"),
    [
        ("Students", {"tutor_groups", "students", "memberships"}),
        ("Staff", {"staff"}),
        ("Locations", {"rooms"}),
        ("SubjectClasses", {"staff", "rooms", "classes", "memberships", "lessons"}),
        ("CollectionExecutives", {"staff", "memberships"}),
        ("CollectionAssociates", {"tutor_groups", "students", "memberships"}),
        ("Timetable", {"rooms", "lessons"}),
        ("StudentEnrolments", set()),
    ],
)
def test_what_is_not_granted_stops_only_what_stands_on_it(
    missing: str, refused: set[str], school: BromcomServer, offered: SourceRequest
) -> None:
    """The list of entities is the grant list; the refusal names the entity to tick."""
    school.revoke("AVN", missing)
    stopped: dict[str, RefusedSourceError] = {}
    with connector("bromcom").open(offered) as session:
        for entity in Entity:
            try:
                list(session.fetch(entity))
            except RefusedSourceError as error:
                stopped[entity.value] = error
    assert stopped.keys() == refused
    assert {error.code for error in stopped.values()} <= {"source.not_granted"}
    assert all(missing in error.message for error in stopped.values())


def test_without_enrolments_the_status_stays_empty(school: BromcomServer, offered: SourceRequest) -> None:
    """Reported, and nothing else is lost."""
    school.revoke("AVN", "StudentEnrolments")
    found = read_one(offered, Entity.STUDENTS)
    assert {values["enrolment_status"] for values in found.taken.values()} == {None}
    assert found.forgiven == {"bromcom.no_enrolments": 1}


def test_without_a_timetable_staff_are_never_taken_to_have_left(school: BromcomServer, offered: SourceRequest) -> None:
    """Somebody may be reached through a lesson that cannot be read."""
    school.revoke("AVN", "Timetable")
    assert read_one(offered, Entity.STAFF).completeness is Completeness.NONE


def test_a_permission_that_is_missing_has_its_own_code(school: BromcomServer, offered: SourceRequest) -> None:
    """`School members could not be read`, told apart by the entity (SC, rules 172 and 174)."""
    school.fault("AVN", "staff_refused")
    assert failure(offered, Entity.STAFF).code == "perm.staff"
    assert read_one(offered, Entity.STUDENTS).taken


def test_a_grant_list_of_nothing_is_no_empty_school(school: BromcomServer, offered: SourceRequest) -> None:
    """The account was made, and nobody ticked anything."""
    school.revoke("AVN", *school.account("AVN").entities)
    assert failure(offered, Entity.STUDENTS).code == "source.not_granted"


# -- timetable --------------------------------------------------------------------------------------------------------


def test_dated_lessons_are_folded_to_the_cycle(school: BromcomServer, offered: SourceRequest) -> None:
    """One lesson for each class, slot, teacher and room, with its first and last date."""
    found = read_one(offered, Entity.LESSONS).taken
    expected = {
        (str(c.id), f"W{lesson.week}", lesson.period): (lesson.staff, lesson.room)
        for c in school.world.schools["AVN"].offered_classes()
        for lesson in c.lessons
    }
    assert len(found) == sum(len(c.lessons) for c in school.world.schools["AVN"].offered_classes())
    for values in found.values():
        week, _, period = str(values["partner_slot"]).partition(".")
        staff, room = expected[str(values["class_id"]), week[:2], period]
        assert (values["staff_id"], values["room_id"]) == (str(staff) if staff else None, str(room) if room else None)
        start, end = values["start_date"], values["end_date"]
        assert isinstance(start, date)
        assert isinstance(end, date)
        assert start <= end


@pytest.mark.requirement(6)
def test_rows_of_another_year_are_out_of_scope(school: BromcomServer, offered: SourceRequest) -> None:
    """Also where the server sends them although the filter said otherwise."""
    school.fault("AVN", "other_year")
    found = read_one(offered, Entity.CLASSES)
    assert found.taken == {}
    assert set(found.outside.values()) == {"outside the academic year 2026-2027"}


def test_another_year_is_asked_for_by_its_dates(school: BromcomServer, offered: SourceRequest) -> None:
    """Nothing of 2026-2027 belongs to 2024-2025."""
    found = read(replace(offered, year=AcademicYear(2024)))
    assert found[Entity.CLASSES].taken == {}
    assert found[Entity.LESSONS].taken == {}


# -- bindings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("binding", ["soap11", "soap12", "post", "get"])
def test_every_binding_reads_the_same(binding: str, school: BromcomServer) -> None:
    """A school's proxy may let only one of them through."""
    plain = read_one(bromcom_request(school, students=GROUP, classes=GROUP), Entity.STUDENTS)
    other = bromcom_request(school, students=GROUP, classes=GROUP, binding=binding)
    assert read_one(other, Entity.STUDENTS) == plain


# -- faults (R8) ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement(66)
@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ("wrong_key", RefusedSourceError, "http.unauthorised"),
        ("login_page", MalformedSourceError, "http.not_xml"),
        ("redirect", RefusedSourceError, "http.redirect"),
        ("reset", TransientSourceError, "http.connection"),
        ("silent", TransientSourceError, "http.timeout"),
        ("garbage", TransientSourceError, "http.protocol"),
        ("other_school", MalformedSourceError, "source.other_school"),
        ("malformed", MalformedSourceError, "bromcom.xml"),
        ("windows_1252", MalformedSourceError, "bromcom.encoding"),
        ("entity_bomb", MalformedSourceError, "bromcom.dtd"),
        ("external_entity", MalformedSourceError, "bromcom.dtd"),
        ("deep_nesting", MalformedSourceError, "bromcom.xml"),
        ("half_body", MalformedSourceError, "bromcom.xml"),
        ("short_body", TransientSourceError, "http.short_body"),
        ("cut_chunk", TransientSourceError, "http.short_body"),
        ("slow", TransientSourceError, "http.timeout"),
        ("gzip_bomb", MalformedSourceError, "http.too_large"),
    ],
)
def test_one_verdict_for_each_misbehaviour(
    fault: str, kind: type[SourceError], code: str, school: BromcomServer, offered: SourceRequest
) -> None:
    """The run ends in bounded time, and no message holds a name or the password."""
    school.fault("AVN", fault, entity=None if fault != "windows_1252" else "Students")
    request = replace(offered, deadline=0.4 if fault in ("slow", "silent") else 20)  # no other may be taken for it
    entity = Entity.STUDENTS
    if fault == "windows_1252":
        request = bromcom_request(school, students=Offer(explicit=frozenset({"10233", "10501", "10502"})))
    error = failure(request, entity)
    assert (type(error), error.code) == (kind, code)
    told = f"{error!r} {vars(error)} {error.__cause__!r} {error.__context__!r}"
    assert school.world.password("AVN") not in told
    assert "Pellow" not in told


@pytest.mark.requirement(66)
@pytest.mark.parametrize("fault", ["too_many_requests", "server_error", "unavailable"])
def test_passing_trouble_is_read_through(fault: str, school: BromcomServer, offered: SourceRequest) -> None:
    """One bad answer, then fine: the rows are those of a good day."""
    good = read_one(offered, Entity.STUDENTS)
    school.fault("AVN", fault, seconds=0)
    assert read_one(offered, Entity.STUDENTS) == good


def test_a_row_that_is_sent_twice_counts_once(school: BromcomServer, offered: SourceRequest) -> None:
    """Word for word: forgiven and reported."""
    good = read_one(offered, Entity.STUDENTS)
    school.fault("AVN", "duplicate_row")
    found = read_one(offered, Entity.STUDENTS)
    assert found.taken == good.taken
    assert found.forgiven == {"source.duplicate_row": 1}


def test_an_id_that_is_sent_with_other_values_is_rejected(school: BromcomServer, offered: SourceRequest) -> None:
    """One of the two belongs to another record."""
    school.fault("AVN", "conflicting_row")
    assert set(read_one(offered, Entity.STUDENTS).rejected.values()) == {"source.duplicate_key"}


def test_an_empty_school_is_read_as_what_it_is(school: BromcomServer, offered: SourceRequest) -> None:
    """Well-formed, closed, no rows: the guards of the sync decide, not the connector."""
    school.fault("AVN", "empty_list")
    found = read_one(offered, Entity.STUDENTS)
    assert (found.taken, found.completeness) == ({}, Completeness.PROVEN)


def test_a_school_that_does_not_answer_is_asked_once_for_all_entities(
    school: BromcomServer, offered: SourceRequest
) -> None:
    """Seven entities do not mean seven times the waiting."""
    school.fault("AVN", "wrong_key")
    with connector("bromcom").open(offered) as session:
        for entity in Entity:
            with pytest.raises(RefusedSourceError):
                list(session.fetch(entity))
    assert len(school.calls) == 1


def test_the_fingerprint_moves_with_the_data_only(school: BromcomServer, offered: SourceRequest) -> None:
    """Equal rows, equal fingerprint; one changed name, another one, and only of that entity."""

    def prints() -> dict[Entity, str]:
        return {entity: one.fingerprint for entity, one in read(offered).items()}

    before = prints()
    assert prints() == before
    school.world = school.world.rename("AVN:10233", surname="Pellow-Ayre")
    after = prints()
    assert {entity for entity in Entity if after[entity] != before[entity]} == {Entity.STUDENTS}


@pytest.mark.parametrize("lacking", ["url", "school_id", "username", "password"])
def test_an_unusable_entry_is_refused_before_anything_is_asked(
    lacking: str, school: BromcomServer, offered: SourceRequest
) -> None:
    """Said when the session is opened."""
    settings = {key: value for key, value in offered.settings.items() if key != lacking}
    with pytest.raises(RefusedSourceError) as caught, connector("bromcom").open(replace(offered, settings=settings)):
        pass
    assert caught.value.code == "source.settings"
    assert school.calls == []


def test_outside_a_rehearsal_loopback_is_refused(school: BromcomServer, offered: SourceRequest) -> None:
    """A real store never speaks to this machine, nor in the clear."""
    error = failure(replace(offered, rehearsal=False), Entity.STUDENTS)
    assert error.code == "http.url"
    assert school.calls == []

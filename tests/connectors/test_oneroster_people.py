"""What is taken from OneRoster files, and what is left out and why."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from reconciler.connectors.protocol import Completeness, Offer
from reconciler.records.entities import Entity
from reconciler.vocabulary.codes import AcademicYear
from tests.connectors.deliveries import PASSWORD, SDS, SMALL, changed, write_folder
from tests.connectors.harnesses import files_request
from tests.connectors.reading import read, read_one

GROUP = Offer(in_group="Outplaced")


def test_a_pupil_comes_with_every_column_that_the_files_hold(tmp_path: Path) -> None:
    """Numbers stay text, UPNs come from userIds, the tutor group from the homeroom."""
    drop = write_folder(tmp_path, SMALL)
    assert read_one(files_request(drop), Entity.STUDENTS).taken["s1"] == {
        "admission_number": "004512", "upn": "G999200019000", "former_upn": "G99920001900A", "forename": "Greta",
        "surname": "Abernath", "preferred_forename": None, "preferred_surname": None,
        "birth_date": date(2010, 2, 14), "year_group": "12", "tutor_group": "12A", "enrolment_status": None,
        "start_date": None, "end_date": None,
    }  # fmt: skip


@pytest.mark.requirement(51, 52)
def test_only_the_group_is_taken(tmp_path: Path) -> None:
    """Pupils and classes with the mark, and the staff, rooms, groups and lessons that they lead to."""
    found = read(files_request(write_folder(tmp_path, SMALL), students=GROUP, classes=GROUP))
    assert {entity.value: set(found[entity].taken) for entity in Entity} == {
        "staff": {"t1"},
        "rooms": {"B12"},
        "tutor_groups": {"h1"},
        "students": {"s1", "s2"},
        "classes": {"c1"},
        "memberships": {"c1|student|s1", "c1|student|s2", "c1|teacher|t1"},
        "lessons": {"c1|W1Mon.P1|t1|B12", "c1|W1Tue.P3|t1|B12"},
    }


@pytest.mark.requirement(51)
def test_who_is_not_offered_is_counted_and_goes_no_further(tmp_path: Path) -> None:
    """The files hold the whole school, so this is no over-share: the connector itself picks."""
    found = read(files_request(write_folder(tmp_path, SMALL), students=GROUP, classes=GROUP))
    assert found[Entity.STUDENTS].outside["s3"] == "pupil who is not offered"
    assert found[Entity.STUDENTS].over_shared == []
    assert found[Entity.CLASSES].outside["c2"] == "class that is not offered"
    assert found[Entity.MEMBERSHIPS].outside["c1|student|s3"] == "pupil who is not offered"


@pytest.mark.requirement(6)
def test_a_class_of_another_year_is_out_of_scope(tmp_path: Path) -> None:
    """Its sessions do not touch the academic year; ignored and counted."""
    found = read_one(files_request(write_folder(tmp_path, SMALL)), Entity.CLASSES)
    assert found.outside == {"c3": "outside the academic year 2026-2027"}


def test_guardians_are_out_of_scope(tmp_path: Path) -> None:
    """Parents and guardians are no pupils and no staff."""
    found = read(files_request(write_folder(tmp_path, SMALL)))
    assert found[Entity.STUDENTS].outside["p1"] == "parent, guardian or other contact"
    assert "p1" not in found[Entity.STAFF].taken


def test_an_explicit_offer_is_taken_by_id(tmp_path: Path) -> None:
    """Ids of the source, for pupils and for classes."""
    request = files_request(write_folder(tmp_path, SMALL), students=Offer(explicit=frozenset({"s3"})),
                            classes=Offer(explicit=frozenset({"c2"})))  # fmt: skip
    found = read(request)
    assert set(found[Entity.STUDENTS].taken) == {"s3"}
    assert set(found[Entity.CLASSES].taken) == {"c2"}
    assert set(found[Entity.STAFF].taken) == {"t2"}


def test_without_the_group_column_the_class_of_that_name_stands_in(tmp_path: Path) -> None:
    """For pupils only; it is reported."""
    files = changed(
        SMALL,
        users=SMALL["users"].replace(",metadata.groups", "").replace(f'{PASSWORD},"Chess,Outplaced"', PASSWORD)
        .replace(f"{PASSWORD},Outplaced", PASSWORD).replace(f"{PASSWORD},\n", f"{PASSWORD}\n"),
        classes=SMALL["classes"].replace("12A/Ma1", "Outplaced"),
    )  # fmt: skip
    found = read_one(files_request(write_folder(tmp_path, files), students=GROUP), Entity.STUDENTS)
    assert set(found.taken) == {"s1"}
    assert found.forgiven["oneroster.no_group_column"] == 1


def test_without_the_group_column_no_class_is_taken_and_nothing_follows(tmp_path: Path) -> None:
    """A group of classes cannot be guessed: none is read, none is taken to have left."""
    files = changed(SMALL, classes=("metadata.groups", "metadata.other"))
    found = read(files_request(write_folder(tmp_path, files), classes=GROUP, complete=True))
    assert found[Entity.CLASSES].taken == {}
    for entity in (Entity.STAFF, Entity.ROOMS, Entity.CLASSES, Entity.MEMBERSHIPS, Entity.LESSONS):
        assert found[entity].completeness is Completeness.NONE, entity
    assert found[Entity.STUDENTS].completeness is not Completeness.NONE


# -- School Data Sync 2.1 ---------------------------------------------------------------------------------------------


def test_roles_decide_who_is_what(tmp_path: Path) -> None:
    """Professors and aides are staff, whoever has no role but a relationship is a contact."""
    found = read(files_request(write_folder(tmp_path, SDS)))
    assert set(found[Entity.STUDENTS].taken) == {"s1"}
    assert set(found[Entity.STAFF].taken) == {"t1", "t2"}
    assert found[Entity.STUDENTS].outside["g1"] == "parent, guardian or other contact"
    assert found[Entity.STUDENTS].rejected == {"n1": "oneroster.no_role"}


@pytest.mark.requirement(6)
def test_roles_of_another_year_do_not_count(tmp_path: Path) -> None:
    """A pupil whose only role is in another year's session is out of scope, with that reason."""
    found = read_one(files_request(write_folder(tmp_path, SDS)), Entity.STUDENTS)
    assert found.outside["s2"] == "outside the academic year 2026-2027"


def test_the_session_alone_tells_the_year_of_a_role(tmp_path: Path) -> None:
    """Where the role has no dates of its own; one of its roles in the year is enough."""
    files = changed(SDS, roles=("s2,1,student,SY24,11,TRUE,2024-08-24,2025-06-11", "s2,1,student,SY24,11,TRUE,,"))
    drop = write_folder(tmp_path, files)
    assert "s2" in read_one(files_request(drop), Entity.STUDENTS).outside
    write_folder(drop, changed(files, roles=(",SY24,11,TRUE,,", ",SY24,11,TRUE,,\ns2,1,student,SY26,12,TRUE,,")))
    assert "s2" in read_one(files_request(drop), Entity.STUDENTS).taken


def test_the_same_files_read_for_the_other_year_give_the_other_pupil(tmp_path: Path) -> None:
    """The year decides, not the files."""
    found = read_one(files_request(write_folder(tmp_path, SDS), year=AcademicYear(2024)), Entity.STUDENTS)
    assert set(found.taken) == {"s2"}


def test_several_roles_make_one_span(tmp_path: Path) -> None:
    """From the first start to the last end."""
    values = read_one(files_request(write_folder(tmp_path, SDS)), Entity.STAFF).taken["t1"]
    assert (values["start_date"], values["end_date"]) == (date(2026, 8, 24), date(2027, 6, 11))


def test_rows_that_are_never_imported_are_named(tmp_path: Path) -> None:
    """Relationships and marks of need, each by file and line."""
    outside = read_one(files_request(write_folder(tmp_path, SDS)), Entity.STUDENTS).outside
    assert {"relationships.csv:2", "userFlags.csv:2"} <= outside.keys()


def test_school_data_sync_needs_no_manifest(tmp_path: Path) -> None:
    """It has none by design, so its absence is no breach."""
    found = read(files_request(write_folder(tmp_path, SDS), mode="strict"), Entity.CLASSES, Entity.MEMBERSHIPS)
    assert set(found[Entity.CLASSES].taken) == {"c1"}


@pytest.mark.requirement(75)
@pytest.mark.parametrize("files", [SMALL, SDS], ids=["oneroster", "sds"])
def test_passwords_ethnicity_and_needs_stay_in_the_file(files: dict[str, str], tmp_path: Path) -> None:
    """Not in any row, reason, message or tolerance of any entity."""
    told = repr(read(files_request(write_folder(tmp_path, files))))
    assert "Greta" in told
    for canary in (PASSWORD, "Ethnicanary", "hispanic", "freeLunchCanary", "01632960001"):
        assert canary not in told


def test_the_published_sample_reads_whole(published_sds: Path) -> None:
    """Year 2021-2022, all offered: 4 pupils, 2 staff, 2 classes, 6 memberships, 2 guardians out of scope."""
    found = read(files_request(published_sds, year=AcademicYear(2021)))
    assert {entity.value: len(found[entity].taken) for entity in Entity} == {
        "staff": 2, "rooms": 0, "tutor_groups": 0, "students": 4, "classes": 2, "memberships": 6, "lessons": 0,
    }  # fmt: skip
    assert [key for key, why in found[Entity.STUDENTS].outside.items() if "guardian" in why] == ["114002", "114005"]
    assert not any(one.rejected or one.forgiven for one in found.values())

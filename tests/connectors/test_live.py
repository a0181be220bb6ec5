"""What each system tells of a school itself: read only, never guessed, and as few people as can be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.connectors.bromcom.connector import BromcomConnector
from reconciler.connectors.live_protocol import LiveFact, LiveFacts, SeenSlots, Unknown
from reconciler.connectors.oneroster_csv.connector import OneRosterCsvConnector
from reconciler.connectors.protocol import Offer
from reconciler.errors import RefusedSourceError
from reconciler.simulator.bromcom.server import BromcomServer
from reconciler.simulator.oneroster import write_school
from reconciler.simulator.year_change import roll_over
from reconciler.vocabulary.codes import AcademicYear
from tests.connectors.deliveries import SDS, SMALL, changed, write_folder
from tests.connectors.harnesses import bromcom_request, files_request, small_world

GROUP = Offer(in_group="Outplaced")


@pytest.fixture
def server() -> Iterator[BromcomServer]:
    with BromcomServer(small_world()) as running:
        yield running


def ask(server: BromcomServer, code: str = "AVN", *wanted: LiveFact, **settings: object) -> LiveFacts:
    request = bromcom_request(server, code, students=GROUP, classes=GROUP, **settings)
    with BromcomConnector().open(request) as session:
        return session.look(frozenset(wanted or LiveFact))


def read(folder: Path, *wanted: LiveFact, group: str = "VS Outplaced", **settings: object) -> LiveFacts:
    offer = Offer(in_group=group)
    with OneRosterCsvConnector().open(files_request(folder, students=offer, classes=offer, **settings)) as session:
        return session.look(frozenset(wanted or LiveFact))


def periods(facts: LiveFacts, week: int, day: int) -> set[str]:
    assert isinstance(facts.structure, SeenSlots)
    return {slot.period for slot in facts.structure.slots if (slot.week, slot.day) == (week, day)}


@pytest.mark.requirement(31)
def test_a_school_says_who_it_is(server: BromcomServer) -> None:
    """Id, URN, name and short code of its own record."""
    facts = ask(server)
    assert (facts.school_id, facts.urn, facts.name, facts.short_code) == ("20001", "900001", "Ashvale North Academy",
                                                                          "AVN")  # fmt: skip
    assert facts.years == {AcademicYear(2026)}


@pytest.mark.requirement(33, 84)
def test_the_cycle_is_told_day_by_day(server: BromcomServer) -> None:
    """Registrations are no periods, and a ragged week stays ragged."""
    facts = ask(server, "FGT")
    assert isinstance(facts.structure, SeenSlots)
    assert facts.structure.whole
    assert periods(facts, 1, 1) == {"P1", "P2", "P3", "P4"}
    assert periods(facts, 1, 5) == {"P1", "P2"}
    assert (facts.structure.weeks, facts.structure.days) == (1, 5)


def test_what_is_offered_by_group_is_counted_without_a_persons_row(server: BromcomServer) -> None:
    """Neither students nor staff are asked for: ids of the group's members are enough."""
    facts = ask(server)
    avn = server.world.schools["AVN"]
    assert (facts.students, facts.classes) == (len(avn.offered_students()), len(avn.offered_classes()))
    assert not {call.entity for call in server.calls} & {"Students", "Staff", "People"}


def test_without_the_right_to_see_the_cycle_only_what_is_taught_is_seen(server: BromcomServer) -> None:
    """The slots of offered lessons, said to be less than all; without lessons nothing is known."""
    server.revoke("AVN", "PeriodStructures")
    seen = ask(server, "AVN", LiveFact.STRUCTURE).structure
    assert isinstance(seen, SeenSlots)
    assert not seen.whole
    server.revoke("AVN", "Timetable")
    nothing = ask(server, "AVN", LiveFact.STRUCTURE).structure
    assert isinstance(nothing, Unknown)
    assert "neither PeriodStructures nor Timetable" in nothing.reason
    assert not nothing.code


@pytest.mark.requirement(84)
def test_the_list_of_entities_is_what_may_be_read(server: BromcomServer) -> None:
    """A tick that was taken away is not in it, and what hangs on it is unknown, not empty."""
    server.revoke("AVN", "Schools", "SubjectClasses")
    facts = ask(server)
    assert isinstance(facts.granted, frozenset)
    assert not facts.granted & {"Schools", "SubjectClasses"}
    for told in (facts.school_id, facts.name, facts.years, facts.classes):
        assert isinstance(told, Unknown)
        assert "does not grant" in told.reason


@pytest.mark.requirement(6)
def test_a_system_that_went_on_to_the_next_year_says_so(server: BromcomServer) -> None:
    """By its offered classes, whichever year was asked for."""
    server.world = roll_over(server.world, "AVN")
    assert ask(server, "AVN", LiveFact.YEARS).years == {AcademicYear(2027)}
    server.heal()
    server.fault("BRK", "other_year")
    assert ask(server, "BRK", LiveFact.YEARS).years == {AcademicYear(2025)}


@pytest.mark.requirement(31)
def test_an_address_that_answers_for_another_school_tells_only_that(server: BromcomServer) -> None:
    """Nothing else of that school is asked, or taken for this one's."""
    server.fault("AVN", "other_school")
    facts = ask(server)
    assert facts.school_id != "20001"
    assert isinstance(facts.students, Unknown)
    assert isinstance(facts.structure, Unknown)
    assert {call.entity for call in server.calls} == {"", "Schools"}


@pytest.mark.requirement(66)
def test_one_fact_that_fails_leaves_the_others(server: BromcomServer) -> None:
    """With its code, so that it counts as not asked."""
    server.fault("AVN", "malformed", entity="PeriodStructures")
    facts = ask(server)
    assert isinstance(facts.structure, Unknown)
    assert facts.structure.code == "bromcom.xml"
    assert facts.name == "Ashvale North Academy"


@pytest.mark.requirement(66)
def test_a_source_that_cannot_be_asked_raises(server: BromcomServer) -> None:
    """It is no school whose facts are unknown."""
    server.fault("AVN", "wrong_key")
    with pytest.raises(RefusedSourceError):
        ask(server)


@pytest.mark.requirement(31)
def test_files_say_who_the_school_is_and_when(tmp_path: Path) -> None:
    """By orgs.csv and the dates of academicSessions.csv; a short code has no place in them."""
    facts = read(write_school(small_world().schools["DNE"], tmp_path / "DNE", now=small_world().now))
    assert (facts.name, facts.urn, facts.school_id) == ("Dunescar High School", "900004", "DNE-900004")
    assert facts.years == {AcademicYear(2026)}
    assert isinstance(facts.short_code, Unknown)
    assert isinstance(facts.granted, Unknown)
    dne = small_world().schools["DNE"]
    assert (facts.students, facts.classes) == (len(dne.offered_students()), len(dne.offered_classes()))
    assert isinstance(facts.structure, SeenSlots)
    assert not facts.structure.whole


def test_dialects_that_count_years_otherwise_are_read_by_date(tmp_path: Path) -> None:
    """`schoolYear` 2026 is the first year of SDS and the second of OneRoster."""
    assert read(write_folder(tmp_path / "sds", SDS)).years == {AcademicYear(2026), AcademicYear(2024)}
    assert read(write_folder(tmp_path / "or", SMALL), group="Outplaced").years == {AcademicYear(2026),
                                                                                  AcademicYear(2025)}  # fmt: skip


@pytest.mark.parametrize(
    ("orgs", "why"),
    [
        (None, "no orgs.csv"),
        ("sourcedId,name,type,identifier\n1,One,school,900001\n2,Two,school,900002\n", "names 2 schools"),
        ("sourcedId,name,type,identifier\n1,One,school,9994004\n", "no URN"),
    ],
)
def test_files_that_do_not_say_which_school_are_not_guessed_at(tmp_path: Path, orgs: str | None, why: str) -> None:
    """None, several, or a number of another kind."""
    told = read(write_folder(tmp_path / "files", changed(SMALL, orgs=orgs)), group="Outplaced").urn
    assert isinstance(told, Unknown)
    assert why in told.reason

"""Who may read what: credentials, school numbers and granted entities, refused in either style."""

from __future__ import annotations

import pytest

from reconciler.simulator.bromcom.catalogue import catalogue
from tests.simulator.wire import Wire

REFUSALS = [
    ({"username": "somebody"}, "Invalid user name or password."),
    ({"password": "wrong"}, "Invalid user name or password."),
    ({"password": ""}, "Invalid user name or password."),
    ({"schoolID": "20002"}, "The school could not be found."),
    ({"entityName": "PersonPhotos"}, "Access to the entity 'PersonPhotos' is not permitted."),
]


@pytest.mark.parametrize(("changed", "words"), REFUSALS)
def test_a_refusal_is_a_fault_that_gives_its_reason(wire: Wire, changed: dict[str, str], words: str) -> None:
    """The default style; no row leaves."""
    answer = wire.entity("Students", **changed)
    assert answer.status == 500
    assert words in answer.text
    assert "LastName" not in answer.text


@pytest.mark.parametrize(("changed", "words"), REFUSALS)
def test_a_refusal_may_look_like_an_empty_data_set(wire: Wire, changed: dict[str, str], words: str) -> None:
    """No public source shows which of the two the real service does, so both can be practised."""
    wire.simulator.server.refusals["AVN"] = "empty-dataset"
    answer = wire.entity("Students", **changed)
    assert answer.status == 200
    assert answer.rows() == []
    assert words not in answer.text


def test_the_list_of_entities_is_the_list_of_grants(wire: Wire) -> None:
    """What is not ticked is missing from the list and refused when asked for; others stay readable."""

    def listed() -> set[str]:
        answer = wire.call("findEntitiesBySchoolID", {"schoolID": "20001", **wire.login()})
        return {row["EntityName"] for row in answer.rows()}

    assert listed() == set(catalogue())
    wire.simulator.server.revoke("AVN", "Staff")
    assert listed() == set(catalogue()) - {"Staff"}
    assert "Access to the entity 'Staff' is not permitted." in wire.entity("Staff").text
    assert wire.entity("Locations").rows()
    wire.simulator.server.grant("AVN", "Staff")
    assert wire.entity("Staff").rows()


def test_a_grant_under_an_alias_opens_the_entity(wire: Wire) -> None:
    """TimeTable and Timetable are one entity, whichever of them is ticked or asked for."""
    wire.simulator.server.revoke("AVN", "Timetable")
    wire.simulator.server.grant("AVN", "TimeTable")
    assert wire.entity("timetable", "ClassID = 4501").rows()


def test_a_password_opens_one_school_only(wire: Wire) -> None:
    """Every school has an account of its own."""
    other = Wire(wire.simulator, "BRK")
    assert "Invalid user name or password." in other.entity("Students", **wire.login()).text

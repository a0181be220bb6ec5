"""The supplier's service is for reading, and so is all that we have to speak to it."""

from __future__ import annotations

import inspect

import pytest

from reconciler.connectors.bromcom.client import BromcomClient
from reconciler.connectors.bromcom.connector import BromcomSession
from reconciler.formats.bromcom import encoder


def verbs(owner: object) -> set[str]:
    return {name for name, _ in inspect.getmembers(owner, inspect.isfunction) if not name.startswith("_")}


@pytest.mark.requirement(78)
def test_whoever_speaks_to_the_read_service_has_no_verb_but_reading() -> None:
    """A new verb is a decision that this list is changed for, never a by-product."""
    assert verbs(BromcomClient) == {"entities", "columns", "rows"}
    assert verbs(BromcomSession) == {"fetch"}


@pytest.mark.requirement(78)
def test_every_operation_that_can_be_asked_for_finds_or_gets() -> None:
    """Of the service's operations only two can be put into words at all."""
    made = [make for name, make in inspect.getmembers(encoder, inspect.isfunction)
            if make.__module__ == encoder.__name__ and not name.startswith("_") and name != "encode"]  # fmt: skip
    words = {"school_id": 1, "entity": "Students", "entity_filter": "", "username": "u", "password": "p"}
    asked = {make(**{key: words[key] for key in inspect.signature(make).parameters})[0] for make in made}
    assert asked == {"findEntitiesBySchoolID", "getEntityDataBySchoolID"}

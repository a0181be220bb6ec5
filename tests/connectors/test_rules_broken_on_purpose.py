"""The supplier's service is for reading; who reads out too much, or another year, is not believed."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pytest

from reconciler.connectors.bromcom.client import Account, BromcomClient
from reconciler.connectors.bromcom.connector import BromcomSession
from reconciler.connectors.bromcom.school import School
from reconciler.connectors.members import within
from reconciler.connectors.protocol import Offer, OutOfScopeRow, SourceRow
from reconciler.formats.bromcom import encoder
from reconciler.records.entities import Entity
from reconciler.simulator.bromcom.server import BromcomServer
from tests.connectors.harnesses import YEAR, bromcom_request


def verbs(owner: object) -> set[str]:
    return {name for name, _ in inspect.getmembers(owner, inspect.isfunction) if not name.startswith("_")}


@pytest.mark.requirement(78)
def test_whoever_speaks_to_the_read_service_has_no_verb_but_reading() -> None:
    """A new verb is a decision that this list is changed for, never a by-product."""
    assert verbs(BromcomClient) == {"entities", "columns", "rows"}
    assert verbs(BromcomSession) == {"fetch", "look"}


@pytest.mark.requirement(78)
def test_every_operation_that_can_be_asked_for_finds_or_gets() -> None:
    """Of the service's operations only two can be put into words at all."""
    made = [make for name, make in inspect.getmembers(encoder, inspect.isfunction)
            if make.__module__ == encoder.__name__ and not name.startswith("_") and name != "encode"]  # fmt: skip
    words = {"school_id": 1, "entity": "Students", "entity_filter": "", "username": "u", "password": "p"}
    asked = {make(**{key: words[key] for key in inspect.signature(make).parameters})[0] for make in made}
    assert asked == {"findEntitiesBySchoolID", "getEntityDataBySchoolID"}


@dataclass(frozen=True, slots=True)
class Careless:
    """A read service that takes no notice of any filter: it sends every class, marked or not."""

    account = SimpleNamespace(school_id=20001)
    sent = (
        {"ClassID": "4501", "ClassName": "12B/Ph1", "Outplaced": "true "},
        {"ClassID": "4502", "ClassName": "12C/Hi1", "Outplaced": "false"},
        {"ClassID": "4503", "ClassName": "12D/Fr1", "Outplaced": ""},
    )

    def entities(self) -> dict[str, str]:
        return {"subjectclasses": "SubjectClasses"}

    def columns(self, entity: str) -> tuple[str, ...]:
        return tuple(self.sent[0])

    def rows(self, entity: str, entity_filter: str) -> tuple[Any, Iterator[dict[str, str]]]:
        return SimpleNamespace(columns=self.columns(entity)), iter(self.sent)


@pytest.mark.requirement(52)
@pytest.mark.parametrize("offer", [Offer(in_group="Outplaced"), Offer(explicit=frozenset({"4501"}))])
def test_a_class_that_was_sent_unasked_is_an_over_share(school: BromcomServer, offer: Offer) -> None:
    """Only the class with the mark, or on the list, is offered; the others are named as sent though not offered."""
    session = BromcomSession(School(cast(BromcomClient, Careless()), bromcom_request(school, classes=offer)))
    rows = [row for row in session.fetch(Entity.CLASSES) if isinstance(row, SourceRow)]
    assert {row.key: row.offered for row in rows} == {"4501": True, "4502": False, "4503": False}


@pytest.mark.requirement(75)
def test_an_account_does_not_show_its_password() -> None:
    """Not even where a program prints whatever it holds."""
    account = Account(school_id=20001, username="reconcile", password="planted-4711")
    assert "planted" not in f"{account} {account!r} {[account]}"


@pytest.mark.requirement(6)
@pytest.mark.parametrize(
    ("start", "end", "inside"),
    [
        (date(2025, 9, 3), date(2026, 7, 31), False),
        (date(2027, 8, 1), None, False),
        (date(2025, 9, 3), date(2026, 8, 1), True),
        (date(2025, 9, 3), None, True),
        (None, None, True),
    ],
)
def test_a_row_of_another_year_is_counted_by_its_place_and_goes_no_further(
    start: date | None, end: date | None, inside: bool
) -> None:
    """The year is 1 August 2026 to 31 July 2027, both included; an end that is open may reach into it."""
    row = within(SourceRow("7", {"start_date": start, "end_date": end}), YEAR, "Students row 7")
    if inside:
        assert isinstance(row, SourceRow)
    else:
        assert row == OutOfScopeRow("7", "outside the academic year 2026-2027", "Students row 7")

"""Every registered connector keeps the promises of the protocol; the checks themselves can fail."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.connectors.live_protocol import LiveFact, LiveFacts, Unknown
from reconciler.connectors.protocol import (
    Capabilities,
    Completeness,
    Connector,
    Row,
    RowStream,
    SourceRequest,
    SourceRow,
)
from reconciler.connectors.registry import CONNECTORS, connector
from reconciler.errors import MalformedSourceError, UnknownName
from reconciler.records.entities import Entity
from reconciler.testing.conformance import CHECKS, Check, ConformanceFailure, Prepared
from tests.connectors.harnesses import HARNESSES, files_request


@pytest.mark.requirement(51, 66, 67)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", sorted(CONNECTORS))
def test_conformance(name: str, check: Check, tmp_path: Path) -> None:
    """A connector without a harness fails here."""
    with HARNESSES[name](tmp_path) as prepared:
        check(connector(name), prepared)


def test_an_unknown_connector_suggests_the_nearest() -> None:
    """The name comes from YAML, so it may be misspelt."""
    with pytest.raises(UnknownName) as caught:
        connector("oneroster_csv")
    assert "oneroster-csv" in caught.value.hint


@pytest.mark.parametrize("name", sorted(CONNECTORS))
def test_a_connector_goes_by_its_registered_name(name: str) -> None:
    """The table and the connector agree."""
    assert CONNECTORS[name].name == name


class Faulty:
    """A connector made to break one promise."""

    name = "faulty"
    capabilities = Capabilities(entities=frozenset({Entity.STUDENTS}), completeness=Completeness.DECLARED)

    def __init__(self, *rows: Row, sure: Completeness = Completeness.DECLARED, error: Exception | None = None) -> None:
        self.rows, self.sure, self.error = rows, sure, error

    @contextmanager
    def open(self, _request: SourceRequest) -> Iterator[Faulty]:
        if self.error:
            raise self.error
        yield self

    def fetch(self, _entity: Entity) -> RowStream:
        return RowStream(iter(self.rows), self.sure)


class Teller(Faulty):
    """The same for facts: it tells what it is made with, whatever is asked."""

    def __init__(self, facts: LiveFacts, *live: LiveFact) -> None:
        super().__init__()
        self.facts = facts
        self.capabilities = replace(Faulty.capabilities, live=frozenset(live))

    def look(self, _wanted: Collection[LiveFact]) -> LiveFacts:
        return self.facts


ALL_UNKNOWN = LiveFacts().without(LiveFact, Unknown("nobody knows"))
ONE, TWO = SourceRow("1", {"surname": "Abernath"}), SourceRow("2", {"surname": None})


@pytest.mark.parametrize(
    ("check", "broken"),
    [
        ("rows_have_keys_and_our_columns", Faulty(ONE, ONE)),
        ("rows_have_keys_and_our_columns", Faulty(SourceRow("", {}))),
        ("rows_have_keys_and_our_columns", Faulty(SourceRow("1", {"ethnicity": "x"}))),
        ("rows_have_keys_and_our_columns", Faulty(SourceRow("1", {"surname": ""}))),
        ("completeness_comes_with_the_last_row", Faulty(ONE, sure=Completeness.PROVEN)),
        ("completeness_comes_with_the_last_row", Faulty(ONE, sure=Completeness.NONE)),
        ("a_cut_payload_raises", Faulty(ONE)),
        ("a_cut_payload_raises", Faulty(error=MalformedSourceError("x.y", "Abernath cannot be read"))),
        ("a_cut_payload_raises", Faulty(error=ValueError("what"))),
        ("wrong_credentials_are_refused", Faulty(ONE)),
        ("only_the_offered_are_offered", Faulty(ONE, TWO)),
        ("facts_are_told_or_unknown_with_a_reason", Teller(ALL_UNKNOWN, LiveFact.NAME)),
        ("facts_are_told_or_unknown_with_a_reason", Teller(replace(ALL_UNKNOWN, name="A", urn="1"), LiveFact.NAME)),
        ("facts_are_told_or_unknown_with_a_reason", Teller(replace(ALL_UNKNOWN, name="Abernath"), LiveFact.NAME)),
        (
            "facts_are_told_or_unknown_with_a_reason",
            Teller(replace(ALL_UNKNOWN, name="A", urn=Unknown("")), LiveFact.NAME),
        ),
        ("only_the_facts_wanted_are_asked", Teller(replace(ALL_UNKNOWN, name="A", urn="1"), LiveFact.NAME)),
        ("a_fact_that_cannot_be_read_is_never_made_up", Teller(replace(ALL_UNKNOWN, students=3), LiveFact.STUDENTS)),
        ("looking_is_refused_like_reading", Teller(ALL_UNKNOWN, LiveFact.NAME)),
    ],
)
def test_each_check_can_fail(check: str, broken: Connector, tmp_path: Path) -> None:
    """A check that passes everything would prove nothing."""
    run = next(one for one in CHECKS if one.__name__ == check)
    prepared = Prepared(request=files_request(tmp_path), cut=lambda: None, refuse=lambda: None, private=("Abernath",))
    with pytest.raises(ConformanceFailure):
        run(broken, replace(prepared))

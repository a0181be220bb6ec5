"""Every registered connector keeps the promises of the protocol; the checks themselves can fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

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
    ],
)
def test_each_check_can_fail(check: str, broken: Connector, tmp_path: Path) -> None:
    """A check that passes everything would prove nothing."""
    run = next(one for one in CHECKS if one.__name__ == check)
    prepared = Prepared(request=files_request(tmp_path), cut=lambda: None, refuse=lambda: None, private=("Abernath",))
    with pytest.raises(ConformanceFailure):
        run(broken, replace(prepared))

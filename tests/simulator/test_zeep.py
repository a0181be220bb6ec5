"""zeep, an independent SOAP client, is content with the WSDL and reads Students over SOAP 1.1 and 1.2."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import requests
import zeep

from reconciler.simulator.bromcom.catalogue import catalogue
from reconciler.simulator.bromcom.handler import SERVICE_PATH
from reconciler.simulator.bromcom.operations import OPERATIONS
from reconciler.simulator.service import RunningSimulator

SERVICE = "TPReadOnlyDataService"


@pytest.fixture
def client(simulator: RunningSimulator) -> Iterator[zeep.Client]:
    with requests.Session() as session:
        transport = zeep.Transport(session=session)
        yield zeep.Client(f"{simulator.server.base('AVN')}{SERVICE_PATH}?WSDL", transport=transport)


def _rows(result: Any) -> list[Any]:
    return [item["Table"] for item in result["_value_1"]["_value_1"]]


def test_the_wsdl_declares_eleven_operations_at_four_ports(client: zeep.Client) -> None:
    """SOAP 1.1, SOAP 1.2, HTTP GET and HTTP POST at one address."""
    ports = client.wsdl.services[SERVICE].ports
    assert set(ports) == {f"{SERVICE}{suffix}" for suffix in ("Soap", "Soap12", "HttpGet", "HttpPost")}
    for port in ports.values():
        assert set(port.binding._operations) == set(OPERATIONS)
        assert len(port.binding._operations) == 11


@pytest.mark.parametrize("suffix", ["Soap", "Soap12"])
def test_zeep_lists_entities_and_reads_students(simulator: RunningSimulator, client: zeep.Client, suffix: str) -> None:
    """The whole roll comes over the wire, typed by the inline schema."""
    service = client.bind(SERVICE, f"{SERVICE}{suffix}")
    login = ("reconcile", simulator.world.password("AVN"))
    entities = _rows(service.findEntitiesBySchoolID(20001, *login))
    assert {row["EntityName"] for row in entities} == set(catalogue())
    students = _rows(service.getEntityDataBySchoolID(20001, "Students", "", *login))
    assert len(students) == 1141
    idris = next(row for row in students if row["StudentID"] == 10233)
    assert (idris["LastName"], idris["EndDate"]) == ("Pellow", None)
    assert isinstance(idris["StartDate"], datetime)
    assert [call.binding for call in simulator.calls] == [{"Soap": "soap11", "Soap12": "soap12"}[suffix]] * 2


@pytest.mark.parametrize("suffix", ["Soap", "Soap12"])
def test_zeep_raises_the_fault_that_the_service_gives(
    simulator: RunningSimulator, client: zeep.Client, suffix: str
) -> None:
    """A refusal is a fault in either version."""
    service = client.bind(SERVICE, f"{SERVICE}{suffix}")
    with pytest.raises(zeep.exceptions.Fault, match="Invalid user name or password"):
        service.findEntitiesBySchoolID(20001, "reconcile", "wrong")
    assert simulator.calls[0].status == 500


def test_zeep_reads_text_and_truth(simulator: RunningSimulator, client: zeep.Client) -> None:
    """The results that are no DataSet have their declared types."""
    login = ("reconcile", simulator.world.password("AVN"))
    text = client.service.getEntityDataBySchoolIDAsXml(20001, "Students", "StudentID = 10501", *login)
    assert "<LastName>Ó Néill</LastName>" in text
    assert client.service.testDatabaseConnection(20001) is True
    assert client.service.testDatabaseConnection(1) is False

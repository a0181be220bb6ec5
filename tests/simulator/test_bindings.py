"""Four bindings, one address, any capitals; the answers are DataSets as .NET writes them."""

from __future__ import annotations

import pytest
from lxml import etree

from reconciler.simulator.bromcom.handler import SERVICE_PATH
from reconciler.simulator.bromcom.operations import OPERATIONS
from tests.simulator.wire import ENVELOPES, Wire

BINDINGS = ["soap11", "soap12", "get", "post"]
PELLOW = "StudentID = 10233"


@pytest.mark.parametrize("binding", BINDINGS)
def test_every_binding_answers_the_same_row(wire: Wire, binding: str) -> None:
    """Idris Pellow comes back once over each binding, his admission number still padded."""
    answer = wire.entity("Students", PELLOW, binding=binding)
    (row,) = answer.rows()
    assert (answer.status, answer.whole) == (200, True)
    assert (row["LastName"], row["AdmissionNumber"]) == ("Pellow", "004512      ")


@pytest.mark.parametrize(
    ("binding", "media", "root"),
    [
        ("soap11", "text/xml; charset=utf-8", f"{{{ENVELOPES['soap11']}}}Envelope"),
        ("soap12", "application/soap+xml; charset=utf-8", f"{{{ENVELOPES['soap12']}}}Envelope"),
        ("get", "text/xml; charset=utf-8", "{http://tempuri.org/}DataSet"),
        ("post", "text/xml; charset=utf-8", "{http://tempuri.org/}DataSet"),
    ],
)
def test_each_binding_has_its_own_wrapping(wire: Wire, binding: str, media: str, root: str) -> None:
    """Media type and root element tell the bindings apart."""
    answer = wire.entity("Students", PELLOW, binding=binding)
    assert answer.headers["content-type"] == media
    assert etree.fromstring(answer.body).tag == root


def test_the_path_matches_whatever_its_capitals(wire: Wire) -> None:
    """A host was seen that writes `Readonly` with a small o."""
    path = SERVICE_PATH.replace("ReadOnly", "Readonly").upper().replace("ASMX", "asmx")
    query = f"schoolID=20001&entityName=students&entityFilter={PELLOW.replace(' ', '%20')}&username=reconcile"
    answer = wire.get(f"{path}/GETENTITYDATABYSCHOOLID?{query}&password={wire.login()['password']}")
    assert len(answer.rows()) == 1


def test_parameters_match_whatever_their_capitals(wire: Wire) -> None:
    """The vendor's page writes them with a capital letter, the service with a small one."""
    values = {"SchoolID": "20001", "EntityName": "Students", "EntityFilter": PELLOW, "Username": "reconcile",
              "Password": wire.login()["password"]}  # fmt: skip
    assert len(wire.call("getEntityDataBySchoolID", values).rows()) == 1


def test_without_an_action_the_body_says_what_is_asked(wire: Wire) -> None:
    """Clients differ in which header they send; the body's first child settles it."""
    body = (f'<s:Envelope xmlns:s="{ENVELOPES["soap11"]}"><s:Body><testDatabaseConnection xmlns="http://tempuri.org/">'
            "<schoolID>20001</schoolID></testDatabaseConnection></s:Body></s:Envelope>")  # fmt: skip
    answer = wire.post(SERVICE_PATH, body, {"Content-Type": "text/xml"})
    assert "<testDatabaseConnectionResult>true</testDatabaseConnectionResult>" in answer.text


@pytest.mark.parametrize(
    ("operation", "values", "expected"),
    [
        ("findEntities", {}, "<EntityName>Students</EntityName>"),
        ("findEntitiesBySchoolIDAsXml", {"schoolID": "20001"}, "&lt;EntityName&gt;Students&lt;/EntityName&gt;"),
        ("getEntityData", {"entityName": "Students", "entityFilter": PELLOW}, "<LastName>Pellow</LastName>"),
        ("getEntityDataBySchoolIDAsXml", {"schoolID": "20001", "entityName": "Students", "entityFilter": PELLOW},
         "&lt;LastName&gt;Pellow&lt;/LastName&gt;"),
        ("validateExcelAddInAccount", {"schoolID": "20001"}, ">true<"),
    ],
)  # fmt: skip
def test_the_other_operations_answer(wire: Wire, operation: str, values: dict[str, str], expected: str) -> None:
    """The older and the AsXml operations give what their BySchoolID siblings give."""
    assert expected in wire.call(operation, values | wire.login()).text


@pytest.mark.parametrize(("school_id", "expected"), [("20001", "true"), ("20002", "false")])
def test_the_connection_test_asks_for_no_credentials(wire: Wire, school_id: str, expected: str) -> None:
    """It answers for the school at this address only."""
    answer = wire.call("testDatabaseConnection", {"schoolID": school_id}, binding="get")
    assert f'<boolean xmlns="http://tempuri.org/">{expected}</boolean>' in answer.text


def test_an_operation_that_is_not_simulated_says_so(wire: Wire) -> None:
    """The WSDL names it, as the real one does; the answer is a fault."""
    answer = wire.call("getFMS6Data", {"schoolID": "20001", **wire.login(), "dataRequestType": "x"})
    assert answer.status == 500
    assert "does not offer getFMS6Data" in answer.text


@pytest.mark.parametrize(
    ("binding", "media", "words"),
    [
        ("soap11", "text/xml; charset=utf-8", "<faultcode>soap:Server</faultcode>"),
        ("soap12", "application/soap+xml; charset=utf-8", "<soap:Value>soap:Receiver</soap:Value>"),
        ("get", "text/plain; charset=utf-8", "Invalid column name 'Nope'"),
        ("post", "text/plain; charset=utf-8", "Invalid column name 'Nope'"),
    ],
)
def test_a_bad_filter_is_a_fault_of_the_binding(wire: Wire, binding: str, media: str, words: str) -> None:
    """HTTP 500 in the binding's own form, beginning as ASP.NET begins."""
    answer = wire.entity("Students", "Nope = 1", binding=binding)
    assert (answer.status, answer.headers["content-type"]) == (500, media)
    assert words in answer.text
    assert "Server was unable to process request." in answer.text


def test_an_unknown_action_and_a_school_number_that_is_none_blame_the_client(wire: Wire) -> None:
    """Both are answered before any credentials are looked at."""
    assert (
        "did not recognize the value of HTTP Header SOAPAction: dropEverything" in wire.call("dropEverything", {}).text
    )
    answer = wire.call("testDatabaseConnection", {"schoolID": "abc"})
    assert "<faultcode>soap:Client</faultcode><faultstring>Input string" in answer.text


@pytest.mark.parametrize(
    "body",
    [
        "<not closed",
        "<html/>",
        f'<s:Envelope xmlns:s="{ENVELOPES["soap11"]}"><s:Body/></s:Envelope>',
        f'<!DOCTYPE x [<!ENTITY e "x">]><s:Envelope xmlns:s="{ENVELOPES["soap11"]}"><s:Body><a/></s:Body></s:Envelope>',
    ],
)
def test_what_is_no_request_is_answered_with_400(wire: Wire, body: str) -> None:
    """Not XML, not an envelope, nothing asked, or a document type."""
    assert wire.post(SERVICE_PATH, body, {"Content-Type": "text/xml"}).status == 400


def test_another_path_or_another_school_is_not_found(wire: Wire) -> None:
    """Schools that drop files have no read service."""
    assert wire.get("/Nucleus/").status == 404
    assert Wire(wire.simulator, "DNE").get(SERVICE_PATH + "?WSDL").status == 404


def test_help_pages_show_every_operation_with_a_form(wire: Wire) -> None:
    """School staff use the form in a browser to see which entities are granted."""
    listed = wire.get(SERVICE_PATH).text
    assert all(f"?op={name}" in listed for name in OPERATIONS)
    page = wire.get(f"{SERVICE_PATH}?op=findEntitiesBySchoolID").text
    assert '<input name="schoolID">' in page
    assert wire.get(f"{SERVICE_PATH}?op=nothing").status == 404
    assert "?wsdl" in wire.get(f"{SERVICE_PATH}?disco").text


def test_a_connection_serves_several_requests(wire: Wire) -> None:
    """Keep-alive holds, so a client need not connect for each entity."""
    path = f"/AVN{SERVICE_PATH}/testDatabaseConnection?schoolID=20001"
    two = "".join(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: {how}\r\n\r\n" for how in ("keep-alive", "close"))
    assert wire.exchange(two.encode()).count(b"true</boolean>") == 2


def test_a_client_of_http_1_0_gets_a_length_instead_of_chunks(wire: Wire) -> None:
    """Old clients know no chunks."""
    path = f"/AVN{SERVICE_PATH}/testDatabaseConnection?schoolID=20001"
    received = wire.exchange(f"GET {path} HTTP/1.0\r\n\r\n".encode())
    assert b"Content-Length" in received
    assert b"chunked" not in received


def test_an_oversized_or_unmeasured_request_is_refused(wire: Wire) -> None:
    """The body must say its length, and not more than 8 MB."""
    assert wire.send("POST", SERVICE_PATH, "", {"Content-Length": "99999999"}).status == 413
    assert wire.send("POST", SERVICE_PATH, "", {"Content-Length": "many"}).status == 411

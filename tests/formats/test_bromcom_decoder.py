"""Rows out of a .NET DataSet: what is read, what is refused, in how much memory (T9)."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import MalformedSourceError, RefusedSourceError, SourceError, TransientSourceError
from reconciler.formats.bromcom.decoder import DataSet, RawRow
from reconciler.formats.bromcom.encoder import SOAP11, SOAP12
from reconciler.formats.bromcom.faults import sniff_fault

SCHEMA = """<xs:schema id="NewDataSet" xmlns="" xmlns:xs="http://www.w3.org/2001/XMLSchema"
  xmlns:msdata="urn:schemas-microsoft-com:xml-msdata">
 <xs:element name="NewDataSet" msdata:IsDataSet="true"><xs:complexType><xs:choice minOccurs="0" maxOccurs="unbounded">
  <xs:element name="Table"><xs:complexType><xs:sequence>
   <xs:element name="StudentID" type="xs:int" minOccurs="0"/>
   <xs:element name="LastName" minOccurs="0"><xs:simpleType><xs:restriction base="xs:string">
     <xs:maxLength value="20"/></xs:restriction></xs:simpleType></xs:element>
   <xs:element name="Home_x0020_Room" type="xs:string" minOccurs="0"/>
  </xs:sequence></xs:complexType></xs:element></xs:choice></xs:complexType></xs:element></xs:schema>"""
DIFFGRAM = """<diffgr:diffgram xmlns:msdata="urn:schemas-microsoft-com:xml-msdata"
  xmlns:diffgr="urn:schemas-microsoft-com:xml-diffgram-v1">{}</diffgr:diffgram>"""
TWO = """<NewDataSet xmlns="">
 <Table diffgr:id="Table1" msdata:rowOrder="0"><StudentID>7</StudentID><LastName>Ó Néill  </LastName></Table>
 <Table diffgr:id="Table2" msdata:rowOrder="1"><StudentID>8</StudentID><Home_x0020_Room>B1</Home_x0020_Room></Table>
</NewDataSet>"""


def soap(inside: str, *, namespace: str = SOAP11, before: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?>{before}<soap:Envelope xmlns:soap="{namespace}"><soap:Body>'
        f'<getEntityDataBySchoolIDResponse xmlns="http://tempuri.org/"><getEntityDataBySchoolIDResult>{inside}'
        f"</getEntityDataBySchoolIDResult></getEntityDataBySchoolIDResponse></soap:Body></soap:Envelope>"
    ).encode()


def data_set(rows: str = TWO, **more: str) -> bytes:
    return soap(SCHEMA + DIFFGRAM.format(rows), **more)


def decoded(body: bytes, step: int = 65536) -> list[RawRow]:
    return list(DataSet((body[i : i + step] for i in range(0, len(body), step)), entity="Students"))


def code_of(body: bytes) -> str:
    with pytest.raises(SourceError) as caught:
        decoded(body)
    return caught.value.code


ROWS = [{"StudentID": "7", "LastName": "Ó Néill  "}, {"StudentID": "8", "Home Room": "B1"}]


@pytest.mark.parametrize(
    "body",
    [
        data_set(),
        data_set(namespace=SOAP12),
        f'<DataSet xmlns="http://tempuri.org/">{SCHEMA}{DIFFGRAM.format(TWO)}</DataSet>'.encode(),
    ],
    ids=["SOAP 1.1", "SOAP 1.2", "GET and POST"],
)
def test_rows_come_as_texts_in_document_order(body: bytes) -> None:
    """NULL is an absent column; values are as sent, padding included; escaped names are unescaped."""
    assert decoded(body) == ROWS


@given(st.integers(min_value=1, max_value=200))
def test_rows_do_not_depend_on_how_the_bytes_arrive(step: int) -> None:
    """A network cuts where it likes."""
    assert decoded(data_set(), step) == ROWS


def test_columns_are_known_without_a_row() -> None:
    """The inline schema lists them, with an inner type too."""
    found = DataSet([data_set("")], entity="Students")
    assert list(found) == []
    assert found.columns == ("StudentID", "LastName", "Home Room")


@pytest.mark.parametrize("rows", ["", '<NewDataSet xmlns=""/>'])
def test_no_rows_are_a_success(rows: str) -> None:
    """An empty diffgram says that there is nothing."""
    assert decoded(data_set(rows)) == []


def test_nil_is_an_absent_column() -> None:
    """Not how a DataSet marks NULL, but what it means where it comes."""
    row = ('<NewDataSet xmlns="" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><Table><StudentID>7</StudentID>'
           '<LastName xsi:nil="true"/></Table></NewDataSet>')  # fmt: skip
    assert decoded(data_set(row)) == [{"StudentID": "7"}]


@given(st.integers(min_value=1, max_value=len(data_set()) - 1))
def test_a_cut_document_always_raises(cut: int) -> None:
    """At whatever byte: rows may have come, but never a quiet end."""
    with pytest.raises(MalformedSourceError):
        decoded(data_set()[:cut])


BOMB = '<!DOCTYPE s [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
) + "]>"  # fmt: skip
OUTSIDE = '<!DOCTYPE s [<!ENTITY j SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("doctype", [BOMB, OUTSIDE, "<!DOCTYPE s>", '<!DOCTYPE s SYSTEM "http://127.0.0.1:9/x.dtd">'])
def test_any_document_type_is_refused_at_once(doctype: str) -> None:
    """Bare, with entities, with a bomb of them, with an address to fetch."""
    began = time.monotonic()
    assert code_of(data_set(TWO.replace("B1", "&j;"), before=doctype)) in ("bromcom.dtd", "bromcom.xml")
    assert code_of(data_set(before=doctype)) == "bromcom.dtd"
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bromcom.xml"),
        (b"<html><body><p>Please sign in</p></body></html>", "bromcom.not_dataset"),
        (b"<html><body><p>Please sign in</body></html>", "bromcom.xml"),
        (data_set().replace("Ó".encode(), b"\xd3"), "bromcom.encoding"),
        (data_set() + b"<more/>", "bromcom.xml"),
        (soap(""), "bromcom.not_dataset"),
        (soap(SCHEMA), "bromcom.not_dataset"),
        (data_set('<NewDataSet xmlns=""><Tabel><StudentID>7</StudentID></Tabel></NewDataSet>'), "bromcom.not_dataset"),
        (data_set("<NewDataSet xmlns=''><Table><a><Table><StudentID>7</StudentID></Table></a></Table></NewDataSet>"),
         "bromcom.not_dataset"),
        (data_set("<NewDataSet xmlns=''><Table><StudentID>7<b/></StudentID></Table></NewDataSet>"),
         "bromcom.not_dataset"),
        (data_set("<diffgr:errors/>"), "bromcom.not_dataset"),
        (b'<soap:Envelope xmlns:soap="%s">' % SOAP11.encode() + b"<a>" * 50_000, "bromcom.xml"),
        (b'<Other xmlns="x"><Table><StudentID>7</StudentID></Table></Other>', "bromcom.not_dataset"),
    ],
)  # fmt: skip
def test_what_is_not_a_dataset_is_malformed(body: bytes, code: str) -> None:
    """Better no answer than half of one."""
    assert code_of(body) == code


def test_errors_hold_nothing_of_the_answer() -> None:
    """A parser's own message may quote the text it stopped at."""
    with pytest.raises(MalformedSourceError) as caught:
        decoded(data_set()[:-20].replace(b"</LastName>", b"</FirstName>"))
    told = f"{caught.value!r} {vars(caught.value)}"
    assert "ill" not in told
    assert "LastName" not in told


def test_memory_does_not_grow_with_the_rows() -> None:
    """Two hundred thousand columns pass through; one row is held."""

    def rows() -> Iterator[bytes]:
        head, _, tail = data_set("<NewDataSet xmlns=''>@</NewDataSet>").partition(b"@")
        yield head
        for _ in range(20_000):
            yield b"<Table>" + b"".join(b"<C%d>value</C%d>" % (n, n) for n in range(10)) + b"</Table>"
        yield tail

    def count(chunks: Iterable[bytes]) -> int:
        return sum(1 for _ in DataSet(chunks, entity="Students"))

    tracemalloc.start()
    assert count(rows()) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


# -- faults -----------------------------------------------------------------------------------------------------------


def fault(text: str, *, code: str = "soap:Server") -> bytes:
    return (f'<soap:Envelope xmlns:soap="{SOAP11}"><soap:Body><soap:Fault><faultcode>{code}</faultcode>'
            f"<faultstring>{text}</faultstring></soap:Fault></soap:Body></soap:Envelope>").encode()  # fmt: skip


def fault12(text: str, *, code: str = "soap:Receiver") -> bytes:
    return (f'<soap:Envelope xmlns:soap="{SOAP12}"><soap:Body><soap:Fault><soap:Code><soap:Value>{code}</soap:Value>'
            f'</soap:Code><soap:Reason><soap:Text xml:lang="en">{text}</soap:Text></soap:Reason></soap:Fault>'
            f"</soap:Body></soap:Envelope>").encode()  # fmt: skip


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (fault("Server was unable to process request. ---> Timeout expired."), TransientSourceError, "bromcom.fault"),
        (fault12("Server was unable to process request."), TransientSourceError, "bromcom.fault"),
        (fault("Invalid user name or password"), RefusedSourceError, "source.credentials"),
        (fault12("Login failed for this account"), RefusedSourceError, "source.credentials"),
        (fault("School members could not be read"), RefusedSourceError, "perm.members"),
        (fault12("Access is denied", code="soap:Sender"), RefusedSourceError, "perm.members"),
        (fault("Server did not recognise the value of SOAPAction", code="soap:Client"), MalformedSourceError,
         "bromcom.fault"),
        (fault12("Incorrect syntax near ')'", code="soap:Sender"), MalformedSourceError, "bromcom.fault"),
    ],
)  # fmt: skip
def test_each_fault_has_its_verdict(body: bytes, kind: type[SourceError], code: str) -> None:
    """In both versions of SOAP; words decide, and the text is never repeated."""
    with pytest.raises(kind) as caught:
        decoded(body)
    assert caught.value.code == code
    assert "Timeout expired" not in caught.value.message


@pytest.mark.requirement(172, 174, 175, 180)
@pytest.mark.parametrize(
    ("entity", "code"),
    [("Students", "perm.members"), ("Staff", "perm.staff"), ("SubjectClasses", "perm.groups"),
     ("Timetable", "perm.timetables"), ("Locations", "source.not_granted")],
)  # fmt: skip
def test_the_same_words_are_told_apart_by_what_was_read(entity: str, code: str) -> None:
    """`School members could not be read` means pupils or staff, depending on where it comes."""
    with pytest.raises(RefusedSourceError) as caught:
        list(DataSet([fault("School members could not be read")], entity=entity))
    assert caught.value.code == code


@pytest.mark.parametrize("body", [b"", b"oops", b"<a/>", b"<a>", data_set()])
def test_other_bodies_are_no_fault(body: bytes) -> None:
    """Status 500 comes with any body."""
    assert sniff_fault([body] if body else []) is None


def test_a_fault_is_found_however_it_is_cut() -> None:
    """As it comes over the network."""
    body = fault("x")
    found = sniff_fault(body[i : i + 3] for i in range(0, len(body), 3))
    assert found is not None
    assert not found.caller

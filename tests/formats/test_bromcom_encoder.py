"""Requests in four bindings, and filters that no value can break out of."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.formats.bromcom import filters
from reconciler.formats.bromcom.encoder import (
    SOAP11,
    SOAP12,
    Binding,
    encode,
    find_entities,
    get_entity_data,
)

NASTY = 'O\'Dea </username>&<x> "quoted" ż\r\n'
XML_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")) | st.sampled_from("\t\n\r'\"<>&")
).filter(lambda text: not re.search("[\ufffe\uffff]", text))


def asked(value: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    operation, parameters = get_entity_data(
        school_id=20001, entity="Students", entity_filter=value, username="reconcile", password=value
    )
    return operation, tuple(parameters)


@pytest.mark.parametrize(("binding", "namespace"), [(Binding.SOAP11, SOAP11), (Binding.SOAP12, SOAP12)])
def test_an_envelope_holds_the_parameters_in_schema_order(binding: Binding, namespace: str) -> None:
    """Document/literal wrapped, in the service's own namespace."""
    request = encode(*asked(NASTY), binding)
    operation = ElementTree.fromstring(request.body).find(f"{{{namespace}}}Body/*")  # noqa: S314 (our own text)
    assert operation is not None
    assert operation.tag == "{http://tempuri.org/}getEntityDataBySchoolID"
    assert [(child.tag.rpartition("}")[2], child.text) for child in operation] == [
        ("schoolID", "20001"), ("entityName", "Students"), ("entityFilter", NASTY), ("username", "reconcile"),
        ("password", NASTY),
    ]  # fmt: skip


def test_soap_11_names_its_action_in_a_header() -> None:
    """Quoted, as the description of the service has it."""
    headers = dict(encode(*asked(""), Binding.SOAP11).headers)
    assert headers["SOAPAction"] == '"http://tempuri.org/getEntityDataBySchoolID"'
    assert headers["Content-Type"] == "text/xml; charset=utf-8"


def test_soap_12_names_its_action_in_the_media_type() -> None:
    """There is no SOAPAction header in SOAP 1.2."""
    headers = dict(encode(*asked(""), Binding.SOAP12).headers)
    assert headers == {
        "Content-Type": 'application/soap+xml; charset=utf-8; action="http://tempuri.org/getEntityDataBySchoolID"'
    }


@pytest.mark.parametrize("binding", [Binding.POST, Binding.GET])
def test_forms_name_the_operation_in_the_path(binding: Binding) -> None:
    """Same names, all as texts."""
    request = encode(*asked(NASTY), binding)
    text = request.query or request.body.decode()
    assert request.path == "/getEntityDataBySchoolID"
    assert dict(parse_qsl(text, keep_blank_values=True))["entityFilter"] == NASTY


def test_listing_entities_needs_no_more_than_the_account() -> None:
    """Three parameters."""
    operation, parameters = find_entities(school_id=1, username="u", password="p")
    assert (operation, [name for name, _ in parameters]) == (
        "findEntitiesBySchoolID", ["schoolID", "username", "password"],
    )  # fmt: skip


def test_a_request_does_not_show_its_password() -> None:
    """Not when it is printed by mistake."""
    for binding in Binding:
        assert "canary" not in repr(encode(*asked("canary"), binding))


@given(XML_TEXT)
def test_every_text_survives_the_envelope(value: str) -> None:
    """What the server reads is what was meant, line ends included."""
    body = encode(*asked(value), Binding.SOAP11).body
    found = ElementTree.fromstring(body).findtext(f".//{{http://tempuri.org/}}entityFilter")  # noqa: S314, F541
    assert (found or "") == value


# -- filters ----------------------------------------------------------------------------------------------------------


@given(st.text())
def test_no_value_leaves_its_quotes(value: str) -> None:
    """Read back as T-SQL reads a literal, it is the value again, with nothing behind it."""
    literal = filters.quote(value)
    assert literal[0] == literal[-1] == "'"
    inside = literal[1:-1]
    assert "'" not in inside.replace("''", "")
    assert inside.replace("''", "'") == value


def test_whole_numbers_stand_bare_and_nothing_else_does() -> None:
    """Ids are numbers there; what is none is quoted."""
    assert filters.any_of("StudentID", ["1", "22"]) == "StudentID IN (1,22)"
    assert filters.any_of("StudentID", ["1) OR (1=1", "٣"]) == "StudentID IN ('1) OR (1=1','٣')"


def test_chunks_hold_every_value_once() -> None:
    """In order, none longer than the size."""
    chunks = list(filters.chunked(map(str, range(7)), 3))
    assert [len(chunk) for chunk in chunks] == [3, 3, 1]
    assert [value for chunk in chunks for value in chunk] == [str(n) for n in range(7)]
    assert list(filters.chunked([], 3)) == []


def test_days_are_counted_at_both_ends() -> None:
    """An open end counts as lasting."""
    one, two = date(2026, 9, 1), date(2027, 7, 31)
    assert filters.current(one) == "'2026-09-01' BETWEEN StartDate AND ISNULL(EndDate, '2026-09-01')"
    assert filters.in_force(one, two) == (
        "ISNULL(StartDate, '2026-09-01') <= '2027-07-31' AND ISNULL(EndDate, '2026-09-01') >= '2026-09-01'"
    )
    assert filters.between("PeriodStartDate", one, two) == (
        "PeriodStartDate >= '2026-09-01T00:00:00' AND PeriodStartDate <= '2027-07-31T23:59:59'"
    )


def test_parts_are_joined_without_changing_what_they_mean() -> None:
    """An OR inside a part stays inside it; empty parts vanish."""
    assert filters.both("a = 1 OR b = 2", "", "c = 3") == "(a = 1 OR b = 2) AND c = 3"
    assert filters.both("", "") == ""

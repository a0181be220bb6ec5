"""Cells of OneRoster files: lists, typed ids, words and dates."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.formats.oneroster.headers import TABLES, likeness
from reconciler.formats.oneroster.manifest import read_manifest
from reconciler.formats.oneroster.values import (
    CONTACT_ROLES,
    STAFF_ROLES,
    STUDENT_ROLES,
    read_date,
    read_list,
    read_word,
    typed_ids,
)


@given(st.dates(min_value=date(1900, 1, 1)))
def test_iso_dates_are_the_standard(day: date) -> None:
    """Read, and nothing to report."""
    assert read_date(day.isoformat()) == (day, True)


@given(st.dates(min_value=date(1900, 1, 1)))
def test_day_comes_before_month(day: date) -> None:
    """As everywhere in England; reported."""
    assert read_date(day.strftime("%d/%m/%Y")) == (day, False)


@pytest.mark.parametrize("text", ["2026-13-01", "31/02/2026", "12/31/2026", "2026", "1/2", "yesterday"])
def test_what_is_no_date_raises(text: str) -> None:
    """Never the nearest one."""
    with pytest.raises(ValueError, match=r"date|month|day"):
        read_date(text)


def test_an_empty_cell_is_no_date_and_no_breach() -> None:
    """Bulk files leave many of them empty."""
    assert read_date("") == (None, True)


def test_ids_have_a_type() -> None:
    """Types in any case; the first of a type counts."""
    assert typed_ids("{UPN:A1},{ LDAP : x@y:z },{upn:B2}") == {"upn": "A1", "ldap": "x@y:z"}
    assert typed_ids("plain") == {}


def test_lists_are_commas_in_a_cell() -> None:
    """Spaces around values and empty values do not count."""
    assert read_list(" a, b,,c ") == ("a", "b", "c")


def test_words_forgive_case_only() -> None:
    """And say so."""
    assert read_word("teacher", STAFF_ROLES) == ("teacher", True)
    assert read_word("Teacher", STAFF_ROLES) == ("teacher", False)
    with pytest.raises(ValueError, match="list"):
        read_word("teachers", STAFF_ROLES)


def test_no_role_is_two_things() -> None:
    """Pupil, staff and contact never overlap."""
    assert not STUDENT_ROLES & STAFF_ROLES
    assert not STAFF_ROLES & CONTACT_ROLES
    assert not STUDENT_ROLES & CONTACT_ROLES


def test_no_private_column_is_ever_read() -> None:
    """Passwords, ethnicity, needs, addresses and phone numbers have no name of ours."""
    read = {name for table in TABLES.values() for names in table.columns.values() for name in names}
    assert not read & {"password", "sex", "asian", "white", "ethnicityCodes", "raceCodes", "flag", "email", "phone",
                       "sms", "cityOfBirth", "relationshipRole", "username"}  # fmt: skip


def test_columns_tell_whose_file_it_is() -> None:
    """For files that were copied under another's name."""
    assert likeness(frozenset({"classSourcedId", "userSourcedId", "role", "primary"})) == "enrollments"
    assert likeness(frozenset({"colour", "size"})) == ""


def test_a_manifest_names_the_mode_of_each_file() -> None:
    """What it does not name is absent."""
    found = read_manifest(b"\xef\xbb\xbfpropertyName,value\r\noneroster.version,1.2\r\nfile.users,Bulk\r\n")
    assert (found.version, found.mode("users"), found.mode("classes")) == ("1.2", "bulk", "absent")

"""The 34 attendance codes in force since August 2024, their class, and the rate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.records.academic import AcademicEntity, academic_columns
from reconciler.records.academic_mapping import academic_mapper
from reconciler.records.attendance_codes import abolished_codes, attendance_codes, attendance_rate
from reconciler.records.mapping import UnusableRow
from tests.academic.scripted import mark

PRESENT = ["/", "\\", "L"]
ACTIVITY = ["K", "V", "P", "W", "B"]
AUTHORISED = ["C1", "M", "J1", "S", "C2", "C", "T", "R", "I", "E"]
UNAUTHORISED = ["G", "N", "O", "U"]
NOT_POSSIBLE = ["D", "X", "Q", "Y1", "Y2", "Y3", "Y4", "Y5", "Y6", "Y7", "Z", "#"]
TABLE = [
    *((code, "present") for code in PRESENT),
    *((code, "approved_activity") for code in ACTIVITY),
    *((code, "authorised") for code in AUTHORISED),
    *((code, "unauthorised") for code in UNAUTHORISED),
    *((code, "not_possible") for code in NOT_POSSIBLE),
]


def mapped(code: str) -> dict[str, object]:
    source = mark(code=code)
    row = academic_mapper(AcademicEntity.ATTENDANCE_MARKS)(source.key, source.values)
    return dict(zip(academic_columns(AcademicEntity.ATTENDANCE_MARKS), row, strict=True))


def refused(code: str) -> UnusableRow:
    with pytest.raises(UnusableRow) as caught:
        mapped(code)
    return caught.value


@pytest.mark.requirement(59)
def test_there_are_34_codes_of_which_12_are_new() -> None:
    """As many as the national list of August 2024 has."""
    assert len(attendance_codes()) == 34 == len(TABLE)
    assert {"K", "C1", "C2", "J1", "Q", *(f"Y{n}" for n in range(1, 8))} <= attendance_codes().keys()


@pytest.mark.requirement(59)
@pytest.mark.parametrize(("code", "expected"), TABLE, ids=[code for code, _ in TABLE])
def test_each_code_has_its_statistical_class(code: str, expected: str) -> None:
    """The class is stored beside the code, so that nobody works it out anew from a letter."""
    assert mapped(code)["statistical_class"] == expected


@pytest.mark.parametrize("code", ["J1", "C1", "C2", "Y1"])
def test_a_code_of_two_characters_is_not_read_by_its_first_letter(code: str) -> None:
    """J and Y are codes no more, and C1 and C2 are not C: what is meant is the whole code."""
    assert mapped(code)["code"] == code
    assert attendance_codes()[code].meaning != getattr(attendance_codes().get(code[0]), "meaning", "")


@pytest.mark.parametrize("code", ["J2", "Y8", "Y0", "C3", "L1", "PP", "1", "?", "A", "F"])
def test_an_unknown_code_is_refused_and_named(code: str) -> None:
    """It is never mapped to another, not even by a first letter that is one (C29)."""
    error = refused(code)
    assert error.code == "attendance.unknown_code"
    assert repr(code) in error.message


@pytest.mark.parametrize(("code", "instead"), [("H", "G"), ("J", "J1"), ("Y", "Y7")])
def test_an_abolished_code_is_refused_with_what_replaced_it(code: str, instead: str) -> None:
    """H, J and Y ended in August 2024."""
    error = refused(code)
    assert error.code == "attendance.abolished_code"
    assert instead in error.message
    assert abolished_codes().keys() == {"H", "J", "Y"}
    assert not abolished_codes().keys() & attendance_codes().keys()


@given(text=st.text(min_size=3, max_size=60).filter(lambda text: len(text.strip()) > 2 and text.isprintable()))
def test_a_text_where_a_mark_should_be_is_not_repeated(text: str) -> None:
    """Somebody may have typed a sentence about a child into the field."""
    error = refused(text)
    assert error.code == "attendance.unknown_code"
    assert text.strip() not in error.message


def test_padding_and_small_letters_do_not_matter() -> None:
    """Columns of fixed width are padded."""
    assert mapped(" j1  ")["code"] == "J1"
    assert mapped("/    ")["code"] == "/"


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["/", "\\"], 1.0),
        (["/", "N"], 0.5),
        (["V", "B", "K", "P", "W", "L", "I", "G"], 0.75),
        (["/", "D", "X", "Y4", "#", "Z", "Q"], 1.0),
        (["C2", "J1", "C1", "/"], 0.25),
        (["D", "#"], None),
        ([], None),
    ],
)
def test_the_rate_counts_sessions_attended_of_sessions_possible(codes: list[str], expected: float | None) -> None:
    """(present + approved activity) of (present + approved activity + authorised + unauthorised)."""
    assert attendance_rate(codes) == expected


def test_the_rate_refuses_a_code_that_is_not_in_force() -> None:
    """A rate over guesses would be none."""
    with pytest.raises(KeyError):
        attendance_rate(["/", "J"])


@given(codes=st.lists(st.sampled_from([code for code, _ in TABLE])))
def test_the_rate_lies_between_0_and_1_and_is_not_moved_by_impossible_sessions(codes: list[str]) -> None:
    """Whatever is not a possible attendance stands outside the fraction."""
    rate = attendance_rate(codes)
    assert rate is None or 0 <= rate <= 1
    assert attendance_rate([*codes, "D", "Y4", "#"]) == rate

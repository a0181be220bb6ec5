"""The words of every stage: valid once built, or refused with a reason."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.vocabulary import upn
from reconciler.vocabulary.codes import AcademicYear, SchoolCode
from reconciler.vocabulary.slots import Slot
from reconciler.vocabulary.suggestions import did_you_mean, nearest


@pytest.mark.requirement(6)
@pytest.mark.parametrize("text", ["2026-2028", "2026", "2027-2026", "26-27", "2026/2027", "2026-2027 "])
def test_an_academic_year_is_one_year_without_a_gap(text: str) -> None:
    """Two years, a gap or another spelling is refused."""
    with pytest.raises(ValueError, match="year"):
        AcademicYear.parse(text)


@pytest.mark.requirement(6)
def test_a_year_knows_what_touches_it() -> None:
    """A session counts for the year that it overlaps, at either end, open ends included."""
    year = AcademicYear.parse("2026-2027")
    assert year.overlaps(date(2026, 9, 1), date(2027, 7, 20))
    assert year.overlaps(None, date(2026, 8, 1))
    assert not year.overlaps(date(2027, 8, 1), None)
    assert not year.overlaps(None, date(2026, 7, 31))
    assert str(year) == "2026-2027"


@pytest.mark.requirement(17)
@pytest.mark.parametrize("text", ["a", "avn", "A", "ABCDEFG", "A-B", "AVN\n", ""])
def test_a_school_code_is_two_to_six_capitals_or_digits(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="school code"):
        SchoolCode(text)


@given(st.integers(1, 9), st.integers(1, 7), st.text(min_size=1, alphabet="ABCP123 .:"))
def test_a_slot_reads_back_as_written(week: int, day: int, period: str) -> None:
    """Whatever the period is called."""
    slot = Slot(week, day, period)
    assert Slot.parse(str(slot)) == slot


@pytest.mark.parametrize("text", ["W0Mon.P1", "Mon.P1", "W1Mon", "W1Mon.", "1:5", ""])
def test_a_slot_written_otherwise_is_refused(text: str) -> None:
    """No guess is made."""
    with pytest.raises(ValueError, match="slot"):
        Slot.parse(text)


@pytest.mark.parametrize(("tail", "letter"), [("201100018042", "R"), ("801200001001", "H")])
def test_the_check_letter_of_a_upn_follows_the_published_vectors(tail: str, letter: str) -> None:
    """Two published numbers."""
    assert upn.check_letter(tail) == letter
    assert upn.is_valid(letter + tail)


def test_a_wrong_check_letter_is_noticed() -> None:
    """Every other letter is invalid."""
    assert [c for c in "ABCDEFGHJKLMNPQRTUVWXYZ" if upn.is_valid(c + "201100018042")] == ["R"]


def test_a_temporary_upn_ends_in_a_letter() -> None:
    """And may still be valid."""
    temporary = upn.check_letter("99940012601A") + "99940012601A"
    assert upn.is_valid(temporary)
    assert upn.is_temporary(temporary)
    assert not upn.is_temporary("R201100018042")


def test_suggestions_forgive_case_before_spelling() -> None:
    """`Student` is near `Students`; a far word suggests nothing."""
    assert nearest("STUDENTS", ["Students", "Staff"]) == ["Students"]
    assert did_you_mean("Student", ["Students", "Staff"]) == "did you mean 'Students'?"
    assert did_you_mean("zzz", ["Students"]) == ""

"""School codes in front of ids: what is put on comes off again, and ids of two schools never meet."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.records.entities import COLUMNS
from reconciler.records.identifiers import IDENTIFIERS, claimed, folded
from reconciler.records.prefixes import prefixed, stripped

CODES = st.text("ABCDEFGHJKLMN0123456789", min_size=2, max_size=6)
SEPARATORS = st.sampled_from(["", "-", "_", "/"])
VALUES = st.text(min_size=1, max_size=12)


@pytest.mark.requirement(13, 14, 15)
@given(value=VALUES, code=CODES, separator=SEPARATORS)
def test_stripping_takes_off_exactly_what_prefixing_put_on(value: str, code: str, separator: str) -> None:
    """Also where the school's own number begins with its code or holds the separator."""
    there = prefixed(value, short_code=code, separator=separator)
    assert stripped(there, short_code=code, separator=separator) == value


@pytest.mark.requirement(13, 17)
@given(codes=st.tuples(CODES, CODES), values=st.tuples(VALUES, VALUES), separator=SEPARATORS)
def test_ids_of_two_schools_never_meet_under_codes_that_are_free_of_each_other(
    codes: tuple[str, str], values: tuple[str, str], separator: str
) -> None:
    """Which is why a code may not begin with another one unless a separator stands between."""
    one, other = codes
    assume(one != other and (separator or not (one.startswith(other) or other.startswith(one))))
    assert prefixed(values[0], short_code=one, separator=separator) != prefixed(
        values[1], short_code=other, separator=separator
    )


@given(value=VALUES)
def test_only_capitals_of_a_to_z_are_folded(value: str) -> None:
    """As both engines do it; folding twice is folding once."""
    assert folded(folded(value)) == folded(value)
    assert folded(value) == "".join(c.lower() if c.isascii() else c for c in value)


@pytest.mark.requirement(10, 14, 15)
def test_the_flag_for_admission_numbers_speaks_for_tutor_groups_and_not_for_staff() -> None:
    """One flag, two identifiers; anything but true claims nothing."""
    assert [i.noun for i in claimed({"admission_numbers_unique": True})] == ["admission number", "tutor group"]
    assert [i.noun for i in claimed({"staff_codes_unique": True})] == ["staff code"]
    assert claimed({"admission_numbers_unique": False, "staff_codes_unique": "yes"}) == ()


def test_every_identifier_names_columns_that_exist() -> None:
    """The school's own and the one that the hub derives."""
    for identifier in IDENTIFIERS:
        columns = {column.name: column.derived for column in COLUMNS[identifier.entity]}
        assert (columns[identifier.column], columns[identifier.hub_column]) == (False, True)

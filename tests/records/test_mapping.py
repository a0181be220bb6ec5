"""Source values become canonical rows: one spelling, lengths checked, the hub's columns derived."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.records.entities import COLUMNS, ColumnType, Entity, column_names, source_columns
from reconciler.records.mapping import MappingRules, UnusableRow, hub_slots, mapper
from reconciler.records.prefixes import prefixed, stripped
from reconciler.records.row_digest import digester
from reconciler.records.text import clean

RULES = MappingRules(short_code="AVN", slots={"W1Mon.P1": ("W1Mon.P1", "W2Mon.P1")})


def mapped(entity: Entity, rules: MappingRules = RULES, key: str = "1", **values: object) -> dict[str, object]:
    row = mapper(entity, rules)(key, values)
    return dict(zip(column_names(entity), row, strict=True))


def refused(entity: Entity, **values: object) -> UnusableRow:
    with pytest.raises(UnusableRow) as error:
        mapped(entity, **values)
    return error.value


@pytest.mark.requirement(13, 14)
def test_admission_number_and_tutor_group_carry_the_short_code_and_keep_the_original() -> None:
    """`AVN` + `004512`: text, never a number, so that the zeros stay."""
    found = mapped(Entity.STUDENTS, surname="Pellow", admission_number="004512", tutor_group="12A")
    assert (found["admission_number"], found["hub_admission_number"]) == ("004512", "AVN004512")
    assert (found["tutor_group"], found["hub_tutor_group"]) == ("12A", "AVN12A")


@pytest.mark.requirement(15)
def test_staff_codes_have_a_flag_of_their_own() -> None:
    """Prefixing students says nothing about staff."""
    rules = MappingRules(short_code="AVN", prefix_students=True, prefix_staff=False)
    assert mapped(Entity.STAFF, rules, surname="Smithson", staff_code="JSM")["hub_staff_code"] == "JSM"
    assert mapped(Entity.STAFF, surname="Smithson", staff_code="JSM")["hub_staff_code"] == "AVNJSM"


def test_nothing_is_prefixed_where_there_is_nothing() -> None:
    """A student without a tutor group is in no group of the hub either."""
    found = mapped(Entity.STUDENTS, surname="Pellow", tutor_group="NoTutorGrp")
    assert (found["tutor_group"], found["hub_tutor_group"], found["hub_admission_number"]) == (None, None, None)


@pytest.mark.requirement(14)
@given(value=st.text(min_size=1), short_code=st.from_regex(r"[A-Z0-9]{2,6}", fullmatch=True),
       separator=st.sampled_from(["", "-", "/"]))  # fmt: skip
def test_prefixing_then_stripping_is_the_identity(value: str, short_code: str, separator: str) -> None:
    """An export gives a school its own values back."""
    hub = prefixed(value, short_code=short_code, separator=separator)
    assert stripped(hub, short_code=short_code, separator=separator) == value


def test_a_value_of_another_school_is_not_stripped() -> None:
    """Cutting three letters off blindly would make a wrong number."""
    with pytest.raises(ValueError, match="does not begin with 'AVN'"):
        stripped("BRK004512", short_code="AVN", separator="")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  NW   ", "NW"), ("\u00a0Quill\u00a0", "Quill"), ("Zoe\u0308", "Zoë"), ("L\u0301", "Ĺ"),
        ("Łukasz", "Łukasz"), ("Wŷn", "Wŷn"), ("O\u2019Dea", "O\u2019Dea"), ("two\r\nlines", "two  lines"),
        ("lost \ufffd", "lost \ufffd"),
    ],
)  # fmt: skip
def test_texts_are_trimmed_and_composed(written: str, kept: str) -> None:
    """Padding and the way an accent is written are no difference (C19, C23)."""
    assert clean(written) == kept


@given(st.text())
def test_a_cleaned_text_is_clean(text: str) -> None:
    """Cleaning twice changes nothing, so that a row that is held equals the row that comes."""
    try:
        once = clean(text)
    except ValueError:
        return
    assert clean(once) == once


def test_a_text_that_no_database_holds_is_refused_by_its_column() -> None:
    """A NUL would stop PostgreSQL in the middle of a commit."""
    for text in ("a\x00b", "\ud800"):
        error = refused(Entity.STUDENTS, surname=text)
        assert (error.code, error.message) == ("record.unusable_text", "surname holds a control character")


@pytest.mark.parametrize("column", [c for c in COLUMNS[Entity.STUDENTS] if c.type is ColumnType.TEXT and not c.derived],
                         ids=lambda column: column.name)  # fmt: skip
def test_a_text_that_does_not_fit_is_refused_before_a_database_could_cut_it(column: object) -> None:
    """Exactly the length fits, one more is rejected by name and without the value (C18)."""
    name, length = column.name, column.length
    fitting = {"surname": "Quill"} | {name: "7" * length}
    assert mapped(Entity.STUDENTS, **fitting)[name] == "7" * length
    error = refused(Entity.STUDENTS, **(fitting | {name: "7" * (length + 1)}))
    assert error.code == "record.too_long"
    assert error.message == f"{name} has {length + 1} characters, and {length} are kept at most"


def test_a_prefixed_value_that_does_not_fit_is_refused_too() -> None:
    """The derived column has a length of its own."""
    rules = MappingRules(short_code="AVN", separator="-" * 20)
    with pytest.raises(UnusableRow, match="hub_admission_number has"):
        mapped(Entity.STUDENTS, rules, surname="Quill", admission_number="1" * 40)


@pytest.mark.parametrize("value", [None, "", "   "])
def test_a_required_field_must_be_there(value: str | None) -> None:
    """Blanks are nothing."""
    error = refused(Entity.STUDENTS, surname=value)
    assert (error.code, error.message) == ("record.missing_field", "surname is missing")


def test_the_key_stands_in_for_a_source_id_that_is_not_repeated_among_the_values() -> None:
    """A connector may give the id once."""
    assert mapped(Entity.ROOMS, key=" R1 ", name="Lab")["source_id"] == "R1"


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        (date(2009, 2, 28), date(2009, 2, 28)), ("2009-02-28", date(2009, 2, 28)),
        ("2009-02-28T00:00:00", date(2009, 2, 28)), (datetime(2009, 2, 28, 9, tzinfo=UTC), date(2009, 2, 28)),
        ("", None), (None, None), ("0001-01-01", None), ("9999-12-31T00:00:00", None),
    ],
)  # fmt: skip
def test_dates_are_dates(given_: object, kept: date | None) -> None:
    """Times fall away; the smallest and largest date of .NET mean none."""
    found = mapped(Entity.STUDENTS, surname="Quill", birth_date=given_)["birth_date"]
    assert (found, type(found)) == (kept, type(kept))


@pytest.mark.parametrize("text", ["28/02/2009", "soon", "2009-02-30"])
def test_a_date_that_cannot_be_read_rejects_the_row(text: str) -> None:
    """Day and month are never guessed."""
    assert refused(Entity.STUDENTS, surname="Quill", birth_date=text).code == "record.bad_date"


def test_upn_and_status_have_one_spelling() -> None:
    """Case is no difference (C19)."""
    found = mapped(Entity.STUDENTS, surname="Quill", upn=" a123456789012 ", enrolment_status="m")
    assert (found["upn"], found["enrolment_status"]) == ("A123456789012", "M")


def test_a_role_that_is_unknown_is_not_turned_into_another() -> None:
    """No quiet default (C29)."""
    good = {"class_id": "C1", "person_id": "S1"}
    assert mapped(Entity.MEMBERSHIPS, **good, role="Teacher")["role"] == "teacher"
    assert refused(Entity.MEMBERSHIPS, **good, role="aide").code == "record.unknown_value"


@pytest.mark.requirement(37)
def test_a_lesson_stands_in_every_hub_slot_of_its_partner_slot() -> None:
    """Many hub slots to one partner slot, in the order of the cycle; none where the map has none."""
    assert mapped(Entity.LESSONS, class_id="C1", partner_slot="W1Mon.P1")["hub_slots"] == "W1Mon.P1 W2Mon.P1"
    assert mapped(Entity.LESSONS, class_id="C1", partner_slot="W1Tue.P1")["hub_slots"] is None
    assert refused(Entity.LESSONS, class_id="C1", partner_slot="Monday 1").code == "record.bad_slot"


@pytest.mark.requirement(35, 37)
def test_a_period_map_is_turned_round() -> None:
    """`not_selected` reaches nothing; several hub slots of one partner slot come in the order of the cycle."""
    turned = hub_slots({"W2Mon.P1": "W1Mon.A", "W1Mon.P1": "W1Mon.A", "W1Mon.P2": None})
    assert turned == {"W1Mon.A": ("W1Mon.P1", "W2Mon.P1")}


@pytest.mark.parametrize("entity", list(Entity))
def test_a_canonical_row_has_every_column_in_order(entity: Entity) -> None:
    """Whatever a connector leaves out is None, and what it adds is not kept."""
    values = dict.fromkeys(source_columns(entity)) | {"password": "never"}
    values |= {c.name: "W1Mon.P1" if "slot" in c.name else "student" for c in COLUMNS[entity] if c.required}
    found = mapped(entity, **values)
    assert tuple(found) == column_names(entity)
    assert "never" not in found.values()


def test_the_mapping_version_changes_with_what_bears_on_an_entity_and_only_then() -> None:
    """A new period map concerns lessons alone, a new separator students, groups and staff."""

    def moved(other: MappingRules) -> set[Entity]:
        return {entity for entity in Entity if RULES.version(entity) != other.version(entity)}

    assert moved(MappingRules(short_code="AVN", slots={})) == {Entity.LESSONS}
    prefixed_ = {Entity.STUDENTS, Entity.TUTOR_GROUPS}
    assert moved(MappingRules(short_code="AVN", slots=RULES.slots, separator="-")) == prefixed_ | {Entity.STAFF}
    assert moved(MappingRules(short_code="AVN", slots=RULES.slots, prefix_students=False)) == prefixed_
    assert moved(MappingRules(short_code="AVN", slots=RULES.slots, prefix_staff=False)) == {Entity.STAFF}


@given(
    st.lists(st.one_of(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.none(), st.dates()), max_size=5)
)
def test_digests_tell_rows_apart_and_fit_64_signed_bits(values: list[object]) -> None:
    """Equal rows have equal digests; another version, value or order has another."""
    digest, row = digester("v1"), tuple(values)
    assert digest(row) == digester("v1")(tuple(values))
    assert -(2**63) <= digest(row) < 2**63
    assert digest(row) != digester("v2")(row)
    assert digest((*row, None)) != digest(row)

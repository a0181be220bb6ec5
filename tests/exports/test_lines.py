"""Assignments as they are declared: a table and lines inline (VS, rule 2)."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.errors import Refused
from reconciler.syncs.assignment_lines import read_assignments

HEADER = "student,class,from,to\n"


def read(text: str) -> tuple[list[str], list[str]]:
    found = read_assignments((), table=text.encode(), name="assignments.csv")
    return [line.declared for line in found.lines], [f"{bad.place} {bad.message}" for bad in found.bad]


@pytest.mark.requirement(2)
def test_table_and_inline_lines_come_together() -> None:
    """Each with the place where it is written, and the file with its digest."""
    inline = [{"student": "AVN:10233", "class": "BRK:12B/Ph1", "from": "2026-11-09", "to": "2027-02-12"}]
    table = (HEADER + "BRK:20041,AVN:12B/Fm1,2026-09-07,\n").encode()
    found = read_assignments(inline, table=table, name="assignments.csv")
    first, second = found.lines
    assert (first.place, first.declared, first.last) == ("inline 1", "AVN:10233 in BRK:12B/Ph1", date(2027, 2, 12))
    assert (second.place, second.student_school, second.class_name, second.last) == \
        ("assignments.csv:2", "BRK", "12B/Fm1", None)  # fmt: skip
    assert found.source.startswith(f"assignments.csv, {len(table)} bytes, SHA-256 ")


def test_columns_stand_in_any_order_and_more_of_them_are_left_alone() -> None:
    """A table that somebody keeps for other purposes too."""
    assert read("note,from,Class , student\nx,2026-11-09,BRK:4501,AVN:1\n") == (["AVN:1 in BRK:4501"], [])


def test_a_mark_of_windows_and_empty_lines_are_read_over() -> None:
    """Spreadsheets write both."""
    assert read("\ufeff" + HEADER + "AVN:1,BRK:4501,2026-11-09,\n,,,\n\n") == (["AVN:1 in BRK:4501"], [])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("10233,BRK:4501,2026-11-09,", "the student is not written like AVN:10233"),
        ("AVN:1,4501,2026-11-09,", "the class is not written like BRK:12B/Ph1"),
        ("AVN:1,BRK:4501,09/11/2026,", "a date is not written like 2026-11-09"),
        ("AVN:1,BRK:4501,,", "a date is not written like 2026-11-09"),
        ("AVN:1,BRK:4501,2026-11-09,2026-11-08", "the last day is before the first"),
        ("AVN:1,BRK:4501", "has 2 cells where the header has 4"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_the_others_count(row: str, message: str) -> None:
    """By its place, without what stands in it."""
    good = "AVN:2,BRK:4501,2026-11-09,\n"
    assert read(HEADER + row + "\n" + good) == (["AVN:2 in BRK:4501"], [f"assignments.csv:2 {message}"])


@pytest.mark.parametrize("table", [b"student,class\nAVN:1,BRK:1\n", b"", b"\xff\xfe\x00", b'student,class,from\n"AVN'])
def test_a_table_that_is_none_is_refused(table: bytes) -> None:
    """An unreadable table is never an empty one: that would end every assignment."""
    with pytest.raises(Refused) as error:
        read_assignments((), table=table, name="assignments.csv")
    assert error.value.code == "export.assignments_file"


def test_no_table_at_all_is_no_assignment() -> None:
    """The section may be empty."""
    assert read_assignments(()).lines == ()

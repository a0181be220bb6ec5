"""The entity filter language: what is understood, how it decides, and what is refused in a database's words."""

# ruff: noqa: DTZ001 (the service speaks in school-local wall clock)
from __future__ import annotations

from datetime import datetime

import pytest

from reconciler.simulator.bromcom.catalogue import Column, EntityTable
from reconciler.simulator.bromcom.filters.evaluate import compile_filter
from reconciler.simulator.bromcom.filters.parse import DEEPEST, parse, pinned
from reconciler.simulator.bromcom.filters.tokens import FilterError

NOW = datetime(2026, 11, 23, 8, 40)
COLUMNS = (
    Column("StudentID", "int", "seen"), Column("LastName", "string", "seen"), Column("Code", "string", "seen", 10),
    Column("StartDate", "dateTime", "seen"), Column("EndDate", "dateTime", "seen"), Column("Grade", "boolean", "seen"),
)  # fmt: skip
ENTITY = EntityTable(name="T", columns=COLUMNS, by_name={c.name.lower(): n for n, c in enumerate(COLUMNS)})

ROWS = {
    "pellow": (10233, "Pellow", "JSM       ", datetime(2021, 9, 1), None, True),
    "left": (10347, "Lindqvist", "A         ", datetime(2021, 9, 1), datetime(2026, 10, 16), False),
    "future": (10400, "O'Dea", None, datetime(2027, 1, 4), None, None),
    "today": (9, "Żuraw", "10%_      ", datetime(2026, 11, 23), datetime(2026, 11, 23, 23, 0), True),
}


def chosen(text: str) -> set[str]:
    """The names of the rows that a filter lets through."""
    matches = compile_filter(parse(text), ENTITY, now=NOW)
    return {name for name, row in ROWS.items() if matches(row)}


EVERYBODY = set(ROWS)

CASES = [
    ("", EVERYBODY),
    ("   ", EVERYBODY),
    ("1=0", set()),
    ("StudentID = 10233", {"pellow"}),
    ("studentid = '10233'", {"pellow"}),
    ("10233 = StudentID", {"pellow"}),
    ("[StudentID] = 10233", {"pellow"}),
    ("StudentID <> 10233", {"left", "future", "today"}),
    ("StudentID != 10233", {"left", "future", "today"}),
    ("StudentID < 10", {"today"}),
    ("StudentID <= 9 OR StudentID >= 10400", {"today", "future"}),
    ("StudentID > 10347.5", {"future"}),
    ("StudentID like '10233'", {"pellow"}),
    ("StudentID LIKE 9", {"today"}),
    ("StudentID LIKE '10%'", {"pellow", "left", "future"}),
    ("LastName = 'pellow'", {"pellow"}),
    ("LastName = N'Żuraw'", {"today"}),
    ("LastName = 'O''Dea'", {"future"}),
    ("LastName LIKE 'p_ll%'", {"pellow"}),
    ("LastName NOT LIKE '%l%'", {"future", "today"}),
    ("Code = 'JSM'", {"pellow"}),
    ("Code LIKE 'JSM'", {"pellow"}),
    ("Code IS NULL", {"future"}),
    ("Code is not null", {"pellow", "left", "today"}),
    ("Code = NULL", set()),
    ("NOT (Code = 'A')", {"pellow", "today"}),
    ("StudentID IN (9, '10233')", {"pellow", "today"}),
    ("StudentID NOT IN (9, 10233)", {"left", "future"}),
    ("StudentID NOT IN (9, NULL)", set()),
    ("StudentID BETWEEN 10233 AND 10347", {"pellow", "left"}),
    ("StudentID NOT BETWEEN 10233 AND 10347", {"future", "today"}),
    ("Grade = 'true'", {"pellow", "today"}),
    ("Grade = 'False'", {"left"}),
    ("Grade = 1", {"pellow", "today"}),
    ("EndDate < GETDATE()", {"left"}),
    ("StartDate > GETDATE()", {"future"}),
    ("GETDATE() BETWEEN StartDate AND ISNULL(EndDate, GETDATE())", {"pellow", "today"}),
    ("StartDate <= '20261123' and (EndDate >= '2026-11-23' or isnull(EndDate,'') = '')", {"pellow", "today"}),
    ("StartDate > '20260901'", {"future", "today"}),
    ("'2026-11-22T00:00:00' < StartDate", {"future", "today"}),
    ("CONVERT(date, '2026-11-23T23:00:00') = CONVERT(date, EndDate)", {"today"}),
    ("CONVERT(datetime, EndDate) = '2026-11-23T23:00:00'", {"today"}),
    ("ISNULL(Code, 'none') = 'NONE'", {"future"}),
    ("studentid like '9' and (Grade = 'false' or Grade = 'true') and (enddate is null or enddate > getdate())",
     {"today"}),
    ("StudentID = 9 OR StudentID = 10233 AND Grade = 'false'", {"today"}),
    ("(StudentID = 9 OR StudentID = 10233) AND Grade = 'false'", set()),
    ("NOT StudentID = 9 AND NOT NOT Grade = 1", {"pellow"}),
    ("((StudentID)) = ((9))", {"today"}),
    ("(((StudentID = 9)))", {"today"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_a_filter_lets_through(text: str, expected: set[str]) -> None:
    """Each construct that clients were seen to use, with SQL's own way with types, capitals, padding and NULL."""
    assert chosen(text) == expected


REFUSED = [
    ("Surname = 'x'", "Invalid column name 'Surname'"),
    ("StudentID = 'abc'", "Conversion failed when converting the varchar value"),
    ("StartDate > 'yesterday'", "Conversion failed when converting date"),
    ("Grade = 'perhaps'", "data type bit"),
    ("StudentID", "non-boolean type"),
    ("StudentID AND 1=1", "non-boolean type"),
    ("StudentID =", "Incorrect syntax near 'end of filter'"),
    ("StudentID = 1 1", "Incorrect syntax near '1'"),
    ("(StudentID = 1", "Incorrect syntax near 'end of filter'"),
    ("StudentID = 1)", "Incorrect syntax near ')'"),
    ("(StudentID = 1) = 1", "Incorrect syntax"),
    ("StudentID IN ()", "Incorrect syntax near ')'"),
    ("StudentID BETWEEN 1", "Incorrect syntax near 'end of filter'"),
    ("LastName = 'x", "Unclosed quotation mark"),
    ("1=1; DROP TABLE Students", "Incorrect syntax near ';'"),
    ("1=1 -- all", "Incorrect syntax near '-'"),
    ("StudentID = (SELECT 1)", "Incorrect syntax near '1'"),
    ("SUBSTRING(LastName, 1) = 'P'", "'SUBSTRING' is not a recognized built-in function name"),
    ("CONVERT(varchar, StudentID) = '9'", "VARCHAR is not a defined system type"),
    ("ISNULL(Code) = 'x'", "requires 2 argument"),
    ("(" * (DEEPEST + 1) + "1=1" + ")" * (DEEPEST + 1), "nested too deeply"),
    ("NOT " * (DEEPEST + 1) + "1=1", "nested too deeply"),
    ("12abc = 1", "Incorrect syntax near '1'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_a_filter_is_refused(text: str, words: str) -> None:
    """What is not the language is refused with the place or the name; nothing of it ever runs."""
    with pytest.raises(FilterError) as refused:
        chosen(text)
    assert words in str(refused.value)


def test_a_thousand_ids_are_looked_up_as_a_set() -> None:
    """Clients list the pupils they want; a long list must not cost a comparison each."""
    ids = ",".join(map(str, range(100, 11_000)))
    assert chosen(f"StudentID IN ({ids})") == {"pellow", "left", "future"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ClassID IN (4501, 4502) AND PeriodStartDate > '20261123'", {4501, 4502}),
        ("classid = 4501", {4501}),
        ("ClassID IN (4501, StaffID)", None),
        ("ClassID = 4501 OR StaffID = 1", None),
        ("NOT ClassID = 4501", None),
        ("", None),
    ],
)
def test_a_filter_pins_class_ids_only_where_it_must(text: str, expected: set[int] | None) -> None:
    """Lessons are spread over the year only for the classes that the filter could let through."""
    assert pinned(parse(text), "ClassID") == expected

"""Entity filters: T-SQL boolean fragments, of those constructs that were seen in use (`protocols.md` 1.5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice

NO_ROWS = "1=0"  # asks for the columns alone


def quote(text: str) -> str:
    """A T-SQL literal; a quotation mark inside is doubled, so that no value can leave its quotes."""
    return "'" + text.replace("'", "''") + "'"


def equals(column: str, value: str) -> str:
    return f"{column} = {quote(value)}"


def any_of(column: str, values: Iterable[str]) -> str:
    """`StudentID IN (1,2,3)`; whole numbers stand bare, as seen, anything else is quoted. Not for an empty list."""
    return f"{column} IN ({','.join(v if v.isascii() and v.isdigit() else quote(v) for v in values)})"


def chunked(values: Iterable[str], size: int) -> Iterator[list[str]]:
    """Lists of at most `size`, so that a filter stays short enough for the server."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk


def current(on: date, *, start: str = "StartDate", end: str = "EndDate") -> str:
    """Rows in force on a day: begun by then and not ended before; an open end counts as lasting."""
    day = quote(on.isoformat())
    return f"{day} BETWEEN {start} AND ISNULL({end}, {day})"


def in_force(first: date, last: date, *, start: str = "StartDate", end: str = "EndDate") -> str:
    """Rows that touch the days from `first` to `last`, both counted; open at either end counts as touching."""
    one, two = quote(first.isoformat()), quote(last.isoformat())
    return f"ISNULL({start}, {one}) <= {two} AND ISNULL({end}, {one}) >= {one}"


def between(column: str, first: date, last: date) -> str:
    """Moments of the days from `first` to `last`, both counted; written with T to be read alike in every locale."""
    return f"{column} >= '{first.isoformat()}T00:00:00' AND {column} <= '{last.isoformat()}T23:59:59'"


def both(*parts: str) -> str:
    """All of the parts that are not empty."""
    return " AND ".join(f"({part})" if " OR " in part.upper() else part for part in parts if part)

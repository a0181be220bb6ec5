"""Assignments as the estate declares them: lines of a table and lines written inline (VS, rule 2). Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from reconciler.errors import Refused
from reconciler.vocabulary.digests import digest_bytes

MOST_BYTES = 20 * 1024 * 1024
_NEEDED = ("student", "class", "from")
_REFERENCE = re.compile(r"([A-Z0-9]{2,6}):(\S.*)\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One student in one class, between two days, the last one included or open. `place` is where it is written."""

    student_school: str
    student_id: str
    class_school: str
    class_name: str  # or the class's id
    first: date
    last: date | None
    place: str

    @property
    def declared(self) -> str:
        """As the estate names it, so that what was told of it is found again: `AVN:10233 in BRK:12B/Ph1`."""
        return f"{self.student_school}:{self.student_id} in {self.class_school}:{self.class_name}"

    def over(self, today: date) -> bool:
        """Whether its last day is past."""
        return self.last is not None and self.last < today


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that cannot be read; `class_school` is known where the class is legible."""

    place: str
    message: str
    class_school: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignments:
    """All that is declared. `source` tells which file was read, with its digest."""

    lines: tuple[Line, ...] = ()
    bad: tuple[BadLine, ...] = ()
    source: str = ""


def read_assignments(inline: Iterable[Mapping[str, Any]], *, table: bytes | None = None, name: str = "") -> Assignments:
    """Inline lines and those of a CSV table called `name`.

    Raises Refused `export.assignments_file` when the table is not one: an unreadable file is never an empty one.
    """
    rows: list[Line | BadLine] = [_line(entry, f"inline {n}") for n, entry in enumerate(inline, start=1)]
    source = ""
    if table is not None:
        rows += _table(table, name)
        source = f"{name}, {len(table)} bytes, SHA-256 {digest_bytes(table)[:16]}"
    return Assignments(
        lines=tuple(row for row in rows if isinstance(row, Line)),
        bad=tuple(row for row in rows if isinstance(row, BadLine)),
        source=source,
    )


def _table(data: bytes, name: str) -> Iterator[Line | BadLine]:
    if len(data) > MOST_BYTES:
        raise _not_a_table(name, f"is larger than {MOST_BYTES // (1024 * 1024)} MB")
    try:
        rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = [cell.strip().lower() for cell in next(rows, [])]
        missing = [column for column in _NEEDED if column not in header]
        if missing:
            raise _not_a_table(name, f"lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}")
        for cells in rows:
            place = f"{name}:{rows.line_num}"
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                yield BadLine(place=place, message=f"has {len(cells)} cells where the header has {len(header)}")
            else:
                yield _line(dict(zip(header, cells, strict=True)), place)
    except (UnicodeDecodeError, csv.Error):
        raise _not_a_table(name, "is not a CSV file in UTF-8") from None


def _line(entry: Mapping[str, Any], place: str) -> Line | BadLine:
    cells = {name: str(entry.get(name) or "").strip() for name in (*_NEEDED, "to")}
    student, group = (_REFERENCE.match(cells[name]) for name in ("student", "class"))
    at = group[1] if group else ""
    if not student:
        return BadLine(place=place, message="the student is not written like AVN:10233", class_school=at)
    if not group:
        return BadLine(place=place, message="the class is not written like BRK:12B/Ph1")
    try:
        first = date.fromisoformat(cells["from"])
        last = date.fromisoformat(cells["to"]) if cells["to"] else None
    except ValueError:
        return BadLine(place=place, message="a date is not written like 2026-11-09", class_school=at)
    if last is not None and last < first:
        return BadLine(place=place, message="the last day is before the first", class_school=at)
    return Line(student_school=student[1], student_id=student[2], class_school=at, class_name=group[2], first=first,
                last=last, place=place)  # fmt: skip


def _not_a_table(name: str, why: str) -> Refused:
    return Refused(
        "export.assignments_file", f"{name} {why}, so nothing is known of the assignments and nothing was sent",
        hint="a table has a header student,class,from,to and one assignment a line",
    )  # fmt: skip

"""Streams the rows of one CSV file, keeping only the columns that we read.

Breaches of the format are told to `forgive`, which counts them or, in strict mode, raises.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from reconciler.errors import MalformedSourceError
from reconciler.formats.oneroster.headers import Table, likeness
from reconciler.vocabulary.suggestions import nearest

Forgive = Callable[[str, str], None]
_STEP = 64 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its place as `users.csv:14` and the columns that we read, by our names; absent ones are missing."""

    place: str
    values: Mapping[str, str]

    def text(self, column: str) -> str:
        """The cell without padding; empty for nothing."""
        return self.values.get(column, "").strip()


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A row whose cells cannot be told apart."""

    place: str
    found: int
    expected: int


class Rows:
    """The rows of a file; `columns` tells, once the first is asked for, which of our columns the file has.

    Raises MalformedSourceError for a file that is not this table or was cut.
    """

    def __init__(self, open_file: Callable[[], BinaryIO], table: Table, forgive: Forgive) -> None:
        self._open = open_file
        self._table = table
        self._forgive = forgive
        self._file = f"{table.name}.csv"
        self.columns: frozenset[str] = frozenset()

    def __iter__(self) -> Iterator[Line | BrokenLine]:
        with self._open() as stream:
            encoding, ended = self._survey(stream)
            stream.seek(0)
            text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")
            reader = csv.reader(text, strict=True)
            try:
                yield from self._lines(reader, ended=ended)
            except csv.Error as error:
                cut = "unexpected end" in str(error)
                raise self._wrong("oneroster.cut" if cut else "oneroster.csv",
                                  f"is cut off or not CSV near line {reader.line_num}") from None  # fmt: skip
            finally:
                text.detach()

    def _survey(self, stream: BinaryIO) -> tuple[str, bool]:
        """The encoding, and whether the last row is ended; reads the file through once."""
        decoder, valid, last, first = codecs.getincrementaldecoder("utf-8")(), True, b"\n", b""
        while chunk := stream.read(_STEP):
            first = first or chunk[:4]
            last = chunk[-1:]
            if valid:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    valid = False
        if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise self._wrong("oneroster.encoding", "is UTF-16; export it as UTF-8")
        if not valid:
            self._forgive("oneroster.windows_1252", f"{self._file} is not UTF-8 and was read as Windows-1252")
            return "cp1252", last in b"\r\n"
        if first.startswith(codecs.BOM_UTF8):
            self._forgive("oneroster.bom", f"{self._file} starts with a byte order mark")
            return "utf-8-sig", last in b"\r\n"
        return "utf-8", last in b"\r\n"

    def _lines(self, reader: Iterator[list[str]], *, ended: bool) -> Iterator[Line | BrokenLine]:
        header = next(reader, None)
        if not header or not any(name.strip() for name in header):
            raise self._wrong("oneroster.no_header", "has no header row")
        places = self._places(header)
        self.columns = frozenset(places)
        before = header_end = reader.line_num  # type: ignore[attr-defined]
        broken: BrokenLine | None = None
        for cells in reader:
            if broken:
                yield broken
                broken = None
            place, before = f"{self._file}:{before + 1}", reader.line_num  # type: ignore[attr-defined]
            if not any(cells):
                continue
            if len(cells) != len(header):
                broken = BrokenLine(place, len(cells), len(header))
                continue
            yield Line(place, {ours: cells[index] for ours, index in places.items()})
        if broken and not ended and broken.found < broken.expected:
            raise self._wrong("oneroster.cut", f"ends in the middle of a row ({broken.place})")
        if before == header_end and not ended:
            raise self._wrong("oneroster.cut", "ends in its header row")
        if broken:
            yield broken

    def _places(self, header: list[str]) -> dict[str, int]:
        """Where each of our columns stands; spelling is forgiven only where no other column has the right one."""
        names = [name.strip() for name in header]
        doubled = sorted({name for name in names if name and names.count(name) > 1})
        if doubled:
            raise self._wrong("oneroster.header_twice", f"has the column {doubled[0]} twice")
        places: dict[str, int] = {}
        for ours, spellings in self._table.columns.items():
            found = next((names.index(name) for name in spellings if name in names), None)
            if found is None:
                found = self._near(names, spellings)
            if found is not None:
                places[ours] = found
        missing = sorted(self._table.needed - places.keys())
        if missing:
            other = likeness(frozenset(names))
            looks = f"; it looks like {other}.csv" if other and other != self._table.name else ""
            wanted = self._table.columns[missing[0]][0]
            raise self._wrong("oneroster.missing_column", f"has no column {wanted}{looks}")
        return places

    def _near(self, names: list[str], spellings: tuple[str, ...]) -> int | None:
        strangers = [name for name in names if name and name not in self._table.spellings]
        for right in spellings:
            for wrong in nearest(right, strangers, most=1):
                close = wrong.casefold() == right.casefold() or _one_slip(wrong, right)
                if close:
                    self._forgive("oneroster.header", f"{self._file} spells {right} as {wrong}")
                    return names.index(wrong)
        return None

    def _wrong(self, code: str, what: str) -> MalformedSourceError:
        return MalformedSourceError(code, f"{self._file} {what}", hint="let the school's system write the files anew")


def _one_slip(wrong: str, right: str) -> bool:
    """Whether two names differ by so little that one is a slip of the other, not another column."""
    a, b = wrong.casefold().replace("_", "").replace(" ", ""), right.casefold()
    if abs(len(a) - len(b)) > 1 or min(len(a), len(b)) < 4:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest_a, rest_b = a[start:], b[start:]
    return rest_a[1:] == rest_b[1:] or rest_a[1:] == rest_b or rest_a == rest_b[1:] or _swapped(rest_a, rest_b)


def _swapped(a: str, b: str) -> bool:
    return len(a) >= 2 and len(b) >= 2 and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:]

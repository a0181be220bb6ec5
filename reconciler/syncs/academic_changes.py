"""The differences of one academic entity, kept in a nameless file so that memory does not grow with the marks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast

import orjson

from reconciler.errors import ReconcileError
from reconciler.records.academic import ACADEMIC_COLUMNS, AcademicEntity
from reconciler.records.entities import ColumnType
from reconciler.syncs.ports import CanonicalRow

_IN_MEMORY = 2 * 1024 * 1024
_NEW, _CHANGED, _LEFT, _PARKED = "new", "changed", "left", "parked"


def _spool() -> IO[bytes]:
    return cast("IO[bytes]", SpooledTemporaryFile(max_size=_IN_MEMORY))


class NoRoom(ReconcileError):
    """The temporary folder is full; other schools may need less."""


@dataclass(slots=True)
class AcademicChanges:
    """New, changed (with the former values of what changed) and left rows, and the keys of rows that are parked.

    Written once, then read as often as is wanted. `first_load` says that nothing was held before, so that the bulk path
    applies and the journal gets one summary row.
    """

    entity: AcademicEntity
    first_load: bool = False
    new_count: int = 0
    changed_count: int = 0
    left_count: int = 0
    parked_count: int = 0
    _moved: set[str] = field(default_factory=set)
    _file: IO[bytes] = field(default_factory=_spool)

    @property
    def empty(self) -> bool:
        """Whether no record changes; parked keys are no record."""
        return not (self.new_count or self.changed_count or self.left_count)

    def add_new(self, row: CanonicalRow) -> None:
        self.new_count += 1
        self._write([_NEW, row])

    def add_changed(self, row: CanonicalRow, before: Mapping[str, object], *, moved: bool = False) -> None:
        """`moved` says that the row is held under another day or student, where it will be found missing."""
        self.changed_count += 1
        if moved:
            self._moved.add(str(row[0]))
        self._write([_CHANGED, row, before])

    def add_left(self, source_id: str) -> None:
        self.left_count += 1
        self._write([_LEFT, source_id])

    def park(self, source_id: str, student: str) -> None:
        self.parked_count += 1
        self._write([_PARKED, source_id, student])

    def settle(self) -> None:
        """Rows that were found in another place have not left."""
        if self._moved:
            self.left_count = sum(1 for _ in self.left())

    def new(self) -> Iterator[CanonicalRow]:
        return (self._row(line[1]) for line in self._read(_NEW))

    def changed(self) -> Iterator[tuple[CanonicalRow, dict[str, Any]]]:
        """Each row with the former values of the columns that differ; dates among these are ISO text."""
        return ((self._row(line[1]), line[2]) for line in self._read(_CHANGED))

    def left(self) -> Iterator[str]:
        return (line[1] for line in self._read(_LEFT) if line[1] not in self._moved)

    def parked(self) -> Iterator[tuple[str, str]]:
        """Source id and student id."""
        return ((line[1], line[2]) for line in self._read(_PARKED))

    def dump(self) -> bytes:
        """Everything as bytes, for a run that is held."""
        head = orjson.dumps([self.entity.value, self.first_load, sorted(self._moved)])
        self._file.seek(0)
        return head + b"\n" + self._file.read()

    @classmethod
    def load(cls, content: bytes) -> AcademicChanges:
        """What `dump` wrote."""
        head, _, body = content.partition(b"\n")
        entity, first_load, moved = orjson.loads(head)
        made = cls(AcademicEntity(entity), first_load=first_load, _moved=set(moved), _file=BytesIO(body))
        made.new_count, made.changed_count = (sum(1 for _ in made._read(op)) for op in (_NEW, _CHANGED))
        made.left_count, made.parked_count = sum(1 for _ in made.left()), sum(1 for _ in made.parked())
        return made

    def close(self) -> None:
        """Lets the file go."""
        self._file.close()

    def _write(self, line: list[Any]) -> None:
        try:
            self._file.write(orjson.dumps(line) + b"\n")
        except OSError as error:
            raise NoRoom(
                "academic.no_space",
                f"the differences of {self.entity.value} cannot be kept while they are gathered: {error.strerror}",
                hint="free room in the temporary folder (TMPDIR) and run again; nothing was changed",
            ) from None

    def _read(self, operation: str) -> Iterator[list[Any]]:
        """One reader at a time: the file has one position."""
        mark = b'["' + operation.encode() + b'"'
        self._file.seek(0)
        return (orjson.loads(line) for line in self._file if line.startswith(mark))

    def _row(self, values: list[Any]) -> CanonicalRow:
        for position, column in enumerate(ACADEMIC_COLUMNS[self.entity]):
            if column.type is ColumnType.DATE and values[position] is not None:
                values[position] = date.fromisoformat(values[position])
        return tuple(values)

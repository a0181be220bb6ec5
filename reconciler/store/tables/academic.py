"""Academic records, one typed table an entity, and what their imports keep beside them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Index, Integer, LargeBinary, String, Table, Text
from sqlalchemy.types import TypeEngine

from reconciler.records.academic import ACADEMIC_COLUMNS, COPY, AcademicEntity
from reconciler.records.entities import Column as RecordColumn
from reconciler.records.entities import ColumnType
from reconciler.store.tables.base import METADATA, UtcTime, json_type
from reconciler.store.tables.records import KEY_COLUMNS

_COMMENTS = {AcademicEntity.ATTENDANCE_MARKS: f"Attendance: {COPY}."}


def _type(column: RecordColumn) -> TypeEngine[Any]:
    return Date() if column.type is ColumnType.DATE else String(column.length)


def _table(entity: AcademicEntity) -> Table:
    own = [
        Column(c.name, _type(c), primary_key=c.name == "source_id", nullable=not c.required)
        for c in ACADEMIC_COLUMNS[entity]
    ]
    # What a run reads of the past: some students, and of these some days.
    read_by = (
        ["student_id", "on_date"] if any(c.name == "on_date" for c in ACADEMIC_COLUMNS[entity]) else ["student_id"]
    )
    return Table(
        entity.value, METADATA,
        *(Column(name, Text, primary_key=True) for name in KEY_COLUMNS),
        *own,
        Column("origin", Text, nullable=False),
        Column("digest", BigInteger, nullable=False),
        Column("first_load", Integer, nullable=False),
        Column("changed_load", Integer, nullable=False),
        Column("left_load", Integer),
        Index(f"ix_{entity.value}_read_by", *KEY_COLUMNS, *read_by),
        sqlite_with_rowid=False, comment=_COMMENTS.get(entity),
    )  # fmt: skip


ACADEMIC_RECORDS: dict[AcademicEntity, Table] = {entity: _table(entity) for entity in AcademicEntity}

# `base_run` is the academic run that last changed the scope.
ACADEMIC_STATE = Table(
    "academic_state", METADATA,
    *(Column(name, Text, primary_key=True) for name in KEY_COLUMNS),
    Column("base_run", Text, nullable=False),
)  # fmt: skip

# `students` are the ids, as JSON, of those who were read from the first day of the year up to `covered_to`; how many
# rows are live stands in `feed_cursor`, as for every entity.
ACADEMIC_CURSOR = Table(
    "academic_cursor", METADATA,
    *(Column(name, Text, primary_key=True) for name in KEY_COLUMNS),
    Column("entity", Text, primary_key=True),
    Column("mapping_version", Text, nullable=False),
    Column("covered_to", Date, nullable=False),
    Column("whole_on", Date, nullable=False),
    Column("students", LargeBinary, nullable=False),
)  # fmt: skip

# Ids of rows of students whom no import of students has brought yet; no value of such a row is ever kept.
ACADEMIC_PARKED = Table(
    "academic_parked", METADATA,
    *(Column(name, Text, primary_key=True) for name in KEY_COLUMNS),
    Column("entity", Text, primary_key=True),
    Column("student_id", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("parked_run", Integer, ForeignKey("run.number"), nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

# `change_set` holds people: it is erased as soon as the run is no longer held.
ACADEMIC_HELD = Table(
    "academic_held", METADATA,
    Column("run", Text, primary_key=True),
    Column("number", Integer, ForeignKey("run.number"), nullable=False),
    Column("school", Text, nullable=False),
    *(Column(name, Text, nullable=False) for name in KEY_COLUMNS),
    Column("held_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("reasons", json_type(), nullable=False),
    Column("status", Text, nullable=False),
    Column("change_set", LargeBinary),
)  # fmt: skip

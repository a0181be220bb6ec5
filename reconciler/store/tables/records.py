"""One typed table an entity, generated from the catalogue of columns, for canonical records."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Date, Integer, String, Table, Text
from sqlalchemy import Column as SqlColumn
from sqlalchemy.types import TypeEngine

from reconciler.records.entities import COLUMNS, Column, ColumnType, Entity
from reconciler.store.tables.base import METADATA

KEY_COLUMNS = ("attachment", "feed", "academic_year")
# After the entity's own columns: where a row came from, its digest, and the runs (run.number) in which it was first
# seen, last changed and left. There is no "last seen": it would make every run a full load.
TRAIL_COLUMNS = ("origin", "digest", "first_load", "changed_load", "left_load")


def _type(column: Column) -> TypeEngine[Any]:
    return Date() if column.type is ColumnType.DATE else String(column.length)


def _table(entity: Entity) -> Table:
    own = [
        SqlColumn(c.name, _type(c), primary_key=c.name == "source_id", nullable=not c.required) for c in COLUMNS[entity]
    ]
    return Table(
        entity.value, METADATA,
        *(SqlColumn(name, Text, primary_key=True) for name in KEY_COLUMNS),
        *own,
        SqlColumn("origin", Text, nullable=False),
        SqlColumn("digest", BigInteger, nullable=False),
        SqlColumn("first_load", Integer, nullable=False),
        SqlColumn("changed_load", Integer, nullable=False),
        SqlColumn("left_load", Integer),
        sqlite_with_rowid=False,
    )  # fmt: skip


RECORDS: dict[Entity, Table] = {entity: _table(entity) for entity in Entity}

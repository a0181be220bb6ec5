"""Source ids and digests of a scope and entity in two values: read in one go, at a tenth of the cost of rows."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Table, delete, insert, select

from reconciler.records.entities import Entity
from reconciler.store.tables.runs import PACKED_DIGESTS
from reconciler.syncs.ports import FeedScope


def scope_values(scope: FeedScope) -> dict[str, str]:
    """The three columns that say where a row belongs."""
    return {"attachment": scope.attachment, "feed": scope.feed, "academic_year": str(scope.year)}


def in_scope(table: Table, scope: FeedScope, entity: Entity | None = None) -> ColumnElement[bool]:
    """The condition that a row of `table` belongs to the scope, and to the entity where one is named."""
    wanted: dict[str, str] = scope_values(scope) | ({"entity": entity.value} if entity else {})
    condition: Any = None
    for name, value in wanted.items():
        condition = table.c[name] == value if condition is None else condition & (table.c[name] == value)
    return condition  # type: ignore[no-any-return]


def read_packed(connection: Connection, scope: FeedScope, entity: Entity) -> dict[str, int]:
    """Digest by source id of every live row, empty before the first load."""
    table = PACKED_DIGESTS
    found = connection.execute(select(table.c.ids, table.c.digests).where(in_scope(table, scope, entity))).first()
    return unpack(found.ids, found.digests) if found else {}


def write_packed(connection: Connection, scope: FeedScope, entity: Entity, held: Mapping[str, int]) -> None:
    """Replaces what was packed."""
    connection.execute(delete(PACKED_DIGESTS).where(in_scope(PACKED_DIGESTS, scope, entity)))
    ids, digests = pack(held)
    connection.execute(
        insert(PACKED_DIGESTS).values(**scope_values(scope), entity=entity.value, ids=ids, digests=digests)
    )


def pack(held: Mapping[str, int]) -> tuple[bytes, bytes]:
    """The ids as a JSON list, the digests as 64-bit signed little-endian integers in the same order."""
    numbers = array("q", held.values())
    if sys.byteorder == "big":
        numbers.byteswap()
    return orjson.dumps(list(held)), numbers.tobytes()


def unpack(ids: bytes, digests: bytes) -> dict[str, int]:
    numbers = array("q", digests)
    if sys.byteorder == "big":
        numbers.byteswap()
    return dict(zip(orjson.loads(ids), numbers, strict=True))

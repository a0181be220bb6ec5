"""The set-based comparison: offered rows in a temporary table, compared with what is held by the database itself.

It needs no digest and little memory, and it is the oracle for the comparison by digests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Connection, MetaData, Table, and_, func, not_, or_, select

from reconciler.records.entities import Entity, column_names
from reconciler.store.bulk import bulk_insert
from reconciler.store.packed import in_scope
from reconciler.store.tables.records import RECORDS
from reconciler.syncs.ports import CanonicalRow, EntityChanges, FeedScope


def compare(connection: Connection, scope: FeedScope, entity: Entity,
            rows: Iterable[tuple[CanonicalRow, int]]) -> tuple[EntityChanges, int]:  # fmt: skip
    """New, changed, left and redigested, and the number of rows that are the same in every column."""
    held, offered = RECORDS[entity], _offered(entity)
    offered.create(connection)
    columns = tuple(column.name for column in offered.columns)
    bulk_insert(connection, offered, columns, ((*row, digest) for row, digest in rows))
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE {offered.name}")
    live = and_(in_scope(held, scope), held.c.left_load.is_(None))
    differs = or_(*(held.c[name].is_distinct_from(offered.c[name]) for name in column_names(entity)))
    both = and_(live, held.c.source_id == offered.c.source_id)
    changes = EntityChanges(
        new=_rows(connection, offered, not_(select(held.c.source_id).where(both).correlate(offered).exists())),
        changed=_rows(connection, offered, select(held.c.source_id).where(both, differs).correlate(offered).exists()),
        left=_left(connection, held, offered, live),
        redigested=_redigested(connection, held, offered, and_(both, not_(differs))),
    )
    changes.first_load = not _any_live(connection, held, live)
    total = connection.execute(select(func.count()).select_from(offered)).scalar_one()
    offered.drop(connection)
    return changes, total - len(changes.new) - len(changes.changed)


def _offered(entity: Entity) -> Table:
    held = RECORDS[entity]
    return Table(
        f"offered_{entity.value}", MetaData(),
        *(Column(name, held.c[name].type, primary_key=name == "source_id") for name in column_names(entity)),
        Column("digest", BigInteger, nullable=False),
        prefixes=["TEMPORARY"], sqlite_with_rowid=False,
    )  # fmt: skip


def _rows(connection: Connection, offered: Table, condition: ColumnElement[bool]) -> list[tuple[CanonicalRow, int]]:
    query = select(offered).where(condition).order_by(offered.c.source_id)
    return [(tuple(row[:-1]), row[-1]) for row in connection.execute(query)]


def _left(connection: Connection, held: Table, offered: Table, live: Any) -> list[str]:
    offers = select(offered.c.source_id).where(offered.c.source_id == held.c.source_id).correlate(held).exists()
    query = select(held.c.source_id).where(live, not_(offers)).order_by(held.c.source_id)
    return list(connection.execute(query).scalars())


def _redigested(connection: Connection, held: Table, offered: Table, same: ColumnElement[bool]) -> dict[str, int]:
    query = (
        select(offered.c.source_id, offered.c.digest)
        .select_from(offered.join(held, same))
        .where(held.c.digest != offered.c.digest)
    )
    return {row.source_id: row.digest for row in connection.execute(query)}


def _any_live(connection: Connection, held: Table, live: ColumnElement[bool]) -> bool:
    return connection.execute(select(held.c.source_id).where(live).limit(1)).first() is not None

"""Writes the differences of one entity, and their journal: bulk for a first load, upserts after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, and_, bindparam, insert, select, update

from reconciler.records.entities import Entity, column_names
from reconciler.store.bulk import Row, bulk_insert, date_positions, run_many, upsert_text
from reconciler.store.packed import in_scope, read_packed, scope_values, write_packed
from reconciler.store.tables.records import KEY_COLUMNS, RECORDS
from reconciler.store.tables.runs import CHANGE_JOURNAL
from reconciler.syncs.ports import CanonicalRow, EntityChanges, FeedScope

_ORIGIN = "mis"
_PART = 1000
_COPY_FROM = 200  # from so many rows on, COPY and one statement beat many statements on PostgreSQL


def write_entity(connection: Connection, scope: FeedScope, entity: Entity, changes: EntityChanges, load: int) -> int:
    """Writes records, journal and packed digests of one entity; returns how many rows are live afterwards."""
    if changes.first_load and not _holds_any(connection, scope, entity):
        _first_load(connection, scope, entity, changes.new, load)
        held = {str(row[0]): digest for row, digest in changes.new}
    else:
        held = _differences(connection, scope, entity, changes, load)
    write_packed(connection, scope, entity, held)
    return len(held)


def _holds_any(connection: Connection, scope: FeedScope, entity: Entity) -> bool:
    """Rows that left count too: their keys are taken."""
    table = RECORDS[entity]
    return connection.execute(select(table.c.source_id).where(in_scope(table, scope)).limit(1)).first() is not None


def _first_load(connection: Connection, scope: FeedScope, entity: Entity, new: Sequence[tuple[CanonicalRow, int]],
                load: int) -> None:  # fmt: skip
    bulk_insert(connection, RECORDS[entity], _columns(entity), _full_rows(scope, new, load))
    connection.execute(insert(CHANGE_JOURNAL).values(run=load, entity=entity.value, source_id="", op="first_load"))


def _differences(connection: Connection, scope: FeedScope, entity: Entity, changes: EntityChanges,
                 load: int) -> dict[str, int]:  # fmt: skip
    touched = [*changes.new, *changes.changed]
    before = _read_before(connection, scope, entity, [str(row[0]) for row, _ in touched])
    journal = list(_journal(entity, touched, before, load))
    journal += [_line(load, entity, source_id, "left") for source_id in changes.left]
    _upsert(connection, scope, entity, touched, load)
    _mark_left(connection, scope, entity, changes.left, load)
    _redigest(connection, scope, entity, changes.redigested)
    if journal:
        connection.execute(insert(CHANGE_JOURNAL), journal)
    held = read_packed(connection, scope, entity)
    held |= {str(row[0]): digest for row, digest in touched}
    held |= changes.redigested
    for source_id in changes.left:
        held.pop(source_id, None)
    return held


def _journal(entity: Entity, touched: Iterable[tuple[CanonicalRow, int]], before: Mapping[str, Row],
             load: int) -> Iterator[dict[str, Any]]:  # fmt: skip
    """One line a difference, with the former values of what changed and nothing else."""
    names = column_names(entity)
    for row, _ in touched:
        source_id = str(row[0])
        former = before.get(source_id)
        if former is None:
            yield _line(load, entity, source_id, "new")
            continue
        old = {n: was for n, was, now in zip(names, former[1:], row, strict=True) if was != now}
        yield _line(load, entity, source_id, "changed" if former[0] is None else "rejoined", old)


def _line(load: int, entity: Entity, source_id: str, op: str, old: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "run": load, "entity": entity.value, "source_id": source_id, "op": op,
        "columns": list(old) if old is not None else None, "before": old,
    }  # fmt: skip


def _read_before(connection: Connection, scope: FeedScope, entity: Entity, ids: Sequence[str]) -> dict[str, Row]:
    """What is held under these ids, left or not: `left_load`, then the entity's columns."""
    table = RECORDS[entity]
    wanted = [table.c.left_load, *(table.c[name] for name in column_names(entity))]
    found: dict[str, Row] = {}
    for start in range(0, len(ids), _PART):
        part = ids[start : start + _PART]
        query = select(*wanted).where(in_scope(table, scope), table.c.source_id.in_(part))
        found |= {row[1]: tuple(row) for row in connection.execute(query)}
    return found


def _upsert(connection: Connection, scope: FeedScope, entity: Entity, touched: Sequence[tuple[CanonicalRow, int]],
            load: int) -> None:  # fmt: skip
    table, columns, dialect = RECORDS[entity], (*_columns(entity), "left_load"), connection.dialect.name
    rows = ((*row, None) for row in _full_rows(scope, touched, load))
    if dialect == "postgresql" and len(touched) >= _COPY_FROM:
        _copy_and_merge(connection, table, columns, rows)
    elif touched:
        statement = upsert_text(table, columns, ("first_load",), dialect)
        run_many(connection, statement, rows, dates=date_positions(table, columns))


def _copy_and_merge(connection: Connection, table: Table, columns: tuple[str, ...], rows: Iterable[Row]) -> None:
    staged = Table(f"staged_{table.name}", MetaData(), *(Column(n, table.c[n].type) for n in columns),
                   prefixes=["TEMPORARY"])  # fmt: skip
    staged.create(connection)
    bulk_insert(connection, staged, columns, rows)
    head, _, conflict = upsert_text(table, columns, ("first_load",), "postgresql").partition(" VALUES ")
    on_conflict = conflict[conflict.index("ON CONFLICT") :]
    names = ", ".join(columns)
    connection.exec_driver_sql(f"{head} SELECT {names} FROM {staged.name} {on_conflict}")  # noqa: S608 (our names)
    staged.drop(connection)


def _mark_left(connection: Connection, scope: FeedScope, entity: Entity, left: Sequence[str], load: int) -> None:
    if not left:
        return
    table = RECORDS[entity]
    if connection.dialect.name == "postgresql" and len(left) >= _COPY_FROM:
        gone = Table(f"gone_{table.name}", MetaData(), Column("source_id", String), prefixes=["TEMPORARY"])
        gone.create(connection)
        bulk_insert(connection, gone, ("source_id",), ((source_id,) for source_id in left))
        is_gone = and_(in_scope(table, scope), table.c.source_id == gone.c.source_id)
        connection.execute(update(table).where(is_gone).values(left_load=load))
        gone.drop(connection)
        return
    statement = (
        update(table)
        .where(in_scope(table, scope), table.c.source_id == bindparam("b_id", type_=String))
        .values(left_load=bindparam("b_load", type_=Integer))
    )
    connection.execute(statement, [{"b_id": source_id, "b_load": load} for source_id in left])


def _redigest(connection: Connection, scope: FeedScope, entity: Entity, redigested: Mapping[str, int]) -> None:
    """The mapping has a new version and the columns are what they were: no change, so no journal."""
    if not redigested:
        return
    table = RECORDS[entity]
    statement = (
        update(table)
        .where(in_scope(table, scope), table.c.source_id == bindparam("b_id", type_=String))
        .values(digest=bindparam("b_digest", type_=table.c.digest.type))
    )
    connection.execute(statement, [{"b_id": i, "b_digest": digest} for i, digest in redigested.items()])


def _columns(entity: Entity) -> tuple[str, ...]:
    return (*KEY_COLUMNS, *column_names(entity), "origin", "digest", "first_load", "changed_load")


def _full_rows(scope: FeedScope, rows: Iterable[tuple[CanonicalRow, int]], load: int) -> Iterator[Row]:
    attachment, feed, year = scope_values(scope).values()
    return ((attachment, feed, year, *row, _ORIGIN, digest, load, load) for row, digest in rows)

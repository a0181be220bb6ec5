"""Writes the differences of one academic entity, and their journal; all of it streams, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import Column, Connection, MetaData, String, Table, bindparam, delete, insert, select, update

from reconciler.records.academic import AcademicEntity, academic_columns
from reconciler.records.academic_mapping import mapping_version
from reconciler.records.row_digest import digester
from reconciler.store.bulk import Row, bulk_insert, date_positions, run_many, upsert_text
from reconciler.store.packed import in_scope, scope_values
from reconciler.store.tables.academic import ACADEMIC_PARKED, ACADEMIC_RECORDS
from reconciler.store.tables.records import KEY_COLUMNS
from reconciler.store.tables.runs import CHANGE_JOURNAL
from reconciler.syncs.academic_changes import AcademicChanges
from reconciler.syncs.ports import CanonicalRow, FeedScope

PART = 500
_COPY_FROM = 200  # from so many rows on, COPY and one statement beat many statements on PostgreSQL
_TRAIL = ("origin", "digest", "first_load", "changed_load")
_UNTOUCHED = ("first_load",)


def write_changes(connection: Connection, scope: FeedScope, changes: AcademicChanges, load: int) -> None:
    """Records and journal of one entity, in the transaction of the caller."""
    if changes.first_load and not _holds_any(connection, scope, changes.entity):
        table = ACADEMIC_RECORDS[changes.entity]
        rows = _full_rows(scope, changes.entity, changes.new(), load)
        bulk_insert(connection, table, (*_columns(changes.entity), *_TRAIL), rows)
        connection.execute(
            insert(CHANGE_JOURNAL).values(run=load, entity=changes.entity.value, source_id="", op="first_load")
        )
        return
    _journal(connection, _lines(connection, scope, changes, load))
    _upsert(connection, scope, changes, load)
    _mark_left(connection, scope, changes, load)  # last: an undo restores a row's values and lets it leave again


def write_parked(connection: Connection, scope: FeedScope, changes: AcademicChanges, load: int) -> None:
    """Adds the keys of rows that wait for their student; those that wait already are left alone."""
    table = ACADEMIC_PARKED
    columns = (*KEY_COLUMNS, "entity", "student_id", "source_id", "parked_run")
    key = (*scope_values(scope).values(), changes.entity.value)
    rows = ((*key, student, source_id, load) for source_id, student in changes.parked())
    marks = ", ".join(["%s" if connection.dialect.name == "postgresql" else "?"] * len(columns))
    statement = (
        f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks}) "  # noqa: S608 (our names)
        f"ON CONFLICT DO NOTHING"
    )
    run_many(connection, statement, rows)


def release(connection: Connection, scope: FeedScope, entity: AcademicEntity, students: Collection[str]) -> None:
    """Lets the parked keys of students go who are known now and were read."""
    table = ACADEMIC_PARKED
    waiting = connection.execute(select(table.c.student_id).where(in_parked(scope, entity)).distinct()).scalars()
    for student in sorted(set(waiting) & set(students)):
        connection.execute(delete(table).where(in_parked(scope, entity), table.c.student_id == student))


def in_parked(scope: FeedScope, entity: AcademicEntity) -> Any:
    """The condition that a parked row is of a scope and entity."""
    return in_scope(ACADEMIC_PARKED, scope) & (ACADEMIC_PARKED.c.entity == entity.value)


def _holds_any(connection: Connection, scope: FeedScope, entity: AcademicEntity) -> bool:
    """Rows that left count too: their keys are taken."""
    table = ACADEMIC_RECORDS[entity]
    return connection.execute(select(table.c.source_id).where(in_scope(table, scope)).limit(1)).first() is not None


def _lines(connection: Connection, scope: FeedScope, changes: AcademicChanges, load: int) -> Iterator[dict[str, Any]]:
    """One line a difference, with the former values of what changed; a row that had left has rejoined."""
    names, new = academic_columns(changes.entity), changes.new()
    while part := list(islice(new, PART)):
        departed = _departed(connection, scope, changes.entity, [str(row[0]) for row in part])
        for row in part:
            source_id = str(row[0])
            if source_id not in departed:
                yield _line(load, changes.entity, source_id, "new")
                continue
            pairs = zip(names, departed[source_id], row, strict=True)
            yield _line(
                load, changes.entity, source_id, "rejoined", {n: _plain(was) for n, was, now in pairs if was != now}
            )
    for row, before in changes.changed():
        yield _line(load, changes.entity, str(row[0]), "changed", before)
    for source_id in changes.left():
        yield _line(load, changes.entity, source_id, "left")


def _departed(connection: Connection, scope: FeedScope, entity: AcademicEntity,
              ids: Collection[str]) -> dict[str, CanonicalRow]:  # fmt: skip
    """What is held under the ids of rows that had left."""
    table = ACADEMIC_RECORDS[entity]
    columns = (table.c[name] for name in academic_columns(entity))
    query = select(*columns).where(in_scope(table, scope), table.c.source_id.in_(ids))
    return {row[0]: tuple(row) for row in connection.execute(query)}


def _plain(value: Any) -> Any:
    """Dates stand in the journal as ISO text."""
    return value.isoformat() if isinstance(value, date) else value


def _line(load: int, entity: AcademicEntity, source_id: str, op: str,
          before: dict[str, Any] | None = None) -> dict[str, Any]:  # fmt: skip
    return {"run": load, "entity": entity.value, "source_id": source_id, "op": op,
            "columns": list(before) if before is not None else None, "before": before}  # fmt: skip


def _journal(connection: Connection, lines: Iterator[dict[str, Any]]) -> None:
    while part := list(islice(lines, PART)):
        connection.execute(insert(CHANGE_JOURNAL), part)


def _mark_left(connection: Connection, scope: FeedScope, changes: AcademicChanges, load: int) -> None:
    """All at once: the ids lie in a temporary table."""
    if not changes.left_count:
        return
    table = ACADEMIC_RECORDS[changes.entity]
    gone = _temporary(f"gone_{table.name}", Column("source_id", String(300), primary_key=True))
    gone.create(connection)
    bulk_insert(connection, gone, ("source_id",), ((source_id,) for source_id in changes.left()))
    connection.execute(
        update(table)
        .where(in_scope(table, scope), table.c.source_id.in_(select(gone.c.source_id)))
        .values(left_load=bindparam("b_load")),
        {"b_load": load},
    )
    gone.drop(connection)


def _upsert(connection: Connection, scope: FeedScope, changes: AcademicChanges, load: int) -> None:
    entity, dialect = changes.entity, connection.dialect.name
    table, columns = ACADEMIC_RECORDS[entity], (*_columns(entity), *_TRAIL, "left_load")
    for count, rows in (
        (changes.new_count, changes.new), (changes.changed_count, lambda: (row for row, _ in changes.changed()))
    ):  # fmt: skip
        full = ((*row, None) for row in _full_rows(scope, entity, rows(), load))
        if dialect == "postgresql" and count >= _COPY_FROM:
            _copy_and_merge(connection, table, columns, full)
        elif count:
            statement = upsert_text(table, columns, _UNTOUCHED, dialect)
            run_many(connection, statement, full, dates=date_positions(table, columns))


def _copy_and_merge(connection: Connection, table: Table, columns: tuple[str, ...], rows: Iterable[Row]) -> None:
    staged = _temporary(f"staged_{table.name}", *(Column(name, table.c[name].type) for name in columns))
    staged.create(connection)
    bulk_insert(connection, staged, columns, rows)
    head, _, conflict = upsert_text(table, columns, _UNTOUCHED, "postgresql").partition(" VALUES ")
    names, on_conflict = ", ".join(columns), conflict[conflict.index("ON CONFLICT") :]
    connection.exec_driver_sql(f"{head} SELECT {names} FROM {staged.name} {on_conflict}")  # noqa: S608 (our names)
    staged.drop(connection)


def _temporary(name: str, *columns: Column[Any]) -> Table:
    return Table(name, MetaData(), *columns, prefixes=["TEMPORARY"])


def _columns(entity: AcademicEntity) -> tuple[str, ...]:
    return (*KEY_COLUMNS, *academic_columns(entity))


@cache
def _digest(entity: AcademicEntity) -> Any:
    return digester(mapping_version(entity))


def _full_rows(scope: FeedScope, entity: AcademicEntity, rows: Iterable[CanonicalRow], load: int) -> Iterator[Row]:
    key, digest = tuple(scope_values(scope).values()), _digest(entity)
    return ((*key, *row, "mis", digest(row), load, load) for row in rows)

"""Many rows at once: COPY on PostgreSQL, tuples through the driver on SQLite, in SQLAlchemy's transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import Any

from sqlalchemy import BigInteger, Connection, Date, Dialect, Integer, LargeBinary, Table, insert
from sqlalchemy.dialects import postgresql, sqlite

_CHUNK = 5000
Row = tuple[Any, ...]


def bulk_insert(connection: Connection, table: Table, columns: tuple[str, ...], rows: Iterable[Row]) -> None:
    """Inserts rows whose values stand in the order of `columns`; every key must be new."""
    if connection.dialect.name == "postgresql":
        _copy(connection, table, columns, rows)
        return
    run_many(connection, insert_text(table, columns, "sqlite"), rows, dates=date_positions(table, columns))


def run_many(connection: Connection, statement: str, rows: Iterable[Row], *, dates: Sequence[int] = ()) -> None:
    """Runs one statement for many tuples, in chunks; `dates` are positions that SQLite keeps as ISO text."""
    source = _dates_as_text(rows, dates) if dates and connection.dialect.name == "sqlite" else iter(rows)
    while chunk := list(islice(source, _CHUNK)):
        connection.exec_driver_sql(statement, chunk)


class _IsoTexts(dict[date | None, str | None]):
    """Dates repeat a great deal: each is written out once."""

    def __missing__(self, moment: date | None) -> str | None:
        text = self[moment] = moment.isoformat() if moment is not None else None
        return text


def _dates_as_text(rows: Iterable[Row], dates: Sequence[int]) -> Iterator[Row]:
    texts = _IsoTexts()
    for row in rows:
        values = list(row)
        for position in dates:
            values[position] = texts[values[position]]
        yield tuple(values)


def date_positions(table: Table, columns: Sequence[str]) -> tuple[int, ...]:
    return tuple(i for i, name in enumerate(columns) if isinstance(table.c[name].type, Date))


@lru_cache(maxsize=100)
def insert_text(table: Table, columns: tuple[str, ...], dialect: str) -> str:
    """INSERT with positional parameters; `columns` are in the order of the table."""
    return _positional(insert(table), columns, dialect)


@lru_cache(maxsize=100)
def upsert_text(table: Table, columns: tuple[str, ...], kept: tuple[str, ...], dialect: str) -> str:
    """INSERT ... ON CONFLICT on the primary key, which leaves the columns of `kept` as they were."""
    make: Callable[[Table], Any] = postgresql.insert if dialect == "postgresql" else sqlite.insert
    key = [column.name for column in table.primary_key]
    statement = make(table)
    changed = {name: statement.excluded[name] for name in columns if name not in key and name not in kept}
    return _positional(statement.on_conflict_do_update(index_elements=key, set_=changed), columns, dialect)


def _positional(statement: Any, columns: tuple[str, ...], dialect: str) -> str:
    compiled = statement.compile(dialect=_dialect(dialect), column_keys=list(columns))
    if tuple(compiled.positiontup) != columns:
        raise ValueError(f"columns must stand in the order of the table: {compiled.positiontup}")
    return str(compiled)


def _dialect(name: str) -> Dialect:
    if name == "postgresql":
        return postgresql.psycopg.dialect(paramstyle="format")  # type: ignore[no-untyped-call]
    return sqlite.dialect(paramstyle="qmark")


def _copy(connection: Connection, table: Table, columns: tuple[str, ...], rows: Iterable[Row]) -> None:
    from psycopg import sql

    driver: Any = connection.connection.driver_connection
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([_copy_type(table.c[name].type) for name in columns])
        write = copy.write_row
        for row in rows:
            write(row)


def _copy_type(column_type: object) -> str:
    for python_type, name in ((Date, "date"), (BigInteger, "int8"), (Integer, "int4"), (LargeBinary, "bytea")):
        if isinstance(column_type, python_type):
            return name
    return "text"

"""What the change journal says of one run: the rows as they were before it. Everything streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Table, and_, exists, select

from reconciler.records.entities import Column, ColumnType
from reconciler.store.packed import in_scope
from reconciler.store.tables.runs import CHANGE_JOURNAL
from reconciler.syncs.ports import CanonicalRow, FeedScope

_STREAMED = 2000
_LEAVING = ("new", "rejoined")  # what the run brought leaves again
_RESTORED = ("changed", "rejoined", "left")  # rows whose former values the journal or the record itself has


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerRow:
    """A row before the run: `op` is what the run did with it, `held` what stands now in the columns that differ."""

    op: str
    row: CanonicalRow
    held: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RunJournal:
    """The journal of run `number` in one record table of one scope."""

    connection: Connection
    scope: FeedScope
    number: int
    table: Table
    columns: Sequence[Column]

    def is_first_load(self) -> bool:
        """Whether nothing had been held before; such a run has one summary line."""
        of_run = self._of_run(("first_load",))
        return bool(self.connection.execute(select(exists().where(of_run))).scalar_one())

    def leaving(self) -> Iterator[str]:
        """Ids of rows that the run brought."""
        journal = CHANGE_JOURNAL
        query = select(journal.c.source_id).where(self._of_run(_LEAVING)).order_by(journal.c.source_id)
        return (source_id for (source_id,) in self._streamed(query))

    def live(self) -> Iterator[str]:
        """Ids of all rows that are live in the scope."""
        table = self.table
        query = select(table.c.source_id).where(in_scope(table, self.scope), table.c.left_load.is_(None))
        return (source_id for (source_id,) in self._streamed(query.order_by(table.c.source_id)))

    def former_rows(self) -> Iterator[FormerRow]:
        """Rows that the run changed, took, or brought back; those without another value are left out."""
        journal, table, names = CHANGE_JOURNAL, self.table, [column.name for column in self.columns]
        query = (
            select(journal.c.op, journal.c.before, *(table.c[name] for name in names))
            .select_from(
                journal.join(table, and_(in_scope(table, self.scope), table.c.source_id == journal.c.source_id))
            )
            .where(self._of_run(_RESTORED))
            .order_by(table.c.source_id)
        )
        dates = {column.name for column in self.columns if column.type is ColumnType.DATE}
        for op, before, *held in self._streamed(query):
            if before or op == "left":
                former = {name: _value(old, is_date=name in dates) for name, old in (before or {}).items()}
                pairs = list(zip(names, held, strict=True))
                yield FormerRow(op=op, row=tuple(former.get(name, value) for name, value in pairs),
                                held={name: value for name, value in pairs if name in former})  # fmt: skip

    def _of_run(self, ops: Sequence[str]) -> Any:
        journal = CHANGE_JOURNAL
        return and_(journal.c.run == self.number, journal.c.entity == self.table.name, journal.c.op.in_(ops))

    def _streamed(self, query: Any) -> Iterator[Any]:
        yield from self.connection.execute(query.execution_options(yield_per=_STREAMED))


def entities_of(connection: Connection, number: int) -> set[str]:
    """The entities of which a run changed rows."""
    query = select(CHANGE_JOURNAL.c.entity).where(CHANGE_JOURNAL.c.run == number).distinct()
    return set(connection.execute(query).scalars())


def _value(old: Any, *, is_date: bool) -> Any:
    return date.fromisoformat(old) if is_date and isinstance(old, str) else old

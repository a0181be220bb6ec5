"""The transfer log: one row a run, its counts, its rejected rows and notes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, case, delete, func, insert, select, update

from reconciler.errors import Refused
from reconciler.reports.ports import TransferFilter
from reconciler.store.tables.runs import REJECTED_ROW, RUN, TRANSFER_COUNT, TRANSFER_NOTE
from reconciler.transfers.entry import Counts, Outcome, RejectedRecord, TransferEntry
from reconciler.vocabulary.actor import Actor
from reconciler.vocabulary.feeds import HUB

_TOLD_TO_STOP = "it was told to stop before its end; what had not been committed was not done, run it again"
_GONE = "its process went away before its end; what had not been committed was not done, run it again"
_COUNTS = ("read", "new", "changed", "same", "rejected", "out_of_scope", "left")


def start(connection: Connection, entry: TransferEntry) -> None:
    """A new run; those of the same school and feed that still say `running` lost their process."""
    if connection.execute(select(RUN.c.number).where(RUN.c.run == entry.run)).first() is not None:
        raise Refused(
            "store.run_exists", f"run {entry.run} is in the transfer log already", subject=entry.run,
            hint="a run is written once; start a new one",
        )  # fmt: skip
    connection.execute(
        update(RUN)
        .where(RUN.c.school == entry.school, RUN.c.feed == entry.feed, RUN.c.outcome == Outcome.RUNNING.value)
        .values(outcome=Outcome.INTERRUPTED.value, message=f"its process went away; found by run {entry.run}")
    )
    _write(connection, entry)


def end(connection: Connection, entry: TransferEntry) -> int:
    """Writes how the run ended, and returns its number; a run that was never started is added."""
    number = connection.execute(select(RUN.c.number).where(RUN.c.run == entry.run)).scalar()
    if number is None:
        return _write(connection, entry)
    connection.execute(update(RUN).where(RUN.c.number == number).values(**_values(entry)))
    for table in (TRANSFER_COUNT, REJECTED_ROW, TRANSFER_NOTE):
        connection.execute(delete(table).where(table.c.run == number))
    _write_parts(connection, entry, number)
    return int(number)


def interrupt(connection: Connection, run: str, *, at: datetime) -> None:
    """Ends a run that still says `running`: its process was told to stop. Any other is left as it is."""
    connection.execute(
        update(RUN)
        .where(RUN.c.run == run, RUN.c.outcome == Outcome.RUNNING.value)
        .values(outcome=Outcome.INTERRUPTED.value, finished_at=at, message=_TOLD_TO_STOP)
    )


def running(connection: Connection) -> list[tuple[int, str]]:
    """Number and school of each run that has not told its end."""
    query = select(RUN.c.number, RUN.c.school).where(RUN.c.outcome == Outcome.RUNNING.value)
    return [(number, school) for number, school in connection.execute(query)]


def close_held(connection: Connection, held: Select[tuple[str]], why: str) -> None:
    """Ends the held runs that `held` selects: nobody can approve them any more, and their rows say why."""
    connection.execute(
        update(RUN)
        .where(RUN.c.run.in_(held), RUN.c.outcome == Outcome.HELD.value)
        .values(outcome=Outcome.REJECTED.value, message=RUN.c.message + f"; {why}")
    )


def supersede_held(connection: Connection, held: Table, where: ColumnElement[bool], why: str) -> None:
    """Of the rows of `held` (roster or academic) those that wait and fit `where` can no longer be committed as shown:
    their change sets, which hold people, go. Writes nothing where none waits."""
    waiting = connection.execute(select(held.c.run).where(where, held.c.status == "held")).scalars().all()
    if waiting:
        gone = held.c.run.in_(waiting)
        close_held(connection, select(held.c.run).where(gone), why)
        connection.execute(update(held).where(gone).values(status="superseded", change_set=None))


def transfers(connection: Connection, narrowed: TransferFilter, *, gone: frozenset[int] = frozenset()) \
        -> list[TransferEntry]:  # fmt: skip
    """The latest first, with counts, rejected rows and notes.

    A run of which `gone` has the number and that still says `running` is one that was interrupted.
    """
    query = select(RUN).order_by(RUN.c.number.desc()).limit(narrowed.limit)
    for column, values in (
        (RUN.c.school, narrowed.schools), (RUN.c.kind, narrowed.kinds), (RUN.c.direction, narrowed.directions),
        (_outcome(gone), narrowed.outcomes), (RUN.c.run, frozenset({narrowed.run} - {""})),
    ):  # fmt: skip
        if values:
            query = query.where(column.in_(sorted(values)))
    if narrowed.since is not None:
        query = query.where(RUN.c.started_at >= narrowed.since)
    return _entries(connection, query, gone)


def latest_transfers(connection: Connection, *, gone: frozenset[int] = frozenset()) -> list[TransferEntry]:
    """The latest of each kind at each school in the feed `hub`, however many of other kinds came after it."""
    last = select(func.max(RUN.c.number)).where(RUN.c.feed == HUB).group_by(RUN.c.school, RUN.c.kind)
    return _entries(connection, select(RUN).where(RUN.c.number.in_(last)).order_by(RUN.c.number.desc()), gone)


def _outcome(gone: frozenset[int]) -> ColumnElement[str]:
    lost = and_(RUN.c.number.in_(sorted(gone)), RUN.c.outcome == Outcome.RUNNING.value)
    return case((lost, Outcome.INTERRUPTED.value), else_=RUN.c.outcome)


def _entries(connection: Connection, query: Select[Any], gone: frozenset[int]) -> list[TransferEntry]:
    found = [_as_it_is(run, gone) for run in connection.execute(query).mappings()]
    numbers = [run["number"] for run in found]
    counts, rejected, notes = (
        _parts(connection, table, numbers) for table in (TRANSFER_COUNT, REJECTED_ROW, TRANSFER_NOTE)
    )
    return [
        _entry(run, counts.get(run["number"], ()), rejected.get(run["number"], ()), notes.get(run["number"], ()))
        for run in found
    ]


def _as_it_is(run: Mapping[Any, Any], gone: frozenset[int]) -> Mapping[Any, Any]:
    if run["number"] in gone and run["outcome"] == Outcome.RUNNING.value:
        return {**run, "outcome": Outcome.INTERRUPTED.value, "message": _GONE}
    return run


def _write(connection: Connection, entry: TransferEntry) -> int:
    inserted = connection.execute(insert(RUN).values(run=entry.run, **_values(entry)).returning(RUN.c.number))
    number: int = inserted.scalar_one()
    _write_parts(connection, entry, number)
    return number


def _values(entry: TransferEntry) -> dict[str, Any]:
    return {
        "kind": entry.kind, "direction": entry.direction, "school": entry.school, "feed": entry.feed,
        "attachment": entry.attachment, "outcome": entry.outcome.value, "started_at": entry.started_at,
        "finished_at": entry.finished_at, "actor_name": entry.actor.name, "actor_source": entry.actor.source,
        "message": entry.message,
    }  # fmt: skip


def _write_parts(connection: Connection, entry: TransferEntry, number: int) -> None:
    counts = [
        {"run": number, "entity": entity} | {f"rows_{name}": getattr(c, name) for name in _COUNTS}
        for entity, c in entry.counts.items()
    ]
    rejected = [
        {"run": number, "position": position, "entity": r.entity, "record": r.key, "code": r.code,
         "message": r.message, "place": r.place}
        for position, r in enumerate(entry.rejected)
    ]  # fmt: skip
    notes = [{"run": number, "position": position, "text": text} for position, text in enumerate(entry.notes)]
    for table, rows in ((TRANSFER_COUNT, counts), (REJECTED_ROW, rejected), (TRANSFER_NOTE, notes)):
        if rows:
            connection.execute(insert(table), rows)


def _parts(connection: Connection, table: Table, numbers: Sequence[int]) -> dict[int, list[Mapping[Any, Any]]]:
    found: dict[int, list[Mapping[Any, Any]]] = {}
    order = list(table.primary_key.columns)
    for start_ in range(0, len(numbers), 500):
        part = numbers[start_ : start_ + 500]
        for row in connection.execute(select(table).where(table.c.run.in_(part)).order_by(*order)).mappings():
            found.setdefault(row["run"], []).append(row)
    return found


def _entry(run: Mapping[Any, Any], counts: Iterable[Mapping[Any, Any]], rejected: Iterable[Mapping[Any, Any]],
           notes: Iterable[Mapping[Any, Any]]) -> TransferEntry:  # fmt: skip
    return TransferEntry(
        run=run["run"], kind=run["kind"], direction=run["direction"], school=run["school"], feed=run["feed"],
        attachment=run["attachment"], outcome=Outcome(run["outcome"]), started_at=run["started_at"],
        finished_at=run["finished_at"], actor=Actor(run["actor_name"], run["actor_source"]), message=run["message"],
        counts={c["entity"]: Counts(**{name: c[f"rows_{name}"] for name in _COUNTS}) for c in counts},
        rejected=tuple(
            RejectedRecord(entity=r["entity"], key=r["record"], code=r["code"], message=r["message"], place=r["place"])
            for r in rejected
        ),
        notes=tuple(n["text"] for n in notes),
    )  # fmt: skip

"""Runs that wait for a person, and what becomes of their change sets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, insert, select, true, update

from reconciler.errors import UnknownName
from reconciler.store import audit, runs
from reconciler.store.change_sets import dump_commit, load_commit
from reconciler.store.packed import in_scope, scope_values
from reconciler.store.tables.academic import ACADEMIC_HELD
from reconciler.store.tables.runs import HELD_RUN, RUN
from reconciler.syncs.ports import FeedScope, HeldRun
from reconciler.transfers.entry import Outcome
from reconciler.vocabulary.actor import Actor
from reconciler.vocabulary.codes import AcademicYear
from reconciler.vocabulary.suggestions import did_you_mean


def hold(connection: Connection, held: HeldRun) -> None:
    """Keeps the change set and ends the run as `held`; an earlier held run of the scope is superseded."""
    entry = replace(held.commit.entry, run=held.run, outcome=Outcome.HELD, finished_at=held.held_at)
    number = runs.end(connection, entry)
    supersede(connection, held.scope, by=held.run)
    connection.execute(
        insert(HELD_RUN).values(
            run=held.run, number=number, school=held.scope.school, **scope_values(held.scope), held_at=held.held_at,
            expires_at=held.expires_at, reasons=list(held.reasons), status="held",
            change_set=dump_commit(held.commit),
        )
    )  # fmt: skip
    audit.append(
        connection, at=held.held_at, actor=entry.actor, verb="run.held", subject=f"run {held.run}",
        detail={"school": entry.school, "feed": entry.feed, "reasons": list(held.reasons)},
    )  # fmt: skip


def still_held(connection: Connection) -> Sequence[HeldRun]:
    """The latest first."""
    query = select(HELD_RUN).where(HELD_RUN.c.status == "held").order_by(HELD_RUN.c.number.desc())
    return [
        HeldRun(
            run=h.run,
            scope=FeedScope(
                school=h.school, attachment=h.attachment, feed=h.feed, year=AcademicYear.parse(h.academic_year)
            ),
            held_at=h.held_at, expires_at=h.expires_at, reasons=tuple(h.reasons), commit=load_commit(h.change_set),
            status=h.status,
        )
        for h in connection.execute(query)
    ]  # fmt: skip


def supersede(connection: Connection, scope: FeedScope, *, by: str) -> None:
    """Held runs of the scope, apart from `by`, can no longer be committed as shown: their change sets go."""
    where = in_scope(HELD_RUN, scope) & (HELD_RUN.c.run != by)
    runs.supersede_held(connection, HELD_RUN, where, f"superseded by run {by}")


def outdate(connection: Connection, schools: Collection[str] | None, *, serial: int) -> None:
    """Held runs of any kind that the version `serial` told otherwise can no longer be committed as shown.

    `schools` are those that are to bring something else now, None for all.
    """
    for held in (HELD_RUN, ACADEMIC_HELD):
        told_otherwise = true() if schools is None else held.c.school.in_(sorted(schools))
        runs.supersede_held(connection, held, told_otherwise, f"superseded by version {serial} of the estate")


def became_of(connection: Connection, run: str) -> str:
    """Why a run that was held waits no longer, empty for one that waits or never was held."""
    query = select(HELD_RUN.c.status, RUN.c.message).join(RUN, RUN.c.run == HELD_RUN.c.run).where(HELD_RUN.c.run == run)
    found = connection.execute(query).first()
    if found is None or found.status == "held":
        return ""
    if found.status == "superseded":
        return str(found.message).rpartition("; ")[2]
    return "expired" if found.status == "expired" else f"already {found.status}"


def close(connection: Connection, run: str, *, status: str, at: datetime, actor: Actor, reason: str) -> None:
    """Marks it `approved`, `rejected` or `expired` and drops the change set. Raises UnknownName."""
    found = connection.execute(select(HELD_RUN.c.status).where(HELD_RUN.c.run == run)).scalar()
    if found != "held":
        known = connection.execute(select(HELD_RUN.c.run).where(HELD_RUN.c.status == "held")).scalars()
        raise UnknownName(
            "store.unknown_held_run", f"no held run is called {run}", subject=run,
            hint=did_you_mean(run, known) or "it may have been closed already; `reconcile status` lists what is held",
        )  # fmt: skip
    connection.execute(update(HELD_RUN).where(HELD_RUN.c.run == run).values(status=status, change_set=None))
    if status == "expired":
        runs.close_held(connection, select(HELD_RUN.c.run).where(HELD_RUN.c.run == run), "expired: nobody approved it")
    if status == "rejected":
        connection.execute(update(RUN).where(RUN.c.run == run).values(outcome=Outcome.REJECTED.value))
    audit.append(connection, at=at, actor=actor, verb=f"run.{status}", subject=f"run {run}",
                 detail={"reason": reason})  # fmt: skip

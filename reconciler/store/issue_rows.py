"""Data issues over time: opened, seen again, closed, reopened."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, insert, select, update

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue, Owner
from reconciler.issues.tracked import TrackedIssue
from reconciler.reports.ports import IssueFilter
from reconciler.store.tables.runs import DATA_ISSUE

SET_ASIDE = "apply: partner set aside"  # stands where the run stands that closed an issue
_T = DATA_ISSUE
_IDENTITY = (_T.c.code, _T.c.school, _T.c.feed, _T.c.entity, _T.c.record, _T.c.field)
_WORST_FIRST = case({Severity.ERROR.value: 0, Severity.WARNING.value: 1}, value=_T.c.severity, else_=2)


def record(connection: Connection, found: Iterable[DataIssue], *, run: str, at: datetime) -> None:
    """Opens what is new, reopens what had been closed, and notes that the rest was seen again."""
    by_identity = {issue.identity: issue for issue in found}
    if not by_identity:
        return
    known: dict[tuple[str, ...], tuple[int, bool]] = {}
    for school, feed in {(i.school, i.feed) for i in by_identity.values()}:
        query = select(*_IDENTITY, _T.c.number, _T.c.closed_at).where(_T.c.school == school, _T.c.feed == feed)
        known |= {tuple(row[:6]): (row.number, row.closed_at is not None) for row in connection.execute(query)}
    fresh, seen = [], []
    for identity, issue in by_identity.items():
        values = _values(issue)
        if identity not in known:
            fresh.append(
                values | {
                    "opened_at": at, "opened_run": run, "last_seen_at": at, "closed_at": None, "closed_run": "",
                    "reopened": 0, "acknowledged_by": "", "assigned_to": "",
                }
            )  # fmt: skip
            continue
        number, closed = known[identity]
        told = {f"b_{name}": values[name] for name in ("severity", "message", "next_step", "owner")}
        seen.append(told | {"b_number": number, "b_at": at, "b_again": int(closed)})
    if fresh:
        connection.execute(insert(_T), fresh)
    if seen:
        connection.execute(_SEEN_AGAIN, seen)


_SEEN_AGAIN = (
    update(_T)
    .where(_T.c.number == bindparam("b_number"))
    .values(
        severity=bindparam("b_severity"), message=bindparam("b_message"), next_step=bindparam("b_next_step"),
        owner=bindparam("b_owner"), last_seen_at=bindparam("b_at"), closed_at=None, closed_run="",
        reopened=_T.c.reopened + bindparam("b_again"),
        # what came back was mended once and is news again
        acknowledged_by=case((bindparam("b_again") == 1, ""), else_=_T.c.acknowledged_by),
    )
)  # fmt: skip


def close_others(connection: Connection, found: Iterable[DataIssue], *, school: str, feed: str,
                 codes: Collection[str], run: str, at: datetime) -> None:  # fmt: skip
    """Closes open issues of these codes in this school and feed that were not found again."""
    if not codes:
        return
    still = {issue.identity for issue in found}
    query = select(*_IDENTITY, _T.c.number).where(
        _T.c.school == school, _T.c.feed == feed, _T.c.code.in_(sorted(codes)), _T.c.closed_at.is_(None)
    )
    gone = [{"b_number": row.number} for row in connection.execute(query) if tuple(row[:6]) not in still]
    if gone:
        statement = update(_T).where(_T.c.number == bindparam("b_number")).values(closed_at=at, closed_run=run)
        connection.execute(statement, gone)


def set_aside(connection: Connection, *, school: str, feed: str, at: datetime) -> None:
    """Closes what is open at a school whose rows are out of live views: nobody is asked to mend a partner that left."""
    where = (_T.c.school == school) & (_T.c.feed == feed) & _T.c.closed_at.is_(None)
    connection.execute(update(_T).where(where).values(closed_at=at, closed_run=SET_ASIDE))


def bring_back(connection: Connection, *, school: str, feed: str) -> None:
    """Opens again what was set aside with the school's rows; its next import may find an unchanged payload."""
    where = (_T.c.school == school) & (_T.c.feed == feed) & (_T.c.closed_run == SET_ASIDE)
    connection.execute(update(_T).where(where).values(closed_at=None, closed_run="", reopened=_T.c.reopened + 1))


def issues(connection: Connection, narrowed: IssueFilter) -> list[TrackedIssue]:
    """Worst first, then oldest."""
    query = select(_T).order_by(_WORST_FIRST, _T.c.opened_at, _T.c.number)
    for column, values in (
        (_T.c.school, narrowed.schools), (_T.c.code, narrowed.codes), (_T.c.severity, narrowed.severities),
        (_T.c.owner, narrowed.owners),
    ):  # fmt: skip
        if values:
            query = query.where(column.in_(sorted(values)))
    if narrowed.state != "all":
        query = query.where(_T.c.closed_at.is_(None) if narrowed.state == "open" else _T.c.closed_at.is_not(None))
    return [_tracked(row) for row in connection.execute(query).mappings()]


def _values(issue: DataIssue) -> dict[str, Any]:
    return asdict(issue) | {"severity": issue.severity.value, "owner": issue.owner.value}


def _tracked(row: Mapping[Any, Any]) -> TrackedIssue:
    return TrackedIssue(
        number=row["number"],
        issue=DataIssue(
            code=row["code"], severity=Severity(row["severity"]), school=row["school"], entity=row["entity"],
            record=row["record"], message=row["message"], next_step=row["next_step"], owner=Owner(row["owner"]),
            feed=row["feed"], field=row["field"],
        ),
        opened_at=row["opened_at"], opened_run=row["opened_run"], last_seen_at=row["last_seen_at"],
        closed_at=row["closed_at"], closed_run=row["closed_run"], reopened=row["reopened"],
        acknowledged_by=row["acknowledged_by"], assigned_to=row["assigned_to"],
    )  # fmt: skip

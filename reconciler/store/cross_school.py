"""What is read across schools, worked out by the database: fulfils `CrossSchoolStore` of `reconciler.syncs`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select, union_all

from reconciler.issues.issue import DataIssue
from reconciler.issues.registrations import Registration
from reconciler.records.entities import Entity
from reconciler.records.identifiers import Identifier
from reconciler.store import issue_rows
from reconciler.store.database import Database
from reconciler.store.identifiers_held import clashes, holders, live, live_scopes, within
from reconciler.store.tables.records import RECORDS
from reconciler.store.tables.runs import DATA_ISSUE, RUN
from reconciler.syncs.cross_school import Clash, Holder
from reconciler.syncs.ports import FeedScope


class SqlCrossSchoolStore:
    """Each answer comes from one consistent view; `settle` is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def scopes(self) -> Sequence[FeedScope]:
        """Each live school that an import has brought rows of, in the latest year that it brought; by school."""
        with self._database.read() as connection:
            return live_scopes(connection)

    def count(self, scopes: Sequence[FeedScope], identifier: Identifier) -> int:
        """How many live records of these scopes carry the identifier."""
        table = RECORDS[identifier.entity]
        carrying = and_(live(table, scopes), table.c[identifier.column].is_not(None))
        with self._database.read() as connection:
            return int(connection.execute(select(func.count()).where(carrying)).scalar_one())

    def clashes(self, scopes: Sequence[FeedScope], identifier: Identifier) -> Sequence[Clash]:
        """Every value that live records of two of these schools carry, in order of the value."""
        with self._database.read() as connection:
            return clashes(connection, scopes, identifier)

    def holders(self, scopes: Sequence[FeedScope], identifier: Identifier, values: Collection[str]) \
            -> Sequence[Holder]:  # fmt: skip
        """Live records of these scopes that carry one of these folded values."""
        with self._database.read() as connection:
            return holders(connection, scopes, identifier, values)

    def shared_people(self, scopes: Sequence[FeedScope], *, zone: ZoneInfo) -> Sequence[Registration]:
        """Students, live or withdrawn, whose current or former UPN stands at two of these schools or more."""
        table = RECORDS[Entity.STUDENTS]
        ours = within(table, scopes)
        numbers = union_all(
            *(
                select(table.c.attachment, table.c[name].label("number")).where(ours, table.c[name].is_not(None))
                for name in ("upn", "former_upn")
            )
        ).subquery()
        shared = (
            select(numbers.c.number).group_by(numbers.c.number).having(func.count(numbers.c.attachment.distinct()) > 1)
        )
        query = (
            select(table, RUN.c.started_at.label("left_at"))
            .outerjoin(RUN, RUN.c.number == table.c.left_load)
            .where(ours, or_(table.c.upn.in_(shared), table.c.former_upn.in_(shared)))
        )
        schools = {scope.attachment: scope.school for scope in scopes}
        with self._database.read() as connection:
            found = [_registration(row, schools, zone) for row in connection.execute(query).mappings()]
        return tuple(sorted(found, key=lambda p: (p.school, p.record)))

    def settle(self, issues: Sequence[DataIssue], *, codes: Collection[str], run: str, at: datetime) -> None:
        """Opens these issues and closes every open one of these codes, of any school, that is not among them."""
        where = and_(DATA_ISSUE.c.code.in_(sorted(codes)), DATA_ISSUE.c.closed_at.is_(None))
        open_at = select(DATA_ISSUE.c.school, DATA_ISSUE.c.feed).where(where).distinct()
        with self._database.read() as connection:
            known = connection.execute(open_at).all()
        if not issues and not known:
            return
        with self._database.write() as connection:
            issue_rows.record(connection, issues, run=run, at=at)
            for school, feed in connection.execute(open_at).all():
                issue_rows.close_others(connection, issues, school=school, feed=feed, codes=codes, run=run, at=at)


def _registration(row: Mapping[Any, Any], schools: Mapping[str, str], zone: ZoneInfo) -> Registration:
    return Registration(
        school=schools[row["attachment"]], record=row["source_id"], upn=row["upn"] or "",
        former_upn=row["former_upn"] or "", birth_date=row["birth_date"], status=row["enrolment_status"] or "",
        start=row["start_date"], end=row["end_date"],
        left_on=row["left_at"].astimezone(zone).date() if row["left_at"] else None,
    )  # fmt: skip

"""What is read across schools, worked out by the database: fulfils `CrossSchoolStore` of `reconciler.syncs`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    Table,
    and_,
    false,
    func,
    literal,
    or_,
    select,
    union_all,
)

from reconciler.issues.issue import DataIssue
from reconciler.issues.registrations import Registration
from reconciler.plan.state import AttachmentStatus
from reconciler.records.entities import Entity
from reconciler.records.identifiers import TUTOR_GROUP, Identifier
from reconciler.store import issue_rows
from reconciler.store.database import Database
from reconciler.store.packed import in_scope
from reconciler.store.tables.control import ATTACHMENT
from reconciler.store.tables.records import RECORDS
from reconciler.store.tables.runs import DATA_ISSUE, FEED_STATE, RUN
from reconciler.syncs.cross_school import Clash, Holder
from reconciler.syncs.ports import FeedScope
from reconciler.vocabulary.codes import AcademicYear

_HUB = "hub"
_PART = 500  # values in one condition


class SqlCrossSchoolStore:
    """Each answer comes from one consistent view; `settle` is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def scopes(self) -> Sequence[FeedScope]:
        """Each live school that an import has brought rows of, in the latest year that it brought; by school."""
        query = (
            select(ATTACHMENT.c.school, ATTACHMENT.c.id, func.max(FEED_STATE.c.academic_year))
            .join(FEED_STATE, FEED_STATE.c.attachment == ATTACHMENT.c.id)
            .where(
                ATTACHMENT.c.status == AttachmentStatus.LIVE.value, FEED_STATE.c.feed == _HUB,
                FEED_STATE.c.base_run != "",
            )
            .group_by(ATTACHMENT.c.school, ATTACHMENT.c.id)
        )  # fmt: skip
        with self._database.read() as connection:
            found = connection.execute(query).all()
        return tuple(
            FeedScope(school=school, attachment=attachment, feed=_HUB, year=AcademicYear.parse(year))
            for school, attachment, year in sorted(tuple(row) for row in found)
        )

    def count(self, scopes: Sequence[FeedScope], identifier: Identifier) -> int:
        """How many live records of these scopes carry the identifier."""
        table = RECORDS[identifier.entity]
        carrying = and_(_live(table, scopes), table.c[identifier.column].is_not(None))
        with self._database.read() as connection:
            return int(connection.execute(select(func.count()).where(carrying)).scalar_one())

    def clashes(self, scopes: Sequence[FeedScope], identifier: Identifier) -> Sequence[Clash]:
        """Every value that live records of two of these schools carry, in order of the value."""
        held = self._carried(scopes, identifier)
        shared = select(held.c.folded).group_by(held.c.folded).having(func.count(held.c.attachment.distinct()) > 1)
        query = select(held).where(held.c.folded.in_(shared))
        with self._database.read() as connection:
            found = _sorted(_holders(connection, query, scopes))
        return tuple(
            Clash(identifier=identifier, holders=tuple(holder for _, holder in same))
            for _, same in groupby(found, key=lambda pair: pair[0])
        )

    def holders(self, scopes: Sequence[FeedScope], identifier: Identifier, values: Collection[str]) \
            -> Sequence[Holder]:  # fmt: skip
        """Live records of these scopes that carry one of these folded values."""
        held, wanted = self._carried(scopes, identifier), sorted(values)
        found: list[tuple[str, Holder]] = []
        with self._database.read() as connection:
            for start in range(0, len(wanted), _PART):
                query = select(held).where(held.c.folded.in_(wanted[start : start + _PART]))
                found += _holders(connection, query, scopes)
        return tuple(holder for _, holder in _sorted(found))

    def shared_people(self, scopes: Sequence[FeedScope], *, zone: ZoneInfo) -> Sequence[Registration]:
        """Students, live or withdrawn, whose current or former UPN stands at two of these schools or more."""
        table = RECORDS[Entity.STUDENTS]
        ours = _within(table, scopes)
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

    def _carried(self, scopes: Sequence[FeedScope], identifier: Identifier) -> Subquery:
        """Who carries what. A tutor group that only students name is found at one of them, the first by id."""
        own = RECORDS[identifier.entity]
        carried = own.c[identifier.column]
        parts = [_part(own, identifier.entity, own.c.source_id, carried, self._folded(carried))
                 .where(_live(own, scopes), carried.is_not(None))]  # fmt: skip
        if identifier is TUTOR_GROUP:
            students = RECORDS[Entity.STUDENTS]
            group = students.c.tutor_group
            listed = select(own.c.source_id).where(
                own.c.attachment == students.c.attachment, own.c.feed == students.c.feed,
                own.c.academic_year == students.c.academic_year, own.c.left_load.is_(None),
                self._folded(own.c.name) == self._folded(group),
            )  # fmt: skip
            first, written = (func.min(self._by_code_point(column)) for column in (students.c.source_id, group))
            parts.append(
                _part(students, Entity.STUDENTS, first, written, self._folded(group))
                .where(_live(students, scopes), group.is_not(None), ~listed.correlate(students).exists())
                .group_by(students.c.attachment, self._folded(group))
            )
        return union_all(*parts).subquery()

    def _folded(self, column: ColumnElement[Any]) -> ColumnElement[str]:
        """ASCII capitals made small, by both engines alike: PostgreSQL does no more than that under collation C."""
        return func.lower(self._by_code_point(column))

    def _by_code_point(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return column if self._database.is_sqlite else column.collate("C")


def _part(table: Table, entity: Entity, record: ColumnElement[Any], value: ColumnElement[Any],
          folded: ColumnElement[str]) -> Select[Any]:  # fmt: skip
    return select(table.c.attachment, literal(entity.value).label("entity"), record.label("record"),
                  value.label("value"), folded.label("folded"))  # fmt: skip


def _within(table: Table, scopes: Sequence[FeedScope]) -> ColumnElement[bool]:
    return or_(false(), *(in_scope(table, scope) for scope in scopes))


def _live(table: Table, scopes: Sequence[FeedScope]) -> ColumnElement[bool]:
    return and_(_within(table, scopes), table.c.left_load.is_(None))


def _holders(connection: Connection, query: Select[Any], scopes: Sequence[FeedScope]) -> Iterator[tuple[str, Holder]]:
    schools = {scope.attachment: scope.school for scope in scopes}
    for row in connection.execute(query):
        yield row.folded, Holder(school=schools[row.attachment], entity=Entity(row.entity), record=row.record,
                                 value=row.value)  # fmt: skip


def _sorted(found: Collection[tuple[str, Holder]] | Iterator[tuple[str, Holder]]) -> list[tuple[str, Holder]]:
    """By value, school and record, by code point whatever the engine's collation is."""
    return sorted(found, key=lambda pair: (pair[0], pair[1].school, pair[1].record))


def _registration(row: Mapping[Any, Any], schools: Mapping[str, str], zone: ZoneInfo) -> Registration:
    return Registration(
        school=schools[row["attachment"]], record=row["source_id"], upn=row["upn"] or "",
        former_upn=row["former_upn"] or "", birth_date=row["birth_date"], status=row["enrolment_status"] or "",
        start=row["start_date"], end=row["end_date"],
        left_on=row["left_at"].astimezone(zone).date() if row["left_at"] else None,
    )  # fmt: skip

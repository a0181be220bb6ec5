"""Who carries which identifier across the live schools, in the caller's transaction (VS, rules 11 to 15)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import Any

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

from reconciler.errors import Held
from reconciler.plan.state import AttachmentStatus
from reconciler.records.entities import Entity
from reconciler.records.identifiers import TUTOR_GROUP, Identifier, claimed
from reconciler.store.packed import in_scope
from reconciler.store.tables.control import ATTACHMENT, RESOURCE
from reconciler.store.tables.records import RECORDS
from reconciler.store.tables.runs import FEED_STATE
from reconciler.syncs.cross_school import Clash, Holder
from reconciler.syncs.ports import FeedScope
from reconciler.vocabulary.codes import AcademicYear
from reconciler.vocabulary.feeds import HUB

_PART = 500  # values in one condition
_NAMED = 5


def live_scopes(connection: Connection) -> tuple[FeedScope, ...]:
    """Each live school that an import has brought rows of, in the latest year that it brought; by school."""
    query = (
        select(ATTACHMENT.c.school, ATTACHMENT.c.id, func.max(FEED_STATE.c.academic_year))
        .join(FEED_STATE, FEED_STATE.c.attachment == ATTACHMENT.c.id)
        .where(
            ATTACHMENT.c.status == AttachmentStatus.LIVE.value, FEED_STATE.c.feed == HUB,
            FEED_STATE.c.base_run != "",
        )
        .group_by(ATTACHMENT.c.school, ATTACHMENT.c.id)
    )  # fmt: skip
    return tuple(
        FeedScope(school=school, attachment=attachment, feed=HUB, year=AcademicYear.parse(year))
        for school, attachment, year in sorted(tuple(row) for row in connection.execute(query))
    )


def clashes(connection: Connection, scopes: Sequence[FeedScope], identifier: Identifier) -> tuple[Clash, ...]:
    """Every value that live records of two of these schools carry, in order of the value."""
    held = _carried(connection, scopes, identifier)
    shared = select(held.c.folded).group_by(held.c.folded).having(func.count(held.c.attachment.distinct()) > 1)
    found = _sorted(_holders(connection, select(held).where(held.c.folded.in_(shared)), scopes))
    return tuple(
        Clash(identifier=identifier, holders=tuple(holder for _, holder in same))
        for _, same in groupby(found, key=lambda pair: pair[0])
    )


def holders(connection: Connection, scopes: Sequence[FeedScope], identifier: Identifier,
            values: Collection[str]) -> tuple[Holder, ...]:  # fmt: skip
    """Live records of these scopes that carry one of these folded values."""
    held, wanted = _carried(connection, scopes, identifier), sorted(values)
    found: list[tuple[str, Holder]] = []
    for start in range(0, len(wanted), _PART):
        query = select(held).where(held.c.folded.in_(wanted[start : start + _PART]))
        found += _holders(connection, query, scopes)
    return tuple(holder for _, holder in _sorted(found))


def refuse_clashes(connection: Connection, *, school: str = "") -> None:
    """Proves what the applied hub claims, with all that this transaction has written (VS, rules 11 and 12; C15).

    With `school` only what that school takes part in counts. It is called behind the audit row: the lock on the head of
    the trail lets writers take turns, so what another one committed meanwhile is seen. Raises Held.
    """
    spec = connection.execute(select(RESOURCE.c.spec).where(RESOURCE.c.address == "virtual_school")).scalar()
    identifiers = claimed((spec or {}).get("identifiers") or {})
    scopes = live_scopes(connection) if identifiers else ()
    found = [
        clash
        for identifier in identifiers
        for clash in clashes(connection, scopes, identifier)
        if not school or any(holder.school == school for holder in clash.holders)
    ]
    if found:
        more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        flags = " and ".join(dict.fromkeys(clash.identifier.flag for clash in found))
        raise Held(
            "guard.identity_clash",
            f"{flags} is claimed, and two schools would hold one: {'; '.join(c.message for c in found[:_NAMED])}{more}"
            "; nothing was changed",
            hint=f"let one of the schools change it and import that school again, or set {flags}: false and apply",
        )


def within(table: Table, scopes: Sequence[FeedScope]) -> ColumnElement[bool]:
    """Rows of these scopes, live or left."""
    return or_(false(), *(in_scope(table, scope) for scope in scopes))


def live(table: Table, scopes: Sequence[FeedScope]) -> ColumnElement[bool]:
    """Live rows of these scopes."""
    return and_(within(table, scopes), table.c.left_load.is_(None))


def _carried(connection: Connection, scopes: Sequence[FeedScope], identifier: Identifier) -> Subquery:
    """Who carries what. A tutor group that only students name is found at one of them, the first by id."""

    def by_code_point(column: ColumnElement[Any]) -> ColumnElement[Any]:
        return column if connection.dialect.name == "sqlite" else column.collate("C")

    def folded(column: ColumnElement[Any]) -> ColumnElement[str]:
        """ASCII capitals made small, by both engines alike: PostgreSQL does no more than that under collation C."""
        return func.lower(by_code_point(column))

    own = RECORDS[identifier.entity]
    carried = own.c[identifier.column]
    parts = [_part(own, identifier.entity, own.c.source_id, carried, folded(carried))
             .where(live(own, scopes), carried.is_not(None))]  # fmt: skip
    if identifier is TUTOR_GROUP:
        students = RECORDS[Entity.STUDENTS]
        group = students.c.tutor_group
        listed = select(own.c.source_id).where(
            own.c.attachment == students.c.attachment, own.c.feed == students.c.feed,
            own.c.academic_year == students.c.academic_year, own.c.left_load.is_(None),
            folded(own.c.name) == folded(group),
        )  # fmt: skip
        first, written = (func.min(by_code_point(column)) for column in (students.c.source_id, group))
        parts.append(
            _part(students, Entity.STUDENTS, first, written, folded(group))
            .where(live(students, scopes), group.is_not(None), ~listed.correlate(students).exists())
            .group_by(students.c.attachment, folded(group))
        )
    return union_all(*parts).subquery()


def _part(table: Table, entity: Entity, record: ColumnElement[Any], value: ColumnElement[Any],
          folded: ColumnElement[str]) -> Select[Any]:  # fmt: skip
    return select(table.c.attachment, literal(entity.value).label("entity"), record.label("record"),
                  value.label("value"), folded.label("folded"))  # fmt: skip


def _holders(connection: Connection, query: Select[Any], scopes: Sequence[FeedScope]) -> Iterator[tuple[str, Holder]]:
    schools = {scope.attachment: scope.school for scope in scopes}
    for row in connection.execute(query):
        yield row.folded, Holder(school=schools[row.attachment], entity=Entity(row.entity), record=row.record,
                                 value=row.value)  # fmt: skip


def _sorted(found: Collection[tuple[str, Holder]] | Iterator[tuple[str, Holder]]) -> list[tuple[str, Holder]]:
    """By value, school and record, by code point whatever the engine's collation is."""
    return sorted(found, key=lambda pair: (pair[0], pair[1].school, pair[1].record))

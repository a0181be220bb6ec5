"""What the academic report counts; asked for by a person now and then, so the tables themselves are counted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from reconciler.records.academic import AcademicEntity
from reconciler.store.packed import in_scope
from reconciler.store.tables.academic import ACADEMIC_PARKED, ACADEMIC_RECORDS
from reconciler.store.tables.runs import RUN
from reconciler.syncs.academic_ports import AcademicFigures, ParkedSince
from reconciler.syncs.ports import FeedScope


def read(connection: Connection, scope: FeedScope, *, student: str = "") -> AcademicFigures:
    """Figures of one student where one is named."""
    counts = {}
    for entity, table in ACADEMIC_RECORDS.items():
        found = connection.execute(_live(select(func.count()).select_from(table), table, scope, student)).scalar_one()
        if found:
            counts[entity] = int(found)
    marks = ACADEMIC_RECORDS[AcademicEntity.ATTENDANCE_MARKS]
    by_class = select(marks.c.statistical_class, func.count()).group_by(marks.c.statistical_class)
    found_classes = connection.execute(_live(by_class, marks, scope, student).order_by(marks.c.statistical_class))
    return AcademicFigures(counts=counts, attendance={row[0]: row[1] for row in found_classes},
                           parked=_parked(connection, scope, student))  # fmt: skip


def _live(query: Any, table: Any, scope: FeedScope, student: str) -> Any:
    query = query.where(in_scope(table, scope), table.c.left_load.is_(None))
    return query.where(table.c.student_id == student) if student else query


def _parked(connection: Connection, scope: FeedScope, student: str) -> tuple[ParkedSince, ...]:
    table = ACADEMIC_PARKED
    query = (
        select(
            table.c.entity, func.count(table.c.student_id.distinct()), func.count(), func.min(RUN.c.started_at)
        )
        .join(RUN, RUN.c.number == table.c.parked_run)
        .where(in_scope(table, scope))
        .group_by(table.c.entity)
        .order_by(table.c.entity)
    )  # fmt: skip
    if student:
        query = query.where(table.c.student_id == student)
    return tuple(
        ParkedSince(entity=AcademicEntity(entity), students=students, rows=rows, since=since)
        for entity, students, rows, since in connection.execute(query)
    )

"""A school that answers as a test tells it to, and the shortest way to import it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from reconciler.connectors.protocol import Completeness, Fetched, Offer, Row, Session, SourceRow, Tolerance
from reconciler.errors import SourceError
from reconciler.records.entities import Entity
from reconciler.syncs.cross_school import CrossSchoolStore
from reconciler.syncs.importing import import_school
from reconciler.syncs.job import ImportJob, ImportResult
from reconciler.syncs.ports import FeedStore
from reconciler.vocabulary.actor import Actor
from reconciler.vocabulary.codes import AcademicYear
from tests.syncs.memory_across import NobodyElse

NOW = datetime(2026, 11, 23, 8, 40, tzinfo=UTC)
ACTOR = Actor("data.manager@eskmere.example", "env")
MAP = {f"W{week}Mon.P{n}": f"W1Mon.P{n}" for week in (1, 2) for n in (1, 2)} | {"W1Mon.P3": None, "W2Mon.P3": None}
_RUNS = count(1)


def row(key: str, *, offered: bool = True, **values: str | date | None) -> SourceRow:
    """One readable row; its id is its key."""
    return SourceRow(key=key, values={"source_id": key, **values}, offered=offered)


def student(key: str, *, offered: bool = True, **values: str | date | None) -> SourceRow:
    return row(key, offered=offered, **({"surname": f"Surname{key}", "tutor_group": "12A"} | values))


def member(class_id: str, person: str, role: str = "student", **values: str | date | None) -> SourceRow:
    return row(f"{class_id}|{role}|{person}", class_id=class_id, person_id=person, role=role, **values)


def lesson(class_id: str, slot: str = "W1Mon.P1", staff: str = "T1", room: str = "R1") -> SourceRow:
    return row(f"{class_id}|{slot}|{staff}|{room}", class_id=class_id, partner_slot=slot, staff_id=staff, room_id=room)


def school(students: int = 4) -> dict[Entity, list[Row]]:
    """A small whole school: two classes, their teachers and rooms, and one teacher, room and group nobody needs."""
    people = [student(f"S{n}", admission_number=f"00{n}") for n in range(1, students + 1)]
    return {
        Entity.STAFF: [row(f"T{n}", surname=f"Teacher{n}", staff_code=f"T{n}") for n in (1, 2, 9)],
        Entity.ROOMS: [row(f"R{n}", name=f"Room {n}") for n in (1, 2, 9)],
        Entity.TUTOR_GROUPS: [row("12A", name="12A"), row("7B", name="7B")],
        Entity.STUDENTS: list(people),
        Entity.CLASSES: [row(f"C{n}", name=f"Class {n}") for n in (1, 2)],
        Entity.MEMBERSHIPS: [member("C1", p.key) for p in people]
        + [member("C1", "T1", "teacher"), member("C2", "T2", "teacher")],
        Entity.LESSONS: [lesson("C1"), lesson("C2", "W1Mon.P2", "T2", "R2")],
    }


@dataclass
class Answer:
    """How a school answers for one entity; `fails_after` rows it raises `error`."""

    rows: Sequence[Row] = ()
    ends: Completeness = Completeness.PROVEN
    fingerprint: str = ""
    tolerances: tuple[Tolerance, ...] = ()
    error: SourceError | None = None
    fails_after: int = 0
    completeness: Completeness = Completeness.NONE

    def __iter__(self) -> Iterator[Row]:
        for n, found in enumerate(self.rows):
            if self.error and n >= self.fails_after:
                raise self.error
            yield found
        if self.error:
            raise self.error
        self.completeness = self.ends


@dataclass
class ScriptedSession:
    """Hands out scripted answers and notes in which order it was asked."""

    answers: Mapping[Entity, Answer]
    asked: list[Entity] = field(default_factory=list)

    def fetch(self, entity: Entity) -> Fetched:
        self.asked.append(entity)
        return self.answers.get(entity, Answer())


def answers(rows: Mapping[Entity, Sequence[Row]], **kinds: Any) -> dict[Entity, Answer]:
    """Each entity answered in full; `students=Answer(...)` replaces one."""
    return {entity: Answer(found) for entity, found in rows.items()} | {Entity(k): v for k, v in kinds.items()}


JOB = ImportJob(
    school="AVN", short_code="AVN", school_name="Ashvale North Academy", attachment="AVN:0123456789ab",
    year=AcademicYear(2026), students=Offer(in_group="Outplaced"), classes=Offer(in_group="Outplaced"),
    period_map=MAP, first=True,
)  # fmt: skip


def import_from(session: Session, store: FeedStore, *, job: ImportJob = JOB, run: str = "run", now: datetime = NOW,
                **more: Any) -> ImportResult:  # fmt: skip
    """Imports what an open session gives."""
    return import_school(job, lambda: nullcontext(session), store, run=run, now=now, actor=ACTOR, **more)


def importing(store: FeedStore, rows: Mapping[Entity, Sequence[Row]] | None = None, *, job: ImportJob = JOB,
              dry_run: bool = False, after: timedelta = timedelta(), across: CrossSchoolStore | None = None,
              **kinds: Any) -> ImportResult:  # fmt: skip
    """Imports a scripted school; `job_*` keywords change the job, entity names replace answers."""
    changes = {k.removeprefix("job_"): kinds.pop(k) for k in list(kinds) if k.startswith("job_")}
    session = ScriptedSession(answers(school() if rows is None else rows, **kinds))
    return import_from(session, store, job=replace(job, **changes), run=f"run{next(_RUNS)}", now=NOW + after,
                       dry_run=dry_run, across=across or NobodyElse())  # fmt: skip

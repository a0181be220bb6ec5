"""A school that answers as a test tells it to, and the shortest way to import its academic data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from reconciler.connectors.academic_protocol import Days
from reconciler.connectors.protocol import Completeness, Row, SourceRow
from reconciler.connectors.reading import Reading
from reconciler.errors import SourceError
from reconciler.records.academic import AcademicEntity
from reconciler.records.structures import Structure, hub_structures
from reconciler.syncs.academic import import_academic
from reconciler.syncs.academic_job import AcademicJob
from reconciler.syncs.academic_ports import AcademicStore
from reconciler.syncs.job import ImportResult
from reconciler.vocabulary.actor import Actor
from reconciler.vocabulary.codes import AcademicYear

NOW = datetime(2026, 11, 23, 8, 40, tzinfo=UTC)
TODAY = NOW.date()
ACTOR = Actor("data-manager", "env")
HUB = hub_structures(None)
MARKS, EVENTS, RESULTS, AIMS = AcademicEntity
_RUNS = count(1)

Rows = Mapping[AcademicEntity, Sequence[Row]]


def mark(student: str = "S1", on: date = date(2026, 11, 20), code: str = "/", session: str = "AM",
         **values: str) -> SourceRow:  # fmt: skip
    told = {"student_id": student, "on_date": on, "session": session, "code": code, **values}
    return SourceRow(f"{student}|{on}|{session}", told)


def event(key: str = "E1", student: str = "S1", on: date = date(2026, 11, 19), code: str = "LAT",
          points: str | None = "-1") -> SourceRow:  # fmt: skip
    return SourceRow(key, {"student_id": student, "on_date": on, "event_code": code, "points": points})


def result(key: str = "R1", student: str = "S1", on: date | None = date(2026, 10, 16), grade: str = "B",
           kind: str = "Current grade") -> SourceRow:  # fmt: skip
    told = {"student_id": student, "on_date": on, "assessment_type": kind, "result": grade, "is_grade": "True"}
    return SourceRow(key, told)


def aim(key: str = "A1", student: str = "S1", code: str | None = "60148557", end: date | None = None) -> SourceRow:
    return SourceRow(key, {"student_id": student, "aim_code": code, "start_date": date(2025, 9, 1), "end_date": end})


@dataclass
class ScriptedAcademic:
    """Answers what it was asked for, or, when it does not obey, all that it has, whoever asks for whatever."""

    rows: Rows
    obeys: bool = True
    ends: Completeness = Completeness.PROVEN
    structures: Mapping[AcademicEntity, Structure] = field(default_factory=lambda: HUB)
    errors: Mapping[AcademicEntity, SourceError] = field(default_factory=dict)
    no_structure: Mapping[AcademicEntity, SourceError] = field(default_factory=dict)
    asked: list[tuple[AcademicEntity, tuple[str, ...], Days]] = field(default_factory=list)

    def structure(self, entity: AcademicEntity) -> Structure:
        if entity in self.no_structure:
            raise self.no_structure[entity]
        return self.structures[entity]

    def read(self, entity: AcademicEntity, students: Sequence[str], days: Days) -> Reading:
        self.asked.append((entity, tuple(students), days))
        return Reading(self._rows(entity, students, days), lambda: self.ends)

    def _rows(self, entity: AcademicEntity, students: Sequence[str], days: Days) -> Iterator[Row]:
        if entity in self.errors:
            raise self.errors[entity]
        for row in self.rows.get(entity, ()):
            values = getattr(row, "values", {})
            on = values.get("on_date")
            wanted = values.get("student_id") in students and (on is None or on in days)
            if wanted or not self.obeys or not isinstance(row, SourceRow):
                yield row


JOB = AcademicJob(
    school="AVN", school_name="Ashvale North Academy", attachment="AVN:0123456789ab", year=AcademicYear(2026),
    entities=frozenset(AcademicEntity), structures=HUB,
)  # fmt: skip


def importing(
    store: AcademicStore, rows: Rows | None = None, *, after: timedelta = timedelta(), dry_run: bool = False,
    session: ScriptedAcademic | None = None, job: AcademicJob = JOB, **kinds: Any,
) -> ImportResult:  # fmt: skip
    """Imports a scripted school; `job_*` keywords change the job, others the session."""
    changed = {k.removeprefix("job_"): kinds.pop(k) for k in list(kinds) if k.startswith("job_")}
    told = session or ScriptedAcademic(rows or {}, **kinds)
    return import_academic(
        replace(job, **changed), lambda: nullcontext(told), store, run=f"a{next(_RUNS)}", now=NOW + after,
        actor=ACTOR, dry_run=dry_run,
    )  # fmt: skip

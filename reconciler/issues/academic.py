"""Data issues of an academic import. They have codes of their own, so that neither import closes the other's issues."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue, Owner, owner_of_failure
from reconciler.issues.rule import Trouble
from reconciler.records.academic import AcademicEntity
from reconciler.transfers.entry import RejectedRecord

_FAILED_CODE = "academic.source_failed"
_REFUSED_CODE = "academic.entity_refused"
_STRUCTURE_CODES = ("academic.structure_mismatch", "academic.structure_unknown")
_HELD_CODES = ("academic.mass_drop", "academic.mass_change")
_INCOMPLETE_CODE = "academic.incomplete_fetch"
_REJECTED_CODE = "academic.row_rejected"
_MARK_CODES = ("attendance.unknown_code", "attendance.abolished_code")
_STUDENT_CODE = "academic.unknown_student"
_AIM_CODE = "academic.unknown_aim"

_NAMED = 5  # ids shown of many


@dataclass(frozen=True, slots=True, kw_only=True)
class AcademicFacts:
    """What one academic run found out. `judged` are the entities of which all of the year was read completely.

    `parked` are the students whose rows wait, by entity; `unknown_aims` gives the student of each aim whose code is
    none.
    """

    school: str
    feed: str
    judged: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    failure: Trouble | None = None
    refused: Sequence[Trouble] = ()
    structures: Sequence[Trouble] = ()
    held: Sequence[Trouble] = ()
    incomplete: Sequence[str] = ()
    rejected: Sequence[RejectedRecord] = ()
    parked: Mapping[str, Set[str]] = field(default_factory=dict)
    unknown_aims: Mapping[str, str] = field(default_factory=dict)

    def issue(self, code: str, *, entity: str, record: str, message: str, next_step: str, column: str = "",
              severity: Severity = Severity.ERROR, owner: Owner = Owner.SCHOOL) -> DataIssue:  # fmt: skip
        """An issue of this school and feed."""
        return DataIssue(code=code, severity=severity, school=self.school, feed=self.feed, entity=entity,
                         record=record, message=message, next_step=next_step, owner=owner, field=column)  # fmt: skip


def academic_issues(facts: AcademicFacts) -> tuple[DataIssue, ...]:
    """Every issue once, in the order of its identity."""
    found: dict[tuple[str, ...], DataIssue] = {}
    for rule in (_failure, _refusals, _structures, _held, _incomplete, _marks, _rows, _students, _aims):
        found |= {issue.identity: issue for issue in rule(facts)}
    return tuple(found[identity] for identity in sorted(found))


def judged_codes(facts: AcademicFacts) -> frozenset[str]:
    """The codes whose open issues may be closed when they were not found again.

    What a run says about rows is final only for what was looked at from the first day of the year on.
    """
    always = {_FAILED_CODE, _REFUSED_CODE, *_STRUCTURE_CODES, *_HELD_CODES, _INCOMPLETE_CODE, _STUDENT_CODE}
    if facts.asked <= facts.judged:
        always.add(_REJECTED_CODE)
    if AcademicEntity.ATTENDANCE_MARKS.value in facts.judged:
        always |= set(_MARK_CODES)
    if AcademicEntity.POST16_AIMS.value in facts.judged:
        always.add(_AIM_CODE)
    return frozenset(always)


def _failure(facts: AcademicFacts) -> Iterator[DataIssue]:
    if facts.failure:
        yield facts.issue(
            _FAILED_CODE, entity=facts.failure.entity, record="", column=facts.failure.code,
            message=f"the academic import stopped: {facts.failure.message}",
            next_step=facts.failure.hint or "look at the school's system, then run the import again",
            owner=owner_of_failure(facts.failure.code),
        )  # fmt: skip


def _refusals(facts: AcademicFacts) -> Iterator[DataIssue]:
    for trouble in facts.refused:
        yield facts.issue(
            _REFUSED_CODE, entity=trouble.entity, record="", column=trouble.code,
            message=f"{trouble.entity} were not read: {trouble.message}",
            next_step=trouble.hint or "ask the school to grant this kind of record to our account",
        )  # fmt: skip


def _structures(facts: AcademicFacts) -> Iterator[DataIssue]:
    for trouble in facts.structures:
        yield facts.issue(
            trouble.code, entity=trouble.entity, record="", owner=Owner.HUB, message=trouble.message,
            next_step=trouble.hint,
        )  # fmt: skip


def _held(facts: AcademicFacts) -> Iterator[DataIssue]:
    for trouble in facts.held:
        yield facts.issue(
            trouble.code, entity=trouble.entity, record="", owner=Owner.HUB,
            message=f"held, nothing changed: {trouble.message}", next_step=trouble.hint,
        )  # fmt: skip


def _incomplete(facts: AcademicFacts) -> Iterator[DataIssue]:
    for entity in facts.incomplete:
        yield facts.issue(
            _INCOMPLETE_CODE, entity=entity, record="", severity=Severity.WARNING,
            message=f"the {entity} that came may not be all; of what may be missing nothing was taken to have left",
            next_step="run the import again; if it stays so, let the source send all of them, each with its id",
        )  # fmt: skip


def _marks(facts: AcademicFacts) -> Iterator[DataIssue]:
    """One issue a code that is not in force, however many sessions carry it."""
    for row, rows in _grouped(r for r in facts.rejected if r.code in _MARK_CODES):
        yield facts.issue(
            row.code, entity=row.entity, record=row.message,
            message=f"{_count(rows)} not used: {row.message}; first {_first(rows)}",
            next_step="correct the marks in the MIS; only the codes in force since August 2024 are taken",
        )  # fmt: skip


def _rows(facts: AcademicFacts) -> Iterator[DataIssue]:
    for row, rows in _grouped(r for r in facts.rejected if r.code not in _MARK_CODES):
        yield facts.issue(
            _REJECTED_CODE, entity=row.entity, record=row.message, column=row.code,
            message=f"{_count(rows)} not used: {row.message}; first {_first(rows)}",
            next_step=f"correct the records in the MIS; docs/codes/{row.code}.md says how",
        )  # fmt: skip


def _students(facts: AcademicFacts) -> Iterator[DataIssue]:
    for entity, students in facts.parked.items():
        named = ", ".join(sorted(students)[:_NAMED]) + (" and more" if len(students) > _NAMED else "")
        yield facts.issue(
            _STUDENT_CODE, entity=entity, record="", severity=Severity.WARNING, owner=Owner.HUB,
            message=f"{entity} of {len(students)} student(s) who are not known wait for them: {named}",
            next_step="they come in after the next import of students, if these are offered; else the school sends "
                      "more than it should",
        )  # fmt: skip


def _aims(facts: AcademicFacts) -> Iterator[DataIssue]:
    for key, student in sorted(facts.unknown_aims.items()):
        yield facts.issue(
            _AIM_CODE, entity="post16_aims", record=key, severity=Severity.WARNING, column="aim_code",
            message=f"aim {key} of student {student} has no learning aim reference of eight characters; it was kept",
            next_step="correct the learning aim reference in the MIS",
        )  # fmt: skip


def _grouped(rows: Iterable[RejectedRecord]) -> Iterator[tuple[RejectedRecord, list[RejectedRecord]]]:
    """Rows that say the same, together."""
    found: dict[tuple[str, str, str], list[RejectedRecord]] = {}
    for row in rows:
        found.setdefault((row.entity, row.code, row.message), []).append(row)
    return ((rows[0], rows) for rows in found.values())


def _count(rows: Sequence[RejectedRecord]) -> str:
    return f"{len(rows)} of {rows[0].entity} {'was' if len(rows) == 1 else 'were'}"


def _first(rows: Sequence[RejectedRecord]) -> str:
    return ", ".join(row.key or row.place or "without an id" for row in rows[:_NAMED])

"""The academic report: what of attendance, behaviour, assessment and post-16 aims the hub holds, partner by partner.

VS, rules 3, 59, 60 and 63. Attendance is labelled a copy wherever it is shown, and nobody is named: students appear as
the record numbers of their school.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reconciler.records.academic import COPY
from reconciler.reports.frame import (
    MOST_ROWS,
    Frame,
    SchoolName,
    csv_text,
    day,
    first_five,
    html,
    local,
    opening,
    table,
)
from reconciler.transfers.entry import Outcome, TransferEntry

NAME = "academic"
TITLE = "Academic data"
NO_DIFFERENCE = ("matches", "not compared")
_TEXT_ROWS = 50
_WORDS = {
    "attendance_marks": "attendance", "behaviour_events": "behaviour", "assessment_results": "assessment",
    "post16_aims": "post-16 aims",
}  # fmt: skip
_TROUBLE = frozenset({Outcome.FAILED, Outcome.HELD, Outcome.INTERRUPTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureStanding:
    """How a school's structure of one kind compares with the hub's; `told` names the first difference."""

    kind: str
    state: str  # matches, differs, unreadable, not compared
    told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """Rows of students who are not known; `since` is when the first of them was parked."""

    kind: str
    students: int
    rows: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """One post-16 learning aim, as its school tells it."""

    school: str
    student: str
    record: str
    code: str
    title: str
    start: str
    planned_end: str
    end: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerAcademic:
    """One partner. `kinds` come in from there; `without` says why none can."""

    school: SchoolName
    kinds: tuple[str, ...] = ()
    without: str = ""
    last: TransferEntry | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    attendance: Mapping[str, int] = field(default_factory=dict)
    structures: tuple[StructureStanding, ...] = ()
    parked: tuple[Parked, ...] = ()

    def held(self, kind: str) -> str:
        """How many live records of a kind; a dash where none can come."""
        return "-" if self.without and kind not in self.counts else str(self.counts.get(kind, 0))

    @property
    def when(self) -> str:
        return local(self.last.finished_at or self.last.started_at) if self.last else "never"

    @property
    def outcome(self) -> str:
        return self.last.outcome.value if self.last else "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcademicReport:
    """The model that all writers share; `student` is the record number that it was narrowed to."""

    frame: Frame
    outcome: str
    first: tuple[str, ...]
    student: str
    partners: tuple[PartnerAcademic, ...]
    all_aims: tuple[Aim, ...]
    title: str = TITLE
    copy: str = COPY

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind of which anything is held or asked for, in the order of the first that names it."""
        return tuple(dict.fromkeys(kind for p in self.partners for kind in (*p.kinds, *p.counts)))

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(sorted({name for partner in self.partners for name in partner.attendance}))

    @property
    def structures(self) -> list[tuple[str, StructureStanding]]:
        return [(p.school.code, standing) for p in self.partners for standing in p.structures]

    @property
    def parked(self) -> list[tuple[str, Parked, int]]:
        """School, what waits, and for how many days."""
        return [(p.school.code, w, (self.frame.made_at - w.since).days) for p in self.partners for w in p.parked]

    @property
    def aims(self) -> tuple[Aim, ...]:
        return self.all_aims[:MOST_ROWS]

    @property
    def total_aims(self) -> int:
        return len(self.all_aims)

    def words(self, name: str) -> str:
        return words(name)

    def since(self, parked: Parked) -> str:
        return day(parked.since)


def build(
    frame: Frame, partners: Sequence[PartnerAcademic], aims: Sequence[Aim], *, student: str = ""
) -> AcademicReport:
    """The report; `student` narrows what was gathered to one record number."""
    return AcademicReport(
        frame=frame, outcome=_sentence(partners, student), first=first_five(list(_steps(partners))), student=student,
        partners=tuple(partners), all_aims=tuple(aims),
    )  # fmt: skip


def _sentence(partners: Sequence[PartnerAcademic], student: str) -> str:
    total = sum(sum(partner.counts.values()) for partner in partners)
    if student:
        codes = ", ".join(partner.school.code for partner in partners)
        return f"{total} academic records of student {student} at {codes}" if total else (
            f"No academic record of student {student} is held for {codes}")  # fmt: skip
    asked = [partner for partner in partners if partner.kinds]
    if not asked:
        return "The applied estate asks for no academic data, or no partner can give any"
    bad = [p.school.code for p in asked if _needs_somebody(p)]
    return (f"{total} academic records of {len(asked)} partners; to look at: {', '.join(bad)}" if bad
            else f"{total} academic records of {len(asked)} partners, nothing stands in the way")  # fmt: skip


def _needs_somebody(partner: PartnerAcademic) -> bool:
    return (
        partner.last is None or partner.last.outcome in _TROUBLE
        or any(standing.state not in NO_DIFFERENCE for standing in partner.structures)
    )  # fmt: skip


def _steps(partners: Sequence[PartnerAcademic]) -> list[str]:
    steps = []
    for partner in partners:
        code, last = partner.school.code, partner.last
        if partner.kinds and last is None:
            steps.append(f"{code}: nothing has come yet: reconcile sync academic --school {code}")
        elif last and last.outcome is Outcome.HELD:
            steps.append(f"{code}: run {last.run} is held: reconcile approve {last.run} --reason ... or reject it")
        elif last and last.outcome in _TROUBLE:
            steps.append(f"{code}: the last run {last.outcome.value}: reconcile log --run {last.run}")
        steps += [f"{code}: {s.told}" for s in partner.structures if s.state not in NO_DIFFERENCE]
        if partner.parked:
            students = max(parked.students for parked in partner.parked)
            steps.append(f"{code}: records of {students} unknown student(s) wait: offer them and import, or ask the "
                         "school why it sends them")  # fmt: skip
    return steps


def to_html(report: AcademicReport) -> str:
    return html("academic.html.j2", report)


def to_text(report: AcademicReport) -> str:
    parts = opening(report.outcome, report.first)
    if report.partners:
        header = ("School", "Last run", "Outcome", *(words(kind) for kind in report.kinds))
        rows = [
            (p.school.code, p.when, "-" if p.without else p.outcome, *(p.held(kind) for kind in report.kinds))
            for p in report.partners
        ]
        parts.append(table(header, rows, right=frozenset(range(3, len(header)))))
    parts += [f"{p.school.code}: {p.without}" for p in report.partners if p.without]
    if report.classes:
        header = ("Attendance", *(words(name) for name in report.classes))
        by_class = [(p.school.code, *(p.attendance.get(name, 0) for name in report.classes))
                for p in report.partners if p.attendance]  # fmt: skip
        parts.append(f"Attendance here is {report.copy}.\n"
                     + table(header, by_class, right=frozenset(range(1, len(header)))))  # fmt: skip
    if report.structures:
        parts.append(table(("School", "Structure of", "State", "First difference"),
                           [(code, words(s.kind), s.state, s.told) for code, s in report.structures]))  # fmt: skip
    if report.parked:
        parts.append(table(("School", "Waits", "Students", "Rows", "Since", "Days"),
                           [(code, words(w.kind), w.students, w.rows, day(w.since), days)
                            for code, w, days in report.parked], right=frozenset({2, 3, 5})))  # fmt: skip
    if report.all_aims:
        shown = report.all_aims[:_TEXT_ROWS]
        parts.append(table(("School", "Student", "Aim", "Title", "Start", "Planned end", "End", "Status"),
                           [(a.school, a.student, a.code, a.title, a.start, a.planned_end, a.end, a.status)
                            for a in shown]))  # fmt: skip
        if report.total_aims > len(shown):
            parts.append(f"The first {len(shown)} of {report.total_aims} aims; all of them with --format csv.")
    return "\n\n".join(parts)


def words(name: str) -> str:
    """A kind or class as words, short enough to head a column."""
    return _WORDS.get(name) or name.replace("_", " ")


def to_csv(report: AcademicReport) -> str:
    """One row a figure: school, section, item, number or word, and what is told of it."""
    rows: list[tuple[object, ...]] = []
    for partner in report.partners:
        code = partner.school.code
        rows.append((code, "last run", partner.when, partner.outcome, partner.without))
        rows += [(code, "records", kind, number, "") for kind, number in partner.counts.items()]
        rows += [(code, "attendance", name, number, report.copy) for name, number in partner.attendance.items()]
        rows += [(code, "structure", s.kind, s.state, s.told) for s in partner.structures]
        rows += [
            (code, "parked", w.kind, w.rows, f"{w.students} students since {day(w.since)}") for w in partner.parked
        ]
    rows += [(a.school, "post16_aims", a.student, a.code, f"{a.title} {a.start} {a.planned_end} {a.end} {a.status}")
             for a in report.all_aims]  # fmt: skip
    return csv_text(("school", "section", "item", "value", "told"), rows)


def to_json(report: AcademicReport) -> dict[str, Any]:
    """The JSON view; `schemas/report-academic.schema.json`."""
    return {
        "format_version": 1,
        "report": NAME,
        "frame": report.frame.to_json(),
        "outcome": report.outcome,
        "first": list(report.first),
        "student": report.student or None,
        "attendance_is": report.copy,
        "partners": [_partner_json(partner) for partner in report.partners],
        "post16_aims": [{name: getattr(aim, name) for name in Aim.__slots__} for aim in report.all_aims],
    }


def _partner_json(partner: PartnerAcademic) -> dict[str, Any]:
    last = partner.last
    return {
        "school": partner.school.code,
        "kinds": list(partner.kinds),
        "without": partner.without or None,
        "last_run": None if last is None else {
            "run": last.run, "outcome": last.outcome.value, "at": (last.finished_at or last.started_at).isoformat(),
            "message": last.message,
        },
        "counts": dict(partner.counts),
        "attendance": dict(partner.attendance),
        "structures": [{"kind": s.kind, "state": s.state, "told": s.told} for s in partner.structures],
        "parked": [{"kind": w.kind, "students": w.students, "rows": w.rows, "since": w.since.isoformat()}
                   for w in partner.parked],
    }  # fmt: skip

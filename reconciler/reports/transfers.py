"""The transfers report: did every import run, and did everything arrive? (VS, rules 61 to 64)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.records.entities import Entity
from reconciler.reports.frame import MOST_ROWS, Frame, SchoolName, csv_text, first_five, html, local, opening, table
from reconciler.reports.standings import KINDS, Standing, advice, sentence, standings
from reconciler.transfers.entry import Counts, TransferEntry

NAME = "transfers"
TITLE = "Transfers"
_NUMBERS = ("read", "new", "changed", "same", "rejected", "out_of_scope", "left")


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolLine:
    """One school: where it stands now. Outcome, time and message are those of the worst of its kinds."""

    code: str
    name: str
    colour: str
    standings: tuple[Standing, ...]
    students: int
    classes: int
    lessons: int

    @property
    def worst(self) -> Standing:
        return self.standings[0]

    @property
    def by_kind(self) -> list[Standing | None]:
        """In the order of the columns; None for a kind that never ran here."""
        return [next((s for s in self.standings if s.kind == kind), None) for kind in KINDS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One entity of one run."""

    run: str
    when: str
    at: str
    school: str
    what: str
    outcome: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransfersReport:
    """The model that all four writers share."""

    frame: Frame
    outcome: str
    first: tuple[str, ...]
    schools: tuple[SchoolLine, ...]
    entries: tuple[TransferEntry, ...]
    title: str = TITLE
    kinds: tuple[str, ...] = KINDS

    @property
    def all_lines(self) -> list[Line]:
        return [line for entry in self.entries for line in _lines(entry)]

    @property
    def rows(self) -> list[Line]:
        return self.all_lines[:MOST_ROWS]

    @property
    def total_rows(self) -> int:
        return len(self.all_lines)

    @property
    def rejected(self) -> list[dict[str, str]]:
        return self._rejected()[:MOST_ROWS]

    @property
    def total_rejected(self) -> int:
        return len(self._rejected())

    @property
    def notes(self) -> list[dict[str, str]]:
        return [{"school": e.school, "run": e.run, "text": note} for e in self.entries for note in e.notes]

    @property
    def school_codes(self) -> list[str]:
        return sorted({entry.school for entry in self.entries})

    @property
    def outcomes(self) -> list[str]:
        return sorted({entry.outcome.value for entry in self.entries})

    def _rejected(self) -> list[dict[str, str]]:
        return [
            {"run": e.run, "school": e.school, "entity": r.entity, "key": r.key, "place": r.place, "code": r.code,
             "message": r.message}
            for e in self.entries for r in e.rejected
        ]  # fmt: skip


def build(frame: Frame, entries: Sequence[TransferEntry], schools: Sequence[SchoolName],
          held: Mapping[str, Mapping[str, int]], *, latest: Sequence[TransferEntry]) -> TransfersReport:  # fmt: skip
    """The report of `entries` (latest first) for the partner `schools`.

    `held` are live rows by school and entity, `latest` the last entries of each kind, which may be older than all of
    `entries`: where a school stands does not depend on how much of the log is shown.
    """
    found = standings(latest, schools)
    return TransfersReport(
        frame=frame, outcome=sentence(found), entries=tuple(entries),
        schools=tuple(_school(school, found[school.code], held.get(school.code, {})) for school in schools),
        first=first_five([*advice(found, frame.made_at)]),
    )  # fmt: skip


def _school(school: SchoolName, found: Sequence[Standing], held: Mapping[str, int]) -> SchoolLine:
    return SchoolLine(
        code=school.code, name=school.name, colour=school.colour, standings=tuple(found),
        students=held.get(Entity.STUDENTS, 0), classes=held.get(Entity.CLASSES, 0),
        lessons=held.get(Entity.LESSONS, 0),
    )  # fmt: skip


def _lines(entry: TransferEntry) -> Iterable[Line]:
    counts: Mapping[str, Counts] = entry.counts or {entry.kind: Counts()}
    for what, numbers in counts.items():
        yield Line(
            run=entry.run, when=local(entry.started_at), at=entry.started_at.isoformat(), school=entry.school,
            what=what.replace("_", " "), outcome=entry.outcome.value,
            numbers=tuple(getattr(numbers, name) for name in _NUMBERS),
        )  # fmt: skip


def to_html(report: TransfersReport) -> str:
    return html("transfers.html.j2", report)


def to_csv(report: TransfersReport) -> str:
    header = ("run", "started_at", "school", "entity", "outcome", *_NUMBERS)
    return csv_text(header, ((r.run, r.at, r.school, r.what, r.outcome, *r.numbers) for r in report.all_lines))


def to_json(report: TransfersReport) -> dict[str, Any]:
    """The JSON view; `schemas/report-transfers.schema.json`."""
    return {
        "format_version": 1,
        "report": NAME,
        "frame": report.frame.to_json(),
        "outcome": report.outcome,
        "first": list(report.first),
        "schools": [
            {
                "code": line.code, "name": line.name, "outcome": line.worst.outcome.value, "when": line.worst.when,
                "message": line.worst.message, "students": line.students, "classes": line.classes,
                "lessons": line.lessons,
                "kinds": {s.kind: {"outcome": s.outcome.value, "when": s.when, "message": s.message}
                          for s in line.standings},
            }
            for line in report.schools
        ],
        "transfers": [entry_to_json(entry) for entry in report.entries],
    }  # fmt: skip


def entry_to_json(entry: TransferEntry) -> dict[str, Any]:
    """One transfer-log entry as JSON, the same in `log` and in the report."""
    return {
        "run": entry.run,
        "kind": entry.kind,
        "direction": entry.direction,
        "school": entry.school,
        "feed": entry.feed,
        "attachment": entry.attachment,
        "outcome": entry.outcome.value,
        "started_at": entry.started_at.isoformat(),
        "finished_at": entry.finished_at.isoformat() if entry.finished_at else None,
        "actor": entry.actor.name,
        "message": entry.message,
        "counts": {what: {name: getattr(c, name) for name in _NUMBERS} for what, c in entry.counts.items()},
        "rejected": [
            {"entity": r.entity, "key": r.key, "code": r.code, "message": r.message, "place": r.place}
            for r in entry.rejected
        ],
        "notes": list(entry.notes),
    }


def to_text(report: TransfersReport) -> str:
    parts = opening(report.outcome, report.first)
    parts.append(
        table(
            ("School", *(kind.capitalize() for kind in KINDS), "Students", "Classes", "Lessons", "What happened"),
            [
                (x.code, *(_cell(s) for s in x.by_kind), x.students, x.classes, x.lessons, x.worst.message)
                for x in report.schools
            ],
            right=frozenset({4, 5, 6}),
        )
    )
    return "\n\n".join(parts)


def _cell(standing: Standing | None) -> str:
    return f"{standing.outcome.value} {standing.when}" if standing else "-"

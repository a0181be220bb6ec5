"""The transfers report: did every import run, and did everything arrive? (VS, rules 61 to 64)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from reconciler.records.entities import Entity
from reconciler.reports.frame import MOST_ROWS, Frame, SchoolName, csv_text, first_five, html, local, table
from reconciler.transfers.entry import Counts, Outcome, TransferEntry

NAME = "transfers"
TITLE = "Transfers"
_NUMBERS = ("read", "new", "changed", "same", "rejected", "out_of_scope", "left")
_GOOD = frozenset({Outcome.DONE, Outcome.UNCHANGED})
_ADVICE = {
    Outcome.WAITING: "run its first import by hand: reconcile sync import --school {school} --first",
    Outcome.HELD: "look at run {run}, then: reconcile approve {run} --reason ... (or reject)",
    Outcome.FAILED: "read the message below, mend the cause, then: reconcile sync import --school {school}",
    Outcome.INTERRUPTED: "it was cut off and changed nothing; run it again: reconcile sync import --school {school}",
    Outcome.PARTIAL: "mend the rows named under 'Rows that were not used' in the MIS; the next import takes them",
}
_EXPIRED = "run {run} was held for more than 24 hours and can no longer be approved: run the import again"
_HELD_FOR = timedelta(hours=24)
_STANDING = {  # what is not up to date, worst first: said of one school, of several
    Outcome.FAILED: ("failed", "failed"),
    Outcome.HELD: ("is held", "are held"),
    Outcome.INTERRUPTED: ("was interrupted", "were interrupted"),
    Outcome.PARTIAL: ("left rows out", "left rows out"),
    Outcome.REJECTED: ("was not approved", "were not approved"),
    Outcome.SKIPPED: ("was skipped", "were skipped"),
    Outcome.RUNNING: ("is running", "are running"),
    Outcome.WAITING: ("waits for its first import", "wait for their first import"),
}
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolLine:
    """One school: where it stands now."""

    code: str
    name: str
    colour: str
    outcome: str
    outcome_text: str
    when: str
    students: int
    classes: int
    lessons: int
    message: str


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
          held: Mapping[str, Mapping[str, int]]) -> TransfersReport:  # fmt: skip
    """The report of `entries` (latest first) for the partner `schools`; `held` are live rows by school and entity."""
    latest: dict[str, TransferEntry] = {}
    for entry in entries:
        latest.setdefault(entry.school, entry)
    lines = tuple(_school(school, latest.get(school.code), held.get(school.code, {})) for school in schools)
    fine = sum(latest[s.code].outcome in _GOOD for s in schools if s.code in latest)
    return TransfersReport(
        frame=frame, outcome=_sentence(fine, len(schools), lines), schools=lines, entries=tuple(entries),
        first=first_five([*_first(latest, schools, frame.made_at)]),
    )  # fmt: skip


def _sentence(fine: int, total: int, lines: Sequence[SchoolLine]) -> str:
    if not total:
        return "No partner school is applied yet"
    standing = {outcome: [line.code for line in lines if line.outcome == outcome.value] for outcome in _STANDING}
    parts = [_group(outcome, codes) for outcome, codes in standing.items() if codes]
    return "; ".join([f"{fine} of {total} partner schools are up to date", *parts])


def _group(outcome: Outcome, codes: Sequence[str]) -> str:
    more = f" and {len(codes) - _MOST_NAMED} more" if len(codes) > _MOST_NAMED else ""
    one, several = _STANDING[outcome]
    return f"{len(codes)} {one if len(codes) == 1 else several}: {', '.join(codes[:_MOST_NAMED])}{more}"


def _first(latest: Mapping[str, TransferEntry], schools: Sequence[SchoolName], now: datetime) -> Iterable[str]:
    for school in schools:
        entry = latest.get(school.code)
        if entry is None:
            yield f"{school.code}: " + _ADVICE[Outcome.WAITING].format(school=school.code)
        elif entry.outcome is Outcome.HELD and now - (entry.finished_at or entry.started_at) > _HELD_FOR:
            yield f"{school.code}: {_EXPIRED.format(run=entry.run)}"
        elif entry.outcome in _ADVICE:
            yield f"{school.code}: " + _ADVICE[entry.outcome].format(school=school.code, run=entry.run)


def _school(school: SchoolName, entry: TransferEntry | None, held: Mapping[str, int]) -> SchoolLine:
    outcome = entry.outcome if entry else Outcome.WAITING
    return SchoolLine(
        code=school.code, name=school.name, colour=school.colour, outcome=outcome.value,
        outcome_text="waiting for its first manual import" if outcome is Outcome.WAITING else outcome.value,
        when=local(entry.finished_at or entry.started_at) if entry else "never",
        students=held.get(Entity.STUDENTS, 0), classes=held.get(Entity.CLASSES, 0),
        lessons=held.get(Entity.LESSONS, 0), message=entry.message if entry else "No run yet.",
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
            {name: getattr(line, name) for name in ("code", "name", "outcome", "when", "students", "classes",
                                                    "lessons", "message")}
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
    parts = [report.outcome]
    if report.first:
        parts.append("Do these first:\n" + "\n".join(f"  {n}. {step}" for n, step in enumerate(report.first, 1)))
    parts.append(
        table(
            ("School", "Outcome", "When", "Students", "Classes", "Lessons", "What happened"),
            [(x.code, x.outcome, x.when, x.students, x.classes, x.lessons, x.message) for x in report.schools],
            right=frozenset({3, 4, 5}),
        )
    )
    return "\n\n".join(parts)

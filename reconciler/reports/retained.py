"""Retained data: rows of removed partners and of old keys, out of every live view (VS, rules 26 to 28)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from reconciler.plan.keys import FINGERPRINT_SHOWN
from reconciler.plan.state import Attachment, AttachmentStatus
from reconciler.reports.frame import LONDON, Frame, csv_text, html, table

NAME = "retained"
TITLE = "Retained data"
_BACK = {
    AttachmentStatus.RETAINED: "add the partner again with the same Data Exchange Key, plan and apply",
    AttachmentStatus.ORPHANED: "nothing by itself: they stand under a key that the school no longer uses; give that "
                               "key back, plan and apply, or ask for their erasure",
}  # fmt: skip
_LOST = {
    AttachmentStatus.RETAINED: "adding the partner with another key and no replaces: orphans them",
    AttachmentStatus.ORPHANED: "orphaned already",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One school under one key; `age` is in days, and `since` an ISO date."""

    school: str
    name: str
    key: str
    status: str
    since: str
    age: int
    rows: dict[str, int]
    brings_back: str
    loses: str

    @property
    def total(self) -> int:
        return sum(self.rows.values())

    @property
    def by_entity(self) -> str:
        return ", ".join(f"{number} {entity.replace('_', ' ')}" for entity, number in self.rows.items()) or "no rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetainedReport:
    """The model that all writers share."""

    frame: Frame
    outcome: str
    first: tuple[str, ...]
    lines: tuple[Line, ...]
    title: str = TITLE


def build(frame: Frame, attachments: Sequence[Attachment], names: dict[str, str]) -> RetainedReport:
    """The report of what is not live, the oldest first; `names` are those of schools that are still declared.

    What a school held before it was a partner is named only where it holds something.
    """
    today = frame.made_at.astimezone(LONDON).date()
    kept = [a for a in attachments if a.status in _BACK and (a.fingerprint or a.rows)]
    lines = sorted((_line(a, names.get(a.school, ""), today) for a in kept), key=lambda n: (n.since, n.school, n.key))
    return RetainedReport(frame=frame, outcome=_sentence(lines), first=(), lines=tuple(lines))


def _line(attachment: Attachment, name: str, today: date) -> Line:
    since = date.fromisoformat(attachment.since) if attachment.since else today
    return Line(
        school=attachment.school, name=name, key=attachment.fingerprint[:FINGERPRINT_SHOWN] or "none",
        status=attachment.status.value, since=since.isoformat(), age=(today - since).days, rows=dict(attachment.rows),
        brings_back=_BACK[attachment.status], loses=_LOST[attachment.status],
    )  # fmt: skip


def _sentence(lines: Sequence[Line]) -> str:
    if not lines:
        return "No data of a removed partner or of an old key is kept"
    parts = []
    for status in (AttachmentStatus.RETAINED, AttachmentStatus.ORPHANED):
        found = [line for line in lines if line.status == status.value]
        if found:
            schools = ", ".join(dict.fromkeys(line.school for line in found))
            parts.append(f"{sum(line.total for line in found)} rows {status.value} of {schools}")
    return " and ".join(parts) + f"; the oldest since {lines[0].since}"


def to_html(report: RetainedReport) -> str:
    return html("retained.html.j2", report)


def to_text(report: RetainedReport) -> str:
    parts = [report.outcome]
    if report.lines:
        rows = [(n.school, n.key, n.status, n.since, n.age, n.total, n.by_entity) for n in report.lines]
        parts.append(table(("School", "Key", "Status", "Since", "Days", "Rows", "What"), rows, right=frozenset({4, 5})))
        parts += [f"{n.school}, key {n.key}: to have them back: {n.brings_back}. Careful: {n.loses}."
                  for n in report.lines]  # fmt: skip
        parts.append("The rows are out of every live view, and no import deletes them.")
    return "\n\n".join(parts)


def to_csv(report: RetainedReport) -> str:
    """One row an entity."""
    return csv_text(
        ("school", "key", "status", "since", "days", "entity", "rows", "brings_back"),
        ((n.school, n.key, n.status, n.since, n.age, entity, number, n.brings_back)
         for n in report.lines for entity, number in (n.rows or {"": 0}).items()),
    )  # fmt: skip


def to_json(report: RetainedReport) -> dict[str, Any]:
    """The JSON view; `schemas/report-retained.schema.json`."""
    return {
        "format_version": 1,
        "report": NAME,
        "frame": report.frame.to_json(),
        "outcome": report.outcome,
        "first": list(report.first),
        "retained": [
            {"school": n.school, "key_fingerprint": n.key, "status": n.status, "since": n.since, "days": n.age,
             "rows": n.rows, "brings_back": n.brings_back, "loses": n.loses}
            for n in report.lines
        ],
    }  # fmt: skip

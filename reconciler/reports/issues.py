"""The data-issues report: what must be mended, where, and by whom? (VS, rule 63; SC, rules 186 and 233)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.diagnostics import Severity
from reconciler.issues.issue import Owner
from reconciler.issues.tracked import TrackedIssue
from reconciler.reports.frame import MOST_ROWS, Frame, csv_text, day, first_five, html, opening, table

NAME = "issues"
TITLE = "Data issues"
_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
_OWNERS = {Owner.SCHOOL: "the school", Owner.HUB: "the hub", Owner.SUPPLIER: "the supplier", Owner.US: "us"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """All open issues of one code with the same next step and owner."""

    severity: str
    code: str
    count: int
    schools: tuple[str, ...]
    owner: str
    oldest: str
    next_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One open issue."""

    number: int
    severity: str
    school: str
    entity: str
    record: str
    code: str
    message: str
    next_step: str
    owner: str
    since: str
    opened_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuesReport:
    """The model that all four writers share."""

    frame: Frame
    outcome: str
    first: tuple[str, ...]
    causes: tuple[Cause, ...]
    all_rows: tuple[Row, ...]
    title: str = TITLE

    @property
    def rows(self) -> tuple[Row, ...]:
        return self.all_rows[:MOST_ROWS]

    @property
    def total_rows(self) -> int:
        return len(self.all_rows)

    @property
    def severities(self) -> list[str]:
        return [s.value for s in Severity if any(row.severity == s.value for row in self.all_rows)]

    @property
    def school_codes(self) -> list[str]:
        return sorted({row.school for row in self.all_rows})

    @property
    def codes(self) -> list[str]:
        return sorted({row.code for row in self.all_rows})


def build(frame: Frame, issues: Sequence[TrackedIssue]) -> IssuesReport:
    """The report of issues, worst first, then oldest."""
    ordered = sorted(issues, key=lambda t: (_RANK[t.issue.severity], t.opened_at, t.issue.identity))
    causes = tuple(_causes(ordered))
    errors = sum(t.issue.severity is Severity.ERROR for t in ordered)
    warnings = sum(t.issue.severity is Severity.WARNING for t in ordered)
    return IssuesReport(
        frame=frame, outcome=_sentence(errors, warnings, len(ordered)), causes=causes,
        first=first_five([_step(cause) for cause in causes if cause.severity != Severity.INFO]),
        all_rows=tuple(_row(tracked) for tracked in ordered),
    )  # fmt: skip


def _step(cause: Cause) -> str:
    return f"{cause.code} ({cause.count} at {', '.join(cause.schools)}, {cause.owner}): {cause.next_step}"


def _sentence(errors: int, warnings: int, total: int) -> str:
    if not total:
        return "No data issue is open"
    parts = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((errors, "error"), (warnings, "warning")) if n]
    return " and ".join(parts) + " to mend" if parts else f"{total} note{'' if total == 1 else 's'}, nothing to mend"


def _causes(ordered: Sequence[TrackedIssue]) -> list[Cause]:
    alike: dict[tuple[str, str, Owner], list[TrackedIssue]] = {}
    for tracked in ordered:
        issue = tracked.issue
        alike.setdefault((issue.code, issue.next_step, issue.owner), []).append(tracked)
    causes = [
        Cause(
            severity=found[0].issue.severity.value, code=code, count=len(found),
            schools=tuple(sorted({t.issue.school for t in found})), owner=_OWNERS[owner],
            oldest=day(min(t.opened_at for t in found)), next_step=next_step,
        )
        for (code, next_step, owner), found in alike.items()
    ]  # fmt: skip
    return sorted(causes, key=lambda c: (_RANK[Severity(c.severity)], -c.count, c.code, c.schools))


def _row(tracked: TrackedIssue) -> Row:
    issue = tracked.issue
    return Row(
        number=tracked.number, severity=issue.severity.value, school=issue.school,
        entity=issue.entity.replace("_", " "), record=issue.record, code=issue.code,
        message=issue.message, next_step=issue.next_step,
        owner=_OWNERS[issue.owner], since=day(tracked.opened_at), opened_at=tracked.opened_at.isoformat(),
    )  # fmt: skip


_COLUMNS = ("number", "severity", "school", "entity", "record", "code", "message", "next_step", "owner", "opened_at")


def to_html(report: IssuesReport) -> str:
    return html("issues.html.j2", report)


def to_csv(report: IssuesReport) -> str:
    return csv_text(_COLUMNS, ([getattr(row, name) for name in _COLUMNS] for row in report.all_rows))


def to_json(report: IssuesReport) -> dict[str, Any]:
    """The JSON view; `schemas/report-issues.schema.json`."""
    return {
        "format_version": 1,
        "report": NAME,
        "frame": report.frame.to_json(),
        "outcome": report.outcome,
        "first": list(report.first),
        "causes": [
            {"severity": c.severity, "code": c.code, "count": c.count, "schools": list(c.schools), "owner": c.owner}
            for c in report.causes
        ],
        "issues": [{name: getattr(row, name) for name in _COLUMNS} for row in report.all_rows],
    }


def to_text(report: IssuesReport) -> str:
    parts = opening(report.outcome, report.first)
    if report.all_rows:
        shown = report.all_rows[:50]
        rows = [(r.number, r.severity, r.school, f"{r.entity} {r.record}", r.code, r.message) for r in shown]
        parts.append(
            table(("No.", "Severity", "School", "Record", "Code", "What is wrong"), rows, right=frozenset({0}))
        )
        if len(report.all_rows) > len(shown):
            parts.append(f"The first {len(shown)} of {len(report.all_rows)}; all of them with --format csv.")
    return "\n\n".join(parts)

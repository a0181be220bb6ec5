"""An enrolment status that is none of the letters in use: kept and named, never turned into another (C29)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue
from reconciler.issues.rule import Rule, RunFacts
from reconciler.records.entities import Entity, column_names
from reconciler.records.row_digest import CanonicalRow

_STATUS = column_names(Entity.STUDENTS).index("enrolment_status")
_KNOWN = frozenset("CMSGFO")  # single, main, subsidiary, guest, further education college, other provider


class UnknownStatus(Rule):
    """`enrolment.unknown_status`: one issue a student."""

    code = "enrolment.unknown_status"
    reads = needs = frozenset({Entity.STUDENTS})

    def __init__(self) -> None:
        self._bad: list[tuple[str, str]] = []

    def see(self, entity: Entity, row: CanonicalRow) -> None:
        status = row[_STATUS]
        if status is not None and status not in _KNOWN:
            self._bad.append((str(row[0]), str(status)))

    def found(self, facts: RunFacts) -> Iterator[DataIssue]:
        standing = facts.standing.get(Entity.STUDENTS, frozenset())
        for record, status in (bad for bad in self._bad if bad[0] in standing):
            yield facts.issue(
                self.code, severity=Severity.WARNING, entity=Entity.STUDENTS.value, record=record,
                column="enrolment_status",
                message=f"student {record} has enrolment status {status!r}, which is not a known one",
                next_step="set C (single), M (main), S (subsidiary) or G (guest) in the MIS",
            )  # fmt: skip

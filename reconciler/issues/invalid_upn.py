"""A UPN whose shape or check letter is wrong: kept as it is, since the school must mend it (C3)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue
from reconciler.issues.rule import Rule, RunFacts
from reconciler.records.entities import Entity, column_names
from reconciler.records.row_digest import CanonicalRow
from reconciler.vocabulary.upn import is_valid

_COLUMNS = [(name, column_names(Entity.STUDENTS).index(name)) for name in ("upn", "former_upn")]


class InvalidUpn(Rule):
    """`record.invalid_upn`: one issue a student and column."""

    code = "record.invalid_upn"
    reads = needs = frozenset({Entity.STUDENTS})

    def __init__(self) -> None:
        self._bad: list[tuple[str, str]] = []

    def see(self, entity: Entity, row: CanonicalRow) -> None:
        for name, i in _COLUMNS:
            upn = row[i]
            if isinstance(upn, str) and not is_valid(upn):
                self._bad.append((str(row[0]), name))

    def found(self, facts: RunFacts) -> Iterator[DataIssue]:
        standing = facts.standing.get(Entity.STUDENTS, frozenset())
        for record, column in (bad for bad in self._bad if bad[0] in standing):
            yield facts.issue(
                self.code, severity=Severity.WARNING, entity=Entity.STUDENTS.value, record=record, column=column,
                message=f"the {column} of student {record} has a wrong shape or check letter",
                next_step="correct the UPN in the MIS; the next import closes this issue",
            )  # fmt: skip

"""A row that could not be used, so that a school is asked to mend it and no row is skipped in silence (C16)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue
from reconciler.issues.rule import Rule, RunFacts
from reconciler.records.entities import Entity


class RowRejected(Rule):
    """`import.row_rejected`: one issue a row and reason; the field is the reason's own code."""

    code = "import.row_rejected"
    needs = frozenset(Entity)

    def found(self, facts: RunFacts) -> Iterator[DataIssue]:
        for row in facts.rejected:
            place = f" ({row.place})" if row.place else ""
            yield facts.issue(
                self.code, severity=Severity.ERROR, entity=row.entity, record=row.key or row.place, column=row.code,
                message=f"{row.entity} {row.key or 'without an id'}{place} was not used: {row.message}",
                next_step=f"correct the record in the MIS; docs/codes/{row.code}.md says how",
            )  # fmt: skip

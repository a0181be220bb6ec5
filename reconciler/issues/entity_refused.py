"""The school's system does not let us read one kind of record: the others go on, nothing of it is concluded."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue
from reconciler.issues.rule import Rule, RunFacts


class EntityRefused(Rule):
    """`import.entity_refused`: one issue an entity, its field names the source's own reason."""

    code = "import.entity_refused"

    def found(self, facts: RunFacts) -> Iterator[DataIssue]:
        for trouble in facts.refused:
            yield facts.issue(
                self.code, severity=Severity.ERROR, entity=trouble.entity, record="", column=trouble.code,
                message=f"{trouble.entity} were not read: {trouble.message}",
                next_step=trouble.hint or "ask the school to grant this kind of record to our account",
            )  # fmt: skip

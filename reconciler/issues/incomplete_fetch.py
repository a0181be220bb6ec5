"""A reading that cannot be shown to be whole: it may add and change, and it removes nothing (C13, C32)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue
from reconciler.issues.rule import Rule, RunFacts


class IncompleteFetch(Rule):
    """`import.incomplete_fetch`: one issue an entity."""

    code = "import.incomplete_fetch"

    def found(self, facts: RunFacts) -> Iterator[DataIssue]:
        for trouble in facts.incomplete:
            yield facts.issue(
                self.code, severity=Severity.WARNING, entity=trouble.entity, record="",
                message=trouble.message, next_step=trouble.hint,
            )  # fmt: skip

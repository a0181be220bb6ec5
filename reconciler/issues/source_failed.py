"""The school's system or file could not be read: nothing changed for this school, others went on (VS, rule 66)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue, owner_of_failure
from reconciler.issues.rule import Rule, RunFacts


class SourceFailed(Rule):
    """`import.source_failed`: one issue a cause, named by its field; a run that reads the school closes it."""

    code = "import.source_failed"

    def found(self, facts: RunFacts) -> Iterator[DataIssue]:
        if facts.failure:
            yield facts.issue(
                self.code, severity=Severity.ERROR, entity=facts.failure.entity, record="", column=facts.failure.code,
                message=f"the import stopped: {facts.failure.message}",
                next_step=facts.failure.hint or "look at the school's system, then run the import again",
                owner=owner_of_failure(facts.failure.code),
            )  # fmt: skip

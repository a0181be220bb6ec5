"""A record that the school sent although it is not offered: dropped and counted (VS, rule 51)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue
from reconciler.issues.rule import Rule, RunFacts
from reconciler.records.entities import Entity


class NotOutplaced(Rule):
    """`import.not_outplaced`: one issue a record."""

    code = "import.not_outplaced"
    needs = frozenset({Entity.STUDENTS, Entity.CLASSES})

    def found(self, facts: RunFacts) -> Iterator[DataIssue]:
        for entity, record in facts.over_shared:
            yield facts.issue(
                self.code, severity=Severity.WARNING, entity=entity.value, record=record,
                message=f"{record} was sent although it is not offered to the virtual school; nothing of it was kept",
                next_step="mark the record as outplaced in the MIS, or stop the source from sending it",
            )  # fmt: skip

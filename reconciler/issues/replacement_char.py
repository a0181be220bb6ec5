"""A text that lost a letter on its way: it holds U+FFFD, the mark for "could not be read" (C23)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue
from reconciler.issues.rule import Rule, RunFacts
from reconciler.records.entities import Entity, column_names
from reconciler.records.row_digest import CanonicalRow

_MARK = "\N{REPLACEMENT CHARACTER}"


class ReplacementChar(Rule):
    """`encoding.replacement_char`: one issue a record and column."""

    code = "encoding.replacement_char"
    reads = needs = frozenset(Entity)

    def __init__(self) -> None:
        self._bad: list[tuple[Entity, str, str]] = []

    def see(self, entity: Entity, row: CanonicalRow) -> None:
        texts = [value for value in row if value.__class__ is str]
        if _MARK in "".join(texts):  # one look at a row: nearly all are sound
            names = [name for name, value in zip(column_names(entity), row, strict=True) if _MARK in str(value)]
            self._bad += [(entity, str(row[0]), name) for name in names]

    def found(self, facts: RunFacts) -> Iterator[DataIssue]:
        for entity, record, column in self._bad:
            if record in facts.standing.get(entity, ()):
                yield facts.issue(
                    self.code, severity=Severity.WARNING, entity=entity.value, record=record, column=column,
                    message=f"{column} of {record} holds a replacement mark: a letter was lost before it reached us",
                    next_step="save or export the data as UTF-8 and type the lost letter anew in the MIS",
                )  # fmt: skip

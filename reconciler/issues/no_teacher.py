"""A class without a teacher whom the school's staff list knows: the class is kept (VS, rule 52)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue
from reconciler.issues.rule import Rule, RunFacts
from reconciler.records.entities import Entity, column_names
from reconciler.records.row_digest import CanonicalRow

_CLASS, _PERSON, _ROLE = (column_names(Entity.MEMBERSHIPS).index(name) for name in ("class_id", "person_id", "role"))


class NoTeacher(Rule):
    """`class.no_teacher`: one issue a class."""

    code = "class.no_teacher"
    reads = frozenset({Entity.MEMBERSHIPS})
    needs = frozenset({Entity.STAFF, Entity.CLASSES, Entity.MEMBERSHIPS})

    def __init__(self) -> None:
        self._teachers: dict[str, set[str]] = {}

    def see(self, entity: Entity, row: CanonicalRow) -> None:
        if row[_ROLE] == "teacher":
            self._teachers.setdefault(str(row[_CLASS]), set()).add(str(row[_PERSON]))

    def found(self, facts: RunFacts) -> Iterator[DataIssue]:
        if not self.needs <= facts.judged:
            return  # without the staff list every class would look teacherless
        known = facts.standing.get(Entity.STAFF, frozenset())
        for record in sorted(facts.standing.get(Entity.CLASSES, ())):
            named = self._teachers.get(record, set())
            if named & known:
                continue
            who = "names teachers whom the staff list lacks: " + ", ".join(sorted(named)) if named else "has no teacher"
            yield facts.issue(
                self.code, severity=Severity.WARNING, entity=Entity.CLASSES.value, record=record,
                message=f"class {record} {who}",
                next_step="give the class a current teacher in the MIS",
            )  # fmt: skip

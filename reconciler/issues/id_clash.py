"""Two people or groups of one school under one number, code or name: which of them is meant cannot be told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue
from reconciler.issues.rule import Rule, RunFacts
from reconciler.records.entities import Entity, column_names
from reconciler.records.row_digest import CanonicalRow


class _Clash(Rule):
    entity: ClassVar[Entity]
    column: ClassVar[str]
    noun: ClassVar[str]

    def __init__(self) -> None:
        self._at = column_names(self.entity).index(self.column)
        self._holders: dict[str, list[str]] = {}

    def see(self, entity: Entity, row: CanonicalRow) -> None:
        value = row[self._at]
        if isinstance(value, str):
            self._holders.setdefault(value.casefold(), []).append(str(row[0]))

    def found(self, facts: RunFacts) -> Iterator[DataIssue]:
        standing = facts.standing.get(self.entity, frozenset())
        for holders in self._holders.values():
            clashing = sorted(standing & set(holders))
            for record in clashing if len(clashing) > 1 else ():
                others = ", ".join(other for other in clashing if other != record)
                yield facts.issue(
                    self.code, severity=Severity.ERROR, entity=self.entity.value, record=record, column=self.column,
                    message=f"{self.noun} of {record} is also that of {others} at the same school",
                    next_step=f"give each its own {self.column.replace('_', ' ')} in the MIS",
                )  # fmt: skip


class AdmissionClash(_Clash):
    """`id.admission_clash`: two offered students with one admission number."""

    code = "id.admission_clash"
    entity, column, noun = Entity.STUDENTS, "admission_number", "the admission number"
    reads = needs = frozenset({Entity.STUDENTS})


class UpnClash(_Clash):
    """`id.upn_clash`: two live records of one school for one child, such as an applicant who became a pupil twice."""

    code = "id.upn_clash"
    entity, column, noun = Entity.STUDENTS, "upn", "the UPN"
    reads = needs = frozenset({Entity.STUDENTS})


class StaffClash(_Clash):
    """`id.staff_clash`: two members of staff with one staff code."""

    code = "id.staff_clash"
    entity, column, noun = Entity.STAFF, "staff_code", "the staff code"
    reads = needs = frozenset({Entity.STAFF})


class TutorGroupClash(_Clash):
    """`id.tutor_group_clash`: two tutor groups with one name."""

    code = "id.tutor_group_clash"
    entity, column, noun = Entity.TUTOR_GROUPS, "name", "the name"
    reads = needs = frozenset({Entity.TUTOR_GROUPS})


class TypeClash(Rule):
    """`id.type_clash`: one id at a school for a student and for a member of staff (C4); both are kept apart here."""

    code = "id.type_clash"
    needs = frozenset({Entity.STUDENTS, Entity.STAFF})

    def found(self, facts: RunFacts) -> Iterator[DataIssue]:
        students = facts.standing.get(Entity.STUDENTS, frozenset())
        for record in sorted(students & facts.standing.get(Entity.STAFF, frozenset())):
            yield facts.issue(
                self.code, severity=Severity.WARNING, entity=Entity.STUDENTS.value, record=record,
                message=f"{record} is the id of a student and of a member of staff",
                next_step="check in the MIS whether this is one person; other systems may merge the two",
            )  # fmt: skip

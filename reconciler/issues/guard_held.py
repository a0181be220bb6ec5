"""An import that a guard stopped: the earlier data stays live until a person decides (VS, rule 67)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue, Owner
from reconciler.issues.rule import Rule, RunFacts


class _Held(Rule):
    owner: ClassVar[Owner] = Owner.HUB

    def found(self, facts: RunFacts) -> Iterator[DataIssue]:
        for trouble in facts.held:
            if trouble.code == self.code:
                yield facts.issue(
                    self.code, severity=Severity.ERROR, entity=trouble.entity, record="", owner=self.owner,
                    message=f"held, nothing changed: {trouble.message}", next_step=trouble.hint,
                )  # fmt: skip


class MassDrop(_Held):
    """`import.mass_drop`: more records would leave than the guard allows, or all of a kind."""

    code = "import.mass_drop"


class MassGain(_Held):
    """`import.mass_gain`: more records would come than the guard allows."""

    code = "import.mass_gain"


class NotMovedUp(_Held):
    """`year.not_moved_up`: the new year came without too many of those who go up (C26)."""

    code = "year.not_moved_up"
    owner = Owner.SCHOOL


class DuplicateKey(_Held):
    """`import.duplicate_key`: one id came twice with different content (C17)."""

    code = "import.duplicate_key"
    owner = Owner.SCHOOL


class OtherSchool(_Held):
    """`import.other_school`: the source sent rows of another school."""

    code = "import.other_school"

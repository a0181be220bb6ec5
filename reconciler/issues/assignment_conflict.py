"""A school that claims an assignment of the hub's: its own dates are told, and the hub's stand (VS, rule 2)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue
from reconciler.records.entities import Entity

CODE = "assignment.conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One assignment as the hub declares it; `declared` names it as the estate does, `last` is None while open."""

    declared: str
    first: date
    last: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a school says of the same student in the same class. A date that it does not give claims nothing."""

    school: str
    membership: str
    start: date | None
    end: date | None
    stays: Sequence[Stay]

    @property
    def agrees(self) -> bool:
        """Whether one of the hub's stays is what the school has."""
        return any(self.start in (None, stay.first) and self.end in (None, stay.last) for stay in self.stays)


def conflicts(claims: Collection[Claim]) -> Iterator[DataIssue]:
    """`assignment.conflict`: a warning at the school of the class for each claim that differs."""
    for claim in claims:
        if claim.agrees:
            continue
        theirs = _told(claim.start, claim.end)
        ours = " and ".join(_told(stay.first, stay.last) for stay in claim.stays)
        yield DataIssue(
            code=CODE, severity=Severity.WARNING, school=claim.school, entity=Entity.MEMBERSHIPS.value,
            record=claim.membership, field="dates",
            message=f"{claim.school} has {claim.stays[0].declared} {theirs}, and the hub assigns it {ours}; "
            "the hub's dates stand",
            next_step=f"{claim.school} corrects the dates in its MIS, or the hub changes class_assignments",
        )  # fmt: skip


def _told(first: date | None, last: date | None) -> str:
    if first is None:
        return f"until {last}"
    return f"from {first} to {last}" if last else f"from {first} on"

"""Two schools that both claim a pupil on one date (VS, rule 58; C1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue
from reconciler.issues.registrations import MAIN, Accepted, Registration, is_accepted, pairs
from reconciler.records.entities import Entity

CODE = "enrolment.two_mains"


def two_mains(people: Iterable[Registration], *, accepted: Sequence[Accepted], today: date) -> Iterator[DataIssue]:
    """`enrolment.two_mains`: one issue at each of the two schools, naming the other.

    Only live records of one child under one current UPN count; a guest or a subsidiary registration is never a main.
    """
    for one, other in pairs(p for p in people if p.live and p.status in MAIN):
        same = one.upn == other.upn and one.upn in one.numbers
        if not same or not one.overlaps(other):
            continue
        if is_accepted(accepted, CODE, (one.ref, other.ref), today=today):
            continue
        for here, there in ((one, other), (other, one)):
            yield DataIssue(
                code=CODE, severity=Severity.ERROR, school=here.school, entity=Entity.STUDENTS.value,
                record=here.record, field="enrolment_status",
                message=f"{here.ref} ({here.status}) and {there.ref} ({there.status}) are one pupil under one UPN, and "
                f"both are the main registration {_from(here, there)}",
                next_step=_suggestion(one, other),
            )  # fmt: skip


def _from(here: Registration, there: Registration) -> str:
    starts = [p.start for p in (here, there) if p.start]
    ends = [p.end for p in (here, there) if p.end]
    first = f"from {max(starts)}" if starts else "at once"
    return f"{first} to {min(ends)}" if ends else first


def _suggestion(one: Registration, other: Registration) -> str:
    """The likely correction: the later registration is the subsidiary one, or the earlier school forgot a date."""
    earlier, later = sorted((one, other), key=lambda p: (p.start or date.min, p.ref))
    return (f"if both teach the pupil: {earlier.school} sets M and {later.school} sets S; "
            f"if the pupil moved: {earlier.school} enters the leaving date")  # fmt: skip

"""Who has no year group to go up to, said before the year changes, and who did not come with it (C26)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue, Owner
from reconciler.issues.registrations import Accepted, is_accepted
from reconciler.records.entities import Entity
from reconciler.records.year_groups import LAST, last_of_phase, year_number
from reconciler.vocabulary.codes import AcademicYear

CODE = "year.no_next_group"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pupil:
    """One live student of a school with the year group as the school writes it."""

    record: str
    year_group: str | None
    end: date | None = None


def last_year_group(pupils: Iterable[Pupil], *, phase: str) -> int:
    """The school's last year group: that of its ages, else the highest one that it offers a student of."""
    highest = max((n for p in pupils if (n := year_number(p.year_group)) is not None), default=LAST)
    of_phase = last_of_phase(phase)
    return highest if of_phase is None else of_phase


def goes_up(pupil: Pupil, *, last: int, year: AcademicYear) -> bool:
    """Whether the student is expected in the new year: has a year group to go up to, and no last day before it."""
    number = year_number(pupil.year_group)
    return number is not None and number < last and (pupil.end is None or pupil.end >= year.first_day)


def without_next_group(pupils: Sequence[Pupil], *, phase: str, year: AcademicYear) -> list[str]:
    """Everybody who has no year group to go up to in `year` and no last day before it, by id."""
    last = last_year_group(pupils, phase=phase)
    return [
        pupil.record
        for pupil in pupils
        if not goes_up(pupil, last=last, year=year) and (pupil.end is None or pupil.end >= year.first_day)
    ]


def no_next_group(
    school: str, pupils: Sequence[Pupil], *, phase: str, year: AcademicYear, accepted: Sequence[Accepted], today: date,
) -> Iterator[DataIssue]:  # fmt: skip
    """`year.no_next_group`: a warning for each student whose year group says nothing, one list for the last one."""
    last = last_year_group(pupils, phase=phase)
    leaving = []
    for pupil in pupils:
        number = year_number(pupil.year_group)
        gone = pupil.end is not None and pupil.end < year.first_day
        if gone or is_accepted(accepted, CODE, (f"{school}:{pupil.record}",), today=today):
            continue
        if number is None:
            told = f"the year group {pupil.year_group!r}, which is none" if pupil.year_group else "no year group"
            yield DataIssue(
                code=CODE, severity=Severity.WARNING, school=school, entity=Entity.STUDENTS.value, record=pupil.record,
                field="year_group",
                message=f"student {pupil.record} has {told}: there is no next one in {year}",
                next_step="the school sets the year group in its MIS before the year changes",
            )  # fmt: skip
        elif number >= last:
            leaving.append(pupil.record)
    if leaving:
        yield DataIssue(
            code=CODE, severity=Severity.INFO, school=school, entity=Entity.STUDENTS.value, record=f"year {last}",
            field="year_group", owner=Owner.HUB,
            message=f"{len(leaving)} students of year {last} have no next year group at {school} in {year}: "
            + ", ".join(leaving),
            next_step="nothing, if they all leave; who stays gets the year group from the school",
        )  # fmt: skip

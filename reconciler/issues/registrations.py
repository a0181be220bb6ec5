"""What the rules across schools look at: a student's registration at one school, with the dates it is known by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from reconciler.vocabulary.upn import is_temporary, is_valid

MAIN = frozenset("CM")  # C says that this is the only school, so it claims the pupil as M does


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One student record of one school.

    `left_on` is the local day of the run that took it for withdrawn, None while it is live. `status` is the enrolment
    letter, empty where the source gives none.
    """

    school: str
    record: str
    upn: str = ""
    former_upn: str = ""
    birth_date: date | None = field(default=None, repr=False)
    status: str = ""
    start: date | None = None
    end: date | None = None
    left_on: date | None = None

    @property
    def ref(self) -> str:
        """`AVN:10233`."""
        return f"{self.school}:{self.record}"

    @property
    def live(self) -> bool:
        return self.left_on is None

    @property
    def may_be_main(self) -> bool:
        """Main, single, or of a status that the source does not tell; never a guest or a subsidiary registration."""
        return self.status in MAIN or not self.status

    @property
    def numbers(self) -> frozenset[str]:
        """Current and former UPN, those with a right check letter only: others may stand for anybody."""
        return frozenset(upn for upn in (self.upn, self.former_upn) if is_valid(upn))

    def overlaps(self, other: Registration) -> bool:
        """Whether the two registrations share a date; an open end never ends."""
        return (self.start or date.min) <= (other.end or date.max) and (other.start or date.min) <= (
            self.end or date.max
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A finding that somebody accepted for one student until a day, that day included (`choices.accepted`)."""

    code: str
    student: str  # AVN:10233
    until: date


def same_person(one: Registration, other: Registration) -> bool:
    """Whether two records of two schools are one child.

    A permanent UPN, current or former, says so. A temporary one does not by itself: the date of birth must agree (C3).
    """
    shared = one.numbers & other.numbers
    if any(not is_temporary(upn) for upn in shared):
        return True
    return bool(shared) and one.birth_date is not None and one.birth_date == other.birth_date


def pairs(people: Iterable[Registration]) -> list[tuple[Registration, Registration]]:
    """Every two records of one child at two schools, in order of school and record."""
    by_number: dict[str, list[Registration]] = {}
    for person in sorted(people, key=lambda p: (p.school, p.record)):
        for number in person.numbers:
            by_number.setdefault(number, []).append(person)
    found: dict[tuple[str, str], tuple[Registration, Registration]] = {}
    for holders in by_number.values():
        for place, one in enumerate(holders):
            for other in holders[place + 1 :]:
                if one.school != other.school and same_person(one, other):
                    found[one.ref, other.ref] = (one, other)
    return [found[key] for key in sorted(found)]


def is_accepted(accepted: Sequence[Accepted], code: str, refs: Iterable[str], *, today: date) -> bool:
    """Whether the finding is accepted today for any of these students."""
    named = set(refs)
    return any(a.code == code and a.student in named and today <= a.until for a in accepted)

"""Invents single people and groups: names, birth dates, pupil numbers, staff codes, tutor groups.

Everything about a person comes from dice seeded with the person's own reference, so that a world of another size has
the same people in it, and two records of one child agree.
"""

from __future__ import annotations

import random
import unicodedata
from datetime import date, timedelta
from itertools import chain, count
from string import ascii_uppercase

from reconciler.simulator.blueprint import NamedPerson, SchoolBlueprint, names, schools
from reconciler.simulator.school import Student
from reconciler.vocabulary.upn import check_letter

FIRST_AUTUMN = 2026  # the academic year 2026-2027
ALPHABET = "ABCDEFGHJKLMNPQRTUVWXYZ"  # the letters of pupil numbers
AUTHORITY = "999"  # no local authority has this number


def dice(seed: int, *parts: object) -> random.Random:
    """Seeded dice; equal arguments throw equally in every process."""
    # These dice invent people; nothing secret comes from them.
    return random.Random(":".join(map(str, (seed, *parts))))  # noqa: S311 # nosec B311


def year_number(year_group: str) -> int:
    """Years since Reception, which is 0; the wrong code `Y1` means year 1."""
    return 0 if year_group == "R" else int(year_group.removeprefix("Y"))


def birth_date(year_group: str, throw: random.Random) -> date:
    """A day in the school year of birth that belongs to the year group in 2026-2027."""
    return date(FIRST_AUTUMN - 5 - year_number(year_group), 9, 1) + timedelta(days=throw.randrange(365))


def pupil_number(blueprint: SchoolBlueprint, serial: int, born: date, *, temporary: bool) -> str:
    """A UPN with its check letter, different for every (school, serial); a temporary one ends in a letter.

    The establishment part is a range of the school's own, a thousand serials each.
    """
    establishment = f"{2 + [s.code for s in schools()].index(blueprint.code)}{serial // 1000 % 1000:03d}"
    allocated = (born.year + (4 if born.month < 9 else 5)) % 100
    last = ALPHABET[serial % 10] if temporary else str(serial % 10)
    tail = f"{AUTHORITY}{establishment}{allocated:02d}{serial % 1000 // 10:02d}{last}"
    return check_letter(tail) + tail


def person_number(ref: str, year_group: str, seed: int, *, temporary: bool) -> str:
    """The pupil number that the record `CODE:id` has."""
    code, _, number = ref.partition(":")
    blueprint = next(s for s in schools() if s.code == code)
    born = birth_date(year_group, dice(seed, ref))
    return pupil_number(blueprint, int(number) - blueprint.first_student, born, temporary=temporary)


def invent_student(
    blueprint: SchoolBlueprint, number: int, *, year_group: str, tutor_group: str, seed: int,
    named: NamedPerson | None = None,
) -> Student:  # fmt: skip
    """One pupil; what `named` leaves open is thrown. Every 97th number is a temporary one."""
    ref = f"{blueprint.code}:{number}"
    identity = (named and (named.upn_of or named.former_upn_of)) or ref
    throw = dice(seed, identity)
    born = birth_date(year_group, throw)
    serial = number - blueprint.first_student
    temporary = named.temporary if named else serial % 97 == 96
    own_number = pupil_number(blueprint, serial, born, temporary=temporary)
    admission = f"{blueprint.admission + serial:06d}"
    forename, surname = throw.choice(names().forenames), throw.choice(names().surnames)
    middle, familiar = throw.random(), throw.random()
    return Student(
        id=number,
        admission_number=(named and named.admission_number) or admission,
        upn=person_number(named.upn_of, year_group, seed, temporary=False) if named and named.upn_of else own_number,
        former_upn=person_number(named.former_upn_of, year_group, seed, temporary=True)
        if named and named.former_upn_of else "",
        forename=named.forename if named else forename,
        middle_name=throw.choice(names().forenames) if not named and middle < 0.3 else "",
        surname=named.surname if named else surname,
        preferred_forename=forename[:3] if not named and familiar < 0.05 else "",
        birth_date=born,
        gender=throw.choice("MF"),
        year_group=year_group,
        tutor_group=tutor_group,
        enrolment=named.enrolment if named else "C",
        start=(named and named.start) or _joined(year_group, blueprint),
        end=named.end if named else None,
    )  # fmt: skip


def _joined(year_group: str, blueprint: SchoolBlueprint) -> date:
    years_here = year_number(year_group) - min(year_number(year) for year in blueprint.years)
    return date(FIRST_AUTUMN - years_here, 9, 1)


def staff_code(forename: str, surname: str, taken: set[str]) -> str:
    """Three letters that nobody has yet, as schools make them: initial, then letters of the surname."""
    first, rest = _letters(forename)[0], _letters(surname)
    candidates = chain(
        (first + rest[0] + other for other in rest[1:] + ascii_uppercase),
        (first + a + b for a in ascii_uppercase for b in ascii_uppercase),
        (f"{first}{rest[0]}{number}" for number in count(10)),
    )
    code = next(candidate for candidate in candidates if candidate not in taken)
    taken.add(code)
    return code


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(c for c in plain.upper() if c.isalpha())


def tutor_group_name(style: str, year_group: str, index: int) -> str:
    """`7A`, `7E1` or `Oak 9`, as the school does it."""
    year = year_group.removeprefix("Y")
    letter = ascii_uppercase[index % 26] * (index // 26 + 1)
    if style == "named":
        words = names().tutor_words
        return f"{words[index % len(words)]} {year}"
    return f"{year}{letter}1" if style == "letter_digit" else f"{year}{letter}"

"""The identifiers that a flag may claim to be unique across schools, as data (VS, rules 10 to 16)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase

from reconciler.records.entities import Entity

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """One identifier: `flag` of `virtual_school.identifiers` speaks for it, `code` is the issue of a clash.

    `hub_column` holds what the hub makes of `column`: with the school's code in front, or as it is.
    """

    flag: str
    entity: Entity
    column: str
    hub_column: str
    noun: str
    code: str


ADMISSION_NUMBER = Identifier(
    flag="admission_numbers_unique", entity=Entity.STUDENTS, column="admission_number",
    hub_column="hub_admission_number", noun="admission number", code="id.admission_clash",
)  # fmt: skip
# The flag for admission numbers takes the code off tutor groups too: numbers may differ while 12A is at three schools.
TUTOR_GROUP = Identifier(
    flag="admission_numbers_unique", entity=Entity.TUTOR_GROUPS, column="name",
    hub_column="hub_name", noun="tutor group", code="id.tutor_group_clash",
)  # fmt: skip
STAFF_CODE = Identifier(
    flag="staff_codes_unique", entity=Entity.STAFF, column="staff_code",
    hub_column="hub_staff_code", noun="staff code", code="id.staff_clash",
)  # fmt: skip
IDENTIFIERS = (ADMISSION_NUMBER, TUTOR_GROUP, STAFF_CODE)


def claimed(flags: Mapping[str, object]) -> tuple[Identifier, ...]:
    """What these flags of `virtual_school.identifiers` claim to be unique."""
    return tuple(identifier for identifier in IDENTIFIERS if flags.get(identifier.flag) is True)


def folded(value: str) -> str:
    """What is compared: capitals of A to Z do not count, as in the usual database of an MIS; leading zeros do."""
    return value.translate(_LOWER)

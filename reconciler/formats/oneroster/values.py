"""What stands in the cells: dates, words of fixed lists, lists, ids with a type."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime

_ISO = re.compile(r"\d{4}-\d\d-\d\d\Z")
_OTHERS = ("%Y/%m/%d", "%Y%m%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d %b %Y", "%d %B %Y")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ]\d\d:\d\d")
_TYPED_ID = re.compile(r"\{\s*([^:{}]+?)\s*:\s*([^{}]*?)\s*\}")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STUDENT_ROLES = frozenset({"student", "learner"})
STAFF_ROLES = _words(
    "teacher professor aide administrator proctor adjunct adviser advisor assistant chair coach coordinator "
    "counselor counsellor dean departmentChair director districtAdministrator faculty instructor lead lecturer "
    "librarian manager mentor nurse officer paraprofessional principal provost registrar researcher secretary "
    "siteAdministrator specialist staff substitute superintendent support systemAdministrator "
    "teachingAssistant technician therapist tutor"
)
CONTACT_ROLES = _words("parent guardian relative aunt uncle mother father grandparent stepparent carer other")
NOT_TEACHING = _words(
    "administrator proctor districtAdministrator siteAdministrator systemAdministrator secretary technician"
)
STATUSES = frozenset({"active", "inactive", "tobedeleted"})
ENROLMENTS = frozenset("CMSG")


def read_date(text: str) -> tuple[date | None, bool]:
    """The date and whether it stands as the standard has it (YYYY-MM-DD); raises ValueError.

    Day comes before month, as everywhere in England; a date that only reads the other way round is refused.
    """
    if not text:
        return None, True
    if _ISO.match(text):
        return date.fromisoformat(text), True
    moment = _MOMENT.match(text)
    if moment:
        return date.fromisoformat(moment[1]), False
    for form in _OTHERS:
        try:
            return datetime.strptime(text, form).date(), False  # noqa: DTZ007 (a date has no zone)
        except ValueError:
            continue
    raise ValueError("not a date")


def read_word(text: str, known: Iterable[str]) -> tuple[str, bool]:
    """A word of a fixed list and whether its case was right; raises ValueError for another word."""
    for word in known:
        if word == text:
            return word, True
    for word in known:
        if word.casefold() == text.casefold():
            return word, False
    raise ValueError("not in the list")


def read_list(text: str) -> tuple[str, ...]:
    """The values of one comma list in a cell."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def typed_ids(text: str) -> dict[str, str]:
    """`{UPN:A1},{LDAP:x}` as ids by type in small letters; the first of a type counts."""
    found: dict[str, str] = {}
    for kind, value in _TYPED_ID.findall(text):
        found.setdefault(kind.lower(), value)
    return found

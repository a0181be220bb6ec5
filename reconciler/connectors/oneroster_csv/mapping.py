"""Rows of OneRoster files to our columns. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from reconciler.connectors.cleaning import plain
from reconciler.connectors.protocol import SourceRow
from reconciler.formats.oneroster.decoder import Line
from reconciler.formats.oneroster.values import ENROLMENTS, read_list, typed_ids
from reconciler.vocabulary.slots import Slot

ReadDate = Callable[[Line, str], date | None]


@dataclass(frozen=True, slots=True)
class Role:
    """What one person is at the school: `student`, `staff` or `contact`, when, and in which year group."""

    kind: str
    start: date | None = None
    end: date | None = None
    grade: str = ""


def student(line: Line, roles: list[Role], *, birth_date: date | None, tutor_group: str) -> SourceRow:
    """A pupil. The admission number is `identifier`; UPNs stand among `userIds`."""
    ids = typed_ids(line.text("ids"))
    status = line.text("enrolment_status")[:1].upper()
    grades = read_list(line.text("grades")) or tuple(role.grade for role in roles if role.grade)
    start, end = span(roles)
    return SourceRow(
        line.text("id"),
        {
            "admission_number": plain(line.text("identifier")),
            "upn": plain(ids.get("upn")),
            "former_upn": plain(ids.get("formerupn")),
            "forename": plain(line.text("forename")),
            "surname": plain(line.text("surname")),
            "preferred_forename": plain(line.text("preferred_forename")),
            "preferred_surname": plain(line.text("preferred_surname")),
            "birth_date": birth_date,
            "year_group": plain(grades[0]) if grades else None,
            "tutor_group": plain(tutor_group),
            "enrolment_status": status if status in ENROLMENTS else None,
            "start_date": start,
            "end_date": end,
        },
    )


def staff(line: Line, roles: list[Role]) -> SourceRow:
    """A member of staff; OneRoster has no titles."""
    start, end = span(roles)
    return SourceRow(
        line.text("id"),
        {
            "staff_code": plain(line.text("staff_code")) or plain(line.text("identifier")),
            "title": None,
            "forename": plain(line.text("forename")),
            "surname": plain(line.text("surname")),
            "start_date": start,
            "end_date": end,
        },
    )


def span(roles: list[Role]) -> tuple[date | None, date | None]:
    """From the first start to the last end of several roles; open where any of them is."""
    starts, ends = [role.start for role in roles], [role.end for role in roles]
    start = None if not starts or None in starts else min(day for day in starts if day)
    end = None if not ends or None in ends else max(day for day in ends if day)
    return start, end


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolClass:
    """A row of classes.csv, as far as other files need it. `outside` says why it is not in scope, if it is not."""

    id: str
    title: str
    subject: str
    grade: str
    room: str
    slots: tuple[str, ...]
    homeroom: bool
    start: date | None
    end: date | None
    place: str
    outside: str = ""
    offered: bool = True

    def row(self) -> SourceRow:
        return SourceRow(
            self.id,
            {"name": plain(self.title), "subject": plain(self.subject), "year_group": plain(self.grade),
             "start_date": self.start, "end_date": self.end},
        )  # fmt: skip


def lesson(one: SchoolClass, slot: Slot, teacher: str) -> SourceRow:
    """One slot of a class as a lesson of the cycle, as long as the class lasts."""
    return SourceRow(
        f"{one.id}|{slot}|{teacher}|{one.room}",
        {"class_id": one.id, "staff_id": teacher or None, "room_id": plain(one.room), "partner_slot": str(slot),
         "start_date": one.start, "end_date": one.end},
    )  # fmt: skip

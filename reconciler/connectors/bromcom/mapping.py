"""Rows of the read service to our columns. Pure; a row that cannot be read is rejected by its id and place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from reconciler.connectors.bromcom.columns import Bound
from reconciler.connectors.cleaning import date_part
from reconciler.connectors.members import Member
from reconciler.connectors.protocol import RejectedRow, Row, SourceRow
from reconciler.formats.bromcom.decoder import RawRow
from reconciler.vocabulary.slots import DAYS, Slot

NO_TUTOR_GROUP = frozenset({"NoTutorGrp", "UNKNOWN", "DEFAULT"})
NO_ROOM = frozenset({"UNKNOWN", "DEFAULT"})
TEACHER_ROLES = frozenset({"teacher", "main teacher", "additional teacher"})
ENROLMENTS = frozenset("CMSG")
TRUE = frozenset({"true", "1", "yes", "y"})

_YEAR_SUFFIX = re.compile(r"\s*\(\d\d/\d\d\)\Z")
_PACKED_SLOT = re.compile(r"W0?(\d):D0?(\d):(.+)\Z")
_DATES = frozenset({"start_date", "end_date", "birth_date"})


def columns_row(raw: RawRow, bound: Bound, names: Iterable[str], *, place: str, offered: bool = True) -> Row:
    """The plain case: each of our columns from its candidates. Rejects a date that is none."""
    key = bound.text(raw, "key") or ""
    values: dict[str, str | date | None] = {}
    for name in names:
        try:
            values[name] = dated(raw, bound, name) if name in _DATES else bound.text(raw, name)
        except ValueError:
            return RejectedRow(
                key, "source.date", f"{name} of {bound.entity} {key} is not a date", place=place,
                hint="the school mends the date in its system",
            )  # fmt: skip
    return SourceRow(key, values, offered)


def dated(raw: RawRow, bound: Bound, name: str) -> date | None:
    """Raises ValueError."""
    return date_part(bound.text(raw, name))


STUDENT = ("admission_number", "upn", "former_upn", "forename", "surname", "preferred_forename", "preferred_surname",
           "birth_date", "year_group", "tutor_group", "start_date", "end_date")  # fmt: skip
STAFF = ("staff_code", "title", "forename", "surname", "start_date", "end_date")
CLASS = ("name", "subject", "year_group", "start_date", "end_date")


def student(raw: RawRow, bound: Bound, *, enrolment: str | None, place: str, offered: bool) -> Row:
    """A pupil; sentinel tutor groups mean none."""
    row = columns_row(raw, bound, STUDENT, place=place, offered=offered)
    if not isinstance(row, SourceRow):
        return row
    group = row.values["tutor_group"]
    values = {**row.values, "tutor_group": None if group in NO_TUTOR_GROUP else group, "enrolment_status": enrolment}
    return SourceRow(row.key, values, offered)


def subject_class(raw: RawRow, bound: Bound, *, place: str, offered: bool) -> Row:
    """A class; ` (25/26)` behind its name is the system's own mark of the year."""
    row = columns_row(raw, bound, CLASS, place=place, offered=offered)
    if not isinstance(row, SourceRow):
        return row
    name = row.values["name"]
    return SourceRow(row.key, {**row.values, "name": _YEAR_SUFFIX.sub("", name) if isinstance(name, str) else None},
                     offered)  # fmt: skip


def member(raw: RawRow, bound: Bound, *, role: str, place: str) -> Member | RejectedRow:
    """A row of CollectionAssociates or CollectionExecutives."""
    group, person = bound.text(raw, "key") or "", bound.text(raw, "person") or ""
    if not group or not person:
        return RejectedRow(
            place, "source.no_key", f"a row of {bound.entity} lacks its group or its person", place=place
        )
    try:
        start, end = dated(raw, bound, "start_date"), dated(raw, bound, "end_date")
    except ValueError:
        key = f"{group}|{role}|{person}"
        return RejectedRow(key, "source.date", f"a date of {bound.entity} {key} is not a date", place=place)
    return Member(class_id=group, person_id=person, role=role, start=start, end=end)


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonKey:
    """What makes a lesson of the cycle one lesson, however many dates it has."""

    class_id: str
    slot: str
    staff_id: str
    room_name: str
    cover: bool


def lesson(raw: RawRow, bound: Bound, *, place: str) -> tuple[LessonKey, date] | RejectedRow:
    """One dated lesson as its place in the cycle and its date."""
    class_id = bound.text(raw, "key") or ""
    slot = _slot(raw, bound)
    if slot is None:
        return RejectedRow(
            place, "bromcom.no_slot", f"a lesson of class {class_id} has no week, day and period", place=place,
            hint="check WeekNumber, DayOfWeek and PeriodName in the school's timetable",
        )  # fmt: skip
    try:
        on = dated(raw, bound, "starts")
    except ValueError:
        on = None
    if on is None:
        return RejectedRow(place, "source.date", f"a lesson of class {class_id} has no date", place=place)
    room = bound.text(raw, "room") or ""
    return LessonKey(
        class_id=class_id, slot=slot, staff_id=bound.text(raw, "staff") or "",
        room_name="" if room in NO_ROOM else room, cover=(bound.text(raw, "cover") or "").lower() in TRUE,
    ), on  # fmt: skip


def lesson_row(key: LessonKey, first: date, last: date, room: str) -> SourceRow:
    """The lesson under our key; `room` is the id of its room, empty for none."""
    return SourceRow(
        f"{key.class_id}|{key.slot}|{key.staff_id}|{room}",
        {"class_id": key.class_id, "staff_id": key.staff_id or None, "room_id": room or None,
         "partner_slot": key.slot, "start_date": first, "end_date": last},
    )  # fmt: skip


def _slot(raw: RawRow, bound: Bound) -> str | None:
    packed = _PACKED_SLOT.match(bound.text(raw, "packed_slot") or "")
    day = _day(bound.text(raw, "day"), bound.text(raw, "day_number") or (packed[2] if packed else ""))
    found = _placed(bound.text(raw, "week") or (packed[1] if packed else ""), day,
                    bound.text(raw, "period") or (packed[3] if packed else ""))  # fmt: skip
    return str(found) if found else None


def period(raw: RawRow, bound: Bound) -> Slot | None:
    """One period of the school's cycle; where it has no name to show, the middle of `MON_P1_1` is its name."""
    parts = (bound.text(raw, "name") or "").split("_")
    middle = "_".join(parts[1:-1])
    return _placed(bound.text(raw, "week") or "", _day(bound.text(raw, "day"), ""), bound.text(raw, "period") or middle)


def _placed(week: str, day: int, period: str) -> Slot | None:
    number = week.removeprefix("Week ").lstrip("0")
    if not (period and day and number.isascii() and number.isdigit() and len(number) == 1):
        return None
    return Slot(int(number), day, period)


def _day(name: str | None, number: str) -> int:
    """1 for Monday; 0 for none."""
    short = (name or "")[:3].title()
    if short in DAYS:
        return DAYS.index(short) + 1
    return int(number) if number.isascii() and number.isdigit() and 1 <= int(number) <= len(DAYS) else 0

"""Attendance codes in force since August 2024, their statistical class, and the rate (`attendance_codes.toml`).

A code is looked up whole and never by its first letter: J1 is an interview while J is no code any more, and C1 and C2
are other things than C.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any


class StatisticalClass(StrEnum):
    """What a code counts as. An approved educational activity counts as attending."""

    PRESENT = "present"
    APPROVED_ACTIVITY = "approved_activity"
    AUTHORISED = "authorised"
    UNAUTHORISED = "unauthorised"
    NOT_POSSIBLE = "not_possible"


ATTENDING = frozenset({StatisticalClass.PRESENT, StatisticalClass.APPROVED_ACTIVITY})


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendanceCode:
    """One code. `provisional` says that it stands until the reason is known."""

    code: str
    meaning: str
    statistical_class: StatisticalClass
    provisional: bool = False


@cache
def attendance_codes() -> Mapping[str, AttendanceCode]:
    """The codes in force, by code."""
    return {
        code: AttendanceCode(
            code=code, meaning=entry["meaning"], statistical_class=StatisticalClass(entry["class"]),
            provisional=entry.get("provisional", False),
        )
        for code, entry in _data()["codes"].items()
    }  # fmt: skip


@cache
def abolished_codes() -> Mapping[str, str]:
    """What replaced each code that is in force no more."""
    abolished: Mapping[str, str] = _data()["abolished"]
    return abolished


def attendance_rate(codes: Iterable[str]) -> float | None:
    """Sessions attended of sessions possible, from 0 to 1; None when none was possible.

    (present + approved activity) / (present + approved activity + authorised + unauthorised). Raises KeyError for a
    code that is not in force.
    """
    attended = possible = 0
    for code in codes:
        kind = attendance_codes()[code].statistical_class
        attended += kind in ATTENDING
        possible += kind is not StatisticalClass.NOT_POSSIBLE
    return attended / possible if possible else None


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads(files(__package__).joinpath("attendance_codes.toml").read_text(encoding="utf-8"))

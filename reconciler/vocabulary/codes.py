"""School codes and academic years (VS, rules 6 and 17)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_SCHOOL_CODE = re.compile(r"[A-Z0-9]{2,6}\Z")
_FIRST_MONTH = 8  # August
_YEAR = re.compile(r"(\d{4})-(\d{4})\Z")


@dataclass(frozen=True, slots=True, order=True)
class SchoolCode:
    """The short code that identifies a school: 2 to 6 capital letters or digits (VS, rule 17)."""

    text: str

    def __post_init__(self) -> None:
        if not _SCHOOL_CODE.match(self.text):
            raise ValueError(f"a school code is 2 to 6 capital letters or digits, not {self.text!r}")

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, order=True)
class AcademicYear:
    """One school year in England, 1 August to 31 July (VS, rule 6: one year only)."""

    start: int

    @classmethod
    def parse(cls, text: str) -> AcademicYear:
        """Reads `2026-2027`; raises ValueError for anything else, a gap included."""
        match = _YEAR.match(text)
        if not match:
            raise ValueError(f"an academic year is written like 2026-2027, not {text!r}")
        first, second = int(match[1]), int(match[2])
        if second != first + 1:
            raise ValueError(f"{text} is not one school year: write {first}-{first + 1}")
        return cls(first)

    @classmethod
    def of(cls, day: date) -> AcademicYear:
        """The year that a day lies in."""
        return cls(day.year if day.month >= _FIRST_MONTH else day.year - 1)

    def __str__(self) -> str:
        return f"{self.start}-{self.start + 1}"

    @property
    def first_day(self) -> date:
        return date(self.start, _FIRST_MONTH, 1)

    @property
    def last_day(self) -> date:
        return date(self.start + 1, 7, 31)

    def overlaps(self, start: date | None, end: date | None) -> bool:
        """Whether a period that may be open at either end touches this year."""
        return (start is None or start <= self.last_day) and (end is None or end >= self.first_day)

"""Rows that every connector makes alike: who is in a class, and what lies in another year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from reconciler.connectors.protocol import OutOfScopeRow, Row, SourceRow
from reconciler.vocabulary.codes import AcademicYear


def within(row: Row, year: AcademicYear, place: str) -> Row:
    """The row, or word of it where its dates lie in another academic year (VS, rule 6)."""
    if not isinstance(row, SourceRow):
        return row
    start, end = row.values.get("start_date"), row.values.get("end_date")
    touches = year.overlaps(start if isinstance(start, date) else None, end if isinstance(end, date) else None)
    return row if touches else OutOfScopeRow(row.key, f"outside the academic year {year}", place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person in a class in one role, with every row about it folded to one span of dates."""

    class_id: str
    person_id: str
    role: str
    start: date | None
    end: date | None

    @property
    def key(self) -> str:
        return f"{self.class_id}|{self.role}|{self.person_id}"

    def also(self, other: Member) -> Member:
        """Both spans as one; an open end stays open."""
        start = min(self.start, other.start) if self.start and other.start else None
        end = max(self.end, other.end) if self.end and other.end else None
        return Member(class_id=self.class_id, person_id=self.person_id, role=self.role, start=start, end=end)

    def row(self, *, offered: bool = True) -> SourceRow:
        return SourceRow(
            self.key,
            {"class_id": self.class_id, "person_id": self.person_id, "role": self.role,
             "start_date": self.start, "end_date": self.end},
            offered,
        )  # fmt: skip

"""What is really there: facts about one school that its own system tells, read only, without a name of anybody.

A connector states in its capabilities which of them it can tell at all. Whatever it cannot tell is unknown, with the
reason; unknown is never taken for equal.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol, runtime_checkable

from reconciler.vocabulary.codes import AcademicYear
from reconciler.vocabulary.slots import Slot


class LiveFact(StrEnum):
    """The facts, named like the fields of `LiveFacts`."""

    SCHOOL_ID = "school_id"
    NAME = "name"
    URN = "urn"
    SHORT_CODE = "short_code"
    YEARS = "years"
    STRUCTURE = "structure"
    STUDENTS = "students"
    CLASSES = "classes"
    GRANTED = "granted"


IDENTITY = frozenset({LiveFact.SCHOOL_ID, LiveFact.NAME, LiveFact.URN, LiveFact.SHORT_CODE})


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that was not told, and why. `code` is the dotted code where asking for it went wrong."""

    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenSlots:
    """The slots of a school's timetable cycle. Unless `whole`, there may be more than those that were seen."""

    slots: frozenset[Slot]
    whole: bool

    @property
    def weeks(self) -> int:
        return max((slot.week for slot in self.slots), default=0)

    @property
    def days(self) -> int:
        return max((slot.day for slot in self.slots), default=0)


_NOT_ASKED = Unknown("not asked")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFacts:
    """What one school's system says of itself.

    `school_id`, `name`, `urn` and `short_code` as it has them; `years` are the academic years that it holds something
    of; `students` and `classes` count what is offered to us; `granted` are the entities that the account may read.
    """

    school_id: str | Unknown = _NOT_ASKED
    name: str | Unknown = _NOT_ASKED
    urn: str | Unknown = _NOT_ASKED
    short_code: str | Unknown = _NOT_ASKED
    years: frozenset[AcademicYear] | Unknown = _NOT_ASKED
    structure: SeenSlots | Unknown = _NOT_ASKED
    students: int | Unknown = _NOT_ASKED
    classes: int | Unknown = _NOT_ASKED
    granted: frozenset[str] | Unknown = _NOT_ASKED

    def unknown(self) -> Sequence[tuple[LiveFact, Unknown]]:
        """The facts that were asked for and not told, in the order of `LiveFact`."""
        found = [(fact, getattr(self, fact.value)) for fact in LiveFact]
        return [(fact, told) for fact, told in found if isinstance(told, Unknown) and told != _NOT_ASKED]

    def without(self, facts: Collection[LiveFact], why: Unknown) -> LiveFacts:
        """The same with these facts unknown."""
        return replace(self, **{fact.value: why for fact in facts})


@runtime_checkable
class LiveSession(Protocol):
    """A session of a connector that can tell facts."""

    def look(self, wanted: Collection[LiveFact]) -> LiveFacts:
        """Asks for the facts wanted and no others.

        Raises SourceError when the source cannot be asked at all; one fact that cannot be read is unknown.
        """

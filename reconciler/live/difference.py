"""Differences between what is declared, stored and live, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from reconciler.diagnostics import Position
from reconciler.errors import ExitCode, worst

CODE = "drift.found"


class Odd(StrEnum):
    """Which of the three differs from the other two."""

    DECLARED = "declared"
    STORED = "stored"
    LIVE = "live"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field in which the school's system differs. `declared`, `stored` and `live` are texts, empty for nothing.

    `position` is where the files declare what differs. `lapsed` names who answered for it, and until when, where it was
    expected and no longer is.
    """

    school: str
    address: str
    field: str
    message: str
    declared: str
    stored: str
    live: str
    odd: Odd
    next_step: str
    position: Position | None = None
    lapsed: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """By what an expectation names it."""
        return self.address, self.field


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One entry of `expected_drift`. `since` is when it was first applied, None for one that never was."""

    address: str
    field: str
    why: str
    owner: str
    until: date
    since: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.address, self.field


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something to know about a school that is no difference to mend."""

    school: str
    message: str
    next_step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unasked:
    """What could not be asked, or was not told, and why. With a `code` asking went wrong, which is a failure."""

    school: str
    what: str
    why: str
    code: str = ""
    next_step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """All that was found. `expected` are differences that somebody answers for; `unused` expectations fit nothing;
    `pending` counts the resources in which files and store differ, whatever the schools say."""

    estate: str
    at: datetime
    rehearsal: bool
    schools: tuple[str, ...]
    found: tuple[Difference, ...] = ()
    expected: tuple[tuple[Difference, Expectation], ...] = ()
    unused: tuple[Expectation, ...] = ()
    notes: tuple[Note, ...] = ()
    unasked: tuple[Unasked, ...] = ()
    pending: int = 0
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> frozenset[str]:
        """Schools of which something could not be asked."""
        return frozenset(one.school for one in self.unasked if one.code)

    @property
    def silent(self) -> frozenset[str]:
        """Schools of which nothing at all could be asked."""
        return frozenset(one.school for one in self.unasked if one.code and one.what == WHOLE)

    @property
    def exit_code(self) -> ExitCode:
        """1 when no school could be asked, 4 when some could not, 2 for drift that nobody expects, else 0."""
        asked = ExitCode.DONE
        if self.failed:
            asked = ExitCode.ERROR if self.silent and self.silent >= set(self.schools) else ExitCode.PARTIAL
        return worst(asked, ExitCode.CHANGES if self.found else ExitCode.DONE)


WHOLE = "the school's system"
"""What was asked where nothing of a school could be."""

"""How assignments and guests leave for a partner: what is said, and what an exporter promises.

There are two sorts of session: one says one item at a time and can be asked what the partner holds, the other writes
everything that the partner should know as one package. Both are safe to repeat. `GuestFacts` is the allow-list: a field
that is not in it cannot leave (VS, rule 55; `design.md` 8).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from reconciler.vocabulary.codes import AcademicYear


class ItemKind(StrEnum):
    """What a partner is told of. A guest is a student of another school (VS, rule 55)."""

    GUEST = "guest"
    ASSIGNMENT = "assignment"

    @property
    def plural(self) -> str:
        """The name under which the transfer log counts them."""
        return f"{self.value}s"


class Action(StrEnum):
    """`put` makes it so, whatever was before; `end` closes it on a day and deletes nothing."""

    PUT = "put"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestFacts:
    """All that a partner learns of a guest; empty text where there is nothing to say.

    That the enrolment is a guest's is no field: each exporter writes it as a constant (VS, rule 58; C2).
    """

    home_school: str
    home_id: str  # the person's id at the home school
    forename: str
    surname: str
    birth_date: date | None
    year_group: str = ""
    upn: str = ""  # only where the estate declares that it is sent

    def missing(self, needed: frozenset[str]) -> tuple[str, ...]:
        """Names of needed fields that are empty, sorted."""
        return tuple(sorted(name for name in needed & FACTS if not getattr(self, name)))


FACTS = frozenset(field.name for field in fields(GuestFacts))
ALWAYS_NEEDED = frozenset({"forename", "surname", "birth_date"})  # without them nobody could tell who is meant


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentFacts:
    """One student in one class of the partner, from `first_day` to `last_day` (None: open), both included.

    Exactly one of `guest` (the guest's key) and `own_student` (the partner's own id) is given.
    """

    class_id: str
    first_day: date
    last_day: date | None
    guest: str = ""
    own_student: str = ""


Facts = GuestFacts | AssignmentFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing to say. `on` is the day of an `end`, which needs no facts."""

    kind: ItemKind
    key: str
    action: Action
    idempotency_key: str
    facts: Facts | None = None
    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The partner has it. `reference` is its own id for the item, where it told one."""

    created: bool = False
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """The partner will not have this one item; the others go on (VS, rule 54). `column` names a field at fault."""

    code: str
    message: str
    hint: str
    column: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldItem:
    """What the partner holds under a key."""

    facts: Facts
    ended_on: date | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageItem:
    """One item of a whole package; `ended_on` is set for what no longer holds."""

    kind: ItemKind
    key: str
    facts: Facts
    ended_on: date | None = None
    class_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """All that an exporter needs for one partner and run.

    `settings` is the applied `partners.CODE.export` entry; `key` gives the Data Exchange Key and raises
    SecretUnavailable; `endpoint` turns a declared URL into the address to call; `base` is what `drop:` is relative to;
    `now` is aware. `schools` gives names by code, for packages that name them. `deadline` in seconds bounds a call.
    """

    school: str
    settings: Mapping[str, Any]
    hub: str
    year: AcademicYear
    now: datetime
    base: Path
    key: Callable[[], str]
    endpoint: Callable[[str], str]
    schools: Mapping[str, str]
    rehearsal: bool = False
    deadline: float = 30.0


@runtime_checkable
class EachSession(Protocol):
    """Says one item at a time. Every method raises SourceError when the partner cannot be spoken to."""

    needs: frozenset[str]  # names of guest facts that the partner cannot do without

    def send(self, message: Message) -> Receipt | Rejection:
        """Says it; saying it again under the same idempotency key changes nothing."""

    def read_back(self, kind: ItemKind, key: str) -> HeldItem | None:
        """What the partner holds, None for nothing."""


@runtime_checkable
class WholeSession(Protocol):
    """Writes all that the partner should know at once."""

    needs: frozenset[str]

    def deliver(self, package: Sequence[PackageItem]) -> None:
        """Replaces the last package, wholly or not at all. Raises SourceError."""


ExportSession = EachSession | WholeSession


class Exporter(Protocol):
    """A way out; `name` is the `connector:` of the partner's `export` entry.

    One that `shakes_hands` asks the partner who it is when it is opened, and opening it changes nothing anywhere.
    """

    name: str
    shakes_hands: bool

    def open(self, request: ExportRequest) -> AbstractContextManager[ExportSession]:
        """A session, once key, year and school are sure to fit (VS, rule 31) and the folder can be written.

        Raises SourceError or SecretUnavailable; nothing has been said then.
        """

"""The connector protocol, with stated capabilities and completeness.

A connector is opened for one school and one run and gives a session; the session is asked for one entity at a time,
in the order of `Entity`. What it yields is streamed; completeness and fingerprint are known once it is exhausted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from reconciler.connectors.live_protocol import LiveFact
from reconciler.records.entities import Entity
from reconciler.vocabulary.codes import AcademicYear


class Completeness(StrEnum):
    """How sure a reading is to be whole. Nothing is ever removed after `none` (C13, C32)."""

    PROVEN = "proven"  # end of paging, counts, closed document
    DECLARED = "declared"  # the source cannot prove it; the estate says `complete: true`, guards always on
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a connector can do; asked before it is used."""

    entities: frozenset[Entity]
    completeness: Completeness  # the best that it can give
    delta: bool = False
    write: bool = False
    live: frozenset[LiveFact] = frozenset()  # what its sessions can tell of the school itself (`LiveSession`)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a partner offers of one entity (VS, rules 51 and 52): all of it, a named group, or explicit source ids."""

    all: bool = False
    in_group: str = ""
    explicit: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRequest:
    """All that a connector needs to read one school.

    `settings` is the applied `schools.CODE.mis` entry without its secrets; `secret` resolves a reference of that
    entry (`{"env": "NAME"}`) and raises SecretUnavailable; `endpoint` turns a declared URL into the address to call
    (a rehearsal store maps it to loopback); `base` is the folder that `drop:` and `path:` are relative to; `now` is
    aware. `deadline` in seconds bounds each exchange as a whole.
    """

    school: str
    settings: Mapping[str, Any]
    year: AcademicYear
    students: Offer
    classes: Offer
    now: datetime
    base: Path
    secret: Callable[[Mapping[str, Any]], str]
    endpoint: Callable[[str], str]
    rehearsal: bool = False
    deadline: float = 60.0


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One readable row: `key` is the source's own id, `values` holds the entity's source columns by name.

    `offered` is False for a row that the source sent although the offer does not cover it (over-share, rule 51).
    """

    key: str
    values: Mapping[str, str | date | None]
    offered: bool = True


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """One row that cannot be used, named: `code` is a dotted code with a page, `message` holds no personal data."""

    key: str
    code: str
    message: str
    place: str = ""  # `users.csv:14` or `Students row 12`
    hint: str = ""


@dataclass(frozen=True, slots=True)
class OutOfScopeRow:
    """One row that is whole but not ours to take, with the reason (a guardian, another year, a flag of health)."""

    key: str
    reason: str
    place: str = ""


Row = SourceRow | RejectedRow | OutOfScopeRow


@dataclass(frozen=True, slots=True)
class Tolerance:
    """A breach of the format that was forgiven, and how often; reported, never silent."""

    code: str
    message: str
    count: int = 1


class Fetched(Protocol):
    """One entity being read. Iterate once; then ask how it went.

    Iterating raises TransientSourceError, MalformedSourceError or RefusedSourceError; after any of them nothing of
    this entity may be concluded.
    """

    def __iter__(self) -> Iterator[Row]: ...

    @property
    def completeness(self) -> Completeness:
        """Known once exhausted; NONE before."""

    @property
    def fingerprint(self) -> str:
        """Digest of the payload as read, empty where there is none; equal to the last one = nothing changed."""

    @property
    def tolerances(self) -> tuple[Tolerance, ...]:
        """What was forgiven while reading."""


class Session(Protocol):
    """One school, one run."""

    def fetch(self, entity: Entity) -> Fetched:
        """Starts to read an entity; entities are asked for in the order of `Entity`, each once."""


class Connector(Protocol):
    """A system that schools hold their data in; `name` is the `connector:` of the estate."""

    name: str
    capabilities: Capabilities

    def open(self, request: SourceRequest) -> AbstractContextManager[Session]:
        """A session; raises SecretUnavailable or RefusedSourceError before any data is asked for."""


@dataclass(slots=True)
class RowStream:
    """A plain `Fetched` for connectors that can hand over a finished iterator of rows."""

    rows: Iterator[Row]
    best: Completeness
    fingerprint: str = ""
    tolerances: tuple[Tolerance, ...] = ()
    completeness: Completeness = field(default=Completeness.NONE)

    def __iter__(self) -> Iterator[Row]:
        yield from self.rows
        self.completeness = self.best

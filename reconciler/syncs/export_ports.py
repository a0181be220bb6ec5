"""What exports ask of a store: who is who, what a partner was told, and what may have left; `store` fulfils it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from reconciler.connectors.export_protocol import Action, ItemKind
from reconciler.issues.issue import DataIssue
from reconciler.records.entities import Entity
from reconciler.syncs.ports import CanonicalRow, FeedScope
from reconciler.transfers.entry import TransferEntry


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ItemIdentity:
    """What an item is about, at one partner: a guest has no class. `ordinal` counts stays of one student in one class.

    `origin` is the attachment of the student's home school, `person` the student's id there.
    """

    kind: ItemKind
    origin: str
    person: str
    class_id: str = ""
    ordinal: int = 0


class ItemState(StrEnum):
    """What the partner was told last; `intended` was never told for certain."""

    INTENDED = "intended"
    LIVE = "live"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of the ledger of what a partner was told; no names, no values.

    `key` is the item's name on the wire, for life, whatever keys change. `seal` is the keyed digest of what was said,
    `revision` counts the times that something new was. `declared` is how the estate names it.
    """

    identity: ItemIdentity
    key: str
    state: ItemState
    seal: str = ""
    revision: int = 0
    first_day: date | None = None
    last_day: date | None = None
    ended_on: date | None = None
    declared: str = ""
    reference: str = ""


class IntentState(StrEnum):
    """A call that is meant (`pending`), may have been made (`sending`, `unknown`), was made (`done`), was refused
    (`failed`), or was never made and is meant no longer (`superseded`)."""

    PENDING = "pending"
    SENDING = "sending"
    UNKNOWN = "unknown"
    DONE = "done"
    FAILED = "failed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One call, stored before it is made. `after` is the ledger line as it will be once the partner has it."""

    idempotency_key: str
    kind: ItemKind
    action: Action
    after: Item
    state: IntentState = IntentState.PENDING
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportEnd:
    """How an export ends, in one transaction: entry, issues, and whether the schedule may take over (rule 47).

    Open issues of `judged` codes at this school that were not found again are closed.
    """

    entry: TransferEntry
    issues: Sequence[DataIssue] = ()
    judged: frozenset[str] = frozenset()
    completes_first: bool = False


class ExportStore(Protocol):
    """The export's store. Every method that writes is one transaction."""

    def attachment(self, school: str) -> str:
        """The id of the school's live attachment. Raises UnknownName when it has none."""

    def first_import_done(self, scope: FeedScope) -> bool:
        """Whether the partner's first import has succeeded."""

    def first_export_done(self, attachment: str) -> bool:
        """Whether a first manual export has succeeded (VS, rules 46 and 47)."""

    def records(
        self, scope: FeedScope, entity: Entity, ids: Collection[str]
    ) -> Mapping[str, tuple[CanonicalRow, bool]]:
        """Rows by source id with whether they are live; those that left are kept."""

    def live_names(self, scope: FeedScope) -> Mapping[str, str]:
        """Name of each live class by source id."""

    def told(self, attachment: str) -> Sequence[Item]:
        """The ledger of one partner, `intended` lines included."""

    def begin(self, entry: TransferEntry) -> None:
        """Starts the run. What an earlier run was sending becomes `unknown`, what it only meant `superseded`."""

    def unknown(self, attachment: str) -> Sequence[Intent]:
        """Calls of which it is not known whether they were made."""

    def intend(self, attachment: str, intents: Sequence[Intent], *, run: str, at: datetime) -> None:
        """Stores calls before they are made; one of the same key that failed is meant again."""

    def mark(self, attachment: str, keys: Collection[str], state: IntentState, *, code: str, at: datetime) -> None:
        """Notes how calls fared that did not reach the ledger, by idempotency key.

        Raises StalePlan where a call is about to be made (`sending`) and an apply took a school out that it is about.
        """

    def settle(self, attachment: str, intents: Sequence[Intent], *, run: str, at: datetime) -> None:
        """The partner has these: each is done and the ledger says `after`."""

    def finish(self, end: ExportEnd) -> None:
        """Ends the run, with its audit row when something was said."""

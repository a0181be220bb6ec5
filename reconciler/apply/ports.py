"""What the control loop asks of a store; `store` fulfils it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from reconciler.plan.state import StoredState
from reconciler.vocabulary.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChange:
    """One change of the version: `after` None removes the resource; `moved_from` is set by a move."""

    address: str
    kind: str
    action: str  # create, update, replace, rekey, forget, delete, move, adopt
    before: Mapping[str, Any] | None
    before_digest: str
    after: Mapping[str, Any] | None
    after_digest: str
    depends_on: tuple[str, ...] = ()
    moved_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentChange:
    """`attach` a school under a key for the first time, `retain` its rows, `reattach` retained ones, `orphan` them
    because the school came back with another key, `rekey` rows from `old_fingerprint` to `fingerprint`."""

    op: str
    school: str
    fingerprint: str
    old_fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCommit:
    """All that one apply writes. The store checks lineage and serial inside the same transaction and raises
    StalePlan when either moved."""

    lineage: str
    expected_serial: int
    estate_id: str
    at: datetime
    actor: Actor
    git_commit: str
    plan_digest: str
    config_digest: str
    reason: str
    changes: Sequence[ResourceChange]
    attachments: Sequence[AttachmentChange] = ()
    consumes_held_plan: str = ""  # digest of the held plan that this commit fulfils


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One apply, immutable."""

    serial: int
    at: datetime
    actor: Actor
    git_commit: str
    plan_digest: str
    config_digest: str
    reason: str
    counts: Mapping[str, int]  # by action


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPlan:
    """A plan that waits for a person. `content` is the saved plan file, byte for byte."""

    digest: str
    held_at: datetime
    expires_at: datetime
    actor: Actor
    reasons: tuple[str, ...]
    content: bytes
    status: str = "held"  # held, approved, rejected, superseded


@dataclass(frozen=True, slots=True, kw_only=True)
class LockHolder:
    """Who holds a lock, to be named to whoever waits in vain."""

    host: str
    pid: int
    since: datetime
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One row of the audit trail; `detail` holds no personal data and no secret."""

    sequence: int
    at: datetime
    actor: Actor
    verb: str
    subject: str
    detail: Mapping[str, Any] = field(default_factory=dict)


class StateStore(Protocol):
    """The control loop's store."""

    def read_state(self) -> StoredState:
        """Everything in one consistent read; takes no lock."""

    def plan_key(self) -> bytes:
        """The store's own key, with which saved plans are signed and secrets fingerprinted; never shown."""

    def commit(self, commit: StateCommit) -> Version:
        """One transaction: resources, attachments, version, audit; held plans are superseded. Raises StalePlan."""

    def versions(self, *, limit: int = 50) -> Sequence[Version]:
        """The latest first."""

    def version_changes(self, serial: int) -> Sequence[ResourceChange]:
        """What a version changed."""

    def hold_plan(self, held: HeldPlan) -> None:
        """Keeps a held plan, replacing one of the same digest; with its audit row."""

    def held_plans(self) -> Sequence[HeldPlan]:
        """Those still held, the latest first."""

    def reject_plan(self, digest: str, *, at: datetime, actor: Actor, reason: str) -> None:
        """Turns a held plan down; with its audit row. Raises UnknownName."""

    def lock(self, name: str, *, holder: LockHolder, wait: float) -> AbstractContextManager[None]:
        """An exclusive lock that dies with its holder (`apply`, `school:AVN`); `wait` in seconds.

        Raises LockHeld, naming the holder.
        """

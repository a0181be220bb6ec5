"""The control loop's store in memory: what the specs of apply run on besides the real ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from reconciler.apply.ports import (
    AttachmentChange,
    HeldPlan,
    LockHolder,
    ResourceChange,
    StateCommit,
    Version,
)
from reconciler.errors import LockHeld, StalePlan, UnknownName
from reconciler.plan.state import Attachment, AttachmentStatus, StoredResource, StoredState
from reconciler.vocabulary.actor import Actor


class MemoryStateStore:
    """Keeps every version; each write replaces the state as one value."""

    def __init__(self, *, estate_id: str = "eskmere-test", lineage: str = "lineage-1", rehearsal: bool = False) -> None:
        self.state = StoredState(lineage=lineage, serial=0, estate_id=estate_id, rehearsal=rehearsal)
        self.history: list[tuple[Version, Sequence[ResourceChange]]] = []
        self.held: dict[str, HeldPlan] = {}
        self.writes = 0
        self.locked_by: LockHolder | None = None
        self.key = b"k" * 32

    def read_state(self) -> StoredState:
        return self.state

    def plan_key(self) -> bytes:
        return self.key

    def commit(self, commit: StateCommit) -> Version:
        if (commit.lineage, commit.expected_serial) != (self.state.lineage, self.state.serial):
            raise StalePlan("store.stale_serial", "the state moved")
        serial = self.state.serial + 1
        resources = dict(self.state.resources)
        for change in commit.changes:
            resources.pop(change.moved_from or change.address, None)
        for change in commit.changes:
            if change.after is None:
                resources.pop(change.address, None)
            else:
                resources[change.address] = StoredResource(
                    address=change.address, kind=change.kind, spec=change.after, digest=change.after_digest,
                    serial=serial, depends_on=change.depends_on,
                )  # fmt: skip
        attachments = self.state.attachments
        for effect in commit.attachments:
            attachments = _changed(attachments, effect)
        if commit.consumes_held_plan:
            self.held[commit.consumes_held_plan] = replace(self.held[commit.consumes_held_plan], status="approved")
        self.held = {digest: replace(h, status="superseded") if h.status == "held" else h
                     for digest, h in self.held.items()}  # fmt: skip
        version = Version(
            serial=serial, at=commit.at, actor=commit.actor, git_commit=commit.git_commit,
            plan_digest=commit.plan_digest, config_digest=commit.config_digest, reason=commit.reason,
            counts=Counter(c.action for c in commit.changes),
        )  # fmt: skip
        self.history.append((version, commit.changes))
        self.state = replace(self.state, serial=serial, resources=resources, attachments=attachments,
                             last_version=f"version {serial} by {commit.actor.name}")  # fmt: skip
        self.writes += 1
        return version

    def versions(self, *, limit: int = 50) -> Sequence[Version]:
        return [version for version, _ in reversed(self.history)][:limit]

    def version_changes(self, serial: int) -> Sequence[ResourceChange]:
        return self.history[serial - 1][1]

    def hold_plan(self, held: HeldPlan) -> None:
        self.held[held.digest] = held

    def held_plans(self) -> Sequence[HeldPlan]:
        return [h for h in self.held.values() if h.status == "held"]

    def reject_plan(self, digest: str, *, at: datetime, actor: Actor, reason: str) -> None:
        if digest not in self.held:
            raise UnknownName("store.unknown_plan", "no such plan")
        self.held[digest] = replace(self.held[digest], status="rejected")

    @contextmanager
    def lock(self, name: str, *, holder: LockHolder, wait: float) -> Iterator[None]:
        if self.locked_by:
            raise LockHeld("lock.held", f"{name} is held by process {self.locked_by.pid}")
        self.locked_by = holder
        try:
            yield
        finally:
            self.locked_by = None

    def imported(self, school: str, **rows: int) -> None:
        """As after an import: the live attachment of the school holds these rows."""
        self.state = replace(self.state, attachments=tuple(
            replace(a, rows=rows) if a.school == school and a.status is AttachmentStatus.LIVE else a
            for a in self.state.attachments))  # fmt: skip


def _changed(attachments: tuple[Attachment, ...], change: AttachmentChange) -> tuple[Attachment, ...]:
    own = f"{change.school}:{change.fingerprint[:12]}"
    if change.op == "attach":
        assert all(a.id != own for a in attachments)
        return (*attachments, Attachment(id=own, school=change.school, fingerprint=change.fingerprint,
                                         status=AttachmentStatus.LIVE))  # fmt: skip
    target = own if change.op != "rekey" else f"{change.school}:{change.old_fingerprint[:12]}"
    assert any(a.id == target for a in attachments), (change, attachments)
    return tuple(_one(a, change) if a.id == target else a for a in attachments)


def _one(attachment: Attachment, change: AttachmentChange) -> Attachment:
    match change.op:
        case "retain":
            return replace(attachment, status=AttachmentStatus.RETAINED)
        case "orphan":
            return replace(attachment, status=AttachmentStatus.ORPHANED)
        case "reattach":
            return replace(attachment, status=AttachmentStatus.LIVE, number=attachment.number + 1)
        case _:
            return replace(attachment, id=f"{change.school}:{change.fingerprint[:12]}", fingerprint=change.fingerprint)

"""The control loop's store: fulfils `StateStore` of `reconciler.apply.ports`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from reconciler.apply.ports import AuditRow, HeldPlan, LockHolder, ResourceChange, StateCommit, Version
from reconciler.diagnostics import Diagnostics
from reconciler.plan.state import StoredResource, StoredState
from reconciler.store import audit, held_plans, state_commit
from reconciler.store.attachments import read_attachments
from reconciler.store.database import Database
from reconciler.store.locks import lock
from reconciler.store.tables.control import RESOURCE, STORE, VERSION, VERSION_CHANGE
from reconciler.vocabulary.actor import Actor


class SqlStateStore:
    """Reads take no lock; every method that writes is one transaction with its audit row."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read_state(self) -> StoredState:
        """Everything in one consistent read; takes no lock."""
        with self._database.read() as connection:
            store = connection.execute(select(STORE)).one()
            return StoredState(
                lineage=store.lineage, serial=store.serial, estate_id=store.estate_id, rehearsal=store.rehearsal,
                resources=_resources(connection), attachments=read_attachments(connection),
                last_version=_last_version(connection),
            )  # fmt: skip

    def plan_key(self) -> bytes:
        """The store's own key, with which saved plans are signed and secrets fingerprinted; never shown."""
        with self._database.read() as connection:
            return bytes(connection.execute(select(STORE.c.plan_key)).scalar_one())

    def commit(self, commit: StateCommit) -> Version:
        """One transaction: resources, attachments, version, audit. Raises StalePlan."""
        with self._database.write() as connection:
            return state_commit.write(connection, commit)

    def versions(self, *, limit: int = 50) -> Sequence[Version]:
        """The latest first."""
        with self._database.read() as connection:
            query = select(VERSION).order_by(VERSION.c.serial.desc()).limit(limit)
            return [
                Version(
                    serial=v.serial, at=v.at, actor=Actor(v.actor_name, v.actor_source), git_commit=v.git_commit,
                    plan_digest=v.plan_digest, config_digest=v.config_digest, reason=v.reason, counts=v.counts,
                )
                for v in connection.execute(query)
            ]  # fmt: skip

    def version_changes(self, serial: int) -> Sequence[ResourceChange]:
        """What a version changed, in the order in which the plan listed it."""
        with self._database.read() as connection:
            table = VERSION_CHANGE
            query = select(table).where(table.c.serial == serial).order_by(table.c.position)
            return [
                ResourceChange(
                    address=c.address, kind=c.kind, action=c.action, before=c.before, before_digest=c.before_digest,
                    after=c.after, after_digest=c.after_digest, depends_on=tuple(c.depends_on),
                    moved_from=c.moved_from,
                )
                for c in connection.execute(query)
            ]  # fmt: skip

    def hold_plan(self, held: HeldPlan) -> None:
        """Keeps a held plan, replacing one of the same digest; with its audit row."""
        with self._database.write() as connection:
            held_plans.hold(connection, held)

    def held_plans(self) -> Sequence[HeldPlan]:
        """Those still held, the latest first."""
        with self._database.read() as connection:
            return held_plans.still_held(connection)

    def became_of(self, digest: str) -> str:
        """Why a plan that was held waits no longer: `already approved`, `superseded by a later apply`; else empty."""
        with self._database.read() as connection:
            return held_plans.became_of(connection, digest)

    def reject_plan(self, digest: str, *, at: datetime, actor: Actor, reason: str) -> None:
        """Turns a held plan down; with its audit row. Raises UnknownName."""
        with self._database.write() as connection:
            held_plans.reject(connection, digest, at=at, actor=actor, reason=reason)

    def lock(self, name: str, *, holder: LockHolder, wait: float) -> AbstractContextManager[None]:
        """An exclusive lock that dies with its holder (`apply`, `school:AVN`); `wait` in seconds. Raises LockHeld."""
        return lock(self._database, name, holder=holder, wait=wait)

    def audit_rows(self, *, limit: int = 50) -> Sequence[AuditRow]:
        """The audit trail, the latest first."""
        with self._database.read() as connection:
            return audit.rows(connection, limit=limit)

    def verify_audit(self) -> Diagnostics:
        """Walks the audit chain; empty when nobody touched it, else each finding names a row."""
        with self._database.read() as connection:
            return audit.verify(connection)


def _resources(connection: Connection) -> dict[str, StoredResource]:
    return {
        r.address: StoredResource(
            address=r.address, kind=r.kind, spec=r.spec, digest=r.digest, serial=r.serial,
            depends_on=tuple(r.depends_on),
        )
        for r in connection.execute(select(RESOURCE).order_by(RESOURCE.c.address))
    }  # fmt: skip


def _last_version(connection: Connection) -> str:
    query = select(VERSION.c.serial, VERSION.c.at, VERSION.c.actor_name).order_by(VERSION.c.serial.desc()).limit(1)
    found = connection.execute(query).first()
    if found is None:
        return ""
    return f"version {found.serial}, {found.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC by {found.actor_name}"

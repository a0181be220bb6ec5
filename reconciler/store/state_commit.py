"""One apply: resources, attachments, version, held plan and audit row in the caller's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC

from sqlalchemy import Connection, delete, insert, select, update

from reconciler.apply.ports import ResourceChange, StateCommit, Version
from reconciler.errors import StalePlan, StoreError
from reconciler.store import audit, held_plans, held_runs, issue_rows
from reconciler.store.attachments import change_attachments
from reconciler.store.identifiers_held import refuse_clashes
from reconciler.store.tables.control import RESOURCE, STORE, VERSION, VERSION_CHANGE
from reconciler.vocabulary.feeds import HUB


def write(connection: Connection, commit: StateCommit) -> Version:
    """Writes it all, or raises StalePlan before the first write when lineage or serial moved.

    Raises Held where a claim of uniqueness that is made, or rows that come back under one, would not be true.
    """
    serial = _claim_serial(connection, commit)
    version = Version(
        serial=serial, at=commit.at.astimezone(UTC), actor=commit.actor, git_commit=commit.git_commit,
        plan_digest=commit.plan_digest, config_digest=commit.config_digest, reason=commit.reason,
        counts=dict(sorted(Counter(change.action for change in commit.changes).items())),
    )  # fmt: skip
    _write_version(connection, version, commit.changes)
    _write_resources(connection, commit.changes, serial)
    change_attachments(connection, commit.attachments, commit.at.astimezone(UTC).date())
    for change in commit.attachments:
        if change.op in ("retain", "orphan"):
            issue_rows.set_aside(connection, school=change.school, feed=HUB, at=commit.at)
    for change in commit.attachments:
        if change.op == "reattach":
            issue_rows.bring_back(connection, school=change.school, feed=HUB)
    if commit.consumes_held_plan:
        held_plans.consume(connection, commit.consumes_held_plan)
    held_plans.supersede(connection)
    held_runs.outdate(connection, _told_otherwise(commit.changes), serial=serial)
    audit.append(
        connection, at=commit.at, actor=commit.actor, verb="apply", subject=f"version {serial}",
        detail={
            "plan": commit.plan_digest, "config": commit.config_digest, "git_commit": commit.git_commit,
            "reason": commit.reason, "counts": dict(version.counts), "held_plan": commit.consumes_held_plan,
            "attachments": [f"{change.op} {change.school}" for change in commit.attachments],
        },
    )  # fmt: skip
    if commit.attachments or any(change.address == "virtual_school" for change in commit.changes):
        refuse_clashes(connection)
    return version


# What an import is told, by kind of resource: when one of these moves, a change set that waits shows what was asked
# before. Colours, guards and the like leave it as it is.
_TOLD = {
    "virtual_school": ("academic_year", "period_structure", "identifiers", "academic", "academic_structure"),
    "school": ("mis",),
    "partner": ("offers", "period_structure"),
    "period_map": ("slots",),
}


def _told_otherwise(changes: Sequence[ResourceChange]) -> set[str] | None:
    """The schools that are to bring something else from this version on; None when it is all of them."""
    schools = set()
    for change in changes:
        before, after = change.before or {}, change.after or {}
        if any(before.get(name) != after.get(name) for name in _TOLD.get(change.kind, ())):
            if change.kind == "virtual_school":
                return None
            schools.add(change.address.split(".")[1])
    return schools


def _claim_serial(connection: Connection, commit: StateCommit) -> int:
    """Moves the serial when it is the one that the plan was made from; the row stays locked until the end."""
    store = connection.execute(select(STORE).with_for_update()).one()
    if store.estate_id != commit.estate_id:
        raise StoreError(
            "store.other_estate",
            f"the files are estate {commit.estate_id!r}, the store belongs to estate {store.estate_id!r}",
            hint="name the right store with --store or the right files with --estate",
        )
    if store.lineage != commit.lineage:
        raise StalePlan(
            "store.stale_lineage",
            "the plan was made from another store, or from this one before it was restored",
            hint="run `reconcile plan` against this store",
        )
    if store.serial != commit.expected_serial:
        raise StalePlan(
            "store.stale_serial",
            f"the plan was made from version {commit.expected_serial}, the store is at version {store.serial}",
            hint="someone applied in between: run `reconcile plan` again and look at what is left to do",
        )
    serial: int = store.serial + 1
    connection.execute(update(STORE).values(serial=serial))
    return serial


def _write_version(connection: Connection, version: Version, changes: Sequence[ResourceChange]) -> None:
    connection.execute(
        insert(VERSION).values(
            serial=version.serial, at=version.at, actor_name=version.actor.name, actor_source=version.actor.source,
            git_commit=version.git_commit, plan_digest=version.plan_digest, config_digest=version.config_digest,
            reason=version.reason, counts=dict(version.counts),
        )
    )  # fmt: skip
    rows = [
        {
            "serial": version.serial, "position": position, "address": c.address, "kind": c.kind, "action": c.action,
            "before": c.before, "before_digest": c.before_digest, "after": c.after, "after_digest": c.after_digest,
            "depends_on": list(c.depends_on), "moved_from": c.moved_from,
        }
        for position, c in enumerate(changes)
    ]  # fmt: skip
    if rows:
        connection.execute(insert(VERSION_CHANGE), rows)


def _write_resources(connection: Connection, changes: Sequence[ResourceChange], serial: int) -> None:
    """What each change touches goes, what it leaves comes: the order of the changes does not matter."""
    gone = {c.address for c in changes} | {c.moved_from for c in changes if c.moved_from}
    for part in _parts(sorted(gone)):
        connection.execute(delete(RESOURCE).where(RESOURCE.c.address.in_(part)))
    rows = [
        {
            "address": c.address, "kind": c.kind, "spec": c.after, "digest": c.after_digest, "serial": serial,
            "depends_on": list(c.depends_on),
        }
        for c in changes
        if c.after is not None
    ]  # fmt: skip
    if rows:
        connection.execute(insert(RESOURCE), rows)


def _parts(addresses: list[str], size: int = 500) -> list[list[str]]:
    return [addresses[start : start + size] for start in range(0, len(addresses), size)]

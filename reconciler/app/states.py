"""`state init|upgrade|list|show|log`."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from reconciler.app.context import clock_of, opened, store_url
from reconciler.app.control import EDITED
from reconciler.app.estate_files import load
from reconciler.errors import UnknownName
from reconciler.reports.frame import clean, local, table
from reconciler.settings import Settings
from reconciler.vocabulary.suggestions import did_you_mean


def init(settings: Settings, *, rehearsal: bool) -> str:
    """Creates the store for the estate that the settings name; says what to do next.

    Raises InvalidEstate, and StoreError where a store exists.
    """
    from reconciler.store.open import create_store

    loaded = load(settings.estate)
    url = store_url(settings)
    store = create_store(url, estate_id=loaded.estate.estate_id, rehearsal=rehearsal, now=clock_of(settings)())
    try:
        kind = "rehearsal store" if rehearsal else "store"
        return f"Created an empty {kind} for {loaded.estate.estate_id}: {store.name}\nNext: reconcile plan"
    finally:
        store.close()


def upgrade(settings: Settings) -> str:
    """Brings an older store to this program's schema, in one transaction."""
    from reconciler.store.open import upgrade_store

    upgrade_store(store_url(settings))
    return "The store is as new as the program."


def listing(settings: Settings, pattern: str) -> list[dict[str, Any]]:
    """Stored resources whose address fits the pattern, by address."""
    with opened(settings, read_only=True) as context:
        resources = context.store.state.read_state().resources
    return [
        {"address": r.address, "kind": r.kind, "version": r.serial, "digest": r.digest}
        for r in sorted(resources.values(), key=lambda r: r.address)
        if fnmatchcase(r.address, pattern)
    ]


def listing_text(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "No stored resource fits. Begin with: reconcile plan"
    lines = [(row["address"], row["version"], row["digest"][:12]) for row in rows]
    return table(("Address", "Version", "Digest"), lines, right=frozenset({1}))


def show(settings: Settings, address: str) -> dict[str, Any]:
    """One stored resource, as it was last applied. Raises UnknownName with the nearest addresses."""
    with opened(settings, read_only=True) as context:
        resources = context.store.state.read_state().resources
    found = resources.get(address)
    if found is None:
        raise UnknownName(
            "state.unknown_address",
            f"nothing is stored under {address!r}",
            hint=did_you_mean(address, resources) or "reconcile state list shows every address",
        )
    return {
        "address": found.address,
        "kind": found.kind,
        "version": found.serial,
        "digest": found.digest,
        "depends_on": list(found.depends_on),
        "spec": dict(found.spec),
    }


def versions(settings: Settings, limit: int) -> list[dict[str, Any]]:
    """The versions of the state, the latest first."""
    with opened(settings, read_only=True) as context:
        return [
            {
                "version": v.serial,
                "at": v.at.isoformat(),
                "when": local(v.at),
                "actor": str(v.actor),
                "git_commit": v.git_commit,
                "plan_digest": v.plan_digest,
                "reason": v.reason,
                "counts": dict(v.counts),
            }
            for v in context.store.state.versions(limit=limit)
        ]


def _commit(told: str) -> str:
    """Short, and never without the mark that the files were not as in the commit."""
    commit, edited, _ = told.partition(EDITED)
    return commit[:7] + edited or "-"


def versions_text(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "Nothing has been applied yet. Begin with: reconcile plan"
    return table(
        ("Version", "When", "Who", "Commit", "Plan", "What", "Why"),
        [
            (
                row["version"], row["when"], row["actor"], _commit(row["git_commit"]), row["plan_digest"][:16],
                ", ".join(f"{n} {what}" for what, n in row["counts"].items()), clean(row["reason"]),
            )
            for row in rows
        ],
        right=frozenset({0}),
    )  # fmt: skip

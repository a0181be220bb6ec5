"""What a person decides about a held run: exactly what was held is committed, or nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from reconciler.errors import Held, Refused, StalePlan, UnknownName
from reconciler.records.identifiers import Identifier
from reconciler.syncs.clashing import clashes, reasons
from reconciler.syncs.cross_school import CrossSchoolStore
from reconciler.syncs.ports import FeedStore, HeldRun
from reconciler.transfers.completion import completion, one_line
from reconciler.transfers.entry import Counts, Outcome, TransferEntry
from reconciler.vocabulary.actor import Actor
from reconciler.vocabulary.suggestions import did_you_mean


def approve_held(
    store: FeedStore, run: str, *, now: datetime, actor: Actor, reason: str, claimed: Sequence[Identifier] = (),
    across: CrossSchoolStore | None = None,
) -> TransferEntry:  # fmt: skip
    """Commits the change set of a held run and returns its transfer entry.

    `claimed` are the identifiers that are claimed to be unique now: they are compared once more with `across`, and a
    clash is Held (`guard.identity_clash`), which no approval lifts. Raises UnknownName (`guard.no_such_run`), Refused
    (`guard.held_expired`) after 24 hours, and StalePlan (`guard.base_moved`) when another run changed the feed since:
    what was held no longer says what would happen.
    """
    held = _find(store, run)
    if now > held.expires_at:
        until = held.expires_at.astimezone(UTC)
        store.close_held(run, status="expired", at=now, actor=actor, reason="not approved in time")
        raise Refused(
            "guard.held_expired",
            f"run {run} was held until {until:%Y-%m-%d %H:%M} UTC and can no longer be approved",
            hint=f"run the import of {held.scope.school} again; it will be judged on what the school holds now",
            subject=run,
        )
    entry = replace(
        held.commit.entry, finished_at=now,
        message=f"{held.commit.entry.message}; held, then approved by {actor.name}: {one_line(reason)}",
    )  # fmt: skip
    base = store.base(held.scope)
    if base != held.commit.base:
        raise StalePlan(
            "guard.base_moved",
            f"{held.scope.school} was changed by run {base} after run {run} was held, so it cannot be approved",
            hint=f"reject run {run} and import {held.scope.school} again",
            subject=run,
        )
    if claimed and across is not None:
        _refuse_clash(held, claimed, store, across)
    store.commit(replace(held.commit, entry=entry))
    store.close_held(run, status="approved", at=now, actor=actor, reason=reason)
    return entry


def _refuse_clash(held: HeldRun, claimed: Sequence[Identifier], store: FeedStore, across: CrossSchoolStore) -> None:
    found = reasons(clashes(claimed, held.scope, held.commit.changes, store, across))
    if found:
        raise Held(
            "guard.identity_clash",
            f"run {held.run} cannot be approved: {'; '.join(reason.message for reason in found)}",
            hint=found[0].hint,
            subject=held.run,
        )


def reject_held(store: FeedStore, run: str, *, now: datetime, actor: Actor, reason: str) -> TransferEntry:
    """Throws the change set of a held run away; what was live stays live. Raises UnknownName (`guard.no_such_run`)."""
    held = _find(store, run)
    entry = held.commit.entry
    ended = replace(
        entry, outcome=Outcome.REJECTED, finished_at=now,
        message=completion(school=entry.school, kind=entry.kind, outcome=Outcome.REJECTED, total=Counts(),
                           detail=f"turned down by {actor.name}: {reason}; nothing was changed"),
    )  # fmt: skip
    store.close_held(run, status="rejected", at=now, actor=actor, reason=reason)
    store.end_run(ended)
    return ended


def _find(store: FeedStore, run: str) -> HeldRun:
    runs = {held.run: held for held in store.held_runs()}
    if run not in runs:
        near = did_you_mean(run, runs)
        raise UnknownName(
            "guard.no_such_run", f"no run {run} is held",
            hint=near or ("held: " + ", ".join(runs) if runs else "nothing is held at the moment"),
        )  # fmt: skip
    return runs[run]

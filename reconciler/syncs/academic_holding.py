"""What a person decides about a held academic run: exactly what was held is committed, or nothing is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from reconciler.errors import Refused, StalePlan, UnknownName
from reconciler.syncs.academic_ports import AcademicStore, HeldAcademic
from reconciler.transfers.completion import completion, one_line
from reconciler.transfers.entry import Counts, Outcome, TransferEntry
from reconciler.vocabulary.actor import Actor
from reconciler.vocabulary.suggestions import did_you_mean


def approve_academic(store: AcademicStore, run: str, *, now: datetime, actor: Actor, reason: str) -> TransferEntry:
    """Commits the change set of a held academic run and returns its transfer entry.

    Raises UnknownName (`guard.no_such_run`), Refused (`guard.held_expired`) after 24 hours, and StalePlan
    (`guard.base_moved`) when another academic run changed the records since.
    """
    held = _find(store, run)
    if now > held.expires_at:
        until = held.expires_at.astimezone(UTC)
        store.close_held(run, status="expired", at=now, actor=actor, reason="not approved in time")
        raise Refused(
            "guard.held_expired",
            f"run {run} was held until {until:%Y-%m-%d %H:%M} UTC and can no longer be approved",
            hint=f"run the academic import of {held.scope.school} again",
            subject=run,
        )
    if store.base(held.scope) != held.commit.base:
        raise StalePlan(
            "guard.base_moved",
            f"the academic records of {held.scope.school} were changed after run {run} was held",
            hint=f"reject run {run} and run the academic import of {held.scope.school} again",
            subject=run,
        )
    entry = replace(
        held.commit.entry, finished_at=now,
        message=f"{held.commit.entry.message}; held, then approved by {actor.name}: {one_line(reason)}",
    )  # fmt: skip
    store.commit(replace(held.commit, entry=entry))
    store.close_held(run, status="approved", at=now, actor=actor, reason=reason)
    return entry


def reject_academic(store: AcademicStore, run: str, *, now: datetime, actor: Actor, reason: str) -> TransferEntry:
    """Throws the change set of a held academic run away. Raises UnknownName (`guard.no_such_run`)."""
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


def _find(store: AcademicStore, run: str) -> HeldAcademic:
    runs = {held.run: held for held in store.held_runs()}
    if run not in runs:
        raise UnknownName(
            "guard.no_such_run", f"no academic run {run} is held",
            hint=did_you_mean(run, runs) or ("held: " + ", ".join(runs) if runs else "nothing is held at the moment"),
        )  # fmt: skip
    return runs[run]

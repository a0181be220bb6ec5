"""Takes an import or an academic import back by its run id: every live row is as it was before that run (C13, C25).

Nothing is deleted: rows that the run brought are marked as left, by a run of its own with a journal of its own. The
latest run of a school and kind goes first, so that no later change is ever lost in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.errors import Refused
from reconciler.syncs.academic import KIND as ACADEMIC
from reconciler.syncs.academic_changes import AcademicChanges
from reconciler.syncs.academic_ports import AcademicCommit
from reconciler.syncs.ports import EntityChanges, FeedCommit, FeedScope
from reconciler.syncs.undo_ports import RunFacts, UndoStore
from reconciler.transfers.completion import completion, one_line
from reconciler.transfers.entry import Counts, Outcome, TransferEntry
from reconciler.vocabulary.actor import Actor

KIND = "undo"
_CAN_BE_UNDONE = frozenset({"import", ACADEMIC})


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """How an undo ended.

    `first_again` says that nothing of the roster is live any more, so that the next import is a first one. `academic`
    says that an academic run was undone; `beside` are later academic runs that stand after an import was undone.
    """

    entry: TransferEntry
    first_again: bool
    academic: bool = False
    beside: tuple[str, ...] = ()


def undo_run(store: UndoStore, of: str, *, run: str, now: datetime, actor: Actor, reason: str) -> Undone:
    """Takes run `of` back as run `run`.

    No guard is asked, since a person asks for it by name. The cursors forget what the source last said, so that the
    next run of the kind brings what the school holds by then. Raises UnknownName, StalePlan, and Refused:
    `undo.not_an_import`, `undo.changed_nothing`, `undo.already_undone`, `undo.changed_since`, `undo.not_recorded`,
    `undo.not_attached`.
    """
    facts = store.run_facts(of)
    scope = _check(facts)
    if facts.kind == ACADEMIC:
        return _undo_academic(store, facts, scope, run=run, now=now, actor=actor, reason=reason)
    back = store.way_back(of, scope)
    counts = {entity.value: _counts(found) for entity, found in back.changes.items()}
    entry = _entry(facts, scope, counts, run=run, now=now, actor=actor, reason=reason)
    first = store.undo(
        FeedCommit(scope=scope, entry=entry, base=facts.base, changes=back.changes, cursors=back.cursors), of=of,
        reason=reason,
    )  # fmt: skip
    return Undone(entry=entry, first_again=first, beside=facts.beside)


def _undo_academic(store: UndoStore, facts: RunFacts, scope: FeedScope, *, run: str, now: datetime, actor: Actor,
                   reason: str) -> Undone:  # fmt: skip
    back = store.academic_way_back(facts.run, scope)
    try:
        counts = {entity.value: _academic_counts(found) for entity, found in back.changes.items()}
        parked = f"; {back.parked} parked key(s) let go" if back.parked else ""
        entry = _entry(facts, scope, counts, run=run, now=now, actor=actor, reason=reason, more=parked)
        commit = AcademicCommit(scope=scope, entry=entry, base=back.base, changes=back.changes)
        store.undo_academic(commit, of=facts.run, reason=reason)
    finally:
        for changes in back.changes.values():
            changes.close()
    return Undone(entry=entry, first_again=False, academic=True)


def _check(facts: RunFacts) -> FeedScope:
    """The scope of a run that can be undone now."""
    run = facts.run
    if facts.kind not in _CAN_BE_UNDONE:
        raise Refused(
            "undo.not_an_import",
            f"run {run} is an {facts.kind}, and only an import or an academic import can be taken back", subject=run,
            hint=_INSTEAD.get(facts.kind, "reconcile log --kind import shows what can be undone"),
        )  # fmt: skip
    again = f"reconcile sync {facts.kind} --school {facts.school}"
    if facts.undone_by:
        raise Refused(
            "undo.already_undone", f"run {run} was undone by run {facts.undone_by}; nothing was changed", subject=run,
            hint=f"to have its rows again, import: {again}",
        )  # fmt: skip
    if not facts.changed:
        raise Refused(
            "undo.changed_nothing", f"run {run} ended as {facts.outcome.value} and changed no record", subject=run,
            hint="there is nothing to undo" if facts.outcome is not Outcome.HELD
            else f"it is held; turn it down instead: reconcile reject {run} --reason ...",
        )  # fmt: skip
    if facts.scope is None:
        raise Refused(
            "undo.not_recorded",
            f"what run {run} changed was not noted in a way that can be undone: an older version of the program ran it",
            hint=f"mend the source and import again: {again}", subject=run,
        )  # fmt: skip
    if not facts.attached:
        raise Refused(
            "undo.not_attached", f"the rows of run {run} are retained: {facts.school} is not attached under its key",
            hint="add the partner again with the same key, plan and apply; then undo", subject=run,
        )  # fmt: skip
    if facts.later:
        order = ", then ".join(f"reconcile sync undo {later} --reason ..." for later in facts.later)
        raise Refused(
            "undo.changed_since",
            f"{len(facts.later)} later run{'' if len(facts.later) == 1 else 's'} changed the same rows of "
            f"{facts.school}: {', '.join(facts.later)}",
            hint=f"undo the latest first: {order}", subject=run,
        )  # fmt: skip
    return facts.scope


_INSTEAD = {
    "export": "what a partner was told is ended, not unsaid: change class_assignments, apply, and export",
    KIND: "to have the rows again, import the school",
}


def _entry(facts: RunFacts, scope: FeedScope, counts: Mapping[str, Counts], *, run: str, now: datetime,
           actor: Actor, reason: str, more: str = "") -> TransferEntry:  # fmt: skip
    detail = f"run {facts.run} is undone by {actor.name}: {one_line(reason)}{more}"
    return TransferEntry(
        run=run, kind=KIND, direction="in", school=scope.school, feed=scope.feed, attachment=scope.attachment,
        outcome=Outcome.DONE, started_at=now, finished_at=now, actor=actor, counts=counts,
        message=completion(school=scope.school, kind=KIND, outcome=Outcome.DONE,
                           total=sum(counts.values(), Counts()), detail=detail),
    )  # fmt: skip


def _counts(changes: EntityChanges) -> Counts:
    """Rows that are live again are new; a row that leaves again is not counted as changed as well."""
    gone = set(changes.left)
    changed = sum(1 for row, _ in changes.changed if row[0] not in gone)
    new = len(changes.new)
    return Counts(read=new + changed, new=new, changed=changed, left=len(gone))


def _academic_counts(changes: AcademicChanges) -> Counts:
    gone = set(changes.left())
    changed = sum(1 for row, _ in changes.changed() if row[0] not in gone)
    return Counts(read=changes.new_count + changed, new=changes.new_count, changed=changed, left=changes.left_count)

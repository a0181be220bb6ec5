"""Import of one school into one feed: fetch, map, classify, guard, commit.

Everything is known before the first write, so a preview, a held run and a commit are the same code. Fetch and map are
in `reading.py`, classify in `intake.py`, guard in `guards.py`; here they come together and the run ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from reconciler.connectors.protocol import Completeness, Session
from reconciler.errors import Held, ReconcileError, SecretUnavailable, SourceError, StalePlan
from reconciler.issues.issue import DataIssue
from reconciler.issues.rule import RunFacts, Trouble
from reconciler.issues.watch import Watch
from reconciler.records.entities import Entity
from reconciler.syncs import clashing
from reconciler.syncs.clashing import IdentityClash
from reconciler.syncs.cross_school import CrossSchoolStore
from reconciler.syncs.guards import judge
from reconciler.syncs.intake import Intake
from reconciler.syncs.job import ImportJob, ImportResult, Trigger
from reconciler.syncs.movements import movements
from reconciler.syncs.ports import Cursor, EntityChanges, FeedCommit, FeedStore, HeldRun
from reconciler.syncs.reading import Progress, Reading, read, stamp
from reconciler.syncs.year_change import left_behind
from reconciler.transfers.completion import completion
from reconciler.transfers.entry import Counts, Outcome, TransferEntry
from reconciler.vocabulary.actor import Actor
from reconciler.vocabulary.feeds import HUB

HELD_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run: what it is told, where it writes, and whose word it is."""

    job: ImportJob
    store: FeedStore
    run: str
    now: datetime
    actor: Actor
    dry_run: bool
    across: CrossSchoolStore | None

    def entry(self, outcome: Outcome, *, detail: str = "", counts: dict[str, Counts] | None = None,
              reading: Reading | None = None) -> TransferEntry:  # fmt: skip
        total = sum((counts or {}).values(), Counts())
        message = completion(school=self.job.school, kind="import", outcome=outcome, total=total, detail=detail)
        return TransferEntry(
            run=self.run, kind="import", direction="in", school=self.job.school, feed=self.job.feed,
            attachment=self.job.attachment, outcome=outcome, started_at=self.now, actor=self.actor,
            finished_at=None if outcome is Outcome.RUNNING else self.now,
            message=message + (" (dry run: nothing was written)" if self.dry_run else ""), counts=counts or {},
            rejected=tuple(row for intake in reading.intakes.values() for row in intake.rejected) if reading else (),
            notes=_notes(reading) if reading else (),
        )  # fmt: skip

    def result(self, entry: TransferEntry, *, changes: dict[Entity, EntityChanges] | None = None,
               issues: tuple[DataIssue, ...] = (), held: tuple[str, ...] = (),
               expires_at: datetime | None = None) -> ImportResult:  # fmt: skip
        return ImportResult(entry=entry, scheduled=self.job.trigger is Trigger.SCHEDULED, dry_run=self.dry_run,
                            changes=changes or {}, issues=issues, held=held, expires_at=expires_at)  # fmt: skip


def import_school(
    job: ImportJob, connect: Callable[[], AbstractContextManager[Session]], store: FeedStore, *, run: str,
    now: datetime, actor: Actor, dry_run: bool = False, progress: Progress | None = None,
    across: CrossSchoolStore | None = None,
) -> ImportResult:  # fmt: skip
    """Opens the school's source and imports it; nothing is opened for a school that waits for a person.

    `across` is what the others hold: a job that claims uniqueness cannot do without. Raises StoreError; whatever goes
    wrong at the source, and what another run or an apply makes stale, is in the result and in the log as failed, so
    that other schools go on (rule 66).
    """
    this = _Run(job=job, store=store, run=run, now=now, actor=actor, dry_run=dry_run, across=across)
    waiting = _waiting(this)
    if waiting:
        return waiting
    _start(this)  # before anything is asked of the school, be it only who it is
    try:
        with connect() as session:
            return _import(this, session, progress)
    except (SourceError, SecretUnavailable, StalePlan) as error:
        return _fail(this, error)


def _import(this: _Run, session: Session, progress: Progress | None) -> ImportResult:
    """A run that has begun. Raises StalePlan when another run, or an apply, came in between."""
    base = this.store.base(this.job.scope)
    reading = read(this.job, session, this.store, progress=progress)
    changes = {
        entity: intake.settle(conclusive=reading.conclusive(entity)) for entity, intake in reading.intakes.items()
    }
    return _end(this, reading, changes, base)


def _waits(job: ImportJob, store: FeedStore, *, dry_run: bool) -> bool:
    """Rules 45 and 47: the first import is started by a person who says so; a preview by hand is always free."""
    by_hand = job.trigger is Trigger.MANUAL and (job.first or dry_run)
    return not by_hand and not store.first_import_done(job.scope)


def _start(this: _Run) -> None:
    if not this.dry_run:
        this.store.start_run(this.entry(Outcome.RUNNING))


def _waiting(this: _Run) -> ImportResult | None:
    """What a person must do first: the first import by hand, or the period map of a partner (VS, rules 32 and 44)."""
    job = this.job
    if _waits(job, this.store, dry_run=this.dry_run):
        return _wait(this, f"{job.school_name} is waiting for its first manual import; "
                     f"run: reconcile sync import --school {job.school} --first")  # fmt: skip
    if job.feed == HUB and job.period_map is None:
        return _wait(
            this, f"{job.school_name} has no period map for {job.year}, so nothing of it is imported; "
            f"declare period_maps: {{{job.school}: {{{job.year}: ...}}}}, then: reconcile plan",
            issues=Watch().found(RunFacts(school=job.school, feed=job.feed, unmapped=True)),
        )  # fmt: skip
    return None


def _wait(this: _Run, detail: str, *, issues: tuple[DataIssue, ...] = ()) -> ImportResult:
    entry = this.entry(Outcome.WAITING, detail=detail)
    if not this.dry_run:
        _start(this)
        this.store.end_run(entry, issues=issues)
    return this.result(entry, issues=issues)


def _fail(this: _Run, error: ReconcileError) -> ImportResult:
    facts = RunFacts(
        school=this.job.school,
        feed=this.job.feed,
        failure=Trouble(code=error.code, message=error.message, hint=error.hint),
    )
    issues = Watch().found(facts)
    entry = this.entry(Outcome.FAILED, detail=f"{error.message} ({error.code}); nothing was changed")
    if not this.dry_run:
        this.store.end_run(entry, issues=issues)
    return this.result(entry, issues=issues)


def _end(this: _Run, reading: Reading, changes: dict[Entity, EntityChanges], base: str) -> ImportResult:
    clashes = _clashes(this, changes)
    held = _reasons_to_hold(this, reading, changes) + clashing.reasons(clashes)
    facts = _facts(this.job, reading, changes)
    issues = reading.watch.found(facts)
    outcome, detail = _outcome(reading, changes)
    counts = {e.value: i.counts(changes[e]) for e, i in reading.intakes.items() if i.asked}
    differences = {entity: found for entity, found in changes.items() if not found.empty}
    commit = FeedCommit(
        scope=this.job.scope,
        entry=this.entry(outcome, detail=detail, counts=counts, reading=reading),
        base=base,
        changes=differences,
        cursors=_cursors(this.job, reading),
        issues=issues,
        issue_codes=reading.watch.judged(facts),
        completes_first_import=_completes_first(this, reading),
    )
    if held:
        return _hold(this, commit, held, facts, clashes)
    if not this.dry_run:
        try:
            this.store.commit(commit)
        except Held:  # another school brought an identifier since the two were compared
            clashes = _clashes(this, changes)
            if not clashes:
                raise
            return _hold(this, commit, clashing.reasons(clashes), facts, clashes)
    return this.result(commit.entry, changes=differences, issues=issues)


def _clashes(this: _Run, changes: dict[Entity, EntityChanges]) -> list[IdentityClash]:
    """Identifiers that another school holds too, while they are claimed to be unique (VS, rules 11 and 12)."""
    if not this.job.claimed:
        return []
    if this.across is None:
        raise ValueError(f"{this.job.school}: uniqueness is claimed, so the other schools must be given")
    return clashing.clashes(this.job.claimed, this.job.scope, changes, this.store, this.across)


def _reasons_to_hold(this: _Run, reading: Reading, changes: dict[Entity, EntityChanges]) -> list[Trouble]:
    job = this.job
    reasons = [
        Trouble(
            code="import.other_school", entity=kind,
            message=f"{count} {kind} that came belong to another school than {job.school}",
            hint="check school id, address and account of this source before anything else",
        )
        for kind, count in reading.foreign.items()
    ]  # fmt: skip
    for entity, intake in reading.intakes.items():
        if intake.conflicts:
            named = ", ".join(sorted(intake.conflicts)[:5]) + (" and more" if len(intake.conflicts) > 5 else "")
            reasons.append(Trouble(
                code="import.duplicate_key", entity=entity.value,
                message=f"{len(intake.conflicts)} {entity.value} came more than once with different content: {named}",
                hint="find out which is right and correct it at the source; approving imports all but these",
            ))  # fmt: skip
    today = job.today(this.now)
    reasons += left_behind(job, reading.intakes, this.store, today=today)
    return reasons + judge(
        movements(reading, changes), job.guards, school=job.school, expected=job.expected_changes,
        today=today,
    )  # fmt: skip


def _hold(this: _Run, commit: FeedCommit, held: list[Trouble], facts: RunFacts,
          clashes: list[IdentityClash]) -> ImportResult:  # fmt: skip
    """Keeps the change set for a person; where identifiers clash there is nothing that a person could approve."""
    reasons = tuple(f"{reason.message}; {reason.hint}" for reason in held)
    expires = None if clashes else this.now + HELD_FOR
    detail = "; ".join(reason.message for reason in held)
    detail += "; nothing was changed"
    if expires:
        detail += f"; approve or reject run {this.run} until {expires.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    message = completion(school=this.job.school, kind="import", outcome=Outcome.HELD, total=Counts(), detail=detail)
    entry = replace(commit.entry, outcome=Outcome.HELD, message=message)
    issues = tuple(i for i in Watch().found(replace(facts, held=held)) if i.code in {reason.code for reason in held})
    issues += tuple(clash.issue(this.job.feed) for clash in clashes)
    if not this.dry_run and expires:
        this.store.hold(
            HeldRun(run=this.run, scope=commit.scope, held_at=this.now, expires_at=expires, reasons=reasons,
                    commit=commit)
        )  # fmt: skip
    if not this.dry_run:
        this.store.end_run(entry, issues=issues)
    return this.result(entry, changes=dict(commit.changes), issues=issues, held=reasons, expires_at=expires)


def _outcome(reading: Reading, changes: dict[Entity, EntityChanges]) -> tuple[Outcome, str]:
    """How a run ends that nothing holds, and what its completion line adds to the counts."""
    rejected = any(intake.rejected for intake in reading.intakes.values())
    details = [f"{refused.entity} not read ({refused.code})" for refused in reading.refused]
    short = [trouble.entity for trouble in _incomplete(reading)]
    if short:
        details.append(f"nothing removed, since these may be incomplete: {', '.join(short)}")
    if rejected or reading.refused:
        return Outcome.PARTIAL, "; ".join(details)
    moved = any(found.new or found.changed or found.left for found in changes.values())
    return Outcome.DONE if moved else Outcome.UNCHANGED, "; ".join(details)


def _facts(job: ImportJob, reading: Reading, changes: dict[Entity, EntityChanges]) -> RunFacts:
    intakes = reading.intakes
    judged = frozenset() if reading.replayed else frozenset(e for e, i in intakes.items() if i.complete)
    return RunFacts(
        school=job.school,
        feed=job.feed,
        standing={entity: _live(intake, changes[entity]) for entity, intake in intakes.items()},
        judged=judged,
        over_shared=reading.over_shared,
        rejected=[row for intake in intakes.values() for row in intake.rejected],
        incomplete=_incomplete(reading),
        refused=reading.refused,
        unreached=reading.unreached,
    )


def _live(intake: Intake, changes: EntityChanges) -> set[str]:
    """The ids that are live once the changes are committed."""
    return (intake.held.keys() - set(changes.left)) | intake.seen.keys()


def _incomplete(reading: Reading) -> list[Trouble]:
    found = []
    for entity, intake in reading.intakes.items():
        if not intake.finished:
            continue
        if not intake.complete:
            declare = intake.completeness is Completeness.DECLARED
            found.append(Trouble(
                code="import.incomplete_fetch", entity=entity.value,
                message=f"the {entity.value} that came may not be all; nothing was taken to have left",
                hint="set complete: true for this source if each export holds everyone" if declare
                else "run the import again; if it stays so, let the source send all of them",
            ))  # fmt: skip
        elif intake.nameless:
            found.append(Trouble(
                code="import.incomplete_fetch", entity=entity.value,
                message=f"rows of {entity.value} came without an id; nothing was taken to have left",
                hint="give each of the rejected rows its id at the source",
            ))  # fmt: skip
    return found


def _cursors(job: ImportJob, reading: Reading) -> dict[Entity, Cursor]:
    """Where each entity that was read stands; an equal payload is worth a short cut only if all of it was kept."""
    return {
        entity: Cursor(
            mapping_version=intake.mapping_version,
            fingerprint=stamp(job, intake.fingerprint) if intake.clean else "",
            rows=intake.read,
        )
        for entity, intake in reading.intakes.items()
        if intake.finished
    }


def _completes_first(this: _Run, reading: Reading) -> bool:
    """The schedule takes over only once everything that was asked for could be read (VS, rule 47)."""
    return not reading.refused and not this.store.first_import_done(this.job.scope)


def _places(named: Sequence[str], count: int) -> str:
    if not named:
        return ""
    return f" ({', '.join(named)}{f' and {count - len(named)} more' if count > len(named) else ''})"


def _notes(reading: Reading) -> tuple[str, ...]:
    """What was left out and why, what was forgiven, what was not read."""
    outside = [
        f"{entity.value}: {count} {reason}{_places(intake.places.get(reason, ()), count)}"
        for entity, intake in reading.intakes.items()
        for reason, count in sorted(intake.outside.items())
        if count
    ]
    refused = [f"{trouble.entity}: not read: {trouble.message}" for trouble in reading.refused]
    return (*outside, *reading.tolerances, *refused)

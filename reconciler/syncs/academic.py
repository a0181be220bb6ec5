"""Academic import of one school: attendance, behaviour, assessment and post-16 facts of known students (VS, rule 59).

The same five steps as the roster's import: fetch and map and classify in `academic_reading.py`, guard in
`academic_guards.py`, and here they come together. Attendance is a copy, never the register, and every entry says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from reconciler.connectors.academic_protocol import AcademicSession
from reconciler.errors import ReconcileError, RefusedSourceError, SecretUnavailable, SourceError, StalePlan
from reconciler.issues.academic import AcademicFacts, academic_issues, judged_codes
from reconciler.issues.issue import DataIssue
from reconciler.issues.rule import Trouble
from reconciler.records.academic import COPY, NEEDS_STRUCTURE, AcademicEntity
from reconciler.records.structures import Structure
from reconciler.syncs.academic_changes import NoRoom
from reconciler.syncs.academic_guards import reasons_to_hold
from reconciler.syncs.academic_job import AcademicJob
from reconciler.syncs.academic_ports import AcademicCommit, AcademicStore, HeldAcademic
from reconciler.syncs.academic_reading import AcademicIntake, Progress, read_entity
from reconciler.syncs.importing import HELD_FOR
from reconciler.syncs.job import ImportResult, Trigger
from reconciler.syncs.reading import skips_entity
from reconciler.transfers.completion import completion
from reconciler.transfers.entry import Counts, Outcome, TransferEntry
from reconciler.vocabulary.actor import Actor

KIND = "academic"
_OPTIONAL = AcademicEntity.POST16_AIMS  # comes where a school grants it, and nobody is asked to


@dataclass(slots=True, kw_only=True)
class _Found:
    """What one run has read, and what it could not."""

    intakes: dict[AcademicEntity, AcademicIntake] = field(default_factory=dict)
    refused: list[Trouble] = field(default_factory=list)
    structures: list[Trouble] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def close(self) -> None:
        for intake in self.intakes.values():
            intake.changes.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run: what it is told, where it writes, and whose word it is."""

    job: AcademicJob
    store: AcademicStore
    run: str
    now: datetime
    actor: Actor
    dry_run: bool

    def entry(self, outcome: Outcome, *, detail: str = "", found: _Found | None = None) -> TransferEntry:
        intakes = found.intakes if found else {}
        counts = {entity.value: intake.counts for entity, intake in intakes.items()}
        message = completion(school=self.job.school, kind=KIND, outcome=outcome,
                             total=sum(counts.values(), Counts()), detail=detail)  # fmt: skip
        return TransferEntry(
            run=self.run, kind=KIND, direction="in", school=self.job.school, feed=self.job.feed,
            attachment=self.job.attachment, outcome=outcome, started_at=self.now, actor=self.actor,
            finished_at=None if outcome is Outcome.RUNNING else self.now,
            message=message + (" (dry run: nothing was written)" if self.dry_run else ""), counts=counts,
            rejected=tuple(row for intake in intakes.values() for row in intake.rejected),
            notes=tuple(_notes(found)) if found else (),
        )  # fmt: skip

    def result(self, entry: TransferEntry, *, issues: tuple[DataIssue, ...] = (), held: tuple[str, ...] = (),
               expires_at: datetime | None = None) -> ImportResult:  # fmt: skip
        return ImportResult(entry=entry, scheduled=self.job.trigger is Trigger.SCHEDULED, dry_run=self.dry_run,
                            issues=issues, held=held, expires_at=expires_at)  # fmt: skip


def import_academic(
    job: AcademicJob, connect: Callable[[], AbstractContextManager[AcademicSession]], store: AcademicStore, *,
    run: str, now: datetime, actor: Actor, dry_run: bool = False, progress: Progress | None = None,
) -> ImportResult:  # fmt: skip
    """Opens the school's source and imports what the job asks for; nothing is opened before the first roster import.

    Raises StoreError; whatever goes wrong at the source, and what another run or an apply makes stale, is in the result
    and in the log as failed, so that other schools go on (VS, rule 66).
    """
    this = _Run(job=job, store=store, run=run, now=now, actor=actor, dry_run=dry_run)
    if not store.first_import_done(job.scope):
        return _wait(this)
    if not dry_run:
        store.start_run(this.entry(Outcome.RUNNING))
    base = store.base(job.scope)
    found = _Found()
    try:
        with connect() as session:
            _read(this, session, found, progress or _silent)
        return _end(this, found, base)
    except (SourceError, SecretUnavailable, NoRoom, StalePlan) as error:
        return _fail(this, error)
    finally:
        found.close()


def _read(this: _Run, session: AcademicSession, found: _Found, progress: Progress) -> None:
    """A refusal or a mismatch of one kind leaves the others alone; only when every kind is refused has it failed."""
    job = this.job
    last: RefusedSourceError | None = None
    for entity in (e for e in AcademicEntity if e in job.entities):
        try:
            matches, structure = _structure(job, entity, session, found)
            if matches:
                found.intakes[entity] = read_entity(
                    job, entity, session, this.store, until=job.until(this.now), school_structure=structure,
                    progress=progress,
                )  # fmt: skip
        except RefusedSourceError as error:
            if not skips_entity(error):
                raise
            if entity is _OPTIONAL:
                found.notes.append(f"{entity.value}: not read: {error.message}")
                continue
            last = error
            found.refused.append(_trouble(error, entity))
    if last and not found.intakes and not found.structures:
        raise last


def _structure(
    job: AcademicJob, entity: AcademicEntity, session: AcademicSession, found: _Found
) -> tuple[bool, Structure | None]:
    """Whether an entity may come, and the school's structure where it is known (VS, rule 60)."""
    if entity not in NEEDS_STRUCTURE:
        return True, None
    try:
        school = session.structure(entity)
    except RefusedSourceError as error:
        if not skips_entity(error):
            raise
        if job.require_structure_match:
            found.structures.append(Trouble(
                code="academic.structure_unknown", entity=entity.value,
                message=f"{entity.value} were left out: what the school calls them cannot be read: {error.message}",
                hint=error.hint,
            ))  # fmt: skip
        return not job.require_structure_match, None
    differs = job.structures[entity].first_difference(school) if job.require_structure_match else ""
    if differs:
        found.structures.append(Trouble(
            code="academic.structure_mismatch", entity=entity.value,
            message=f"{entity.value} were left out, since the school's structure is not the hub's: {differs}",
            hint="bring the school's codes into line, or the hub's under virtual_school.academic_structure",
        ))  # fmt: skip
    return not differs, school


def _wait(this: _Run) -> ImportResult:
    school = this.job.school
    entry = this.entry(Outcome.WAITING, detail=(
        f"{this.job.school_name} is waiting for its first manual import of students; "
        f"run: reconcile sync import --school {school} --first"
    ))  # fmt: skip
    if not this.dry_run:
        this.store.start_run(this.entry(Outcome.RUNNING))
        this.store.end_run(entry)
    return this.result(entry)


def _fail(this: _Run, error: ReconcileError) -> ImportResult:
    issues = academic_issues(AcademicFacts(school=this.job.school, feed=this.job.feed, failure=_trouble(error)))
    entry = this.entry(Outcome.FAILED, detail=f"{error.message} ({error.code}); nothing was changed")
    if not this.dry_run:
        this.store.end_run(entry, issues=issues)
    return this.result(entry, issues=issues)


def _end(this: _Run, found: _Found, base: str) -> ImportResult:
    job, intakes = this.job, found.intakes
    held = reasons_to_hold(job, list(intakes.values()), today=job.today(this.now))
    facts = _facts(this, found)
    outcome, detail = _outcome(found)
    commit = AcademicCommit(
        scope=job.scope,
        entry=this.entry(outcome, detail=detail, found=found),
        base=base,
        changes={e: i.changes for e, i in intakes.items() if not i.changes.empty or i.changes.parked_count},
        cursors={e: i.cursor for e, i in intakes.items() if i.cursor},
        released={e: i.known for e, i in intakes.items() if i.complete},
        issues=academic_issues(facts),
        issue_codes=judged_codes(facts),
    )
    if held:
        return _hold(this, commit, held, facts)
    if not this.dry_run:
        this.store.commit(commit)
    return this.result(commit.entry, issues=tuple(commit.issues))


def _hold(this: _Run, commit: AcademicCommit, held: list[Trouble], facts: AcademicFacts) -> ImportResult:
    reasons = tuple(f"{reason.message}; {reason.hint}" for reason in held)
    expires = this.now + HELD_FOR
    detail = "; ".join(reason.message for reason in held)
    detail += (
        f"; nothing was changed; approve or reject run {this.run} until {expires.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    )
    message = completion(school=this.job.school, kind=KIND, outcome=Outcome.HELD, total=Counts(), detail=detail)
    entry = replace(commit.entry, outcome=Outcome.HELD, message=message)
    issues = academic_issues(AcademicFacts(school=facts.school, feed=facts.feed, held=held))
    if not this.dry_run:
        this.store.hold(
            HeldAcademic(run=this.run, scope=commit.scope, held_at=this.now, expires_at=expires, reasons=reasons,
                         commit=commit)
        )  # fmt: skip
        this.store.end_run(entry, issues=issues)
    return this.result(entry, issues=issues, held=reasons, expires_at=expires)


def _outcome(found: _Found) -> tuple[Outcome, str]:
    """How a run ends that nothing holds, and what its completion line adds to the counts."""
    intakes = found.intakes.values()
    details = [f"{trouble.entity} not read ({trouble.code})" for trouble in (*found.refused, *found.structures)]
    short = [intake.entity.value for intake in intakes if not intake.complete]
    if short:
        details.append(f"nothing removed of what may be incomplete: {', '.join(short)}")
    parked = sum(intake.unknown_students.total() for intake in intakes)
    if parked:
        details.append(f"{parked} parked for students who are not known yet")
    if AcademicEntity.ATTENDANCE_MARKS in found.intakes:
        details.append("attendance is a copy, never the register")
    if found.refused or found.structures or any(intake.rejected for intake in intakes):
        return Outcome.PARTIAL, "; ".join(details)
    moved = any(not intake.changes.empty for intake in intakes)
    return Outcome.DONE if moved else Outcome.UNCHANGED, "; ".join(details)


def _facts(this: _Run, found: _Found) -> AcademicFacts:
    intakes = found.intakes
    parked = {e.value: set(i.unknown_students) for e, i in intakes.items() if i.unknown_students}
    for waiting in this.store.parked(this.job.scope):  # those that did not come again still wait
        intake = intakes.get(waiting.entity)
        if intake is None or not intake.complete or waiting.student not in intake.known:
            parked.setdefault(waiting.entity.value, set()).add(waiting.student)
    aims = intakes.get(_OPTIONAL)
    return AcademicFacts(
        school=this.job.school, feed=this.job.feed,
        asked=frozenset(e.value for e in this.job.entities if e in intakes or e is not _OPTIONAL),
        judged=frozenset(e.value for e, i in intakes.items() if i.complete and i.whole),
        refused=found.refused, structures=found.structures,
        incomplete=[e.value for e, i in intakes.items() if not i.complete],
        rejected=[row for intake in intakes.values() for row in intake.rejected],
        parked=parked, unknown_aims=aims.unknown_aims if aims else {},
    )  # fmt: skip


def _notes(found: _Found) -> Iterable[str]:
    """The label of attendance, then what was left out and why, what was forgiven, what was not read."""
    if AcademicEntity.ATTENDANCE_MARKS in found.intakes:
        yield f"{AcademicEntity.ATTENDANCE_MARKS.value}: {COPY}"
    for entity, intake in found.intakes.items():
        yield from (f"{entity.value}: {n} {reason}" for reason, n in sorted(intake.outside.items()) if n)
        yield from (f"{entity.value}: forgiven {code} x{n}: {message}" for (code, message), n in
                    sorted(intake.tolerances.items()))  # fmt: skip
    yield from (f"{t.entity}: not read: {t.message}" for t in (*found.refused, *found.structures))
    yield from found.notes


def _trouble(error: ReconcileError, entity: AcademicEntity | None = None) -> Trouble:
    return Trouble(code=error.code, message=error.message, hint=error.hint, entity=entity.value if entity else "")


def _silent(entity: str, rows: int) -> None:
    """Progress that nobody watches."""

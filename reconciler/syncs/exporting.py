"""Export of class assignments to one partner, with the guests that they need (VS, rules 54 to 58).

What the partner should hold is worked out from the declared lines, compared with the ledger of what it was told, and
only the difference is said. Import comes before export in each cycle (rule 49); the first export is by hand (rule 46).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime

from reconciler.connectors.export_protocol import ExportSession
from reconciler.errors import ReconcileError, SecretUnavailable, SourceError
from reconciler.issues import export_refused
from reconciler.issues.issue import DataIssue
from reconciler.records.entities import Entity
from reconciler.syncs.export_job import ExportJob, ExportResult, Step
from reconciler.syncs.export_package import people_of, whole
from reconciler.syncs.export_ports import ExportEnd, ExportStore, Item, ItemIdentity
from reconciler.syncs.export_sending import Progress, Sending, Sent, clear_up, send_all
from reconciler.syncs.export_steps import Difference, compare, counts, reasons_to_hold
from reconciler.syncs.export_wish import Book, Refusal, Wish, work_out
from reconciler.syncs.job import Trigger
from reconciler.transfers.completion import completion
from reconciler.transfers.entry import Counts, Outcome, RejectedRecord, TransferEntry
from reconciler.vocabulary.actor import Actor
from reconciler.vocabulary.feeds import HUB

Connect = Callable[[], AbstractContextManager[ExportSession]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run: what it is told, where it writes, and whose word it is."""

    job: ExportJob
    store: ExportStore
    run: str
    now: datetime
    actor: Actor
    dry_run: bool

    @property
    def today(self) -> date:
        return self.job.today(self.now)

    def entry(self, outcome: Outcome, *, detail: str = "", counted: Mapping[str, Counts] | None = None,
              refused: Sequence[Refusal] = (), notes: Sequence[str] = ()) -> TransferEntry:  # fmt: skip
        total = sum((counted or {}).values(), Counts())
        message = completion(school=self.job.school, kind="export", outcome=outcome, total=total, detail=detail)
        return TransferEntry(
            run=self.run, kind="export", direction="out", school=self.job.school, feed=HUB,
            attachment=self.job.attachment, outcome=outcome, started_at=self.now, actor=self.actor,
            finished_at=None if outcome is Outcome.RUNNING else self.now,
            message=message + (" (dry run: nothing was sent)" if self.dry_run else ""), counts=dict(counted or {}),
            rejected=tuple(
                RejectedRecord(entity=r.kind.plural, key=r.name, code=r.code, message=r.message, place=r.place)
                for r in refused
            ),
            notes=tuple(note for note in notes if note),
        )  # fmt: skip

    def result(self, entry: TransferEntry, *, steps: Sequence[Step] = (), issues: Sequence[DataIssue] = (),
               held: tuple[str, ...] = ()) -> ExportResult:  # fmt: skip
        return ExportResult(entry=entry, scheduled=self.job.trigger is Trigger.SCHEDULED, dry_run=self.dry_run,
                            steps=tuple(steps), issues=tuple(issues), held=held)  # fmt: skip

    def begin(self) -> None:
        if not self.dry_run:
            self.store.begin(self.entry(Outcome.RUNNING))

    def finish(self, end: ExportEnd) -> None:
        if not self.dry_run:
            self.store.finish(end)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What there is to say, all of it known before the first word."""

    book: Book
    told: Mapping[ItemIdentity, Item]
    wish: Wish
    found: Difference


def export_partner(
    job: ExportJob, connect: Connect, store: ExportStore, *, run: str, now: datetime, actor: Actor,
    dry_run: bool = False, progress: Progress | None = None,
) -> ExportResult:  # fmt: skip
    """Tells one partner what it does not know yet; a repeat opens no connection.

    Raises StoreError; whatever goes wrong at the partner is in the result, so that other partners go on (rule 31).
    """
    this = _Run(job=job, store=store, run=run, now=now, actor=actor, dry_run=dry_run)
    waits = _not_now(this)
    if waits is not None:
        return waits
    first = not store.first_export_done(job.attachment)
    this.begin()
    task = _work_out(this)
    held = reasons_to_hold(job, task.found, today=this.today)
    if held:
        return _hold(this, task, held)
    unsure = bool(store.unknown(job.attachment))
    if dry_run or not (task.found.steps or unsure or first):
        return _end(this, task, Sent(done=task.found.steps if dry_run else []), first=first)
    try:
        with connect() as session:
            sending = Sending(job=job, store=store, run=run, now=now)
            clear_up(sending, session)
            task = _work_out(this) if unsure else task
            sent = send_all(sending, session, task.found.steps,
                            lambda steps: whole(job, task.book, task.told, steps), progress or _silent)  # fmt: skip
    except (SourceError, SecretUnavailable) as error:
        return _fail(this, task, error)
    return _end(this, task, sent, first=first)


def _not_now(this: _Run) -> ExportResult | None:
    """Rules 45 to 49: an export follows the partner's import of this cycle, and the first ones are by hand."""
    job, store = this.job, this.store
    if job.school in job.failed:
        detail = f"the import of {job.school_name} failed in this cycle, and an export follows its import"
        return _without_saying(this, Outcome.SKIPPED, detail)
    if not store.first_import_done(job.scope):
        return _without_saying(
            this, Outcome.WAITING,
            f"{job.school_name} is waiting for its first manual import, which comes before any export; "
            f"run: reconcile sync import --school {job.school} --first",
        )  # fmt: skip
    by_hand = job.trigger is Trigger.MANUAL and (job.first or this.dry_run)
    if not by_hand and not store.first_export_done(job.attachment):
        return _without_saying(
            this, Outcome.WAITING,
            f"{job.school_name} is waiting for its first manual export; "
            f"run: reconcile sync export --school {job.school} --first",
        )  # fmt: skip
    return None


def _without_saying(this: _Run, outcome: Outcome, detail: str) -> ExportResult:
    entry = this.entry(outcome, detail=detail)
    this.begin()
    this.finish(ExportEnd(entry=entry))
    return this.result(entry)


def _work_out(this: _Run) -> _Task:
    job, store = this.job, this.store
    ledger = store.told(job.attachment)
    people = people_of(ledger)
    for line in job.lines:
        people.setdefault(line.student_school, set()).add(line.student_id)
    students = {
        school: store.records(job.scope_of(job.attachments[school], school), Entity.STUDENTS, ids)
        for school, ids in sorted(people.items())
        if school in job.attachments
    }
    book = Book(classes=store.live_names(job.scope), students=students)
    told = {item.identity: item for item in ledger}
    wish = work_out(job, book, told, today=this.today)
    return _Task(book=book, told=told, wish=wish, found=compare(job, wish, told, today=this.today))


def _hold(this: _Run, task: _Task, held: tuple[str, ...]) -> ExportResult:
    entry = this.entry(Outcome.HELD, detail=f"{'; '.join(held)}; nothing was sent", refused=task.wish.refused,
                       counted=counts(task.wish, Difference(), (), task.wish.refused))  # fmt: skip
    issues = (*_issues(this, task.wish.refused), export_refused.held(school=this.job.school, message="; ".join(held)))
    this.finish(ExportEnd(entry=entry, issues=issues))
    return this.result(entry, steps=task.found.steps, issues=issues, held=held)


def _fail(this: _Run, task: _Task, error: ReconcileError) -> ExportResult:
    detail = f"{error.message} ({error.code}); nothing was sent"
    entry = this.entry(Outcome.FAILED, detail=detail, refused=task.wish.refused)
    issues = (*_issues(this, task.wish.refused), _failure(this, error))
    this.finish(ExportEnd(entry=entry, issues=issues))
    return this.result(entry, issues=issues)


def _end(this: _Run, task: _Task, sent: Sent, *, first: bool) -> ExportResult:
    wish, refused = task.wish, [*task.wish.refused, *sent.refused]
    if sent.failure is not None and not sent.done:
        outcome = Outcome.FAILED
    elif refused:
        outcome = Outcome.PARTIAL
    else:
        outcome = Outcome.DONE if sent.done else Outcome.UNCHANGED
    detail = [f"{sent.failure.message} ({sent.failure.code})"] if sent.failure else []
    if wish.ends_nothing:
        detail.append("nothing was ended, since a line cannot be read")
    counted = counts(wish, task.found, sent.done, refused)
    notes = [this.job.source, *(str(step) for step in task.found.steps if this.dry_run)]
    entry = this.entry(outcome, detail="; ".join(detail), counted=counted, refused=refused, notes=notes)
    issues = _issues(this, refused)
    judged = export_refused.WORKED_OUT_CODES
    if sent.failure is not None:
        issues = (*issues, _failure(this, sent.failure))
    else:
        judged |= export_refused.ANSWERED_CODES
    this.finish(ExportEnd(entry=entry, issues=issues, judged=judged, completes_first=first and not sent.failure))
    return this.result(entry, steps=task.found.steps, issues=issues)


def _issues(this: _Run, found: Sequence[Refusal]) -> tuple[DataIssue, ...]:
    return tuple(
        export_refused.refused(
            r.code, school=this.job.school, entity=r.kind.plural, record=r.name, message=r.message, next_step=r.hint,
            hub=r.hub, column=r.column,
        )
        for r in found
        if r.code in export_refused.ISSUE_CODES
    )  # fmt: skip


def _failure(this: _Run, error: ReconcileError) -> DataIssue:
    return export_refused.failed(error.code, school=this.job.school, message=error.message, next_step=error.hint)


def _silent(what: str, number: int) -> None:
    """Progress that nobody watches."""

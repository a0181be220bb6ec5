"""`sync academic`: attendance, behaviour, assessment and post-16 facts, partner by partner (VS, rules 3, 59 and 60)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.app.agenda import live_attachments
from reconciler.app.applied import chosen_partners, of_kind, virtual_school
from reconciler.app.context import Context, new_run_id, opened
from reconciler.app.jobs import import_job, source_request
from reconciler.app.outcomes import FlowOutcome
from reconciler.app.turns import school_lock, school_turn
from reconciler.app.years import partner_year
from reconciler.apply.permission import operators_of, require_role
from reconciler.connectors.academic_protocol import AcademicConnector
from reconciler.connectors.academic_registry import ACADEMIC_CONNECTORS
from reconciler.connectors.protocol import Capabilities, Completeness
from reconciler.errors import Refused
from reconciler.plan.state import StoredState
from reconciler.records.academic import COPY, KINDS, AcademicEntity, academic_columns
from reconciler.records.structures import hub_structures
from reconciler.reports.frame import clean
from reconciler.settings import Settings
from reconciler.syncs.academic import KIND, import_academic
from reconciler.syncs.academic_holding import approve_academic, reject_academic
from reconciler.syncs.academic_job import AcademicJob
from reconciler.syncs.job import ImportJob, ImportResult, Trigger
from reconciler.transfers.completion import completion
from reconciler.transfers.entry import Counts, Outcome, TransferEntry
from reconciler.vocabulary.feeds import HUB

Spec = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcademicOutcome(FlowOutcome[ImportResult]):
    """What an academic import did, school by school."""

    def nothing(self) -> str:
        """Without `virtual_school.academic` there is nothing to bring."""
        return "The applied estate asks for no academic data (virtual_school.academic is empty)."

    def details(self) -> Sequence[str]:
        """Why a run is held, and what attendance at the hub is."""
        held = [
            f"\n\n{r.entry.school} is held, nothing of it was changed:"
            + "".join(f"\n  - {clean(reason)}" for reason in r.held)
            + f"\n  Next: reconcile approve {r.entry.run} --reason ... within 24 hours,"
            f" or reconcile reject {r.entry.run} --reason ..."
            for r in self.results
            if r.outcome is Outcome.HELD and not self.dry_run
        ]
        shows_attendance = any(AcademicEntity.ATTENDANCE_MARKS.value in r.entry.counts for r in self.results)
        return [*held, f"\n\nAttendance held by the hub is {COPY}."] if shows_attendance else held


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentRecords:
    """The academic records of one student as the hub holds them: rows by entity, each by column name."""

    school: str
    student: str
    records: Mapping[str, Sequence[Mapping[str, Any]]]

    def to_json(self) -> dict[str, Any]:
        """Attendance carries its label with it."""
        rows = {name: [{column: None if value is None else str(value) for column, value in row.items()}
                       for row in found] for name, found in self.records.items()}  # fmt: skip
        return {"school": self.school, "student": self.student, "attendance_is": COPY, **rows}


def run_academic(settings: Settings, *, schools: Sequence[str] = (), dry_run: bool = False, whole_year: bool = False,
                 progress: Callable[[str, int], None] | None = None) -> AcademicOutcome:  # fmt: skip
    """Imports academic data from the partners named, or from all.

    Naming a school means that a person runs it; otherwise it counts as the schedule's run. `whole_year` looks at every
    day again. Raises UnknownName for a school that is no partner, NotPermitted without the role syncer.
    """
    with opened(settings) as context:
        state = context.store.state.read_state()
        hub = virtual_school(state)
        require_role(settings.actor, "syncer", operators_of(state, ()), doing="sync")
        chosen = tuple(chosen_partners(state, schools))
        results = tuple(
            _one(context, state, code, manual=bool(schools), whole_year=whole_year, dry_run=dry_run, progress=progress)
            for code in (chosen if hub.get("academic") else ())
        )
        return AcademicOutcome(results=results, rehearsal=context.store.rehearsal, dry_run=dry_run)


def student_records(settings: Settings, school: str, student: str) -> StudentRecords:
    """What the hub holds of one student's academic records, read only (VS, rule 3).

    Raises UnknownName for a school that is no partner, NotPermitted without the role viewer.
    """
    with opened(settings, read_only=True) as context:
        state = context.store.state.read_state()
        require_role(settings.actor, "viewer", operators_of(state, ()), doing="list academic records")
        chosen_partners(state, (school,))
        scope = _roster_job(context, state, school, Trigger.MANUAL).scope
        rows = context.store.academic.rows
        return StudentRecords(
            school=school, student=student,
            records={
                entity.value: [dict(zip(academic_columns(entity), row, strict=True))
                               for row in rows(scope, entity, student=student)]
                for entity in AcademicEntity
            },
        )  # fmt: skip


def decide_academic(context: Context, run: str, *, approve: bool, reason: str) -> str:
    """Approves or rejects a held academic run, and says what became of it; the caller has checked the role.

    Raises UnknownName, Refused (expired) or StalePlan (the records moved).
    """
    store = context.store.academic
    school = next((held.scope.school for held in store.held_runs() if held.run == run), "")
    decide = approve_academic if approve else reject_academic
    with school_lock(context, school, command="approve" if approve else "reject"):
        entry = decide(store, run, now=context.now, actor=context.settings.actor, reason=reason)
    return clean(entry.message)


def _one(context: Context, state: StoredState, school: str, *, manual: bool, whole_year: bool, dry_run: bool,
         progress: Callable[[str, int], None] | None) -> ImportResult:  # fmt: skip
    """One school; whatever is refused for it alone is its own failure, so that the others go on (VS, rule 66)."""
    trigger = Trigger.MANUAL if manual else Trigger.SCHEDULED
    run = new_run_id()

    def told(label: str, rows: int) -> None:
        if progress is not None:
            progress(f"{school} {label}", rows)

    try:
        with school_turn(context, school, run, command="sync academic") as current:
            roster = _roster_job(context, current, school, trigger)
            name = str(of_kind(current, "school")[school]["mis"]["connector"])
            source = ACADEMIC_CONNECTORS.get(name)
            if source is None:
                return _ended(context, roster.school, roster.attachment, outcome=Outcome.UNCHANGED, trigger=trigger,
                              detail=f"a source of the kind {name} gives no academic data")  # fmt: skip
            return import_academic(
                _job(current, roster, source, whole_year=whole_year),
                lambda: source.open(source_request(context, current, roster)), context.store.academic,
                run=run, now=context.now, actor=context.settings.actor, dry_run=dry_run, progress=told,
            )  # fmt: skip
    except Refused as error:  # another run works on the school, or it is gone: the log tells of that already
        return _ended(context, school, live_attachments(state)[school].id, outcome=Outcome.FAILED, trigger=trigger,
                      detail=f"it did not begin: {error.message} ({error.code})")  # fmt: skip


def _roster_job(context: Context, state: StoredState, school: str, trigger: Trigger) -> ImportJob:
    """The import of the same school's students, from which scope, guards, source and the partner's year are taken."""
    nothing = Capabilities(entities=frozenset(), completeness=Completeness.NONE)
    job = import_job(state, school, attachment=context.store.feeds.attachment(school), capabilities=nothing,
                     trigger=trigger, first=False)  # fmt: skip
    return replace(job, year=partner_year(context, state, school))


def _job(state: StoredState, roster: ImportJob, source: AcademicConnector, *, whole_year: bool) -> AcademicJob:
    hub = virtual_school(state)
    asked = frozenset(KINDS[kind] for kind in hub.get("academic", ())) | {AcademicEntity.POST16_AIMS}
    return AcademicJob(
        school=roster.school, school_name=roster.school_name, attachment=roster.attachment, year=roster.year,
        entities=asked & source.entities,
        structures=hub_structures(hub.get("academic_structure")),
        require_structure_match=bool(hub.get("require_structure_match", True)),
        feed=roster.feed, guards=roster.guards, expected_changes=roster.expected_changes,
        declared_complete=roster.declared_complete, trigger=roster.trigger, whole_year=whole_year,
        timezone=roster.timezone,
    )  # fmt: skip


def _ended(context: Context, school: str, attachment: str, *, outcome: Outcome, trigger: Trigger,
           detail: str) -> ImportResult:  # fmt: skip
    """A result without a transfer: nothing was asked of the school, so nothing is logged."""
    entry = TransferEntry(
        run="-", kind=KIND, direction="in", school=school, feed=HUB, attachment=attachment,
        outcome=outcome, started_at=context.now, finished_at=context.now, actor=context.settings.actor,
        message=completion(school=school, kind=KIND, outcome=outcome, total=Counts(), detail=detail),
    )  # fmt: skip
    return ImportResult(entry=entry, scheduled=trigger is Trigger.SCHEDULED)

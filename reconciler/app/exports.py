"""`sync export`: every partner in turn, after the imports of the cycle; one failing partner never stops another."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any

from reconciler.app.agenda import live_attachments
from reconciler.app.applied import chosen_partners, of_kind, virtual_school
from reconciler.app.assignments import Declared
from reconciler.app.context import Context, new_run_id, opened
from reconciler.app.jobs import expected_changes, guard_limits
from reconciler.app.outcomes import FlowOutcome
from reconciler.app.partner_keys import proven_key
from reconciler.app.turns import school_turn
from reconciler.app.years import partner_year
from reconciler.apply.permission import operators_of, require_role
from reconciler.connectors.export_protocol import ExportRequest, ExportSession, Facts
from reconciler.connectors.exporters import exporter
from reconciler.errors import (
    ReconcileError,
    Refused,
    RefusedSourceError,
    UnknownName,
)
from reconciler.issues.export_refused import failed as failed_export
from reconciler.plan.state import StoredState
from reconciler.reports.frame import clean
from reconciler.settings import Settings
from reconciler.syncs.assignment_lines import Assignments, BadLine
from reconciler.syncs.export_job import ExportJob, ExportResult, Seal
from reconciler.syncs.export_ports import ExportEnd
from reconciler.syncs.exporting import export_partner
from reconciler.syncs.job import Trigger
from reconciler.transfers.completion import completion
from reconciler.transfers.entry import Counts, Outcome, TransferEntry
from reconciler.vocabulary.digests import canonical_json
from reconciler.vocabulary.feeds import HUB

Spec = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOutcome(FlowOutcome[ExportResult]):
    """What an export did, partner by partner."""

    def nothing(self) -> str:
        """Without any `export:` there is nobody to tell."""
        return "No partner has an `export:`, so nothing is sent."

    def details(self) -> Sequence[str]:
        """What would be said, and what was not, with what to do."""
        parts = []
        for result in self.results:
            lines = [str(step) for step in result.steps] if self.dry_run else []
            lines += [f"{r.code}: {clean(r.message)}" for r in result.entry.rejected]
            if lines:
                parts.append(f"\n\n{result.entry.school}:" + "".join(f"\n  - {line}" for line in lines))
        return parts


def run_exports(settings: Settings, *, schools: Sequence[str] = (), first: bool = False, dry_run: bool = False,
                import_failed: Collection[str] = (), progress: Callable[[str, int], None] | None = None) \
        -> ExportOutcome:  # fmt: skip
    """Exports to the partners named, or to all that have an `export:` (VS, rules 46, 49 and 54 to 58).

    `import_failed` are the schools whose import failed in this cycle. Naming a school, or `first`, means that a person
    runs it. Raises UnknownName for a school that is no partner or has no `export:`, NotPermitted without the role.
    """
    with opened(settings) as context:
        state = context.store.state.read_state()
        virtual_school(state)
        require_role(settings.actor, "syncer", operators_of(state, ()), doing="sync")
        trigger = Trigger.MANUAL if schools or first else Trigger.SCHEDULED
        chosen = _chosen(state, schools)
        declared = Declared(context)
        results = tuple(
            _one(context, state, code, declared, trigger=trigger, first=first, dry_run=dry_run,
                 failed=frozenset(import_failed), progress=progress)
            for code in chosen
        )  # fmt: skip
        return ExportOutcome(results=results, rehearsal=context.store.rehearsal, dry_run=dry_run)


def _one(context: Context, state: StoredState, school: str, declared: Declared, *, trigger: Trigger, first: bool,
         dry_run: bool, failed: frozenset[str], progress: Callable[[str, int], None] | None) \
        -> ExportResult:  # fmt: skip
    """One partner; whatever is refused for it alone is its own failure, so that the others go on (VS, rule 31)."""
    attachment = live_attachments(state)[school].id
    run = new_run_id()

    def told(label: str, items: int) -> None:
        if progress is not None:
            progress(f"{school} {label}", items)

    scheduled = trigger is Trigger.SCHEDULED
    try:
        with school_turn(context, school, run, command="sync export") as current:
            _require_export(school, of_kind(current, "partner")[school])
            try:
                assignments = declared.assignments(current)
            except Refused as error:
                return _not_begun(context, school, attachment, run, error, scheduled=scheduled, noted=not dry_run)
            job = export_job(context, current, school, assignments, trigger=trigger, first=first, failed=failed)
            return export_partner(
                job, lambda: _session(context, current, job), context.store.exports, run=run,
                now=context.now, actor=context.settings.actor, dry_run=dry_run, progress=told,
            )  # fmt: skip
    except Refused as error:
        return _not_begun(context, school, attachment, run, error, scheduled=scheduled, noted=False)


def export_job(context: Context, state: StoredState, school: str, declared: Assignments, *, trigger: Trigger,
               first: bool, failed: frozenset[str] = frozenset()) -> ExportJob:  # fmt: skip
    """The job of one partner: the lines for its classes, and the lines that nobody can place."""
    hub, partners = virtual_school(state), of_kind(state, "partner")
    guests = hub.get("guests", {})
    live = {code: found.id for code, found in live_attachments(state).items()}
    return ExportJob(
        school=school,
        school_name=str(of_kind(state, "school")[school]["name"]),
        attachment=live[school],
        years={code: partner_year(context, state, code) for code in partners},
        lines=tuple(line for line in declared.lines if line.class_school == school),
        bad=_unplaced(declared, school, partners),
        attachments={code: live[code] for code in partners if code in live},
        failed=failed,
        seal=seal(context.store.state.plan_key()),
        on_end=str(guests.get("on_end", "end_date")),
        send_upn=bool(guests.get("send_upn", False)),
        empty_table=not declared.lines,
        guards=guard_limits(hub, partners[school]),
        expected_changes=expected_changes(state, school),
        trigger=trigger,
        first=first,
        timezone=str(hub.get("timezone", "Europe/London")),
        source=declared.source,
    )


def _unplaced(declared: Assignments, school: str, partners: Collection[str]) -> tuple[BadLine, ...]:
    """Lines that may be about this partner and cannot be read: its own, and those whose class names no partner."""
    stray = [
        BadLine(place=line.place, message=f"names the class of a school {line.class_school} that is no partner")
        for line in declared.lines
        if line.class_school not in partners
    ]
    return (*(bad for bad in declared.bad if bad.class_school in ("", school)), *stray)


def seal(key: bytes) -> Seal:
    """A keyed digest of facts, so that a stored digest tells nobody a name or a date of birth."""

    def sealed(facts: Facts) -> str:
        told = canonical_json({name: str(value or "") for name, value in asdict(facts).items()})
        return hmac.new(key, b"reconcile/export\0" + told, hashlib.sha256).hexdigest()

    return sealed


def _session(context: Context, state: StoredState, job: ExportJob) -> AbstractContextManager[ExportSession]:
    """Opens the way out that the partner declares, once its key is proven."""
    school = job.school
    secret = proven_key(context, state, school)
    partner, schools = of_kind(state, "partner")[school], of_kind(state, "school")
    hub = virtual_school(state)

    try:
        way = exporter(str(partner["export"]["connector"]))
    except UnknownName as error:
        raise RefusedSourceError(error.code, error.message, hint=error.hint) from None
    return way.open(
        ExportRequest(
            school=school, settings=partner["export"], hub=str(hub["short_code"]),
            year=job.year, now=context.now, base=context.base, key=secret.reveal,
            endpoint=context.endpoint, schools={code: str(spec["name"]) for code, spec in schools.items()},
            rehearsal=context.store.rehearsal,
        )
    )  # fmt: skip


def _not_begun(context: Context, school: str, attachment: str, run: str, error: ReconcileError, *,
               scheduled: bool, noted: bool) -> ExportResult:  # fmt: skip
    """Nothing was worked out: a file that cannot be read (`noted` in the log), or another run that works on the
    partner, whose own log tells of it."""
    detail = f"{error.message} ({error.code}); {error.hint}"
    entry = TransferEntry(
        run=run, kind="export", direction="out", school=school, feed=HUB, attachment=attachment,
        outcome=Outcome.FAILED, started_at=context.now, finished_at=context.now, actor=context.settings.actor,
        message=completion(school=school, kind="export", outcome=Outcome.FAILED, total=Counts(), detail=detail),
    )  # fmt: skip
    issue = failed_export(error.code, school=school, message=error.message, next_step=error.hint)
    if noted:
        context.store.exports.finish(ExportEnd(entry=entry, issues=(issue,)))
    return ExportResult(entry=entry, scheduled=scheduled)


def _chosen(state: StoredState, schools: Sequence[str]) -> list[str]:
    """The partners named, each of which takes exports, or all that do."""
    partners = chosen_partners(state, schools)
    for code in schools:
        _require_export(code, partners[code])
    return [code for code, spec in partners.items() if spec.get("export")]


def _require_export(school: str, partner: Spec) -> None:
    if not partner.get("export"):
        raise UnknownName(
            "export.not_declared",
            f"partner {school} declares no `export:`, so nothing is sent to it",
            hint=f"add partners.{school}.export, then plan and apply",
        )

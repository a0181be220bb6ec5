"""`sync import`: every partner in turn, one failing school never stopping another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from reconciler.app.across import across_schools
from reconciler.app.agenda import live_attachments
from reconciler.app.applied import chosen_partners, of_kind, virtual_school
from reconciler.app.context import Context, new_run_id, opened
from reconciler.app.handshakes import shaken
from reconciler.app.jobs import import_job, period_map, source_request
from reconciler.app.outcomes import FlowOutcome
from reconciler.app.turns import school_turn
from reconciler.app.years import in_its_year, partner_year
from reconciler.apply.permission import operators_of, require_role
from reconciler.connectors.protocol import Capabilities, Completeness, Connector, Session, SourceRequest
from reconciler.connectors.registry import connector
from reconciler.errors import Held, ReconcileError, Refused, RefusedSourceError, UnknownName
from reconciler.plan.state import StoredState
from reconciler.records.entities import Entity
from reconciler.reports.frame import clean
from reconciler.settings import Settings
from reconciler.syncs.importing import import_school
from reconciler.syncs.job import ImportResult, Trigger
from reconciler.transfers.entry import Outcome, TransferEntry
from reconciler.vocabulary.feeds import HUB


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOutcome(FlowOutcome[ImportResult]):
    """What an import did, school by school."""

    def details(self) -> Sequence[str]:
        """Why a run is held, and how to decide about it; what to do where one failed."""
        failed = [
            f"\n\n{r.entry.school} failed. Next: {clean(issue.next_step)}"
            for r in self.results
            if r.outcome is Outcome.FAILED
            for issue in r.issues[:1]
            if issue.next_step
        ]
        return failed + [
            f"\n\n{r.entry.school} is held, nothing of it was changed:"
            + "".join(f"\n  - {clean(reason)}" for reason in r.held)
            + (
                f"\n  Next: reconcile approve {r.entry.run} --reason ... within 24 hours,"
                f" or reconcile reject {r.entry.run} --reason ..."
                if r.expires_at
                else ""
            )
            for r in self.results
            if r.outcome is Outcome.HELD and not self.dry_run
        ]


def run_imports(settings: Settings, *, schools: Sequence[str] = (), first: bool = False, dry_run: bool = False,
                progress: Callable[[str, int], None] | None = None) -> SyncOutcome:  # fmt: skip
    """Imports from the partners named, or from all (VS, rules 19, 49 and 50).

    Naming a school, or `first`, means that a person runs it; otherwise it counts as the schedule's run. Raises
    UnknownName for a school that is no partner, NotPermitted without the role syncer.
    """
    with opened(settings) as context:
        state = context.store.state.read_state()
        virtual_school(state)
        require_role(settings.actor, "syncer", operators_of(state, ()), doing="sync")
        trigger = Trigger.MANUAL if schools or first else Trigger.SCHEDULED
        chosen = tuple(chosen_partners(state, schools))
        if first and not schools:
            _check_all_ready(context, state, chosen)
        results = tuple(
            _one(context, state, code, trigger=trigger, first=first, dry_run=dry_run, progress=progress)
            for code in chosen
        )
        if results and not dry_run:
            across_schools(context, context.store.state.read_state(), run=results[-1].entry.run)
        return SyncOutcome(results=results, rehearsal=context.store.rehearsal, dry_run=dry_run)


def _one(context: Context, state: StoredState, school: str, *, trigger: Trigger, first: bool, dry_run: bool,
         progress: Callable[[str, int], None] | None) -> ImportResult:  # fmt: skip
    """One school; whatever is refused for it alone is its own failure, so that the others go on (VS, rule 66)."""
    run = new_run_id()

    def told(label: str, rows: int) -> None:
        if progress is not None:
            progress(f"{school} {label}", rows)

    try:
        with school_turn(context, school, run, command="sync import") as current:
            source = _source(str(of_kind(current, "school")[school]["mis"]["connector"]))
            job = import_job(
                current, school, attachment=context.store.feeds.attachment(school), capabilities=source.capabilities,
                trigger=trigger, first=first,
            )  # fmt: skip
            job = in_its_year(context, current, job, source)

            def connect() -> AbstractContextManager[Session]:
                return source.open(source_request(context, current, job))

            first_time = not context.store.feeds.first_import_done(job.scope)
            return import_school(
                job, shaken(connect, current, job) if first_time else connect, context.store.feeds, run=run,
                now=context.now, actor=context.settings.actor, dry_run=dry_run, progress=told,
                across=context.store.across,
            )  # fmt: skip
    except Refused as error:
        return _not_begun(context, school, live_attachments(state)[school].id, run, error,
                          scheduled=trigger is Trigger.SCHEDULED)  # fmt: skip


def _check_all_ready(context: Context, state: StoredState, partners: Sequence[str]) -> None:
    """The first import of everybody waits until everybody is mapped (VS, rule 44); raises Held."""
    years = {code: partner_year(context, state, code) for code in partners}
    unmapped = [code for code, year in years.items() if period_map(state, code, year) is None]
    if not unmapped:
        return
    named = ", ".join(f"{code} has no period map for {years[code]}" for code in unmapped)
    ready = "".join(f" --school {code}" for code in partners if code not in unmapped)
    instead = f"; or name those that are ready: reconcile sync import --first{ready}" if ready else ""
    raise Held(
        "import.not_ready", f"{named}, so the first import of all partners was not begun; nothing was imported",
        hint=f"declare the map, plan and apply{instead}",
    )  # fmt: skip


class _MissingConnector:
    """Stands in for a connector that this program does not have: refuses when it is opened, as any source may."""

    capabilities = Capabilities(entities=frozenset(Entity), completeness=Completeness.NONE)

    def __init__(self, error: ReconcileError) -> None:
        self.name, self._error = "", error

    def open(self, request: SourceRequest) -> AbstractContextManager[Session]:
        raise RefusedSourceError(self._error.code, self._error.message, hint=self._error.hint)


def _source(name: str) -> Connector:
    try:
        return connector(name)
    except UnknownName as error:
        return _MissingConnector(error)


def _not_begun(context: Context, school: str, attachment: str, run: str, error: Refused, *,
               scheduled: bool) -> ImportResult:  # fmt: skip
    """Another run works on the school, or it is gone: the log tells of that already."""
    entry = TransferEntry(
        run=run, kind="import", direction="in", school=school, feed=HUB, attachment=attachment,
        outcome=Outcome.FAILED, started_at=context.now, finished_at=context.now, actor=context.settings.actor,
        message=f"import of {school} did not begin: {error.message} ({error.code}); {error.hint}",
    )  # fmt: skip
    return ImportResult(entry=entry, scheduled=scheduled)

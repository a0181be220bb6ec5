"""Which academic year a partner is in: the hub's, or the next one once its own system is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from reconciler.app.applied import virtual_school
from reconciler.app.context import Context
from reconciler.app.jobs import period_map, source_request
from reconciler.connectors.protocol import Connector
from reconciler.plan.state import StoredState
from reconciler.records.entities import Entity
from reconciler.syncs.job import ImportJob
from reconciler.syncs.year_change import answers_for
from reconciler.vocabulary.codes import AcademicYear


@dataclass(frozen=True, slots=True, kw_only=True)
class NextYear:
    """The year to come and the first day on which a partner may change to it."""

    year: AcademicYear
    start: date


def next_year(state: StoredState) -> NextYear | None:
    """What the applied hub announces, None when it announces nothing."""
    announced = virtual_school(state).get("next_year")
    if not announced:
        return None
    return NextYear(year=AcademicYear.parse(announced["year"]), start=date.fromisoformat(announced["from"]))


def partner_year(context: Context, state: StoredState, school: str) -> AcademicYear:
    """The year whose rows of a partner are live: the next one from its first import for that year on."""
    hub, following = AcademicYear.parse(virtual_school(state)["academic_year"]), next_year(state)
    held = _held(context, school)
    return following.year if following and held == following.year else hub


def in_its_year(context: Context, state: StoredState, job: ImportJob, source: Connector) -> ImportJob:
    """The job for the year that the partner is in; from `next_year.from` on the partner's source is asked.

    A partner that changed stays changed. One that still waits for its first import is not asked.
    """
    held, following = _held(context, job.school), next_year(state)
    if following is None:
        return replace(job, previous_year=held) if held and held < job.year else job
    later = replace(job, year=following.year, period_map=period_map(state, job.school, following.year))
    if held == later.year:
        return later
    asked = job.first or context.store.feeds.first_import_done(job.scope)
    if not asked or job.today(context.now) < following.start or Entity.CLASSES not in job.entities:
        return job
    if answers_for(later, lambda: source.open(source_request(context, state, later))):
        return replace(later, previous_year=held)
    return job


def _held(context: Context, school: str) -> AcademicYear | None:
    """The latest year that an import of the school brought rows of."""
    return next((scope.year for scope in context.store.across.scopes() if scope.school == school), None)

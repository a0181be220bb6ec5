"""After the schools of a run are done: what only shows when they are looked at together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from reconciler.app.agenda import scheduled
from reconciler.app.applied import of_kind
from reconciler.app.assignments import Declared
from reconciler.app.context import Context
from reconciler.app.years import next_year
from reconciler.errors import Refused
from reconciler.issues.issue import DataIssue
from reconciler.issues.registrations import Accepted
from reconciler.plan.state import StoredState
from reconciler.schedule.terms import Calendar
from reconciler.syncs.across import AcrossJob, look_across
from reconciler.syncs.assignment_lines import Line

_SATURDAY = 5


def across_schools(context: Context, state: StoredState, *, run: str) -> tuple[DataIssue, ...]:
    """Opens and closes the issues across schools under `run`, the last run before it. Raises StoreError."""
    store = context.store
    return look_across(across_job(context, state), store.feeds, store.across, run=run, at=context.now)


def across_job(context: Context, state: StoredState) -> AcrossJob:
    """What the applied estate says about it."""
    plan, following, schools = scheduled(context, state, ()), next_year(state), of_kind(state, "school")
    return AcrossJob(
        schools={code: str(schools.get(code, {}).get("phase", "")) for code in of_kind(state, "partner")},
        today=context.now.astimezone(plan.zone).date(),
        zone=plan.zone,
        is_school_day=_school_day(plan.calendar),
        accepted=accepted(state),
        next_year=following.year if following else None,
        next_from=following.start if following else None,
        assignments=_assignments(context, state),
    )


def _assignments(context: Context, state: StoredState) -> Sequence[Line] | None:
    """The hub's lines; None where the file cannot be read, which the export tells."""
    try:
        return Declared(context).assignments(state).lines
    except Refused:
        return None


def accepted(state: StoredState) -> tuple[Accepted, ...]:
    """Findings about single students that somebody accepted, of any day (`choices.accepted`)."""
    found = state.resources.get("choices")
    return tuple(
        Accepted(code=str(e["issue"]), student=str(e["student"]), until=date.fromisoformat(e["until"]))
        for e in (found.spec.get("accepted") or () if found else ())
        if "student" in e
    )


def _school_day(calendar: Calendar) -> Callable[[date], bool]:
    """Days of the hub's terms; without terms Monday to Friday."""
    return calendar.is_school_day if calendar.terms else (lambda day: day.weekday() < _SATURDAY)

"""Cuts import jobs from the applied estate: what each partner's import is told to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any

from reconciler.app.applied import of_kind, virtual_school
from reconciler.app.context import Context
from reconciler.app.partner_keys import proven_key
from reconciler.connectors.protocol import Capabilities, Offer, SourceRequest
from reconciler.plan.state import StoredState
from reconciler.syncs.guards import ExpectedChange, GuardLimits
from reconciler.syncs.job import ImportJob, Trigger
from reconciler.vocabulary.codes import AcademicYear

Spec = Mapping[str, Any]


def import_job(state: StoredState, school: str, *, attachment: str, capabilities: Capabilities, trigger: Trigger,
               first: bool) -> ImportJob:  # fmt: skip
    """The job of one partner in the feed `hub`."""
    hub = virtual_school(state)
    partner, mis = of_kind(state, "partner")[school], of_kind(state, "school")[school]
    identifiers = hub.get("identifiers", {})
    year = AcademicYear.parse(hub["academic_year"])
    return ImportJob(
        school=school,
        short_code=school,
        school_name=str(mis["name"]),
        attachment=attachment,
        year=year,
        students=offer(partner["offers"], "students"),
        classes=offer(partner["offers"], "classes"),
        admission_numbers_unique=bool(identifiers.get("admission_numbers_unique", False)),
        staff_codes_unique=bool(identifiers.get("staff_codes_unique", False)),
        separator=str(identifiers.get("separator", "")),
        period_map=period_map(state, school, year),
        entities=capabilities.entities,
        guards=guard_limits(hub, partner),
        expected_changes=expected_changes(state, school),
        declared_complete=bool(mis["mis"].get("complete", False)),
        trigger=trigger,
        first=first,
        timezone=str(hub.get("timezone", "Europe/London")),
        phase=str(mis.get("phase", "")),
    )


def source_request(context: Context, state: StoredState, job: ImportJob) -> SourceRequest:
    """What the job's connector needs to read the school; its secrets are resolved only when it asks.

    Raises SecretUnavailable where the partner's own key is not proven: nothing flows then.
    """
    proven_key(context, state, job.school)
    settings = of_kind(state, "school")[job.school]["mis"]
    return SourceRequest(
        school=job.school,
        settings=settings,
        year=job.year,
        students=job.students,
        classes=job.classes,
        now=context.now,
        base=context.base,
        secret=lambda reference: context.secret(reference).reveal(),
        endpoint=context.endpoint,
        rehearsal=context.store.rehearsal,
    )


def offer(offers: Any, what: str) -> Offer:
    """`all`, `{in_group: NAME}` or a list of ids, for students or classes (VS, rules 51 and 52)."""
    chosen = offers if isinstance(offers, str) else offers[what]
    if chosen == "all":
        return Offer(all=True)
    if isinstance(chosen, Mapping):
        return Offer(in_group=str(chosen["in_group"]))
    return Offer(explicit=frozenset(str(item) for item in chosen))


def period_map(state: StoredState, school: str, year: AcademicYear) -> Mapping[str, str | None] | None:
    """The partner's applied map for a year, None while it has none (VS, rule 32)."""
    found = state.resources.get(f"period_map.{school}.{year}")
    return None if found is None else dict(found.spec["slots"])


def guard_limits(hub: Spec, partner: Spec) -> GuardLimits:
    """The hub's thresholds with those that the partner sets itself."""
    known = {field.name for field in fields(GuardLimits)}
    chosen = {**hub.get("guards", {}), **partner.get("guards", {})}
    return GuardLimits(**{name: value for name, value in chosen.items() if name in known})


def expected_changes(state: StoredState, school: str) -> tuple[ExpectedChange, ...]:
    """What is announced for a school, of any day (VS, rule 67)."""
    found = state.resources.get("expected_changes")
    entries = found.spec.get("entries", ()) if found else ()
    return tuple(
        ExpectedChange(
            kind=str(entry["kind"]), up_to=int(entry["up_to"]), start=date.fromisoformat(entry["from"]),
            end=date.fromisoformat(entry["to"]), reason=str(entry.get("reason", "")),
        )
        for entry in entries
        if entry["school"] == school
    )  # fmt: skip

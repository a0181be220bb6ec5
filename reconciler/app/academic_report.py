"""Gathers for `report academic`: what the hub holds of each partner's academic data (VS, rules 3, 59 and 60)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from reconciler.app.applied import of_kind, partner_names, virtual_school
from reconciler.app.context import Context
from reconciler.app.school_reports import frame_of
from reconciler.app.years import partner_year
from reconciler.apply.permission import operators_of, require_role
from reconciler.connectors.academic_registry import ACADEMIC_CONNECTORS
from reconciler.plan.state import StoredState
from reconciler.records.academic import KINDS, NEEDS_STRUCTURE, AcademicEntity, academic_columns
from reconciler.reports import academic as report
from reconciler.reports.academic import Aim, Parked, PartnerAcademic, StructureStanding
from reconciler.reports.frame import SchoolName
from reconciler.reports.ports import IssueFilter
from reconciler.syncs.academic import KIND
from reconciler.syncs.ports import FeedScope
from reconciler.vocabulary.feeds import HUB

_STRUCTURES = {"academic.structure_mismatch": "differs", "academic.structure_unknown": "unreadable"}


def gather(
    context: Context, state: StoredState, schools: frozenset[str], *, student: str = ""
) -> report.AcademicReport:
    """The report of the partners named, or of all; `student` narrows it to one record number.

    Raises NotPermitted without the role viewer: aims are facts about single students.
    """
    require_role(context.settings.actor, "viewer", operators_of(state, ()), doing="list academic records")
    names = [name for name in partner_names(state) if not schools or name.code in schools]
    latest = {run.school: run for run in context.store.reports.latest_transfers() if run.kind == KIND}
    scopes = [_scope(context, state, name.code) for name in names]
    partners = [
        replace(_partner(context, state, name, scope, student=student), last=latest.get(name.code))
        for name, scope in zip(names, scopes, strict=True)
    ]
    aims = [aim for scope in scopes for aim in _aims(context, scope, student)]
    return report.build(frame_of(context, state), partners, aims, student=student)


def _scope(context: Context, state: StoredState, code: str) -> FeedScope:
    return FeedScope(school=code, attachment=context.store.feeds.attachment(code), feed=HUB,
                     year=partner_year(context, state, code))  # fmt: skip


def _partner(context: Context, state: StoredState, name: SchoolName, scope: FeedScope, *,
             student: str) -> PartnerAcademic:  # fmt: skip
    hub = virtual_school(state)
    connector = str(of_kind(state, "school")[name.code]["mis"]["connector"])
    source = ACADEMIC_CONNECTORS.get(connector)
    asked = tuple(KINDS[kind] for kind in hub.get("academic", ()))
    kinds = tuple(entity for entity in AcademicEntity if entity in asked) if source else ()
    figures = context.store.academic.figures(scope, student=student)
    without = f"a source of the kind {connector} gives no academic data" if asked and not source else ""
    return PartnerAcademic(
        school=name, kinds=tuple(entity.value for entity in kinds if source and entity in source.entities),
        without=without, attendance=figures.attendance,
        counts={entity.value: number for entity, number in figures.counts.items()},
        structures=tuple(_structures(context, hub, scope, [kind for kind in kinds if kind in NEEDS_STRUCTURE])),
        parked=tuple(Parked(kind=p.entity.value, students=p.students, rows=p.rows, since=p.since)
                     for p in figures.parked),
    )  # fmt: skip


def _structures(context: Context, hub: Mapping[str, Any], scope: FeedScope,
                kinds: list[AcademicEntity]) -> Iterator[StructureStanding]:  # fmt: skip
    """From the issues of the last run and from what was read since: nothing is asked of a school for a report."""
    narrowed = IssueFilter(schools=frozenset({scope.school}), codes=frozenset(_STRUCTURES))
    open_issues = {t.issue.entity: t.issue for t in context.store.reports.issues(narrowed)}
    for kind in kinds:
        issue = open_issues.get(kind.value)
        if not hub.get("require_structure_match", True):
            yield StructureStanding(kind=kind.value, state="not compared", told="the estate does not ask for it")
        elif issue:
            yield StructureStanding(kind=kind.value, state=_STRUCTURES[issue.code], told=issue.message)
        elif context.store.academic.cursor(scope, kind):
            yield StructureStanding(kind=kind.value, state="matches")
        else:
            yield StructureStanding(kind=kind.value, state="not compared", told="no run has read it yet")


def _aims(context: Context, scope: FeedScope, student: str) -> Iterator[Aim]:
    columns = academic_columns(AcademicEntity.POST16_AIMS)
    for row in context.store.academic.rows(scope, AcademicEntity.POST16_AIMS, student=student):
        told = {name: "" if value is None else str(value) for name, value in zip(columns, row, strict=True)}
        yield Aim(
            school=scope.school, student=told["student_id"], record=told["source_id"], code=told["aim_code"],
            title=told["title"], start=told["start_date"], planned_end=told["planned_end_date"], end=told["end_date"],
            status=told["status"],
        )  # fmt: skip

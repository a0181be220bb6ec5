"""`report` and `issues list`: gathers from the store, renders with the report's own writer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reconciler.app import academic_report, school_reports
from reconciler.app.applied import check_schools_known, of_kind, partner_names
from reconciler.app.context import Context, opened
from reconciler.app.school_reports import frame_of
from reconciler.errors import UnknownName
from reconciler.plan.state import StoredState
from reconciler.reports import academic as academic_model
from reconciler.reports import issues as issues_report
from reconciler.reports import partner_setup as partner_setup_report
from reconciler.reports import period_map as period_map_report
from reconciler.reports import retained as retained_report
from reconciler.reports import transfers as transfers_report
from reconciler.reports.frame import REHEARSAL
from reconciler.reports.ports import IssueFilter, TransferFilter
from reconciler.reports.registry import Report, report
from reconciler.settings import Settings


def render(settings: Settings, name: str, format_: str, *, schools: Sequence[str] = ()) -> str:
    """One report in one format; a report about one school is given that one.

    Raises UnknownName for a report, a school or a partner that does not exist.
    """
    known = report(name)
    with opened(settings, read_only=True) as context:
        state = context.store.state.read_state()
        check_schools_known(state, schools, removed_too=True)
        model = _GATHER[name](context, state, frozenset(schools))
    return _write(known, model, format_)


def academic(settings: Settings, format_: str, *, schools: Sequence[str] = (), student: str = "") -> str:
    """The academic report, of one student by record number where one is named. As `render`, and NotPermitted."""
    with opened(settings, read_only=True) as context:
        state = context.store.state.read_state()
        check_schools_known(state, schools, removed_too=True)
        model = academic_report.gather(context, state, frozenset(schools), student=student)
    return _write(report(academic_model.NAME), model, format_)


def issues(settings: Settings, format_: str, *, schools: Sequence[str] = (), codes: Sequence[str] = (),
           severities: Sequence[str] = (), state: str = "open") -> str:  # fmt: skip
    """Data issues, filtered; the same model and writers as the report."""
    narrowed = IssueFilter(schools=frozenset(schools), codes=frozenset(codes), severities=frozenset(severities),
                           state=state)  # fmt: skip
    with opened(settings, read_only=True) as context:
        stored = context.store.state.read_state()
        check_schools_known(stored, schools, removed_too=True)
        model = issues_report.build(frame_of(context, stored), context.store.reports.issues(narrowed))
    return _write(report(issues_report.NAME), model, format_)


def _write(known: Report, model: Any, format_: str) -> str:
    if format_ == "json":
        return json.dumps(known.to_json(model), indent=2, ensure_ascii=False)
    writers = {"html": known.to_html, "text": known.to_text, "csv": known.to_csv, "markdown": known.to_markdown}
    writer = writers.get(format_)
    if writer is None:
        raise UnknownName("report.format", f"the report {known.name} is not written as {format_}",
                          hint="choose text, html, json or csv")  # fmt: skip
    mark = REHEARSAL if format_ == "text" and model.frame.rehearsal else ""
    return mark + writer(model)


def _transfers(context: Context, state: StoredState, schools: frozenset[str]) -> transfers_report.TransfersReport:
    reports = context.store.reports
    names = tuple(name for name in partner_names(state) if not schools or name.code in schools)
    entries = reports.transfers(TransferFilter(schools=schools))
    return transfers_report.build(frame_of(context, state), entries, names, reports.record_counts(),
                                  latest=reports.latest_transfers())  # fmt: skip


def _issues(context: Context, state: StoredState, schools: frozenset[str]) -> issues_report.IssuesReport:
    return issues_report.build(frame_of(context, state), context.store.reports.issues(IssueFilter(schools=schools)))


def _retained(context: Context, state: StoredState, schools: frozenset[str]) -> retained_report.RetainedReport:
    names = {code: str(spec["name"]) for code, spec in of_kind(state, "school").items()}
    kept = [a for a in state.attachments if not schools or a.school in schools]
    return retained_report.build(frame_of(context, state), kept, names)


_GATHER: Mapping[str, Callable[[Context, StoredState, frozenset[str]], Any]] = {
    transfers_report.NAME: _transfers,
    issues_report.NAME: _issues,
    period_map_report.NAME: school_reports.period_map,
    partner_setup_report.NAME: school_reports.partner_setup,
    academic_model.NAME: academic_report.gather,
    retained_report.NAME: _retained,
}

"""Reports go to people who exist and who belong to the organisation (`requirements.md` C30)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.estate.model import Declared, Estate
from reconciler.estate.rules.words import choose, listed

if TYPE_CHECKING:
    from reconciler.documents.document import Document

_EACH = "each_school."


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """Views are declared, mail can be sent, recipients are inside or are each school's own contact."""
    views = _views(estate)
    internal = {str(domain).casefold() for domain in _domains(estate)}
    for report in estate.reports.values():
        view = report.entry.get("view")
        if view and view not in views:
            yield document.finding(
                "reference.unknown",
                f"there is no view {view!r}",
                (*report.path, "view"),
                hint=choose(view, views, where="reports.data_issues.views"),
            )
        if report.entry.get("to") and "mail" not in estate.reports:
            yield document.finding(
                "report.no_mail",
                f"{report.name} is to be sent, and reports.mail does not say how",
                (*report.path, "to"),
                hint="add reports: {mail: {host: ..., port: 587, from: ...}}",
            )
        yield from _recipients(estate, document, report, internal)
    yield from _schools_of_views(estate, document)


def _recipients(estate: Estate, document: Document, report: Declared, internal: set[str]) -> Iterator[Diagnostic]:
    to = report.entry.get("to") or ()
    if isinstance(to, str) and to.startswith(_EACH):
        key = to.removeprefix(_EACH)
        without = [code for code, school in estate.schools.items() if key not in (school.entry.get("contacts") or {})]
        if without:
            yield document.finding(
                "report.no_contact",
                f"{report.name} goes to each school's {key}, which has none at {listed(without)}",
                (*report.path, "to"),
                severity=Severity.WARNING,
                hint=f"add contacts: {{{key}: ...}} to the school",
            )
        return
    for index, address in enumerate([to] if isinstance(to, str) else to):
        domain = str(address).rpartition("@")[2].casefold()
        if internal and domain not in internal:
            yield document.finding(
                "report.outside_domain",
                f"{report.name} goes to an address at {domain}, which is no internal domain",
                (*report.path, "to") if isinstance(to, str) else (*report.path, "to", index),
                severity=Severity.WARNING,
                hint="check the address, or add the domain to organisation.internal_domains",
            )


def _schools_of_views(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    for name, view in _views(estate).items():
        for index, code in enumerate((view or {}).get("school") or ()):
            if code not in estate.schools:
                yield document.finding(
                    "reference.unknown",
                    f"there is no school {code!r}",
                    ("reports", "data_issues", "views", name, "school", index),
                    hint=choose(code, estate.schools, where="schools"),
                )


def _views(estate: Estate) -> dict[str, dict[str, list[str]]]:
    issues = estate.reports.get("data_issues")
    return dict(issues.entry.get("views") or {}) if issues else {}


def _domains(estate: Estate) -> list[str]:
    return list(estate.organisation.entry.get("internal_domains") or ()) if estate.organisation else []

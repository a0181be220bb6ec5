"""Reports by name: one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from reconciler.errors import UnknownName
from reconciler.reports import academic, issues, partner_setup, period_map, retained, transfers
from reconciler.vocabulary.suggestions import did_you_mean

FORMATS = ("html", "text", "json", "csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report: its name, its title and its writers over one model."""

    name: str
    title: str
    build: Callable[..., Any]
    to_html: Callable[[Any], str]
    to_text: Callable[[Any], str]
    to_json: Callable[[Any], Mapping[str, Any]]
    to_csv: Callable[[Any], str]
    to_markdown: Callable[[Any], str] | None = None  # a few have it: what is pasted into wikis and tickets


def _report(module: ModuleType) -> Report:
    return Report(
        name=module.NAME, title=module.TITLE, build=module.build, to_html=module.to_html, to_text=module.to_text,
        to_json=module.to_json, to_csv=module.to_csv, to_markdown=getattr(module, "to_markdown", None),
    )  # fmt: skip


REPORTS: dict[str, Report] = {
    transfers.NAME: _report(transfers),
    issues.NAME: _report(issues),
    period_map.NAME: _report(period_map),
    partner_setup.NAME: _report(partner_setup),
    academic.NAME: _report(academic),
    retained.NAME: _report(retained),
}


def report(name: str) -> Report:
    """The report of that name. Raises UnknownName with the nearest ones."""
    if name not in REPORTS:
        raise UnknownName(
            "report.unknown",
            f"there is no report {name!r}",
            hint=did_you_mean(name, REPORTS) or "reconcile report list shows them",
        )
    return REPORTS[name]

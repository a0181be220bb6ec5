"""The set-up sheet of one school: what it enters on its own side as a partner, and for its third-party accounts.

VS, rule 65; PP, rules 85, 91 and 94 to 97. It holds no secret and no person: keys and passwords appear as the names of
their references.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.reports import parentpay_guide, partner_steps
from reconciler.reports.frame import Frame, SchoolName, csv_text, html, opening
from reconciler.reports.parentpay_guide import Account
from reconciler.reports.partner_steps import PartnerFacts
from reconciler.reports.sheet import Section, json_of, markdown_of, rows_of, text_of

NAME = "partner-setup"
TITLE = "Set-up sheet"
_HANDLING = "Official: for the school that it names; no secret, no person"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerSetup:
    """The model that all writers share."""

    frame: Frame
    school: SchoolName
    outcome: str
    first: tuple[str, ...]
    sections: tuple[Section, ...]
    title: str = TITLE


def build(
    frame: Frame, *, school: SchoolName, partner: PartnerFacts | None, accounts: Sequence[Account]
) -> PartnerSetup:
    """The sheet of a school; `partner` is None for a school that is none, `accounts` are those with guidance."""
    sections = [] if partner is None else [partner_steps.section(partner)]
    sections += [parentpay_guide.section(account) for account in accounts]
    todo = [] if partner is None else list(partner_steps.missing(partner))
    todo += [step for account in accounts for step in parentpay_guide.missing(account)]
    return PartnerSetup(
        frame=replace(frame, classification=_HANDLING), school=school,
        outcome=_sentence(frame.estate, school, partner is not None, len(accounts)), first=tuple(todo),
        sections=tuple(sections),
    )  # fmt: skip


def _sentence(estate: str, school: SchoolName, partner: bool, accounts: int) -> str:
    also = f"{accounts} third-party account{'' if accounts == 1 else 's'}" if accounts else ""
    if partner:
        return f"{school.code}: how to join {estate}" + (f", and {also}" if also else "")
    if also:
        return f"{school.code}: how to set up {also}"
    return f"{school.code} is no partner of {estate} and has no account with guidance: nothing to set up"


def to_html(report: PartnerSetup) -> str:
    return html("partner-setup.html.j2", report)


def to_text(report: PartnerSetup) -> str:
    parts = opening(report.outcome, report.first, lead="The hub must first:")
    return "\n\n".join([*parts, *([text_of(report.sections)] if report.sections else [])])


def to_markdown(report: PartnerSetup) -> str:
    """For a wiki or a ticket; nothing in it is read as markup of its own."""
    parts = [f"# {report.outcome}"]
    if report.first:
        parts.append("The hub must first:\n\n" + "\n".join(f"{n}. {step}" for n, step in enumerate(report.first, 1)))
    return "\n\n".join([*parts, *([markdown_of(report.sections)] if report.sections else [])])


def to_csv(report: PartnerSetup) -> str:
    return csv_text(("section", "step", "title", "enter", "value"), rows_of(report.sections))


def to_json(report: PartnerSetup) -> dict[str, Any]:
    """The JSON view; `schemas/report-partner-setup.schema.json`."""
    return {
        "format_version": 1,
        "report": NAME,
        "frame": report.frame.to_json(),
        "outcome": report.outcome,
        "first": list(report.first),
        "school": report.school.code,
        "sections": json_of(report.sections),
    }

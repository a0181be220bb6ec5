"""What every report shares: the frame, the HTML environment, CSV and text tables."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from reconciler.shipped import shipped

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

LONDON = ZoneInfo("Europe/London")
REHEARSAL = "Rehearsal: no real school was asked or told.\n"  # the first line of every text from a rehearsal store
MOST_ROWS = 1000  # plain rows in one HTML table; beyond it the report says so and the CSV has them all
_MOST_STEPS = 5
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\0")
_CONTROL = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where a report comes from; the same frame and rows give the same bytes."""

    estate: str
    rehearsal: bool
    serial: int
    tool_version: str
    made_at: datetime
    classification: str = "Official-sensitive: holds record numbers of children, no names"

    @property
    def made_text(self) -> str:
        return local(self.made_at)

    def to_json(self) -> dict[str, Any]:
        return {
            "estate": self.estate,
            "rehearsal": self.rehearsal,
            "state_version": self.serial,
            "tool_version": self.tool_version,
            "made_at": self.made_at.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolName:
    """How a school is shown: name and the colour that is purely for identification (VS, rule 22)."""

    code: str
    name: str
    colour: str = "#57606a"


def local(moment: datetime | None) -> str:
    """Europe/London wall-clock time, `23 Nov 2026 08:40`."""
    return moment.astimezone(LONDON).strftime("%d %b %Y %H:%M").lstrip("0") if moment else ""


def day(moment: datetime) -> str:
    """Europe/London date, `23 Nov 2026`."""
    return moment.astimezone(LONDON).strftime("%d %b %Y").lstrip("0")


def opening(outcome: str, first: Sequence[str], *, lead: str = "Do these first:") -> list[str]:
    """What every report begins with as text: the outcome in one sentence, then the numbered steps, where any is due."""
    steps = [f"  {number}. {step}" for number, step in enumerate(first, 1)]
    return [outcome, "\n".join([lead, *steps])] if steps else [outcome]


def first_five(steps: Sequence[str]) -> tuple[str, ...]:
    """What to do first; where there is more, the last line says how much was left out."""
    left = len(steps) - _MOST_STEPS
    return (*steps[:_MOST_STEPS], f"and {left} more, listed below") if left > 0 else tuple(steps)


def clean(text: str) -> str:
    """Text without control and bidirectional override characters, for terminals and plain files."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def html(template: str, report: object) -> str:
    """The self-contained page: no request to anywhere, style and script allowed by their hash only."""
    style, script = _asset("style.css"), _asset("filter.js")
    return _environment().get_template(template).render(
        report=report,
        style=Markup(style),  # noqa: S704 (our own file, never data)
        script=Markup(script),  # noqa: S704 (our own file, never data)
        style_hash=_sha256(style),
        script_hash=_sha256(script),
    )  # fmt: skip


def document(template: str, **values: object) -> str:
    """A plain text from a template of ours, such as a letter; what it is put into later escapes it."""
    return _plain().get_template(template).render(**values)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV for people: UTF-8 with a byte order mark, CRLF, cells that a spreadsheet would run are quoted."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_guarded(cell) for cell in row] for row in rows)
    return "\ufeff" + out.getvalue()


def table(header: Sequence[str], rows: Sequence[Sequence[object]], *, right: frozenset[int] = frozenset()) -> str:
    """A plain text table in columns; `right` are the columns of numbers."""
    cells = [[clean(str(cell)) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(header))]
    lines = (
        "  ".join(c.rjust(w) if n in right else c.ljust(w) for n, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def _guarded(cell: object) -> str:
    text = clean(str(cell))
    return "'" + text if text.startswith(_FORMULA) else text


def _sha256(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    from jinja2 import FileSystemLoader, StrictUndefined  # slow to import, and texts need none of it
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(shipped("templates")), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


@cache
def _plain() -> ImmutableSandboxedEnvironment:
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(shipped("templates")), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        autoescape=False,  # plain text: nothing of it is markup
    )  # fmt: skip


@cache
def _asset(name: str) -> str:
    return (shipped("templates") / name).read_text("utf-8")

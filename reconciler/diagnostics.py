"""Findings as values: a stable code, a place, a reason and a hint.

Every check of the program returns `Diagnostics`; text and JSON are two views of the same object, so a person and a
machine are always told the same thing. Nothing here ever holds the value of a secret or the name of a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is: an error stops the command, a warning never does."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file of the estate; line and column count from 1, the column in characters."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding.

    `code` is stable and has a page in `docs/codes/`; `message` says what is wrong and why, `hint` what to do next;
    `subject` is a resource address or `school/record` where there is no file; `source_line` is the line itself, left
    empty where the line could hold a secret; `related` are further places ("first declared here").
    """

    code: str
    message: str
    severity: Severity = Severity.ERROR
    position: Position | None = None
    subject: str = ""
    hint: str = ""
    source_line: str = ""
    related: tuple[tuple[str, Position], ...] = ()

    @property
    def sort_key(self) -> tuple[bool, Position, int, str, str, str]:
        """By place first, findings without a place last; then by severity, code and text."""
        place = self.position or Position("", 0, 0)
        return (self.position is None, place, _RANK[self.severity], self.code, self.subject, self.message)

    def to_json(self) -> dict[str, object]:
        """The JSON view; keys are part of `schemas/diagnostics.schema.json`."""
        out: dict[str, object] = {"code": self.code, "severity": self.severity.value, "message": self.message}
        if self.position:
            out |= {"file": self.position.file, "line": self.position.line, "column": self.position.column}
        if self.subject:
            out["subject"] = self.subject
        if self.hint:
            out["hint"] = self.hint
        if self.related:
            out["related"] = [
                {"label": label, "file": p.file, "line": p.line, "column": p.column} for label, p in self.related
            ]
        return out


@dataclass(slots=True)
class Diagnostics:
    """All findings of one check, gathered before anything is shown; iterates in stable order, duplicates folded."""

    items: list[Diagnostic] = field(default_factory=list)

    def add(self, diagnostic: Diagnostic) -> None:
        self.items.append(diagnostic)

    def extend(self, more: Iterable[Diagnostic]) -> None:
        self.items.extend(more)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self.sorted())

    def __len__(self) -> int:
        return len(set(self.items))

    def __bool__(self) -> bool:
        return bool(self.items)

    def sorted(self) -> Sequence[Diagnostic]:
        """Every finding once, by file, line, column, then severity."""
        return sorted(dict.fromkeys(self.items), key=lambda d: d.sort_key)

    @property
    def has_errors(self) -> bool:
        return any(d.severity is Severity.ERROR for d in self.items)

    def count(self, severity: Severity) -> int:
        return sum(d.severity is severity for d in self.sorted())

    def to_json(self) -> dict[str, object]:
        return {
            "format_version": 1,
            "errors": self.count(Severity.ERROR),
            "warnings": self.count(Severity.WARNING),
            "diagnostics": [d.to_json() for d in self.sorted()],
        }


def render_text(diagnostics: Diagnostics) -> str:
    """The text view: one block a finding, with the source line and a caret under the column."""
    return "\n".join(_block(d) for d in diagnostics.sorted())


def _block(d: Diagnostic) -> str:
    where = f"{d.position}: " if d.position else (f"{d.subject}: " if d.subject else "")
    lines = [f"{where}{d.severity.value} {d.code}: {d.message}"]
    if d.position and d.source_line:
        gutter = f"{d.position.line:>5} | "
        lines.append(gutter + d.source_line.expandtabs(1).rstrip())
        lines.append(" " * (len(gutter) + d.position.column - 1) + "^")
    lines += [f"      {label}: {place}" for label, place in d.related]
    if d.hint:
        lines.append(f"      hint: {d.hint}")
    return "\n".join(lines)

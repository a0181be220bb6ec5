"""Findings about the YAML itself: built while reading, before any schema is known."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.diagnostics import Diagnostic, Diagnostics, Position, Severity
from reconciler.documents.places import unpack
from reconciler.documents.source import Source


@dataclass(slots=True)
class Findings:
    """Gathers findings by packed place; knows every file read so far.

    `excused` are places where a finding about the YAML already says what is wrong, so that the schema adds nothing.
    """

    sources: list[Source] = field(default_factory=list)
    found: Diagnostics = field(default_factory=Diagnostics)
    excused: set[int] = field(default_factory=set)

    def position(self, place: int) -> Position:
        """The place as people read it, counted from 1."""
        file, line, column = unpack(place)
        return Position(self.sources[file].name, line + 1, column + 1)

    def shown(self, place: int) -> str:
        """The source line of a place, empty where it must not be shown."""
        file, line, _ = unpack(place)
        return self.sources[file].shown(line)

    def make(
        self,
        code: str,
        message: str,
        place: int,
        *,
        hint: str = "",
        severity: Severity = Severity.ERROR,
        related: tuple[tuple[str, int], ...] = (),
    ) -> Diagnostic:
        """A finding at a packed place, not yet added."""
        return Diagnostic(
            code=code,
            message=message,
            severity=severity,
            position=self.position(place),
            hint=hint,
            source_line=self.shown(place),
            related=tuple((label, self.position(other)) for label, other in related),
        )

    def hide(self, place: int) -> None:
        """Never show the line of this place."""
        file, line, _ = unpack(place)
        self.sources[file].hide(line)

    def error_without_place(self, code: str, message: str, subject: str) -> None:
        self.found.add(Diagnostic(code=code, message=message, subject=subject))

    def error(
        self, code: str, message: str, place: int, *, hint: str = "", related: tuple[tuple[str, int], ...] = ()
    ) -> None:
        self.found.add(self.make(code, message, place, hint=hint, related=related))

    def warning(self, code: str, message: str, place: int, *, hint: str = "") -> None:
        self.found.add(self.make(code, message, place, hint=hint, severity=Severity.WARNING))

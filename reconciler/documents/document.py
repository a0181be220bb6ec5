"""One estate as read: values, places, findings and digest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from reconciler.diagnostics import Diagnostic, Diagnostics, Position, Severity
from reconciler.documents.explain import explain
from reconciler.documents.findings import Findings
from reconciler.documents.fit import Fit
from reconciler.documents.places import MapPlaces, Path, follow
from reconciler.documents.schemas import FORMAT_VERSION, Schema
from reconciler.vocabulary import digests

_CONSUMED = ("include", "defaults")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The files of an estate as one value, with the place of each key.

    `value` has every default filled in, and neither `include` nor `defaults`. `digest` is the SHA-256 of the value in
    canonical form together with the version of the format; it is empty where the findings hold an error, for then
    the value is not to be used. `files` are named as findings name them.
    """

    value: dict[str, Any]
    findings: Diagnostics
    digest: str
    files: tuple[str, ...]
    _places: MapPlaces = field(repr=False)
    _reader: Findings = field(repr=False)

    @classmethod
    def build(
        cls, *, value: dict[str, Any], places: MapPlaces, findings: Findings, schema: Schema, complete: bool
    ) -> Document:
        """Checks a merged value against its schema; `complete` is False where a file could not be read to its end,
        since what is missing then is no finding of its own."""
        if complete:
            _check(value, places, findings, schema)
        for key in _CONSUMED:
            value.pop(key, None)
        sound = complete and not findings.found.has_errors
        return cls(
            value=value,
            findings=findings.found,
            digest=digests.digest({"format": FORMAT_VERSION, "estate": value}) if sound else "",
            files=tuple(source.name for source in findings.sources),
            _places=places,
            _reader=findings,
        )

    def position(self, path: Path, *, key: bool = False) -> Position:
        """Where the value (or, with `key`, the key) at `path` stands; the nearest key around what no file holds."""
        return self._reader.position(follow(self._places, path, key=key))

    def finding(
        self,
        code: str,
        message: str,
        path: Path,
        *,
        key: bool = False,
        severity: Severity = Severity.ERROR,
        hint: str = "",
        related: tuple[tuple[str, Position], ...] = (),
    ) -> Diagnostic:
        """A finding at a path, with its source line unless that could hold a secret."""
        place = follow(self._places, path, key=key)
        return Diagnostic(
            code=code,
            message=message,
            severity=severity,
            position=self._reader.position(place),
            hint=hint,
            source_line=self._reader.shown(place),
            related=related,
        )


def _check(value: dict[str, Any], places: MapPlaces, findings: Findings, schema: Schema) -> None:
    fit = Fit()
    fit.walk(schema.shape, value, places)
    if schema.is_valid(value):
        fit.fill()
    else:
        explain(schema, value, places, findings, fit.secrets)

"""Writes a OneRoster 1.1 package: the bytes of a zip that are the same for the same rows, whenever they are written."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Record = Mapping[str, str]
FILES = (
    "academicSessions", "categories", "classResources", "classes", "courseResources", "courses", "demographics",
    "enrollments", "lineItems", "orgs", "resources", "results", "users",
)  # fmt: skip
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip knows: a package tells no time of its making
_PRIVATE = 0o100600 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of a package; cells that a record does not name stay empty."""

    name: str
    header: Sequence[str]
    records: Sequence[Record]


def package(files: Iterable[File], *, system: str) -> bytes:
    """The zip of a bulk package with its manifest; `system` names who wrote it."""
    given = {file.name: file for file in files}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, _manifest(given, system))
        for name in sorted(given):
            _add(archive, given[name])
    return out.getvalue()


def _manifest(given: Mapping[str, File], system: str) -> File:
    told = {
        "manifest.version": "1.0",
        "oneroster.version": "1.1",
        **{f"file.{name}": "bulk" if name in given else "absent" for name in FILES},
        "source.systemName": system,
    }
    header = ("propertyName", "value")
    rows = [dict(zip(header, pair, strict=True)) for pair in told.items()]
    return File(name="manifest", header=header, records=rows)


def _add(archive: zipfile.ZipFile, file: File) -> None:
    entry = zipfile.ZipInfo(f"{file.name}.csv", _LONG_AGO)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = _PRIVATE
    archive.writestr(entry, table(file.header, file.records))


def table(header: Sequence[str], records: Iterable[Record]) -> bytes:
    """One CSV file: UTF-8 without a mark, lines ended as the standard has it. Raises ValueError for a foreign cell."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, restval="", extrasaction="raise", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().encode()

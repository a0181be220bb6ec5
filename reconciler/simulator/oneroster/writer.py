"""Writes a OneRoster folder: built beside its place, then moved there whole."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from reconciler.simulator.oneroster import tables
from reconciler.simulator.school import School

VERSIONS = ("1.1", "1.2")
_FILES: Mapping[str, Callable[[School], Iterator[tables.Record]]] = {
    "academicSessions": tables.academic_sessions,
    "orgs": tables.orgs,
    "courses": tables.courses,
    "classes": tables.classes,
    "users": tables.users,
    "enrollments": tables.enrollments,
    "demographics": tables.demographics,
}
_ABSENT = ("categories", "classResources", "courseResources", "lineItems", "resources", "results")


def write_school(school: School, folder: Path, *, now: datetime, version: str = "1.1") -> Path:
    """Replaces `folder` by a bulk export of a school; raises ValueError for an unknown version.

    A reader finds the old folder, for an instant none, or the new one, never a half-written one.
    """
    if version not in VERSIONS:
        raise ValueError(f"OneRoster {version} is not written; use one of {', '.join(VERSIONS)}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
        fresh = Path(beside) / "new"
        fresh.mkdir(mode=0o700)
        _fill(fresh, school, version, now)
        if folder.exists():
            folder.replace(Path(beside) / "old")
        fresh.replace(folder)
    return folder


def _fill(folder: Path, school: School, version: str, now: datetime) -> None:
    files = dict(_FILES) | ({"roles": tables.roles} if version == "1.2" else {})
    for name, records in files.items():
        _write(folder / f"{name}.csv", tables.headers(name, version), records(school))
    _write(folder / "manifest.csv", ["propertyName", "value"], _manifest(school, files, version, now))


def _manifest(school: School, files: Mapping[str, object], version: str, now: datetime) -> Iterator[tables.Record]:
    yield {"propertyName": "manifest.version", "value": "1.0"}
    yield {"propertyName": "oneroster.version", "value": version}
    for name in sorted({*files, *_ABSENT}):
        yield {"propertyName": f"file.{name}", "value": "bulk" if name in files else "absent"}
    yield {"propertyName": "source.systemName", "value": f"{school.name} (simulated)"}
    yield {"propertyName": "source.systemCode", "value": f"{school.code}-{now:%Y%m%dT%H%M}"}


def _write(path: Path, header: list[str], records: Iterator[tables.Record]) -> None:
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, header, restval="", extrasaction="ignore", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(records)

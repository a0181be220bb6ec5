"""The exporter `oneroster-csv`: all that a partner should know, as one OneRoster 1.1 package in a drop folder.

The package is bulk: what is not in it does not hold. What has ended stays in it to the end of the year with its last
day, and a guest that has ended is not enabled. The partner's own students are named by their own id and not described.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from reconciler.connectors.export_protocol import (
    ALWAYS_NEEDED,
    AssignmentFacts,
    ExportRequest,
    GuestFacts,
    PackageItem,
)
from reconciler.errors import RefusedSourceError
from reconciler.formats.oneroster.encoder import File, Record, package

PACKAGE = "virtual-school.zip"
ENROLMENT = "G"  # never main or subsidiary: a guest is not a second enrolment (VS, rule 58)
_BASE = ("sourcedId", "status", "dateLastModified")
_COURSE = "virtual-school"
_HEADERS = {
    "academicSessions": (*_BASE, "title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"),
    "orgs": (*_BASE, "name", "type", "identifier", "parentSourcedId"),
    "courses": (*_BASE, "schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId", "subjects",
                "subjectCodes"),
    "classes": (*_BASE, "title", "grades", "courseSourcedId", "classCode", "classType", "location", "schoolSourcedId",
                "termSourcedIds", "subjects", "subjectCodes", "periods"),
    "users": (*_BASE, "enabledUser", "orgSourcedIds", "role", "username", "userIds", "givenName", "familyName",
              "middleName", "identifier", "email", "sms", "phone", "agentSourcedIds", "grades", "password",
              "metadata.enrolmentStatus", "metadata.homeSchool", "metadata.homeId"),
    "demographics": (*_BASE, "birthDate", "sex"),
    "enrollments": (*_BASE, "classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate",
                    "endDate"),
}  # fmt: skip


class OneRosterDrop:
    """Partners that take files."""

    name = "oneroster-csv"
    shakes_hands = False

    @contextmanager
    def open(self, request: ExportRequest) -> Iterator[DropSession]:
        """Raises RefusedSourceError `export.drop_unwritable`."""
        folder = request.base / str(request.settings["drop"])
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(request, error) from None
        yield DropSession(request, folder)


class DropSession:
    """One partner, one run."""

    needs = ALWAYS_NEEDED

    def __init__(self, request: ExportRequest, folder: Path) -> None:
        self._request = request
        self._folder = folder

    def deliver(self, items: Sequence[PackageItem]) -> None:
        """Writes beside the target, syncs, renames: a reader finds the old package or the new one, mode 0600."""
        content = encode(items, self._request)
        try:
            _replace(self._folder / PACKAGE, content)
        except OSError as error:
            raise _unwritable(self._request, error) from None


def encode(items: Sequence[PackageItem], request: ExportRequest) -> bytes:
    """The package as bytes; equal items give equal bytes."""
    guests = sorted((i for i in items if isinstance(i.facts, GuestFacts)), key=lambda i: i.key)
    places = sorted((i for i in items if _began(i)), key=lambda i: i.key)
    rows: dict[str, list[Record]] = {
        "academicSessions": [_year(request)],
        "orgs": _orgs(guests, request),
        "courses": [{"sourcedId": _COURSE, "schoolYearSourcedId": str(request.year), "title": "Virtual School",
                     "orgSourcedId": request.school}],
        "classes": _classes(places, request),
        "users": [_user(i, i.facts, request) for i in guests if isinstance(i.facts, GuestFacts)],
        "demographics": [{"sourcedId": i.key, "birthDate": _day(i.facts.birth_date)} for i in guests
                         if isinstance(i.facts, GuestFacts)],
        "enrollments": [_enrolment(i, i.facts, request) for i in places if isinstance(i.facts, AssignmentFacts)],
    }  # fmt: skip
    files = [File(name=name, header=_HEADERS[name], records=records) for name, records in rows.items()]
    return package(files, system=f"reconcile, {request.hub}")


def _began(item: PackageItem) -> bool:
    """An assignment that was ended before its first day never was."""
    facts = item.facts
    return isinstance(facts, AssignmentFacts) and (item.ended_on is None or item.ended_on >= facts.first_day)


def _year(request: ExportRequest) -> Record:
    year = request.year
    return {"sourcedId": str(year), "title": str(year), "type": "schoolYear", "startDate": _day(year.first_day),
            "endDate": _day(year.last_day), "schoolYear": str(year.start + 1)}  # fmt: skip


def _orgs(guests: Sequence[PackageItem], request: ExportRequest) -> list[Record]:
    homes = {i.facts.home_school for i in guests if isinstance(i.facts, GuestFacts)}
    return [{"sourcedId": code, "name": request.schools.get(code, code), "type": "school", "identifier": code}
            for code in sorted({request.school, *homes})]  # fmt: skip


def _classes(places: Sequence[PackageItem], request: ExportRequest) -> list[Record]:
    names = {i.facts.class_id: i.class_name for i in places if isinstance(i.facts, AssignmentFacts)}
    return [{"sourcedId": class_id, "title": name or class_id, "courseSourcedId": _COURSE, "classCode": name,
             "classType": "scheduled", "schoolSourcedId": request.school, "termSourcedIds": str(request.year)}
            for class_id, name in sorted(names.items())]  # fmt: skip


def _user(item: PackageItem, facts: GuestFacts, request: ExportRequest) -> Record:
    return {
        "sourcedId": item.key, "enabledUser": "false" if item.ended_on else "true", "orgSourcedIds": request.school,
        "role": "student", "username": item.key, "userIds": f"{{UPN:{facts.upn}}}" if facts.upn else "",
        "givenName": facts.forename, "familyName": facts.surname, "grades": facts.year_group,
        "metadata.enrolmentStatus": ENROLMENT, "metadata.homeSchool": facts.home_school,
        "metadata.homeId": facts.home_id,
    }  # fmt: skip


def _enrolment(item: PackageItem, facts: AssignmentFacts, request: ExportRequest) -> Record:
    ends = [day for day in (facts.last_day, item.ended_on) if day]
    return {
        "sourcedId": item.key, "classSourcedId": facts.class_id, "schoolSourcedId": request.school,
        "userSourcedId": facts.guest or facts.own_student, "role": "student", "primary": "false",
        "beginDate": _day(facts.first_day), "endDate": _day(min(ends, default=None)),
    }  # fmt: skip


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _unwritable(request: ExportRequest, error: OSError) -> RefusedSourceError:
    return RefusedSourceError(
        "export.drop_unwritable",
        f"the drop folder {request.settings['drop']} of {request.school} cannot be written "
        f"({error.strerror or type(error).__name__})",
        hint="check that it exists, is yours and has room; the last package was left as it is",
    )  # fmt: skip

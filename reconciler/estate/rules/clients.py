"""Schoolcomms imports run with a client, a user, a licence and a time that allow it (SC, rules 162 to 167)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.estate.days import minutes
from reconciler.estate.model import Estate, ThirdParty
from reconciler.estate.rules.words import listed
from reconciler.estate.versions import ClientVersion

if TYPE_CHECKING:
    from reconciler.documents.document import Document

_OLDEST = "9.6D"
_EXCLUSIVE = frozenset({"standard", "just_text"})
_OFFICE_HOURS = ("08:00", "17:00")
_IMPORT_MINUTES = 60
"""How long an import is taken to run when two of them are compared."""


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """Each account by itself, then those that share a school."""
    accounts = [account for account in estate.third_parties.values() if account.kind == "schoolcomms"]
    for account in accounts:
        yield from _version(document, account)
        yield from _user(document, account)
        yield from _office_hours(document, account)
    by_school: dict[str, list[ThirdParty]] = {}
    for account in accounts:
        by_school.setdefault(account.school, []).append(account)
    for together in by_school.values():
        yield from _overlaps(document, together)


def _version(document: Document, account: ThirdParty) -> Iterator[Diagnostic]:
    client = account.entry.get("client") or {}
    if not client.get("version"):
        return
    has = ClientVersion.parse(client["version"])
    wanted = max(_OLDEST, client.get("min_version") or _OLDEST, key=ClientVersion.parse)
    if has < ClientVersion.parse(wanted):
        yield document.finding(
            "client.too_old",
            f"the client of {account.name} is {client['version']}, and the import needs {wanted} or newer",
            (*account.path, "client", "version"),
            hint="update the client, then write its version here; 9.6D comes before 9.6E, and 9.6E before 9.10A",
        )


def _user(document: Document, account: ThirdParty) -> Iterator[Diagnostic]:
    run_as = account.entry.get("run_as") or {}
    if run_as.get("user") and run_as["user"] in (account.entry.get("interactive_users") or ()):
        yield document.finding(
            "client.shared_user",
            f"{account.name} imports as {run_as['user']}, which people also work with: they are thrown out meanwhile",
            (*account.path, "run_as", "user"),
            severity=Severity.WARNING,
            hint="let the import run as a user of its own",
        )
    if account.entry.get("licence") == "premium_messaging" and run_as and not run_as.get("dedicated"):
        yield document.finding(
            "client.no_dedicated_user",
            f"the licence of {account.name} allows a user for the import alone, and there is none",
            (*account.path, "run_as"),
            key=True,
            severity=Severity.INFO,
            hint="make one in Schoolcomms and write dedicated: true",
        )


def _office_hours(document: Document, account: ThirdParty) -> Iterator[Diagnostic]:
    if account.entry.get("licence") not in _EXCLUSIVE:
        return
    hours = account.entry.get("office_hours") or {}
    start, end = hours.get("from") or _OFFICE_HOURS[0], hours.get("to") or _OFFICE_HOURS[1]
    at, first, last = minutes(account.entry.get("schedule")), minutes(start), minutes(end)
    if at is not None and first is not None and last is not None and first <= at < last:
        yield document.finding(
            "client.office_hours",
            f"{account.name} imports at {account.entry['schedule']}, in office hours ({start} to {end}); with the "
            f"licence {account.entry['licence']} nobody can work meanwhile",
            (*account.path, "schedule"),
            severity=Severity.WARNING,
            hint=f"import before {start} or after {end}",
        )


def _overlaps(document: Document, accounts: list[ThirdParty]) -> Iterator[Diagnostic]:
    for first, second in combinations(accounts, 2):
        if not {first.entry.get("licence"), second.entry.get("licence")} & _EXCLUSIVE:
            continue
        times = minutes(first.entry.get("schedule")), minutes(second.entry.get("schedule"))
        if times[0] is not None and times[1] is not None and abs(times[0] - times[1]) < _IMPORT_MINUTES:
            yield document.finding(
                "client.overlap",
                f"{listed([first.name, second.name])} import for {first.school} within {_IMPORT_MINUTES} minutes of "
                "each other, and the licence locks everybody else out",
                (*second.path, "schedule"),
                hint=f"leave {_IMPORT_MINUTES} minutes between them",
                related=((f"{first.name} imports then", document.position((*first.path, "schedule"))),),
            )

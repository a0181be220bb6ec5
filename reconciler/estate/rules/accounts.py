"""Accounts of suppliers fit the school that they are for (PP, rules 70, 76, 77, 95 and 100)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.estate.catalogue import Preset, catalogue
from reconciler.estate.model import Estate, Path, ThirdParty
from reconciler.estate.rules.words import listed

if TYPE_CHECKING:
    from reconciler.documents.document import Document


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """MIS, address, rotation, onboarding, and one organisation number a school."""
    for account in estate.third_parties.values():
        preset = _preset(account)
        if preset:
            yield from _mis(estate, document, account, preset)
        yield from _host(estate, document, account)
        yield from _rotation(document, account)
        if account.entry.get("onboarding") == "migrating" and not account.entry.get("manager_contact"):
            yield document.finding(
                "third_party.no_manager",
                f"{account.name} migrates, and its request must come from an existing manager's address",
                (*account.path, "onboarding"),
                severity=Severity.WARNING,
                hint="add manager_contact: with the role mailbox of a manager whom the supplier knows",
            )
    yield from _organisations(estate, document)


def _preset(account: ThirdParty) -> Preset | None:
    """The list that the account names, else that of its kind."""
    known = catalogue()
    return known.presets.get(account.grants.get("preset", "")) or known.preset_for(account.kind)


def _mis(estate: Estate, document: Document, account: ThirdParty, preset: Preset) -> Iterator[Diagnostic]:
    school = estate.schools.get(account.school)
    if school and school.connector not in preset.connectors:
        yield document.finding(
            "third_party.other_mis",
            f"{preset.name} is for {listed(preset.connectors)}, and {account.school} is read through "
            f"{school.connector or 'nothing'}",
            (*account.path, "school"),
            hint=f"check the school and its mis.connector; {account.kind} needs a Bromcom MIS",
        )


def _host(estate: Estate, document: Document, account: ThirdParty) -> Iterator[Diagnostic]:
    """An account's own address is at the host of its school's MIS (rule 77)."""
    url, school = account.credentials.get("mis_url"), estate.schools.get(account.school)
    if not url or not school or not school.mis.get("url"):
        return
    host, expected = urlsplit(url).hostname, urlsplit(school.mis["url"]).hostname
    if host != expected:
        yield document.finding(
            "third_party.other_host",
            f"{account.name} would read {host}, and the MIS of {account.school} is at {expected}",
            (*account.path, "credentials", "mis_url"),
            hint="leave mis_url out: it is then the school's own",
        )


def _rotation(document: Document, account: ThirdParty) -> Iterator[Diagnostic]:
    if account.credentials and not account.credentials.get("rotation"):
        yield document.finding(
            "third_party.no_rotation",
            f"nothing says how often the password of {account.name} changes",
            (*account.path, "credentials"),
            key=True,
            severity=Severity.WARNING,
            hint="add rotation: {every_days: 180}",
        )


def _organisations(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """One organisation number at two schools would send one school's children to the other (rule 76)."""
    users: dict[tuple[str, str], tuple[str, Path]] = {}
    for code, path, key in _numbers(estate):
        first, place = users.setdefault(key, (code, path))
        if first != code:
            yield document.finding(
                "third_party.org_id_shared",
                f"{first} and {code} have the same organisation number {key[1]}: "
                "one school's people would be read for the other",
                path,
                hint="ask each school for the number of its own MIS",
                related=((f"{first} has it here", document.position(place)),),
            )


def _numbers(estate: Estate) -> Iterator[tuple[str, Path, tuple[str, str]]]:
    """School, place and number: of every MIS, and of every account that names its own."""
    for code, school in estate.schools.items():
        if school.org_id:
            yield code, ("schools", code, "mis", "school_id"), (_system(school.connector), school.org_id)
    for account in estate.third_parties.values():
        number = account.credentials.get("org_id")
        known = estate.schools.get(account.school)
        if number and known:
            path = (*account.path, "credentials", "org_id")
            yield account.school, path, (_system(known.connector), str(number))


def _system(connector: str) -> str:
    return "bromcom" if connector.startswith("bromcom") else connector

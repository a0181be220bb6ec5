"""Every name that one section uses is declared in another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic
from reconciler.estate.catalogue import catalogue
from reconciler.estate.model import Estate, Path
from reconciler.estate.rules.words import choose

if TYPE_CHECKING:
    from reconciler.documents.document import Document


@dataclass(frozen=True, slots=True)
class Reference:
    """A name in use: what it names, which names there are and in which section; `key` when the place is a key."""

    path: Path
    what: str
    name: str
    known: Collection[str]
    section: str
    key: bool = False
    more: str = ""  # what else may be meant, behind the nearest names


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """An unknown name is an error that suggests the nearest (VS, rule 19; PP, rule 68)."""
    for source in (_of_the_hub, _of_schools, _of_flows, _of_people):
        for reference in source(estate):
            if reference.name and reference.name not in reference.known:
                yield document.finding(
                    "reference.unknown",
                    f"there is no {reference.what} {reference.name!r}",
                    reference.path,
                    key=reference.key,
                    hint=choose(reference.name, reference.known, where=reference.section) + reference.more,
                )
    yield from _circles(estate, document)


def _of_the_hub(estate: Estate) -> Iterator[Reference]:
    hub = estate.virtual_school
    structures = estate.period_structures
    calendars = estate.calendars
    yield Reference(
        ("virtual_school", "period_structure"),
        "period structure",
        hub.period_structure,
        structures,
        "period_structures",
    )
    yield Reference(("virtual_school", "calendar"), "calendar", hub.calendar, calendars, "calendars")
    for name, calendar in calendars.items():
        yield Reference(("calendars", name, "like"), "calendar", calendar.like, calendars, "calendars")
    for code, partner in estate.partners.items():
        path = ("partners", code)
        yield Reference(path, "school", code, estate.schools, "schools", key=True)
        structure = partner.period_structure
        yield Reference((*path, "period_structure"), "period structure", structure, structures, "period_structures")
    for code in dict.fromkeys(declared.school for declared in estate.period_maps):
        yield Reference(("period_maps", code), "partner", code, estate.partners, "partners", key=True,
                        more="; the map of a partner that left goes with it")  # fmt: skip
    evidence = (hub.entry.get("identifiers") or {}).get("uniqueness_evidence") or {}
    for flag, entry in evidence.items():
        place = ("virtual_school", "identifiers", "uniqueness_evidence", flag, "checked_by")
        yield from _operator(estate, place, entry.get("checked_by"))


def _of_schools(estate: Estate) -> Iterator[Reference]:
    for code, school in estate.schools.items():
        yield Reference(("schools", code, "calendar"), "calendar", school.calendar, estate.calendars, "calendars")
    for declared in estate.blackouts:
        for index, code in enumerate(declared.entry.get("schools") or ()):
            yield Reference((*declared.path, "schools", index), "school", code, estate.schools, "schools")
    for declared in estate.expected_changes:
        code = declared.entry.get("school") or ""
        yield Reference((*declared.path, "school"), "school", code, estate.schools, "schools")


def _of_flows(estate: Estate) -> Iterator[Reference]:
    presets = catalogue().presets
    for name, account in estate.third_parties.items():
        path = ("third_parties", name)
        yield Reference((*path, "school"), "school", account.school, estate.schools, "schools")
        yield Reference((*path, "recipient"), "recipient", account.recipient, estate.recipients, "recipients")
        yield Reference((*path, "basis"), "lawful basis", account.basis, estate.lawful_bases, "lawful_bases")
        strategies = estate.import_strategies
        yield Reference((*path, "strategy"), "import strategy", account.strategy, strategies, "import_strategies")
        preset = account.grants.get("preset") or ""
        yield Reference((*path, "grants", "preset"), "preset", preset, presets, "the catalogue")
    for name, recipient in estate.recipients.items():
        for index, other in enumerate(recipient.downstream):
            place: Path = ("recipients", name, "downstream", index)
            yield Reference(place, "recipient", other, estate.recipients, "recipients")
    for name, basis in estate.lawful_bases.items():
        yield from _operator(estate, ("lawful_bases", name, "decided_by"), basis.decided_by)


def _of_people(estate: Estate) -> Iterator[Reference]:
    accounts = estate.third_parties
    for declared in estate.expected_drift:
        yield from _operator(estate, (*declared.path, "owner"), declared.entry.get("owner"))
    for name, group in estate.manual_groups.items():
        account = group.entry.get("third_party") or ""
        yield Reference(("manual_groups", name, "third_party"), "third party", account, accounts, "third_parties")
    exceptions = (estate.choices.entry.get("exceptions") or ()) if estate.choices else ()
    for index, exception in enumerate(exceptions):
        path: Path = ("choices", "exceptions", index, "third_party")
        named = exception.get("third_party") or ()
        if isinstance(named, str):
            yield Reference(path, "third party", named, accounts, "third_parties")
        else:
            for at, account in enumerate(named):
                yield Reference((*path, at), "third party", account, accounts, "third_parties")


def _operator(estate: Estate, path: Path, name: str | None) -> Iterator[Reference]:
    """An estate without operators takes any word: its first apply is by whoever runs it."""
    if estate.operators:
        yield Reference(path, "operator", name or "", estate.operators, "operators")


def _circles(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """Calendars that are like each other, recipients that are downstream of each other, have no beginning."""
    calendars: dict[str, tuple[str, ...]] = {
        name: (calendar.like,) for name, calendar in estate.calendars.items() if calendar.like
    }
    recipients = {name: recipient.downstream for name, recipient in estate.recipients.items()}
    for section, key, edges in (("calendars", "like", calendars), ("recipients", "downstream", recipients)):
        for name in edges:
            if _reaches(name, edges.get(name, ()), edges):
                yield document.finding(
                    "reference.circle",
                    f"{name} leads back to itself through {key!r}",
                    (section, name, key),
                    hint=f"take {key!r} out of one of them",
                )


def _reaches(goal: str, start: Iterable[str], edges: dict[str, tuple[str, ...]]) -> bool:
    waiting, seen = list(start), set[str]()
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            waiting.extend(edges.get(name, ()))
    return False

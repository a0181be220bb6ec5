"""A schema-valid document becomes the typed estate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from reconciler.estate.model import (
    Calendar,
    Declared,
    Entry,
    Estate,
    LawfulBasis,
    Listing,
    Moved,
    Partner,
    PeriodMap,
    Recipient,
    Removed,
    School,
    Structure,
    ThirdParty,
    VirtualSchool,
)
from reconciler.estate.period_maps import Expansion, read_map
from reconciler.estate.structures import PeriodStructure

if TYPE_CHECKING:
    from reconciler.documents.document import Document

T = TypeVar("T", bound=Declared)


def build_estate(document: Document) -> Estate:
    """The typed estate of a document without errors. Names are not resolved here: that is for the rules."""
    value = document.value
    structures = _named(document, "period_structures", _structure)
    hub = _virtual_school(document)
    partners = _named(document, "partners", _partner)
    return Estate(
        estate_id=value.get("estate_id", ""),
        virtual_school=hub,
        organisation=_single(document, "organisation"),
        operators=_named(document, "operators", Declared),
        calendars=_named(document, "calendars", _calendar),
        period_structures=structures,
        schools=_named(document, "schools", _school),
        partners=partners,
        period_maps=tuple(_period_maps(document, hub, structures, partners)),
        recipients=_named(document, "recipients", _recipient),
        lawful_bases=_named(document, "lawful_bases", _lawful_basis),
        third_parties=_named(document, "third_parties", _third_party),
        import_strategies=_named(document, "import_strategies", Declared),
        inbound=_named(document, "inbound", Declared),
        reports=_named(document, "reports", Declared),
        manual_members=_named(document, "manual_members", Declared),
        manual_groups=_named(document, "manual_groups", Declared),
        class_assignments=_single(document, "class_assignments"),
        retention=_single(document, "retention"),
        choices=_single(document, "choices"),
        blackouts=_listed(document, "blackouts"),
        expected_drift=_listed(document, "expected_drift"),
        expected_changes=_listed(document, "expected_changes"),
        removed=tuple(_removed(document)),
        moved=tuple(_moved(document)),
    )


def _named(document: Document, section: str, make: Callable[..., T]) -> dict[str, T]:
    entries: Mapping[str, Any] = document.value.get(section) or {}
    return {
        name: make(name=name, path=(section, name), entry=entry, position=document.position((section, name), key=True))
        for name, entry in entries.items()
    }


def _listed(document: Document, section: str) -> Listing:
    entries = document.value.get(section)
    if entries is None:
        return Listing()
    return Listing(
        entries=tuple(
            Declared(name="", path=(section, index), entry=entry, position=document.position((section, index)))
            for index, entry in enumerate(entries)
        ),
        position=document.position((section,), key=True),
        written=True,
    )


def _single(document: Document, section: str) -> Declared | None:
    entry = document.value.get(section)
    if entry is None:
        return None
    return Declared(name="", path=(section,), entry=entry, position=document.position((section,), key=True))


def _virtual_school(document: Document) -> VirtualSchool:
    entry = document.value["virtual_school"]
    return VirtualSchool(
        name="",
        path=("virtual_school",),
        entry=entry,
        position=document.position(("virtual_school",), key=True),
        academic_year=entry["academic_year"],
        next_year=(entry.get("next_year") or {}).get("year", ""),
        period_structure=entry["period_structure"],
        calendar=entry.get("calendar") or "",
        separator=(entry.get("identifiers") or {}).get("separator") or "",
    )


def _structure(*, entry: Entry, **common: Any) -> Structure:
    return Structure(entry=entry, shape=PeriodStructure.of(common["name"], entry), **common)


def _calendar(*, entry: Entry, **common: Any) -> Calendar:
    return Calendar(entry=entry, like=entry.get("like") or "", **common)


def _school(*, entry: Entry, **common: Any) -> School:
    mis = entry.get("mis") or {}
    return School(
        entry=entry,
        sector=entry.get("sector") or "",
        calendar=entry.get("calendar") or "",
        colour=entry.get("colour") or "",
        mis=mis,
        connector=mis.get("connector") or "",
        org_id=str(mis.get("school_id") or ""),
        **common,
    )


def _partner(*, entry: Entry, **common: Any) -> Partner:
    return Partner(
        entry=entry,
        colour=entry.get("colour") or "",
        period_structure=entry.get("period_structure") or "",
        key=entry.get("data_exchange_key") or {},
        **common,
    )


def _recipient(*, entry: Entry, **common: Any) -> Recipient:
    return Recipient(entry=entry, downstream=tuple(entry.get("downstream") or ()), **common)


def _lawful_basis(*, entry: Entry, **common: Any) -> LawfulBasis:
    return LawfulBasis(
        entry=entry,
        lawful_basis=entry.get("lawful_basis") or "",
        sharing_mode=entry.get("sharing_mode") or "",
        decided_by=entry.get("decided_by") or "",
        art9=entry.get("art9") or {},
        **common,
    )


def _third_party(*, entry: Entry, **common: Any) -> ThirdParty:
    return ThirdParty(
        entry=entry,
        kind=entry.get("kind") or "",
        school=entry.get("school") or "",
        recipient=entry.get("recipient") or "",
        basis=entry.get("basis") or "",
        strategy=entry.get("strategy") or "",
        credentials=entry.get("credentials") or {},
        grants=entry.get("grants") or {},
        **common,
    )


def _period_maps(
    document: Document, hub: VirtualSchool, structures: Mapping[str, Structure], partners: Mapping[str, Partner]
) -> Iterator[PeriodMap]:
    """Equal shorthand between the same two structures is expanded once: an estate has few ways to map a day."""
    hub_structure = structures.get(hub.period_structure)
    known: dict[tuple[str, bytes], Expansion] = {}
    for school, years in (document.value.get("period_maps") or {}).items():
        structure = structures.get(partners[school].period_structure) if school in partners else None
        for year, entry in (years or {}).items():
            expansion = None
            if hub_structure and structure:
                key = (structure.name, orjson.dumps(entry))
                if key not in known:
                    known[key] = read_map(hub=hub_structure.shape, partner=structure.shape, entry=entry)
                expansion = known[key]
            path = ("period_maps", school, year)
            yield PeriodMap(
                name=f"{school}.{year}",
                path=path,
                entry=entry,
                position=document.position(path, key=True),
                school=school,
                year=year,
                attachment=int(entry.get("attachment") or 1),
                structure=structure.name if structure else "",
                expansion=expansion,
            )


def _removed(document: Document) -> Iterator[Removed]:
    for index, entry in enumerate(document.value.get("removed") or ()):
        yield Removed(
            address=entry["address"],
            data=entry.get("data") or "keep",
            reason=entry.get("reason") or "",
            on=entry.get("on") or "",
            path=("removed", index),
            position=document.position(("removed", index)),
        )


def _moved(document: Document) -> Iterator[Moved]:
    for index, entry in enumerate(document.value.get("moved") or ()):
        yield Moved(
            from_address=entry["from"],
            to_address=entry["to"],
            path=("moved", index),
            position=document.position(("moved", index)),
        )

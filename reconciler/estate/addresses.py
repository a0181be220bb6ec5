"""Addresses of resources, as `removed:`, `moved:` and `expected_drift:` write them."""

from __future__ import annotations

from reconciler.estate.catalogue import Catalogue
from reconciler.estate.grants import granted
from reconciler.estate.model import Estate
from reconciler.vocabulary.suggestions import did_you_mean

SECTIONS: dict[str, str] = {
    "organisation": "organisation",
    "operator": "operators",
    "calendar": "calendars",
    "period_structure": "period_structures",
    "virtual_school": "virtual_school",
    "school": "schools",
    "blackouts": "blackouts",
    "partner": "partners",
    "period_map": "period_maps",
    "class_assignments": "class_assignments",
    "recipient": "recipients",
    "lawful_basis": "lawful_bases",
    "import_strategy": "import_strategies",
    "third_party": "third_parties",
    "entity_grant": "third_parties",
    "inbound": "inbound",
    "retention": "retention",
    "report": "reports",
    "choices": "choices",
    "manual_members": "manual_members",
    "manual_group": "manual_groups",
    "expected_drift": "expected_drift",
    "expected_changes": "expected_changes",
}
"""Kind of resource -> section of the estate that declares it."""

SINGLE = frozenset(kind for kind, section in SECTIONS.items() if kind == section) - {"inbound", "manual_members"}
"""Kinds of which there is one, so that the address is the kind alone."""


def split(address: str) -> tuple[str, str]:
    """Kind and name; raises ValueError, whose text says how the address would be written."""
    kind, _, name = address.partition(".")
    if kind not in SECTIONS:
        raise ValueError(did_you_mean(kind, SECTIONS) or "write kind.name, like partner.AVN")
    if kind in SINGLE and name:
        raise ValueError(f"there is one {kind}: write {kind} alone")
    if kind not in SINGLE and not name:
        raise ValueError(f"there are several: write {kind}.NAME")
    if kind in _TWO_PARTS and "." not in name:
        raise ValueError(f"write {kind}.{name}.{_TWO_PARTS[kind]}")
    return kind, name


_TWO_PARTS = {"period_map": "2026-2027", "entity_grant": "Students"}
"""Kinds whose names have two parts, with an example of the second."""


def names_of(kind: str, estate: Estate, known: Catalogue) -> set[str]:
    """Every declared name of a kind; the empty name for the one of a kind that has no names."""
    if kind == "period_map":
        return {declared.name for declared in estate.period_maps}
    if kind == "entity_grant":
        return {
            f"{name}.{entity}"
            for name, account in estate.third_parties.items()
            for entity in granted(account.grants, known)
        }
    declared = getattr(estate, SECTIONS[kind])
    if kind in SINGLE:
        return {""} if declared else set()
    return set(declared)


def is_declared(kind: str, name: str, estate: Estate, known: Catalogue) -> bool:
    """Whether the estate declares the resource."""
    return name in names_of(kind, estate, known)

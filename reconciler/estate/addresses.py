"""Addresses of resources, as `removed:`, `moved:` and `expected_drift:` write them."""

from __future__ import annotations

from reconciler.estate.catalogue import Catalogue
from reconciler.estate.grants import granted
from reconciler.estate.model import Estate

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
    """Kind and name; raises ValueError for a text that has not the shape of an address."""
    kind, _, name = address.partition(".")
    if kind not in SECTIONS or (kind in SINGLE) == bool(name):
        raise ValueError(f"{address!r} is not an address: write kind.name, like partner.AVN")
    if kind in ("period_map", "entity_grant") and "." not in name:
        raise ValueError(f"{address!r} lacks its last part: write {kind}.{name}.{_LAST_PART[kind]}")
    return kind, name


_LAST_PART = {"period_map": "2026-2027", "entity_grant": "Students"}


def names_of(kind: str, estate: Estate, known: Catalogue) -> set[str]:
    """Every declared name of a kind."""
    if kind == "period_map":
        return {declared.name for declared in estate.period_maps}
    if kind == "entity_grant":
        return {
            f"{name}.{entity}"
            for name, account in estate.third_parties.items()
            for entity in granted(account.grants, known)
        }
    return set(getattr(estate, SECTIONS[kind]))


def is_declared(kind: str, name: str, estate: Estate, known: Catalogue) -> bool:
    """Whether the estate declares the resource."""
    if kind in SINGLE:
        return bool(getattr(estate, SECTIONS[kind]))
    return name in names_of(kind, estate, known)

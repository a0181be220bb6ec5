"""What one of the two, files or store, says of a school, as far as the school's system can be asked about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.estate.structures import PeriodStructure
from reconciler.vocabulary.codes import AcademicYear

Specs = Mapping[str, Mapping[str, Any]]
"""Specs by address, of the files or of the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One school on one side. Of a school that is no partner there is no year, structure or map.

    `slots` is its period map of the year, hub slot to partner slot or None; `accounts` are the entities granted to each
    third-party account at the school.
    """

    code: str
    name: str
    urn: str = ""
    school_id: str = ""
    contact: str = ""
    year: AcademicYear | None = None
    structure: PeriodStructure | None = None
    slots: Mapping[str, str | None] | None = None
    accounts: Mapping[str, frozenset[str]] | None = None

    @property
    def partner(self) -> bool:
        return self.structure is not None


def side_of(specs: Specs, code: str, *, year: AcademicYear) -> Side | None:
    """What the specs say of a school in a year, None where they do not know it."""
    school = specs.get(f"school.{code}")
    if school is None:
        return None
    partner, mis = specs.get(f"partner.{code}"), school.get("mis") or {}
    structure = specs.get(f"period_structure.{partner['period_structure']}") if partner else None
    mapped = specs.get(f"period_map.{code}.{year}")
    return Side(
        code=code, name=str(school["name"]), urn=str(school.get("urn") or ""),
        school_id=str(mis.get("school_id") or ""), contact=str((school.get("contacts") or {}).get("mis_manager") or ""),
        year=year if partner else None,
        structure=PeriodStructure.of(str(partner["period_structure"]), structure) if partner and structure else None,
        slots=mapped["slots"] if mapped else None, accounts=accounts_at(specs, code),
    )  # fmt: skip


def accounts_at(specs: Specs, code: str) -> Mapping[str, frozenset[str]]:
    """Entities granted to each third-party account at a school."""
    names = {address.partition(".")[2] for address, spec in specs.items()
             if address.startswith("third_party.") and spec["school"] == code}  # fmt: skip
    found: dict[str, set[str]] = {name: set() for name in sorted(names)}
    for address, spec in specs.items():
        if address.startswith("entity_grant.") and spec["third_party"] in names:
            found[spec["third_party"]].add(str(spec["entity"]))
    return {name: frozenset(entities) for name, entities in found.items() if entities}

"""The declared estate as frozen values: one class a section, each with its name, its entry and its place.

`entry` is the section's entry as the schema left it, defaults filled in: what the stored state keeps. The fields
beside it are those that rules compare. Names of other things are kept as text: whether they resolve is a rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.diagnostics import Position
from reconciler.estate.period_maps import Expansion
from reconciler.estate.structures import PeriodStructure

Entry = Mapping[str, Any]
"""Plain JSON of one entry."""

Path = tuple[str | int, ...]
"""Keys and list indexes from the top of the document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One declared thing: its name in its section (empty where there is one only), its entry, where it stands."""

    name: str
    path: Path
    entry: Entry
    position: Position | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A section that is a list. It is true where the files write it, be it empty: emptied is not the same as gone."""

    entries: tuple[Declared, ...] = ()
    position: Position | None = None
    written: bool = False

    def __iter__(self) -> Iterator[Declared]:
        return iter(self.entries)

    def __bool__(self) -> bool:
        return self.written


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualSchool(Declared):
    """The hub (VS, rule 1). `separator` stands between a school's code and its own ids (rules 13 to 17)."""

    academic_year: str
    next_year: str  # empty when none is announced
    period_structure: str
    calendar: str
    separator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar(Declared):
    """Terms, closed days and the Mondays on which week 1 starts; `like` names the calendar that fills the gaps."""

    like: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure(Declared):
    """A declared period structure."""

    shape: PeriodStructure


@dataclass(frozen=True, slots=True, kw_only=True)
class School(Declared):
    """Where data lives. `connector` and `org_id` say how its MIS is read."""

    sector: str
    calendar: str
    colour: str
    mis: Entry
    connector: str
    org_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner(Declared):
    """A school that takes part in the virtual school."""

    colour: str
    period_structure: str
    key: Entry  # the reference to its Data Exchange Key, never the key


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodMap(Declared):
    """A partner's map for one year; `expansion` is None where one of the two structures is unknown."""

    school: str
    year: str
    attachment: int
    structure: str
    expansion: Expansion | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient(Declared):
    """Who receives data, and who receives it from them."""

    downstream: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LawfulBasis(Declared):
    """Why a flow is lawful, and who of the people in it flow (PP, rule 86)."""

    lawful_basis: str
    sharing_mode: str
    decided_by: str
    art9: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class ThirdParty(Declared):
    """A supplier's account at one school."""

    kind: str
    school: str
    recipient: str
    basis: str
    strategy: str
    credentials: Entry
    grants: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """A resource that leaves the estate on purpose (VS, rule 25). `data` says what becomes of its rows."""

    address: str
    data: str = "keep"
    reason: str = ""
    on: str = ""
    path: Path = ()
    position: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A resource that has another address now."""

    from_address: str
    to_address: str
    path: Path = ()
    position: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """The whole declared estate. Sections that no rule looks into are plain `Declared`."""

    estate_id: str
    virtual_school: VirtualSchool
    organisation: Declared | None = None
    operators: Mapping[str, Declared] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    period_structures: Mapping[str, Structure] = field(default_factory=dict)
    schools: Mapping[str, School] = field(default_factory=dict)
    partners: Mapping[str, Partner] = field(default_factory=dict)
    period_maps: tuple[PeriodMap, ...] = ()
    recipients: Mapping[str, Recipient] = field(default_factory=dict)
    lawful_bases: Mapping[str, LawfulBasis] = field(default_factory=dict)
    third_parties: Mapping[str, ThirdParty] = field(default_factory=dict)
    import_strategies: Mapping[str, Declared] = field(default_factory=dict)
    inbound: Mapping[str, Declared] = field(default_factory=dict)
    reports: Mapping[str, Declared] = field(default_factory=dict)
    manual_members: Mapping[str, Declared] = field(default_factory=dict)
    manual_groups: Mapping[str, Declared] = field(default_factory=dict)
    class_assignments: Declared | None = None
    retention: Declared | None = None
    choices: Declared | None = None
    blackouts: Listing = Listing()
    expected_drift: Listing = Listing()
    expected_changes: Listing = Listing()
    removed: tuple[Removed, ...] = ()
    moved: tuple[Moved, ...] = ()

    @property
    def hub_structure(self) -> PeriodStructure | None:
        """The hub's period structure, None where its name is unknown."""
        found = self.period_structures.get(self.virtual_school.period_structure)
        return found.shape if found else None

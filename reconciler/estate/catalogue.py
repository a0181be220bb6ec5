"""The catalogue of entities that an MIS can grant, and the presets of suppliers (PP, rules 80 to 83).

It is data (`catalogue.json`): names differ between suppliers, so an entity has aliases; a grant is compared by its
name in the catalogue. `special` marks data of Article 9, `sensitive` data that deserves like care
(`requirements.md` D2, D5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

import orjson


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntity:
    """One entity: whose data it is, what sort, and which streams of a supplier break without it."""

    name: str
    flag: str
    people: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    special: str = ""
    sensitive: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """The exact list that a supplier asks for, with the account name and the systems that it is made for."""

    name: str
    kind: str
    account_name: str
    connectors: tuple[str, ...]
    entities: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Every known entity and preset; `names` also holds aliases."""

    entities: Mapping[str, CatalogueEntity]
    presets: Mapping[str, Preset]
    names: Mapping[str, str] = field(default_factory=dict)

    def canonical(self, name: str) -> str | None:
        """The catalogue's name for a name or an alias, None where it is unknown; case counts (rule 83)."""
        return self.names.get(name)

    def preset_for(self, kind: str) -> Preset | None:
        """The list that accounts of this kind must grant."""
        return next((preset for preset in self.presets.values() if preset.kind == kind), None)


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """The catalogue that ships with the program."""
    data = orjson.loads((files("reconciler.estate") / "catalogue.json").read_bytes())
    entities = {
        name: CatalogueEntity(
            name=name,
            flag=entry["flag"],
            people=tuple(entry["people"]),
            aliases=tuple(entry.get("aliases", ())),
            special=entry.get("special", ""),
            sensitive=tuple(entry.get("sensitive", ())),
            streams=tuple(entry.get("streams", ())),
        )
        for name, entry in data["entities"].items()
    }
    presets = {
        name: Preset(
            name=name,
            kind=entry["kind"],
            account_name=entry["account_name"],
            connectors=tuple(entry["connectors"]),
            entities=tuple(entry["entities"]),
        )
        for name, entry in data["presets"].items()
    }
    names = {name: name for name in entities}
    names |= {alias: entity.name for entity in entities.values() for alias in entity.aliases}
    return Catalogue(entities=entities, presets=presets, names=names)

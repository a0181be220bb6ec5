"""The entities and columns of the simulated read service, as data (`catalogue.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `type` is the XML Schema type, `evidence` is `seen` or `inferred`, `width` 0 for no padding."""

    name: str
    type: str
    evidence: str
    width: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityTable:
    """One entity under its own name and its aliases."""

    name: str
    columns: tuple[Column, ...]
    aliases: tuple[str, ...] = ()
    by_name: Mapping[str, int] = field(repr=False)  # small letters -> place

    def place(self, column: str) -> int | None:
        """Where a column stands in a row, whatever its capitals; None for an unknown one."""
        return self.by_name.get(column.lower())


@cache
def catalogue() -> Mapping[str, EntityTable]:
    """Every entity by its own name."""
    text = files("reconciler.simulator.bromcom").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return {name: _table(name, entry) for name, entry in tomllib.loads(text).items()}


def _table(name: str, entry: dict[str, Any]) -> EntityTable:
    widths: dict[str, int] = entry.get("width", {})
    columns = tuple(Column(column, kind, evidence, widths.get(column, 0))
                    for column, kind, evidence in entry["columns"])  # fmt: skip
    return EntityTable(name=name, columns=columns, aliases=tuple(entry.get("aliases", ())),
                       by_name={column.name.lower(): place for place, column in enumerate(columns)})  # fmt: skip


def find_entity(name: str) -> EntityTable | None:
    """The entity that a request names, by name or alias, whatever its capitals."""
    return _names().get(name.strip().lower())


@cache
def _names() -> Mapping[str, EntityTable]:
    found = {}
    for entity in catalogue().values():
        for name in (entity.name, *entity.aliases):
            found[name.lower()] = entity
    return found

"""Finds our columns in what a school's service really sends; the knowledge itself is `columns.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from reconciler.connectors.cleaning import plain
from reconciler.errors import MalformedSourceError


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One entity of the service as we read it: our column -> candidate columns there, the most trusted first."""

    entity: str
    columns: Mapping[str, tuple[str, ...]]
    inferred: frozenset[str]  # candidates that were never seen in use

    def bind(self, sent: Iterable[str]) -> Bound:
        """Fits the view to the columns of an answer. Raises MalformedSourceError `bromcom.column` without a key."""
        there = {name.lower(): name for name in sent}
        found = {
            ours: tuple(there[name.lower()] for name in names if name.lower() in there)
            for ours, names in self.columns.items()
        }
        if not found["key"]:
            raise MalformedSourceError(
                "bromcom.column",
                f"{self.entity} has no column {' or '.join(self.columns['key'])}",
                hint="compare the service's columns with docs/guides/connectors.md",
            )
        return Bound(self.entity, found, there.get("schoolid", ""))


@dataclass(frozen=True, slots=True)
class Bound:
    """A view fitted to one answer."""

    entity: str
    found: Mapping[str, tuple[str, ...]]
    school_column: str

    def has(self, column: str) -> bool:
        return bool(self.found[column])

    def text(self, row: Mapping[str, str], column: str) -> str | None:
        """The first value there is, without padding."""
        for name in self.found[column]:
            value = plain(row.get(name))
            if value is not None:
                return value
        return None


@lru_cache(maxsize=1)
def views() -> Mapping[str, View]:
    """Every view by its name in `columns.toml`."""
    raw = tomllib.loads(files(__package__).joinpath("columns.toml").read_text(encoding="utf-8"))
    return {name: _view(section) for name, section in raw.items()}


def _view(section: dict[str, object]) -> View:
    columns: dict[str, tuple[str, ...]] = {}
    inferred: set[str] = set()
    for ours, candidates in section.items():
        if isinstance(candidates, dict):
            seen, guessed = candidates.get("seen", []), candidates.get("inferred", [])
            first_guessed = candidates.get("prefer") == "inferred"
            columns[ours] = (*guessed, *seen) if first_guessed else (*seen, *guessed)
            inferred.update(guessed)
    return View(entity=str(section["entity"]), columns=columns, inferred=frozenset(inferred))

"""Reads a source the way a sync does, for tests to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.connectors.protocol import (
    Completeness,
    OutOfScopeRow,
    RejectedRow,
    Row,
    SourceRequest,
    SourceRow,
)
from reconciler.connectors.registry import connector
from reconciler.records.entities import Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One entity after it was read to its end."""

    rows: list[Row]
    completeness: Completeness
    fingerprint: str
    forgiven: Mapping[str, int]

    @property
    def taken(self) -> dict[str, Mapping[str, object]]:
        return {row.key: dict(row.values) for row in self.rows if isinstance(row, SourceRow) and row.offered}

    @property
    def over_shared(self) -> list[str]:
        return [row.key for row in self.rows if isinstance(row, SourceRow) and not row.offered]

    @property
    def rejected(self) -> dict[str, str]:
        return {row.key: row.code for row in self.rows if isinstance(row, RejectedRow)}

    @property
    def outside(self) -> dict[str, str]:
        return {row.key: row.reason for row in self.rows if isinstance(row, OutOfScopeRow)}


def read(request: SourceRequest, *entities: Entity) -> dict[Entity, Read]:
    """The named entities, or all, in order."""
    found = {}
    with connector(str(request.settings["connector"])).open(request) as session:
        for entity in Entity:
            if not entities or entity in entities:
                fetched = session.fetch(entity)
                rows = list(fetched)
                forgiven: dict[str, int] = {}
                for tolerance in fetched.tolerances:
                    forgiven[tolerance.code] = forgiven.get(tolerance.code, 0) + tolerance.count
                found[entity] = Read(rows=rows, completeness=fetched.completeness, fingerprint=fetched.fingerprint,
                                     forgiven=forgiven)  # fmt: skip
    return found


def read_one(request: SourceRequest, entity: Entity) -> Read:
    return read(request, entity)[entity]

"""Stored state as the plan sees it: values read from the store in one consistent read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class AttachmentStatus(StrEnum):
    """Where a school's rows stand (VS, rules 26 to 28)."""

    LIVE = "live"
    RETAINED = "retained"  # the partner was removed; rows kept, out of live views
    ORPHANED = "orphaned"  # the school came back under another key


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A school together with its Data Exchange Key's fingerprint (empty for a school that is not a partner).

    `number` counts the times that the key was attached: re-adding a partner asks for a map with that number
    (rule 29). `rows` are live or retained record rows by entity; they inform, they never make a plan stale.
    """

    id: str
    school: str
    fingerprint: str
    status: AttachmentStatus
    number: int = 1
    rows: Mapping[str, int] = field(default_factory=dict)
    since: str = ""  # ISO date of the last change of status

    @property
    def total(self) -> int:
        return sum(self.rows.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResource:
    """A resource as last applied; `serial` is the version that changed it last."""

    address: str
    kind: str
    spec: Mapping[str, Any]
    digest: str
    serial: int
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredState:
    """The whole stored state. `lineage` names the store for life, `serial` counts applies (0: never applied)."""

    lineage: str
    serial: int
    estate_id: str
    rehearsal: bool
    resources: Mapping[str, StoredResource] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    last_version: str = ""  # "version 7, 2026-11-23 08:40 by data-manager", to name who moved the state

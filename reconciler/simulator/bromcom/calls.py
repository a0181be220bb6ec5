"""The log of requests that a simulated school answered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One answered request, without user name and password. `entity` and `filter` are empty where none was asked."""

    school: str
    binding: str
    operation: str
    entity: str = ""
    filter: str = ""
    status: int = 200
    rows: int = 0
    faults: tuple[str, ...] = ()

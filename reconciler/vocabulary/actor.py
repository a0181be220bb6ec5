"""Who acts, and on whose word."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`name` as claimed, `source` of the claim: `env`, `ci`, `git` or `system`."""

    name: str
    source: str

    def __str__(self) -> str:
        return f"{self.name} ({self.source})"

"""An issue with its life so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.issues.issue import DataIssue


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedIssue:
    """`number` is stable for life; times are aware UTC; `reopened` counts returns after a close."""

    number: int
    issue: DataIssue
    opened_at: datetime
    opened_run: str
    last_seen_at: datetime
    closed_at: datetime | None = None
    closed_run: str = ""
    reopened: int = 0
    acknowledged_by: str = ""
    assigned_to: str = ""

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

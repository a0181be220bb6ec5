"""What reports and logs ask of a store; `store` fulfils it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reconciler.issues.tracked import TrackedIssue
from reconciler.transfers.entry import TransferEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFilter:
    """Empty fields do not narrow; `since` is aware, inclusive."""

    schools: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    directions: frozenset[str] = frozenset()
    outcomes: frozenset[str] = frozenset()
    since: datetime | None = None
    run: str = ""
    limit: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueFilter:
    """Empty fields do not narrow; `state` is `open`, `closed` or `all`."""

    schools: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    state: str = "open"


class ReportSource(Protocol):
    """The report loop's store."""

    def transfers(self, narrowed: TransferFilter) -> Sequence[TransferEntry]:
        """The latest first, with counts and rejected rows."""

    def latest_transfers(self) -> Sequence[TransferEntry]:
        """The latest of each kind at each school in the feed `hub`, however long ago; the latest first."""

    def issues(self, narrowed: IssueFilter) -> Sequence[TrackedIssue]:
        """Worst first, then oldest."""

    def record_counts(self) -> dict[str, dict[str, int]]:
        """Live record rows by school and entity, feed `hub`."""

"""One data issue and its identity over time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.diagnostics import Severity
from reconciler.vocabulary.feeds import HUB


class Owner(StrEnum):
    """Who can mend it."""

    SCHOOL = "school"
    HUB = "hub"
    SUPPLIER = "supplier"
    US = "us"


_OURS = ("secret.", "settings.", "sync.", "handshake.other_school")  # what is set here, not the school's system


def owner_of_failure(cause: str) -> Owner:
    """Who can mend what stopped a run, by its code: what is missing at the hub is never the school's fault."""
    return Owner.HUB if cause.startswith(_OURS) else Owner.SCHOOL


@dataclass(frozen=True, slots=True, kw_only=True)
class DataIssue:
    """A finding about live data; text names records by id, never people.

    Identity is (code, school, feed, entity, record, field), not the message: the same fault found again is the same
    issue, still open.
    """

    code: str
    severity: Severity
    school: str
    entity: str
    record: str
    message: str
    next_step: str
    owner: Owner = Owner.SCHOOL
    feed: str = HUB
    field: str = ""

    @property
    def identity(self) -> tuple[str, str, str, str, str, str]:
        return (self.code, self.school, self.feed, self.entity, self.record, self.field)

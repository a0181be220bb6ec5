"""What is seen only across schools, and what is asked of a store for it; `store` fulfils it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from reconciler.issues.issue import DataIssue
from reconciler.issues.registrations import Registration
from reconciler.records.entities import Entity
from reconciler.records.identifiers import Identifier
from reconciler.syncs.ports import FeedScope


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """One live record that carries an identifier. `value` is as the school writes it.

    `entity` is another than the identifier's where a tutor group is known from a student only.
    """

    school: str
    entity: Entity
    record: str
    value: str

    @property
    def named(self) -> str:
        """`AVN:10233`, with the word student where a tutor group is known from a student only."""
        return f"{self.school}:{self.record}"

    def told(self, identifier: Identifier) -> str:
        """As messages name it: by school and record id, never by a person's name."""
        return self.named if self.entity is identifier.entity else f"student {self.named}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """One value that records of two schools or more carry; `holders` in order of school and record."""

    identifier: Identifier
    holders: tuple[Holder, ...]

    @property
    def message(self) -> str:
        """`admission number 004512: AVN:10233 and BRK:20041`."""
        *others, last = (holder.told(self.identifier) for holder in self.holders)
        return f"{self.identifier.noun} {self.holders[0].value}: {', '.join(others)} and {last}"


class CrossSchoolStore(Protocol):
    """Reads across the live attachments of the feed `hub`, and keeps the issues that only such a look finds."""

    def scopes(self) -> Sequence[FeedScope]:
        """Each live school that an import has brought rows of, in the latest year that it brought; by school."""

    def count(self, scopes: Sequence[FeedScope], identifier: Identifier) -> int:
        """How many live records of these scopes carry the identifier."""

    def clashes(self, scopes: Sequence[FeedScope], identifier: Identifier) -> Sequence[Clash]:
        """Every value that live records of two of these schools carry, in order of the value."""

    def holders(self, scopes: Sequence[FeedScope], identifier: Identifier, values: Collection[str]) \
            -> Sequence[Holder]:  # fmt: skip
        """Live records of these scopes that carry one of these folded values."""

    def shared_people(self, scopes: Sequence[FeedScope], *, zone: ZoneInfo) -> Sequence[Registration]:
        """Students, live or withdrawn, whose current or former UPN stands at two of these schools or more.

        `zone` says on which day a run took a student for withdrawn.
        """

    def settle(self, issues: Sequence[DataIssue], *, codes: Collection[str], run: str, at: datetime) -> None:
        """Opens these issues and closes every open one of these codes, of any school, that is not among them."""

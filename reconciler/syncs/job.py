"""What an import is told to do, cut from the applied estate, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from reconciler.connectors.protocol import Offer
from reconciler.errors import ExitCode
from reconciler.issues.issue import DataIssue
from reconciler.records.entities import Entity
from reconciler.records.identifiers import Identifier, claimed
from reconciler.records.mapping import MappingRules, hub_slots
from reconciler.syncs.guards import ExpectedChange, GuardLimits
from reconciler.syncs.ports import EntityChanges, FeedScope
from reconciler.transfers.entry import Outcome, TransferEntry
from reconciler.vocabulary.codes import AcademicYear
from reconciler.vocabulary.digests import digest
from reconciler.vocabulary.feeds import HUB


class Trigger(StrEnum):
    """Who started the run: a person by hand, or the schedule (VS, rules 45 and 47)."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJob:
    """One school's import into one feed.

    `period_map` gives for each hub slot the partner slot or None (not selected). It is None in feeds that take no
    timetable, and while a partner is unmapped, which then brings nothing into the feed `hub` (VS, rule 32).
    `entities` are those that the connector can read. `declared_complete` is the source's `complete: true`.
    `expected_changes` may hold entries of other days; only those that cover the hub's date now count. `first` says that
    a person asked for the first import. `previous_year` is the year that the school was last imported for, where this
    job is for a later one; `phase` are the ages it teaches, as the estate writes them.
    """

    school: str
    short_code: str
    school_name: str
    attachment: str
    year: AcademicYear
    students: Offer
    classes: Offer
    feed: str = HUB
    admission_numbers_unique: bool = False
    staff_codes_unique: bool = False
    separator: str = ""
    period_map: Mapping[str, str | None] | None = None
    entities: frozenset[Entity] = frozenset(Entity)
    guards: GuardLimits = field(default_factory=GuardLimits)
    expected_changes: tuple[ExpectedChange, ...] = ()
    declared_complete: bool = False
    trigger: Trigger = Trigger.MANUAL
    first: bool = False
    timezone: str = "Europe/London"
    previous_year: AcademicYear | None = None
    phase: str = ""

    @property
    def scope(self) -> FeedScope:
        return FeedScope(school=self.school, attachment=self.attachment, feed=self.feed, year=self.year)

    @property
    def claimed(self) -> tuple[Identifier, ...]:
        """What is claimed to be unique across schools (VS, rules 10 and 15)."""
        return claimed({"admission_numbers_unique": self.admission_numbers_unique,
                        "staff_codes_unique": self.staff_codes_unique})  # fmt: skip

    @property
    def mapping(self) -> MappingRules:
        return MappingRules(
            short_code=self.short_code,
            separator=self.separator,
            prefix_students=not self.admission_numbers_unique,
            prefix_staff=not self.staff_codes_unique,
            slots=None if self.period_map is None else hub_slots(self.period_map),
        )

    @property
    def offer_digest(self) -> str:
        """Names what is offered: an equal payload means the same rows only under the same offer and year."""
        return digest(
            [str(self.year)] + [[o.all, o.in_group, sorted(o.explicit)] for o in (self.students, self.classes)]
        )[:16]

    def today(self, now: datetime) -> date:
        """The hub's date at an aware time."""
        return now.astimezone(ZoneInfo(self.timezone)).date()


_EXIT = {
    Outcome.DONE: ExitCode.DONE,
    Outcome.UNCHANGED: ExitCode.DONE,
    Outcome.PARTIAL: ExitCode.PARTIAL,
    Outcome.HELD: ExitCode.HELD,
    Outcome.REJECTED: ExitCode.DONE,
    Outcome.FAILED: ExitCode.ERROR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """How one school's import ended.

    `changes` is the change set that was, would be (`dry_run`) or, held, will be committed; `issues` are all that the
    run found; `held` gives the reasons of a held run and `expires_at` how long it may be approved.
    """

    entry: TransferEntry
    scheduled: bool = False
    dry_run: bool = False
    changes: Mapping[Entity, EntityChanges] = field(default_factory=dict)
    issues: tuple[DataIssue, ...] = ()
    held: tuple[str, ...] = ()
    expires_at: datetime | None = None

    @property
    def outcome(self) -> Outcome:
        return self.entry.outcome

    @property
    def message(self) -> str:
        """The completion line (VS, rule 61)."""
        return self.entry.message

    @property
    def exit_code(self) -> ExitCode:
        """0 done or unchanged, 4 partial, 3 held, 1 failed; waiting is 0 for the schedule and 3 by hand."""
        if self.outcome is Outcome.WAITING:
            return ExitCode.DONE if self.scheduled else ExitCode.HELD
        return _EXIT[self.outcome]

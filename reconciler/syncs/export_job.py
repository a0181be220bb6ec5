"""What an export is told to do, cut from the applied estate, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from reconciler.connectors.export_protocol import Action, Facts, ItemKind
from reconciler.errors import ExitCode
from reconciler.issues.issue import DataIssue
from reconciler.syncs.assignment_lines import BadLine, Line
from reconciler.syncs.export_ports import Item, ItemIdentity
from reconciler.syncs.guards import ExpectedChange, GuardLimits
from reconciler.syncs.job import Trigger
from reconciler.syncs.ports import FeedScope
from reconciler.transfers.entry import Outcome, TransferEntry
from reconciler.vocabulary.codes import AcademicYear
from reconciler.vocabulary.feeds import HUB

Seal = Callable[[Facts], str]  # a keyed digest of what is said: comparable in one store, worthless outside it


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportJob:
    """One partner's export: the lines for its classes, and how to treat them.

    `years` gives the year that each partner is in, `attachments` the live attachment of each home school; those in
    `failed` were not imported in this cycle, so what depends on their students waits (VS, rule 49). `bad` are lines
    that cannot be read: while there are any, nothing is ended. `on_end` is `end_date` or `keep` (VS, rule 57).
    `send_upn` says that guests carry their UPN. `empty_table` says that no partner has a line any more.
    """

    school: str
    school_name: str
    attachment: str
    years: Mapping[str, AcademicYear]
    lines: tuple[Line, ...]
    seal: Seal = field(repr=False)
    attachments: Mapping[str, str] = field(default_factory=dict)
    bad: tuple[BadLine, ...] = ()
    failed: frozenset[str] = frozenset()
    on_end: str = "end_date"
    send_upn: bool = False
    empty_table: bool = False
    guards: GuardLimits = field(default_factory=GuardLimits)
    expected_changes: tuple[ExpectedChange, ...] = ()
    trigger: Trigger = Trigger.MANUAL
    first: bool = False
    timezone: str = "Europe/London"
    source: str = ""

    @property
    def year(self) -> AcademicYear:
        """The year that the partner is in."""
        return self.years[self.school]

    @property
    def scope(self) -> FeedScope:
        """Where the partner's own rows are."""
        return self.scope_of(self.attachment, self.school)

    def scope_of(self, attachment: str, school: str) -> FeedScope:
        """Where the rows of a school are, in the year that it is in: partners change year one by one."""
        return FeedScope(school=school, attachment=attachment, feed=HUB, year=self.years[school])

    def today(self, now: datetime) -> date:
        """The hub's date at an aware time."""
        return now.astimezone(ZoneInfo(self.timezone)).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One item as it should stand at the partner."""

    identity: ItemIdentity
    key: str
    facts: Facts
    declared: str = ""
    name: str = ""  # how messages name it: `AVN:10233`, or the assignment as declared


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to tell the partner; `before` is the ledger's line, None for what it was never told."""

    action: Action
    key: str
    name: str
    identity: ItemIdentity
    before: Item | None
    facts: Facts | None = None
    declared: str = ""
    on: date | None = None

    @property
    def kind(self) -> ItemKind:
        return self.identity.kind

    @property
    def creates(self) -> bool:
        """Whether the partner has nothing under the key yet."""
        return self.before is None or not self.before.revision

    def __str__(self) -> str:
        what = "end" if self.action is Action.END else "create" if self.creates else "update"
        return f"{what} {self.kind} {self.name}"


_EXIT = {
    Outcome.DONE: ExitCode.DONE,
    Outcome.UNCHANGED: ExitCode.DONE,
    Outcome.PARTIAL: ExitCode.PARTIAL,
    Outcome.SKIPPED: ExitCode.PARTIAL,
    Outcome.HELD: ExitCode.HELD,
    Outcome.FAILED: ExitCode.ERROR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult:
    """How one partner's export ended. `steps` are what was or (`dry_run`) would be said, in order."""

    entry: TransferEntry
    scheduled: bool = False
    dry_run: bool = False
    steps: tuple[Step, ...] = ()
    issues: tuple[DataIssue, ...] = ()
    held: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        return self.entry.outcome

    @property
    def message(self) -> str:
        """The completion line (VS, rule 61)."""
        return self.entry.message

    @property
    def exit_code(self) -> ExitCode:
        """0 done or unchanged, 4 partial or skipped, 3 held, 1 failed; waiting is 0 for the schedule, 3 by hand."""
        if self.outcome is Outcome.WAITING:
            return ExitCode.DONE if self.scheduled else ExitCode.HELD
        return _EXIT[self.outcome]

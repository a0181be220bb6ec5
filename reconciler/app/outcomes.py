"""How a data flow ended, school by school: one shape for imports, exports and academic data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from reconciler.errors import ExitCode, worst
from reconciler.reports.frame import REHEARSAL, clean, table
from reconciler.reports.transfers import entry_to_json
from reconciler.transfers.entry import Outcome, TransferEntry


class Result(Protocol):
    """One school's part: its transfer entry and what it means for the exit code."""

    @property
    def entry(self) -> TransferEntry: ...

    @property
    def outcome(self) -> Outcome: ...

    @property
    def message(self) -> str: ...

    @property
    def exit_code(self) -> ExitCode: ...


R = TypeVar("R", bound=Result)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowOutcome(Generic[R]):
    """What a flow did; the exit code is 1 when nothing could be done, 4 when only some schools failed."""

    results: tuple[R, ...]
    rehearsal: bool
    dry_run: bool

    @property
    def exit_code(self) -> ExitCode:
        """1 when nothing could be done, 4 when some schools failed and others did not, else the worst of each."""
        failed = [r for r in self.results if r.outcome is Outcome.FAILED]
        if failed and len(failed) < len(self.results):
            return worst(ExitCode.PARTIAL, *(r.exit_code for r in self.results if r not in failed))
        return worst(*(r.exit_code for r in self.results))

    @property
    def failed_schools(self) -> frozenset[str]:
        """Schools whose part failed: what depends on them waits for the next cycle (VS, rule 49)."""
        return frozenset(r.entry.school for r in self.results if r.outcome is Outcome.FAILED)

    def to_json(self) -> dict[str, Any]:
        """`schemas/sync.schema.json`."""
        return {
            "format_version": 1,
            "rehearsal": self.rehearsal,
            "dry_run": self.dry_run,
            "transfers": [entry_to_json(result.entry) for result in self.results],
        }

    def to_text(self) -> str:
        """One line a school (VS, rule 61), then what stands under the table."""
        lead = "Dry run: nothing was written or sent.\n" if self.dry_run else ""
        mark = REHEARSAL if self.rehearsal else ""
        if not self.results:
            return mark + lead + self.nothing()
        rows = [(r.entry.school, r.outcome.value, r.entry.run, clean(r.message)) for r in self.results]
        return mark + lead + table(("School", "Outcome", "Run", "What happened"), rows) + "".join(self.details())

    def nothing(self) -> str:
        """What is said where no school takes part."""
        return "No partner takes part."

    def details(self) -> Sequence[str]:
        """What stands under the table."""
        return ()

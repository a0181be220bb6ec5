"""Partners that answer over HTTP, and a desk on the example estate with assignments of our own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.app import control, exports, flows, states
from reconciler.app.context import opened, store_folder
from reconciler.app.exports import ExportOutcome
from reconciler.issues.tracked import TrackedIssue
from reconciler.reports.ports import IssueFilter
from reconciler.settings import Settings, read_settings
from reconciler.simulator.exchange.partner import Partner
from reconciler.simulator.exchange.server import ExchangeServer
from reconciler.simulator.practice import NOW, Practice, practice
from reconciler.simulator.world import build_world

TABLE = """student,class,from,to
BRK:20041,AVN:12B/Ph1,2026-09-07,2027-07-21
BRK:20041,BRK:12B/Ph1,2026-09-07,
FGT:50031,DNE:10B/Ph1,2026-11-09,2027-03-25
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportDesk:
    """The example estate on one store: its verbs, its partners, its table of assignments."""

    made: Practice
    settings: Settings

    @property
    def base(self) -> Path:
        """Where a rehearsal looks for files."""
        return store_folder(self.settings)

    def table(self, text: str) -> ExportDesk:
        (self.base / "assignments.csv").write_text(text, "utf-8")
        return self

    def prepare(self, *schools: str) -> ExportDesk:
        """Applied, and imported from these schools."""
        states.init(self.settings, rehearsal=True)
        control.apply(self.settings)
        flows.run_imports(self.settings, schools=schools or ("AVN", "BRK", "DNE", "FGT"), first=True)
        return self

    def edit(self, old: str, new: str) -> ExportDesk:
        """Changes the estate and applies it."""
        estate = self.settings.estate
        text = estate.read_text("utf-8")
        assert old in text
        estate.write_text(text.replace(old, new, 1), "utf-8")
        control.apply(self.settings, allowed=[])
        return self

    def export(self, *schools: str, first: bool = False, dry_run: bool = False, failed: tuple[str, ...] = ()) \
            -> ExportOutcome:  # fmt: skip
        return exports.run_exports(self.settings, schools=schools, first=first, dry_run=dry_run, import_failed=failed)

    def partner(self, code: str) -> Partner:
        return self.made.simulator.exchange.partners[code]

    def issues(self) -> list[TrackedIssue]:
        with opened(self.settings) as context:
            return list(context.store.reports.issues(IssueFilter()))


@pytest.fixture
def desk(tmp_path: Path, store_url: str) -> Iterator[ExportDesk]:
    """Small schools over HTTP, a store on each engine."""
    with practice({}, into=str(tmp_path / "practice"), scale=0.05) as made:
        settings = read_settings({**made.environment, "RECONCILE_STORE": store_url})
        store_folder(settings).mkdir(mode=0o700, exist_ok=True)
        made.simulator.write_drops(store_folder(settings))
        yield ExportDesk(made=made, settings=settings).table(TABLE)


@pytest.fixture
def exchange() -> Iterator[ExchangeServer]:
    """The exchanges of AVN and BRK alone."""
    world = build_world(scale=0.05, now=NOW.date())
    with ExchangeServer(lambda: world, ("AVN", "BRK")) as server:
        yield server

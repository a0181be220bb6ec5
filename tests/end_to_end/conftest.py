"""Estates and stores for the end-to-end specs: real files, real sockets, real databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.app import control, flows, states
from reconciler.app.context import opened
from reconciler.app.flows import SyncOutcome
from reconciler.plan.value import Plan
from reconciler.settings import Settings, read_settings
from reconciler.simulator.practice import Practice, practice


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One data manager's desk: an estate, a store, the verbs."""

    settings: Settings

    def init(self, *, rehearsal: bool = True) -> Desk:
        states.init(self.settings, rehearsal=rehearsal)
        return self

    def plan(self, *targets: str) -> Plan:
        return control.plan(self.settings, targets=targets).plan

    def apply(self, **options: object) -> Desk:
        control.apply(self.settings, **options)  # type: ignore[arg-type] # options as the caller names them
        return self

    def sync(self, *schools: str, first: bool = False, dry_run: bool = False) -> SyncOutcome:
        return flows.run_imports(self.settings, schools=schools, first=first, dry_run=dry_run)

    def records(self) -> dict[str, dict[str, int]]:
        with opened(self.settings) as context:
            return context.store.reports.record_counts()


@pytest.fixture
def desk(tmp_path: Path, store_url: str) -> Callable[[str], Desk]:
    """Makes a desk for an estate given as text, with its store on the engine of the test."""

    def make(estate: str, environment: Mapping[str, str] | None = None) -> Desk:
        (tmp_path / "estate.yaml").write_text(estate, "utf-8")
        surroundings = {
            "RECONCILE_ESTATE": str(tmp_path / "estate.yaml"),
            "RECONCILE_STORE": store_url,
            "RECONCILE_ACTOR": "data-manager",
            **(environment or {}),
        }
        return Desk(settings=read_settings(surroundings))

    return make


@pytest.fixture
def schools(tmp_path: Path) -> Iterator[Practice]:
    """The example estate in a folder of its own, with small schools that answer over HTTP."""
    with practice({}, into=str(tmp_path / "practice"), scale=0.1) as made:
        yield made


@pytest.fixture
def example(schools: Practice, store_url: str) -> Desk:
    """The example estate, applied, on the engine of the test."""
    settings = read_settings({**schools.environment, "RECONCILE_STORE": store_url})
    return Desk(settings=settings).init().apply()

"""A Data Exchange Key that is missing or another one stops its own school, before anything is asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.app import exports
from reconciler.app.academic import run_academic
from reconciler.app.context import opened
from reconciler.errors import ExitCode
from reconciler.issues.issue import Owner
from reconciler.reports.ports import IssueFilter
from reconciler.settings import read_settings
from reconciler.simulator.practice import Practice, practice
from tests.end_to_end.conftest import Desk

pytestmark = pytest.mark.requirement(21, 30, 31)


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Practice, Desk]]:
    """BRK and GHL imported once; AVN never."""
    folder = tmp_path_factory.mktemp("keys") / "practice"
    with practice({}, into=str(folder), scale=0.05) as made:
        desk = Desk(settings=read_settings(made.environment)).init().apply()
        desk.sync("BRK", "GHL", first=True)
        yield made, desk


def without(desk: Desk) -> Desk:
    """On a machine that does not know BRK's key."""
    rest = {name: value for name, value in desk.settings.environment.items() if name != "REC_KEY_BRK"}
    return Desk(settings=replace(desk.settings, environment=rest))


def with_another(desk: Desk) -> Desk:
    """On a machine that has another key in its place."""
    other = {**desk.settings.environment, "REC_KEY_BRK": "another"}
    return Desk(settings=replace(desk.settings, environment=other))


def test_an_import_without_the_key_fails_for_that_school_and_is_the_hubs_to_mend(at: tuple[Practice, Desk]) -> None:
    """The other school is imported, and nobody writes to the school about a variable of the hub's."""
    _, desk = at
    done = without(desk).sync("BRK", "GHL")
    assert [r.outcome.value for r in done.results] == ["failed", "unchanged"]
    assert "(secret.unresolved)" in done.results[0].message
    assert done.exit_code is ExitCode.PARTIAL
    assert "BRK failed. Next: set REC_KEY_BRK for this command" in done.to_text()
    assert "GHL failed" not in done.to_text()
    with opened(desk.settings) as context:
        (failed,) = context.store.reports.issues(IssueFilter(codes=frozenset({"import.source_failed"})))
    assert (failed.issue.school, failed.issue.owner) == ("BRK", Owner.HUB)


def test_an_import_with_another_key_asks_the_school_for_nothing(at: tuple[Practice, Desk]) -> None:
    """Not even for its name, and the value is never told."""
    made, desk = at
    asked = len(made.simulator.calls)
    done = with_another(desk).sync("BRK")
    assert len(made.simulator.calls) == asked
    assert "(sync.key_mismatch)" in done.results[0].message
    assert "another;" not in done.results[0].message


def test_an_academic_import_with_another_key_fails_for_that_school(at: tuple[Practice, Desk]) -> None:
    """The other school's goes on."""
    _, desk = at
    done = run_academic(with_another(desk).settings, schools=("BRK", "GHL"))
    brk, ghl = done.results
    assert "(sync.key_mismatch)" in brk.message
    assert ghl.outcome.value != "failed"


def test_an_export_without_the_key_sends_nothing(at: tuple[Practice, Desk]) -> None:
    """Whatever way out the partner has."""
    made, desk = at
    done = exports.run_exports(without(desk).settings, schools=("BRK",), first=True)
    assert "(secret.unresolved)" in done.results[0].message
    assert not made.simulator.exchange.calls

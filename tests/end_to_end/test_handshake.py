"""Before a partner's first transfer: whose system is it, and in which year? A misfit stops that partner alone."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.app import exports
from reconciler.app.context import opened
from reconciler.errors import ExitCode
from reconciler.issues.issue import Owner
from reconciler.reports.ports import IssueFilter
from reconciler.settings import read_settings
from reconciler.simulator.practice import Practice, practice
from reconciler.simulator.year_change import roll_over
from tests.end_to_end.conftest import Desk


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Practice, Desk]]:
    """The example estate, applied; nobody imported but FGT."""
    with practice({}, into=str(tmp_path_factory.mktemp("handshake") / "practice"), scale=0.05) as made:
        desk = Desk(settings=read_settings(made.environment)).init().apply()
        assert desk.sync("FGT", first=True).exit_code is ExitCode.DONE
        yield made, desk


@pytest.fixture(autouse=True)
def healed(at: tuple[Practice, Desk]) -> Iterator[None]:
    made, _ = at
    world = made.simulator.world
    yield
    made.simulator.world = world
    made.simulator.server.heal()


def refused(desk: Desk, school: str, code: str) -> str:
    """A first import beside one that goes on: refused with the code, nothing of it stored, exit code 4."""
    done = desk.sync(school, "FGT", first=True)
    results = {r.entry.school: r for r in done.results}
    assert done.exit_code is ExitCode.PARTIAL
    assert (results[school].outcome, results["FGT"].outcome) == ("failed", "unchanged")
    assert f"({code}); nothing was changed" in results[school].message
    assert not desk.records().get(school)
    return results[school].message


@pytest.mark.requirement(6, 31)
@pytest.mark.parametrize("changed", ["behind", "ahead"])
def test_a_system_in_another_year_is_refused_by_name(at: tuple[Practice, Desk], changed: str) -> None:
    """Both years are told, and no student was asked for."""
    made, desk = at
    if changed == "ahead":
        made.simulator.world = roll_over(made.simulator.world, "BRK")
    else:
        made.simulator.server.fault("BRK", "other_year")
    before = len(made.simulator.calls)
    message = refused(desk, "BRK", "handshake.other_year")
    assert {"ahead": "2027-2028", "behind": "2025-2026"}[changed] in message
    assert "the hub wants 2026-2027" in message
    asked = {call.entity for call in made.simulator.calls[before:] if call.school == "BRK"}
    assert asked == {"", "Schools", "SubjectClasses"}


@pytest.mark.requirement(31)
def test_another_schools_system_is_refused_and_is_the_hubs_to_mend(at: tuple[Practice, Desk]) -> None:
    """The address or the number in the estate is wrong, so nobody writes to the school about it."""
    made, desk = at
    made.simulator.server.fault("CST", "other_school")
    refused(desk, "CST", "handshake.other_school")
    with opened(desk.settings) as context:
        found = context.store.reports.issues(IssueFilter(schools=frozenset({"CST"})))
    assert [(one.issue.code, one.issue.owner) for one in found] == [("import.source_failed", Owner.HUB)]


@pytest.mark.requirement(31)
def test_files_of_another_school_or_year_are_refused(at: tuple[Practice, Desk]) -> None:
    """By orgs.csv and academicSessions.csv."""
    made, desk = at
    drop = made.folder / ".reconcile" / "in" / "DNE"
    kept = made.folder / "kept"
    shutil.copytree(drop, kept)
    try:
        rewrite(drop / "orgs.csv", "identifier", "900005")
        assert "the URN 900005, and 900004 is declared" in refused(desk, "DNE", "handshake.other_school")
        shutil.copyfile(kept / "orgs.csv", drop / "orgs.csv")
        rewrite(drop / "academicSessions.csv", "startDate", "2025-09-03")
        assert "holds 2025-2026" in refused(desk, "DNE", "handshake.other_year")
    finally:
        shutil.rmtree(drop)
        kept.rename(drop)


def rewrite(path: Path, column: str, value: str) -> None:
    """Every row of a file with one cell changed."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows({**row, column: value} for row in rows)


@pytest.mark.requirement(31)
def test_a_preview_of_a_first_import_is_refused_too(at: tuple[Practice, Desk]) -> None:
    """Whoever looks before the first import hears of it in time."""
    made, desk = at
    made.simulator.server.fault("BRK", "other_year")
    (result,) = desk.sync("BRK", first=True, dry_run=True).results
    assert "(handshake.other_year)" in result.message


@pytest.mark.requirement(31)
def test_what_a_source_cannot_tell_stops_nobody(at: tuple[Practice, Desk]) -> None:
    """A school that does not grant its own record is imported; its people are not more unsure for that."""
    made, desk = at
    made.simulator.server.revoke("GHL", "Schools")
    assert desk.sync("GHL", first=True).results[0].outcome == "done"
    made.simulator.server.grant("GHL", "Schools")


@pytest.mark.requirement(31)
def test_after_the_first_import_the_guards_judge(at: tuple[Practice, Desk]) -> None:
    """A system that is in another year now is held as a fall to zero, not refused as another partner."""
    made, desk = at
    made.simulator.server.fault("FGT", "other_year")
    (result,) = desk.sync("FGT").results
    assert "handshake" not in result.message


@pytest.mark.requirement(31)
@pytest.mark.parametrize("fault", ["wrong_key", "year_mismatch"])
def test_a_first_export_begins_with_key_year_and_code(at: tuple[Practice, Desk], fault: str) -> None:
    """401 and 409 are told in the words of the rule, and the other partner goes on."""
    made, desk = at
    made.simulator.exchange.fault("FGT", fault)
    try:
        done = exports.run_exports(desk.settings, schools=("FGT",), first=True)
    finally:
        made.simulator.exchange.heal("FGT")
    assert "key rejected by partner" in done.results[0].message
    assert {call.method for call in made.simulator.exchange.calls if call.school == "FGT"} == {"GET"}

"""An estate of 2021-2022 with one partner imports a published SDS v2.1 sample, file by file and row by row."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from sqlalchemy import create_engine, inspect, text

from reconciler.app.context import opened
from reconciler.app.flows import SyncOutcome
from reconciler.records.entities import Entity
from reconciler.reports.ports import TransferFilter
from reconciler.transfers.entry import Outcome
from tests.conftest import ROOT
from tests.end_to_end.conftest import Desk

SAMPLE = ROOT.parent / "shared" / "data" / "sds-v2.1"
PASSWORD = "P@ssword123"
ESTATE = """
version: 1
estate_id: sds-1f2e
organisation: {controller: Test Council, dpo: dpo@test.example, internal_domains: [test.example]}
operators:
  data-manager: {roles: [viewer, planner, applier, syncer, approver], match: {git_email: dm@test.example}}
virtual_school:
  name: Test Virtual School
  short_code: TVS
  academic_year: 2021-2022
  period_structure: W1D5P5
  schedules: {students_and_classes: every_morning}
period_structures:
  W1D5P5: {weeks: 1, days: 5, periods: [P1, P2, P3, P4, P5]}
schools:
  SDS: {name: School of TwoDotOne, mis: {connector: oneroster-csv, drop: in/SDS, complete: true}}
partners:
  SDS: {colour: "#1f6feb", data_exchange_key: {env: KEY_SDS}, period_structure: W1D5P5, offers: all}
period_maps:
  SDS: {2021-2022: {periods: {P1: P1, P2: P2, P3: P3, P4: P4, P5: P5}}}
"""


@pytest.fixture
def imported(desk: Callable[..., Desk]) -> tuple[Desk, SyncOutcome]:
    """The estate applied to a real store, and its first import made by hand."""
    assert SAMPLE.is_dir(), f"the sample files are not at {SAMPLE}: they stand beside the checkout"
    at = desk(ESTATE, {"KEY_SDS": "one-key"})
    shutil.copytree(SAMPLE, at.settings.estate.parent / "in" / "SDS")
    at.init(rehearsal=False).apply()
    return at, at.sync("SDS", first=True)


@pytest.mark.requirement(1, 51, 62)
def test_people_classes_and_memberships_come_in(imported: tuple[Desk, SyncOutcome]) -> None:
    """Four students, two staff, two classes, six memberships; the two guardians are out of scope and counted."""
    at, outcome = imported
    entry = outcome.results[0].entry
    held = at.records()["SDS"]
    assert {name: held[name] for name in ("students", "staff", "classes", "memberships")} == {
        "students": 4, "staff": 2, "classes": 2, "memberships": 6,
    }  # fmt: skip
    assert entry.counts["students"].out_of_scope >= 2
    assert any("guardian" in note for note in entry.notes)


@pytest.mark.requirement(63)
def test_what_cannot_be_used_is_named_row_by_row(imported: tuple[Desk, SyncOutcome]) -> None:
    """Every row that is left aside is named with its file, its line and the reason."""
    notes = "\n".join(imported[1].results[0].entry.notes)
    for place in ("users.csv:3", "users.csv:6", "relationships.csv:2", "userFlags.csv:2"):
        assert place in notes, notes


@pytest.mark.requirement(75)
def test_the_password_column_is_never_stored(imported: tuple[Desk, SyncOutcome]) -> None:
    """Not in any column of any table, nor in what the import says."""
    at, outcome = imported
    engine = create_engine(at.settings.store_url)
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            for row in connection.execute(text(f'SELECT * FROM "{table}"')):  # noqa: S608 (names of our own tables)
                assert PASSWORD not in str(tuple(row)), table
    engine.dispose()
    assert PASSWORD not in outcome.to_text()


@pytest.mark.requirement(61)
def test_a_second_run_writes_nothing(imported: tuple[Desk, SyncOutcome]) -> None:
    """Same files: unchanged, and not one record row differs."""
    at, _ = imported
    before = _records(at)
    again = at.sync("SDS")
    assert again.results[0].outcome is Outcome.UNCHANGED
    assert _records(at) == before
    assert "SDS" in again.to_text()


@pytest.mark.requirement(62)
def test_the_log_adds_up(imported: tuple[Desk, SyncOutcome]) -> None:
    """What was read is accounted for, entity by entity, as stored."""
    at, outcome = imported
    with opened(at.settings) as context:
        stored = context.store.reports.transfers(TransferFilter())[0]
    assert dict(stored.counts) == dict(outcome.results[0].entry.counts)


def _records(at: Desk) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every record table."""
    engine = create_engine(at.settings.store_url)
    try:
        with engine.connect() as connection:
            names = [entity.value for entity in Entity]
            return {n: sorted(map(tuple, connection.execute(text(f'SELECT * FROM "{n}"'))), key=str) for n in names}  # noqa: S608
    finally:
        engine.dispose()

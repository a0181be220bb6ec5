"""What a misbehaving source leads to: its own verdict, nothing lost, nothing changed for that school, others go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.app.context import opened
from reconciler.records.entities import Entity
from reconciler.reports.ports import IssueFilter, TransferFilter
from reconciler.settings import read_settings
from reconciler.simulator.practice import Practice, practice
from reconciler.syncs.ports import FeedScope
from reconciler.vocabulary.codes import AcademicYear
from tests.end_to_end.conftest import Desk

RETRIED = ("too_many_requests", "server_error", "unavailable")
FAILED = ("wrong_key", "login_page", "redirect", "garbage", "malformed", "windows_1252", "entity_bomb",
          "external_entity", "deep_nesting", "half_body", "gzip_bomb")  # fmt: skip
HELD = ("empty_list", "roll_down_60", "half_the_pages", "conflicting_row", "other_year")
SCHOOL, OTHER = "CST", "FGT"


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Practice, Desk]]:
    """Two schools imported once, on SQLite; every fault that follows leaves them as they are."""
    folder = tmp_path_factory.mktemp("faults") / "practice"
    with practice({}, into=str(folder), scale=0.3) as made:
        desk = Desk(settings=read_settings(made.environment)).init().apply()
        desk.sync(SCHOOL, OTHER, first=True)
        yield made, desk


def live(desk: Desk) -> dict[Entity, list[tuple[object, ...]]]:
    """Every live record of the school."""
    with opened(desk.settings) as context:
        feeds = context.store.feeds
        scope = FeedScope(school=SCHOOL, attachment=feeds.attachment(SCHOOL), feed="hub", year=AcademicYear(2026))
        return {entity: list(feeds.rows(scope, entity)) for entity in Entity}


def open_codes(desk: Desk) -> set[str]:
    """Codes of the school's open issues."""
    with opened(desk.settings) as context:
        found = context.store.reports.issues(IssueFilter(schools=frozenset({SCHOOL})))
    return {tracked.issue.code for tracked in found}


def run_with(at: tuple[Practice, Desk], fault: str) -> tuple[str, str]:
    """Outcome and message of an import under a fault; the records must be what they were, the other school be done."""
    made, desk = at
    before = live(desk)
    assert before[Entity.STUDENTS]
    made.simulator.server.fault(SCHOOL, fault)
    try:
        outcome = desk.sync(SCHOOL, OTHER)
    finally:
        made.simulator.server.heal(SCHOOL)
    assert live(desk) == before, fault
    results = {r.entry.school: r for r in outcome.results}
    assert results[OTHER].outcome == "unchanged"
    return results[SCHOOL].outcome.value, results[SCHOOL].message


@pytest.mark.requirement(66)
@pytest.mark.parametrize("fault", RETRIED)
def test_a_passing_fault_is_retried_and_leaves_no_trace(at: tuple[Practice, Desk], fault: str) -> None:
    """429 and 503 with Retry-After, 500 then fine."""
    assert run_with(at, fault)[0] == "unchanged"


@pytest.mark.requirement(66)
@pytest.mark.parametrize("fault", FAILED)
def test_an_answer_that_cannot_be_trusted_fails_that_school_alone(at: tuple[Practice, Desk], fault: str) -> None:
    """One readable line, its own issue, no retry that could lock an account out."""
    outcome, message = run_with(at, fault)
    assert outcome == "failed"
    assert "nothing was changed" in message
    assert "import.source_failed" in open_codes(at[1])


@pytest.mark.requirement(67)
@pytest.mark.parametrize("fault", HELD)
def test_a_suspicious_roll_is_held(at: tuple[Practice, Desk], fault: str) -> None:
    """Empty, halved, down by 60 percent, another year's, or the same key twice with other content."""
    outcome, message = run_with(at, fault)
    assert outcome == "held", message


def test_another_schools_data_is_never_taken(at: tuple[Practice, Desk]) -> None:
    """Held or failed, and nothing of it stored."""
    assert run_with(at, "other_school")[0] in ("held", "failed")


@pytest.mark.requirement(51)
def test_over_share_is_dropped_counted_and_named(at: tuple[Practice, Desk]) -> None:
    """A pupil who is not offered is not stored, although the partner sent the row."""
    assert run_with(at, "over_share")[0] == "unchanged"
    assert "import.not_outplaced" in open_codes(at[1])
    at[1].sync(SCHOOL)
    assert "import.not_outplaced" not in open_codes(at[1]), "closed by the import that no longer finds it"


@pytest.mark.requirement(52)
def test_a_refused_staff_list_skips_staff_and_removes_nobody(at: tuple[Practice, Desk]) -> None:
    """The other entities flow; the missing right is an issue that names the entity."""
    outcome, message = run_with(at, "staff_refused")
    assert outcome == "partial"
    assert "perm.staff" in message
    assert "import.entity_refused" in open_codes(at[1])


def test_the_same_row_twice_is_taken_once_and_said(at: tuple[Practice, Desk]) -> None:
    """Word for word the same: forgiven, counted, and told in the log."""
    assert run_with(at, "duplicate_row")[0] == "unchanged"
    with opened(at[1].settings) as context:
        latest = context.store.reports.transfers(TransferFilter(schools=frozenset({SCHOOL})))[0]
    assert any("source.duplicate_row x1" in note for note in latest.notes)


def test_after_all_faults_a_plain_import_finds_nothing_to_do(at: tuple[Practice, Desk], tmp_path: Path) -> None:
    """Nothing was lost, and no issue of a passed fault stays open."""
    assert at[1].sync(SCHOOL).results[0].outcome == "unchanged"
    assert "import.source_failed" not in open_codes(at[1])

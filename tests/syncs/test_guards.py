"""A run that takes away or brings too much waits for a person, and the earlier data stays live."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from reconciler.connectors.protocol import RejectedRow
from reconciler.errors import ExitCode
from reconciler.records.entities import Entity
from reconciler.syncs.guards import ExpectedChange, GuardLimits, Movement, judge
from reconciler.transfers.entry import Outcome
from tests.syncs.memory_store import MemoryStore
from tests.syncs.scripted import JOB, Answer, importing, lesson, member, row, school, student

TODAY = date(2026, 11, 23)


def reasons(held: int, dropped: int, gained: int = 0, *, expected: tuple[ExpectedChange, ...] = (),
            limits: GuardLimits | None = None, today: date = TODAY) -> list[str]:  # fmt: skip
    movement = Movement(entity=Entity.STUDENTS, held=held, left=dropped, rest=held - dropped + gained,
                        dropped=dropped, gained=gained)  # fmt: skip
    found = judge([movement], limits or GuardLimits(), school="AVN", expected=expected, today=today)
    return [trouble.message for trouble in found]


@pytest.mark.requirement(67)
@pytest.mark.parametrize(
    ("held", "dropped", "is_held"),
    [
        (1000, 25, False), (1000, 26, True),  # max_drop_count 25
        (100, 5, False), (100, 6, True),  # max_drop_percent 5
        (10, 2, False), (10, 3, True),  # a percentage counts from min_count 3 on
        (1, 1, True), (2, 1, False),  # a fall to zero is always held
    ],
)  # fmt: skip
def test_drops_are_held_beyond_either_limit(held: int, dropped: int, is_held: bool) -> None:
    """By number, by percent from `min_count` on, and always when nothing would be left."""
    assert bool(reasons(held, dropped)) is is_held


@pytest.mark.parametrize(
    ("held", "gained", "is_held"),
    [
        (1000, 50, False), (1000, 51, True),  # max_gain_count 50
        (100, 20, False), (100, 21, True),  # max_gain_percent 20
        (5, 2, False), (5, 3, True),  # a percentage counts from min_count 3 on
        (0, 500, False),  # nothing was held before
    ],
)  # fmt: skip
def test_gains_are_held_beyond_either_limit_but_not_on_the_first_load(held: int, gained: int, is_held: bool) -> None:
    """A mass of new people is held like a mass of leavers (C5)."""
    assert bool(reasons(held, 0, gained)) is is_held


@pytest.mark.requirement(67)
def test_a_reason_names_counts_thresholds_and_settings() -> None:
    """So that a reader knows what happened and which line to change."""
    movement = Movement(entity=Entity.STUDENTS, held=64, left=30, rest=34, dropped=30, gained=0)
    found = judge([movement], GuardLimits(), school="AVN", today=TODAY)[0]
    assert found.message == "30 of 64 students would leave (46.9 %), over max_drop_count 25 and max_drop_percent 5"
    assert "raise max_drop_count and max_drop_percent in partners.AVN.guards" in found.hint
    assert found.code == "import.mass_drop"


def test_an_announced_change_lifts_the_guard_within_its_number_and_dates() -> None:
    """Up to eight students, from the 14th to the 18th; never for a fall to zero."""
    announced = (ExpectedChange(kind="students", up_to=8, start=date(2026, 12, 14), end=date(2026, 12, 18)),)
    for day in (14, 18):
        assert reasons(31, 8, expected=announced, today=date(2026, 12, day)) == []
    assert reasons(31, 9, expected=announced, today=date(2026, 12, 14))
    assert reasons(31, 8, expected=announced, today=date(2026, 12, 13))
    assert reasons(31, 8, expected=announced, today=date(2026, 12, 19))
    assert reasons(8, 8, expected=announced, today=date(2026, 12, 14))
    others = (ExpectedChange(kind="staff", up_to=8, start=TODAY, end=TODAY),)
    assert reasons(31, 8, expected=others)


@pytest.mark.requirement(67)
@pytest.mark.parametrize("left", [0, 5])
def test_an_empty_or_tiny_roll_is_held_and_the_earlier_data_stays_live(store: MemoryStore, left: int) -> None:
    """A source that lost its list empties nothing (C12); exit 3, with the list of reasons."""
    importing(store, school(20))
    live = store.digests(JOB.scope, Entity.STUDENTS)
    rows = school(20)
    rows[Entity.STUDENTS] = rows[Entity.STUDENTS][:left]
    result = importing(store, rows)
    assert (result.outcome, result.exit_code) == (Outcome.HELD, ExitCode.HELD)
    assert store.digests(JOB.scope, Entity.STUDENTS) == live
    assert [reason.split(" would")[0] for reason in result.held] == [f"{'all' if not left else '15 of'} 20 students"]
    assert result.entry.run in store.held
    assert [i.code for i in store.open_issues.values()] == ["import.mass_drop"]
    assert result.message.startswith("AVN import held: ")


@pytest.mark.requirement(53, 67)
def test_what_follows_from_a_leaver_is_not_counted_against_him(store: MemoryStore) -> None:
    """One class of three ends: its memberships, lessons, teacher and room go with it, and nothing is held."""
    rows = school(12)
    rows[Entity.CLASSES].append(row("C3", name="Class 3"))
    rows[Entity.STAFF].append(row("T3", surname="Teacher3"))
    rows[Entity.MEMBERSHIPS] += [member("C3", f"S{n}") for n in range(1, 13)] + [member("C3", "T3", "teacher")]
    rows[Entity.LESSONS] += [lesson("C3", f"W1Mon.P{n}", "T3", "R9") for n in (1, 2)]
    importing(store, rows)
    result = importing(store, school(12))
    assert result.outcome is Outcome.DONE
    assert {e: len(c.left) for e, c in result.changes.items()} == {
        Entity.STAFF: 1, Entity.ROOMS: 1, Entity.CLASSES: 1, Entity.MEMBERSHIPS: 13, Entity.LESSONS: 2,
    }  # fmt: skip
    assert importing(store, rows).outcome is Outcome.DONE, "and back again"


def test_a_new_timetable_is_not_a_loss(store: MemoryStore) -> None:
    """Lessons that move to another room are as many as before."""
    rows = school()
    rows[Entity.LESSONS] = [lesson("C1", f"W1Mon.P{n}", room="R1") for n in (1, 2)] + [lesson("C2", room="R1")]
    importing(store, rows)
    rows[Entity.LESSONS] = [lesson("C1", f"W1Mon.P{n}", room="R2") for n in (1, 2)] + [lesson("C2", room="R2")]
    assert importing(store, rows).outcome is Outcome.DONE


def test_new_rooms_and_groups_are_no_mass_of_new_people(store: MemoryStore) -> None:
    """A move to another building brings four rooms where there were two."""
    rows = school()
    importing(store, rows)
    rows[Entity.ROOMS] += [row(f"N{n}", name=f"New {n}") for n in range(4)]
    rows[Entity.LESSONS] = [lesson("C1", f"W1Mon.P{n % 2 + 1}", room=f"N{n}") for n in range(4)]
    assert importing(store, rows, job_guards=GuardLimits(max_gain_percent=100)).outcome is Outcome.DONE
    rows[Entity.STAFF] += [row(f"N{n}", surname=f"New{n}") for n in range(7)]
    rows[Entity.MEMBERSHIPS] += [member("C1", f"N{n}", "teacher") for n in range(7)]
    assert importing(store, rows, job_guards=GuardLimits(max_gain_percent=100)).outcome is Outcome.HELD


def test_lost_memberships_of_standing_classes_are_held(store: MemoryStore) -> None:
    """All students and classes are there, and nobody attends: that follows from nothing."""
    importing(store, school(10))
    rows = school(10)
    rows[Entity.MEMBERSHIPS] = [found for found in rows[Entity.MEMBERSHIPS] if "teacher" in found.key]
    result = importing(store, rows)
    assert result.outcome is Outcome.HELD
    assert "10 of 12 memberships would leave" in result.held[0]


def test_one_id_with_two_contents_holds_the_run_and_uses_neither(store: MemoryStore) -> None:
    """A duplicate that differs is an error of the input (C17); whoever approves takes all but these."""
    importing(store)
    rows = school()
    rows[Entity.STUDENTS] += [student("S1", surname="Other"), student("S5"), student("S5", surname="Other")]
    result = importing(store, rows)
    assert result.outcome is Outcome.HELD
    assert "2 students came more than once with different content: S1, S5" in result.held[0]
    counts = result.entry.counts["students"]
    assert (counts.read, counts.same, counts.rejected, counts.new, counts.changed) == (7, 3, 4, 0, 0)
    assert counts.left == 0, "the held S1 stays as it is"


def test_a_duplicate_that_its_connector_found_holds_the_run_too(store: MemoryStore) -> None:
    """A connector may have taken the first row already; neither is used."""
    rows = school()
    rows[Entity.STUDENTS].append(RejectedRow("S1", "source.duplicate_key", "id S1 was sent again"))
    result = importing(store, rows)
    assert result.outcome is Outcome.HELD
    assert "S1" not in {found[0] for found, _ in result.changes[Entity.STUDENTS].new}


def test_the_same_row_twice_is_used_once_and_named(store: MemoryStore) -> None:
    """Equal content is no reason to hold, and no reason to be silent (C16)."""
    rows = school()
    rows[Entity.STUDENTS].append(rows[Entity.STUDENTS][0])
    result = importing(store, rows)
    assert result.outcome is Outcome.PARTIAL
    assert [(r.key, r.code) for r in result.entry.rejected] == [("S1", "record.duplicate")]
    assert result.entry.counts["students"].new == 4


@pytest.mark.requirement(67)
def test_rows_of_another_school_hold_the_run(store: MemoryStore) -> None:
    """Data that names another school id is never taken for ours (reliability R8)."""
    rows = school()
    rows[Entity.CLASSES].append(RejectedRow("C7", "record.other_school", "belongs to school 20002"))
    result = importing(store, rows)
    assert result.outcome is Outcome.HELD
    assert "1 classes that came belong to another school than AVN" in result.held[0]


def test_a_held_preview_is_not_kept(store: MemoryStore) -> None:
    """`--dry-run` shows the reasons and keeps no change set."""
    importing(store)
    result = importing(store, students=Answer(), dry_run=True)
    assert result.outcome is Outcome.HELD
    assert store.held == {}


def test_dates_of_announced_changes_are_the_hubs_own(store: MemoryStore) -> None:
    """At 23:30 UTC in summer it is the next day in London."""
    importing(store, school(8))
    rows = school(8)
    rows[Entity.STUDENTS] = rows[Entity.STUDENTS][:4]
    tomorrow = ExpectedChange(kind="students", up_to=4, start=date(2027, 6, 2), end=date(2027, 6, 2))
    evening = timedelta(days=190, hours=14, minutes=50)  # 2027-06-01 23:30 UTC
    assert importing(store, rows, dry_run=True, job_expected_changes=(tomorrow,), after=evening).held == ()
    assert importing(
        store, rows, dry_run=True, job_expected_changes=(tomorrow,), after=evening - timedelta(hours=1)
    ).held

"""A partner's change to the next academic year: who answers for it, who must come along, who is listed before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from reconciler.connectors.protocol import Row, SourceRow
from reconciler.errors import TransientSourceError
from reconciler.records.entities import Entity
from reconciler.syncs.across import AcrossJob, look_across
from reconciler.syncs.guards import ExpectedChange
from reconciler.syncs.holding import approve_held
from reconciler.syncs.year_change import answers_for
from reconciler.transfers.entry import Outcome
from reconciler.vocabulary.codes import AcademicYear
from tests.syncs.memory_across import MemoryAcross
from tests.syncs.memory_store import MemoryStore
from tests.syncs.scripted import ACTOR, JOB, NOW, Answer, ScriptedSession, importing, member, row, student

OLD = replace(JOB, phase="11-18")
NEW = replace(OLD, year=AcademicYear(2027), previous_year=AcademicYear(2026))


def asked(*classes: SourceRow, error: bool = False) -> bool:
    """Whether a school with these classes is in the new year."""
    failure = TransientSourceError("http.cut", "cut short") if error else None
    answer = Answer(classes, error=failure, fails_after=9)

    @contextmanager
    def connect() -> Iterator[ScriptedSession]:
        yield ScriptedSession({Entity.CLASSES: answer})

    return answers_for(NEW, connect)


def test_a_school_is_in_the_new_year_once_an_offered_class_starts_in_it() -> None:
    """Dates of classes speak; a class without dates, of the old year or not offered does not."""
    assert asked(row("C1", name="A", start_date="2026-09-02"), row("C2", name="B", start_date="2027-09-01"))
    assert not asked(row("C1", name="A", start_date="2026-09-02", end_date="2027-08-31"))
    assert not asked(row("C1", name="A"))
    assert not asked(row("C1", name="A", start_date="2027-09-01", offered=False))
    assert not asked(row("C1", name="A", start_date="no day"))
    assert not asked()


def test_a_school_that_cannot_be_read_answers_for_no_year() -> None:
    """The import that follows says why; nothing is concluded from half an answer."""
    assert not asked(row("C1", name="A", start_date="2027-09-01"), error=True)


def school(groups: dict[str, str | None], year: int = 2026, classes: int = 1) -> dict[Entity, list[Row]]:
    """Students by id with their year groups, in one class of the year."""
    people = [student(key, year_group=group) for key, group in groups.items()]
    return {
        Entity.STAFF: [row("T1", surname="Teacher")],
        Entity.STUDENTS: list(people),
        Entity.CLASSES: [
            row(f"C{year}{n}", name="Class", start_date=f"{year}-09-02", end_date=f"{year + 1}-07-21")
            for n in range(classes)
        ],
        Entity.MEMBERSHIPS: [member(f"C{year}0", p.key) for p in people] + [member(f"C{year}0", "T1", "teacher")],
    }


BEFORE = {f"S{n:02}": "12" for n in range(20)} | {f"L{n:02}": "13" for n in range(10)}
AFTER = {f"S{n:02}": "13" for n in range(20)}


@pytest.fixture
def hub(store: MemoryStore) -> MemoryStore:
    """A school of 20 in year 12 and 10 in year 13, imported for 2026-2027."""
    assert importing(store, school(BEFORE), job=OLD).outcome is Outcome.DONE
    return store


@pytest.mark.requirement(6)
def test_the_new_year_comes_into_a_place_of_its_own_and_the_old_one_stays(hub: MemoryStore) -> None:
    """Nobody is marked as left by it, and nobody asks for a first import by hand again."""
    scheduled = replace(NEW, first=False)
    result = importing(hub, school(AFTER, 2027), job=scheduled)
    assert (result.outcome, result.entry.counts["students"].new) == (Outcome.DONE, 20)
    assert hub.digests(NEW.scope, Entity.STUDENTS).keys() == AFTER.keys()
    assert hub.digests(OLD.scope, Entity.STUDENTS).keys() == BEFORE.keys()
    assert importing(hub, school(AFTER, 2027), job=replace(scheduled, previous_year=None)).changes == {}


def test_a_half_finished_roll_over_is_held_with_who_is_missing(hub: MemoryStore) -> None:
    """A first load has no guard of its own: those who go up stand in for what is held (C26)."""
    some = dict(list(AFTER.items())[:14])
    result = importing(hub, school(some, 2027), job=NEW)
    assert result.outcome is Outcome.HELD
    assert [(i.code, i.entity) for i in result.issues] == [("year.not_moved_up", "students")]
    assert "6 of 20 students of 2026-2027 who have a next year group did not come with 2027-2028" in result.message
    assert "S14, S15" in result.message
    assert hub.digests(NEW.scope, Entity.STUDENTS) == {}
    approve_held(hub, result.entry.run, now=NOW, actor=ACTOR, reason="they left")
    assert len(hub.digests(NEW.scope, Entity.STUDENTS)) == 14
    assert hub.open_issues == {}


def test_an_announced_change_lets_the_roll_over_through(hub: MemoryStore) -> None:
    """`expected_changes` speaks for this guard too."""
    known = ExpectedChange(kind="students", up_to=6, start=NOW.date(), end=NOW.date())
    some = dict(list(AFTER.items())[:14])
    assert importing(hub, school(some, 2027), job=replace(NEW, expected_changes=(known,))).outcome is Outcome.DONE


def test_a_school_whose_classes_are_still_those_of_the_old_year_is_held(hub: MemoryStore) -> None:
    """When the hub itself changes its year, a school that has not is not taken for one without classes."""
    result = importing(hub, school(BEFORE, 2026), job=NEW)
    assert result.outcome is Outcome.HELD
    assert ("year.not_moved_up", "classes") in [(i.code, i.entity) for i in result.issues]
    assert "no class of 2027-2028 came from AVN, and 2026-2027 had 1" in result.message


@pytest.mark.parametrize(
    ("today", "codes"),
    [(date(2027, 7, 13), []), (date(2027, 7, 14), ["year.no_next_group"]), (date(2027, 9, 1), ["year.no_next_group"])],
)
def test_who_has_no_next_year_group_is_listed_from_six_weeks_before_until_the_school_has_changed(
    hub: MemoryStore, today: date, codes: list[str]
) -> None:
    """Before and after that there is nothing to do about it."""
    across = MemoryAcross(hub, [OLD.scope, NEW.scope])
    job = AcrossJob(
        schools={"AVN": "11-18"}, today=today, zone=ZoneInfo("Europe/London"), is_school_day=lambda _: True,
        next_year=AcademicYear(2027), next_from=date(2027, 8, 25),
    )  # fmt: skip
    found = look_across(job, hub, across, run="r1", at=NOW)
    assert [i.code for i in found] == codes
    assert [i.code for i in across.settled.values()] == codes
    if found:
        assert "10 students of year 13" in found[0].message
        assert "L00, L01" in found[0].message
    importing(hub, school(AFTER, 2027), job=NEW)
    assert look_across(job, hub, across, run="r2", at=NOW) == ()


def test_schools_that_are_no_partners_any_more_are_not_looked_at(hub: MemoryStore) -> None:
    """The estate says who is."""
    across = MemoryAcross(hub, [OLD.scope])
    job = AcrossJob(
        schools={}, today=date(2027, 8, 1), zone=ZoneInfo("Europe/London"), is_school_day=lambda _: True,
        next_year=AcademicYear(2027), next_from=date(2027, 8, 25),
    )  # fmt: skip
    assert look_across(job, hub, across, run="r1", at=NOW) == ()


@pytest.mark.requirement(106)
def test_a_changed_name_is_a_change_of_the_same_person(store: MemoryStore) -> None:
    """The key is the id at the school: nobody is new and nobody has left (C20); neither by a permanent UPN (C3)."""
    importing(store, school({"S1": "12"}), job=OLD)
    renamed = school({"S1": "12"})
    renamed[Entity.STUDENTS] = [student("S1", year_group="12", surname="Holm-Ayre", upn="A999200017001")]
    result = importing(store, renamed, job=OLD)
    counts = result.entry.counts["students"]
    assert (counts.new, counts.changed, counts.left) == (0, 1, 0)

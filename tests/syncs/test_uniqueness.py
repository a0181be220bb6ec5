"""A claim of uniqueness is proven again at each import: a clash holds the second record and overwrites nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.connectors.protocol import Row, SourceRow
from reconciler.errors import ExitCode, Held
from reconciler.records.entities import Entity
from reconciler.records.identifiers import ADMISSION_NUMBER
from reconciler.syncs.guards import GuardLimits
from reconciler.syncs.holding import approve_held
from reconciler.syncs.job import ImportJob
from reconciler.transfers.entry import Outcome
from tests.syncs.memory_across import MemoryAcross
from tests.syncs.memory_store import MemoryStore
from tests.syncs.scripted import ACTOR, JOB, NOW, ScriptedSession, import_from, importing, member, row, school, student

AVN = replace(JOB, admission_numbers_unique=True, staff_codes_unique=True, guards=GuardLimits(max_gain_percent=100))
BRK = replace(AVN, school="BRK", short_code="BRK", school_name="Brackenmoor", attachment="BRK:0123456789ab")


def small(*students: SourceRow, staff: str = "T1", groups: tuple[str, ...] = ()) -> dict[Entity, list[Row]]:
    """One class with these students, its teacher, and the tutor groups that the school lists."""
    return {
        Entity.STAFF: [row("T1", surname="Teacher", staff_code=staff)],
        Entity.TUTOR_GROUPS: [row(f"G-{name}", name=name) for name in groups],
        Entity.STUDENTS: list(students),
        Entity.CLASSES: [row("C1", name="Class 1")],
        Entity.MEMBERSHIPS: [member("C1", "T1", "teacher"), *(member("C1", s.key) for s in students)],
    }


def pupil(key: str, number: str | None, group: str | None = None) -> SourceRow:
    return student(key, admission_number=number, tutor_group=group)


@pytest.fixture
def hub(store: MemoryStore) -> MemoryAcross:
    """Both schools over one store; AVN holds pupil 10233 with the number 004512 in group 12A, and teacher JSM."""
    across = MemoryAcross(store, [AVN.scope, BRK.scope])
    rows = small(pupil("10233", "004512", "12A"), staff="JSM", groups=("12A",))
    assert importing(store, rows, job=AVN, across=across).outcome is Outcome.DONE
    return across


@pytest.mark.requirement(11, 12)
def test_a_clash_holds_the_second_school_and_names_both(store: MemoryStore, hub: MemoryAcross) -> None:
    """Both schools, both record ids and the number; no row of it is written, and nobody can approve it."""
    result = importing(store, small(pupil("20041", "004512")), job=BRK, across=hub)
    assert (result.outcome, result.exit_code) == (Outcome.HELD, ExitCode.HELD)
    assert "admission number 004512 of BRK:20041 is also that of AVN:10233" in result.message
    assert "approve" not in result.message
    assert (result.expires_at, store.held_runs()) == (None, [])
    assert store.digests(BRK.scope, Entity.STUDENTS) == {}
    assert store.digests(AVN.scope, Entity.STUDENTS).keys() == {"10233"}
    (issue,) = result.issues
    assert (issue.code, issue.school, issue.record) == ("id.admission_clash", "BRK", "20041")
    assert "AVN:10233" in issue.message


@pytest.mark.requirement(14)
@pytest.mark.parametrize("groups", [("12A",), ()], ids=["listed", "named by a student only"])
def test_a_tutor_group_of_two_schools_clashes_though_all_numbers_differ(
    store: MemoryStore, hub: MemoryAcross, groups: tuple[str, ...]
) -> None:
    """The flag for admission numbers takes the school's code off tutor groups too."""
    result = importing(store, small(pupil("20041", "9", "12A"), groups=groups), job=BRK, across=hub)
    assert result.outcome is Outcome.HELD
    (issue,) = result.issues
    record = "BRK:G-12A" if groups else "student BRK:20041"
    assert issue.code == "id.tutor_group_clash"
    assert f"tutor group 12A of {record} is also that of AVN:G-12A" in issue.message


@pytest.mark.requirement(15)
def test_staff_codes_have_a_flag_of_their_own(store: MemoryStore, hub: MemoryAcross) -> None:
    """The clash of JSM holds; with only the other flag claimed it does not matter."""
    rows = small(pupil("20041", "9"), staff="JSM")
    result = importing(store, rows, job=BRK, across=hub)
    assert [i.code for i in result.issues] == ["id.staff_clash"]
    other = replace(BRK, staff_codes_unique=False)
    assert importing(store, rows, job=other, across=hub).outcome is Outcome.DONE


@pytest.mark.requirement(13)
def test_without_a_claim_the_same_number_is_two_people(store: MemoryStore, hub: MemoryAcross) -> None:
    """The school's code keeps them apart."""
    plain = replace(BRK, admission_numbers_unique=False)
    assert importing(store, small(pupil("20041", "004512", "12A")), job=plain, across=hub).outcome is Outcome.DONE
    (held,) = store.rows(BRK.scope, Entity.STUDENTS)
    assert "BRK004512" in held


def test_a_claim_is_never_imported_without_looking_at_the_others(store: MemoryStore) -> None:
    """Whoever starts an import must say who the others are."""
    with pytest.raises(ValueError, match="AVN"):
        import_from(ScriptedSession({}), store, job=AVN)


@pytest.mark.requirement(12)
def test_capitals_do_not_make_two_numbers_of_one_and_zeros_do(store: MemoryStore, hub: MemoryAcross) -> None:
    """`jsm` and `JSM` are one code to an MIS; 4512 and 004512 are two numbers."""
    assert importing(store, small(pupil("1", "4512")), job=BRK, across=hub).outcome is Outcome.DONE
    result = importing(store, small(pupil("1", "4512"), staff="jsm"), job=BRK, across=hub)
    assert [i.code for i in result.issues] == ["id.staff_clash"]


@pytest.mark.requirement(12)
def test_rows_that_did_not_change_are_compared_too(store: MemoryStore) -> None:
    """A school that is attached again brings its rows without an import; the next import finds the clash."""
    alone = MemoryAcross(store, [])
    importing(store, small(pupil("10233", "004512")), job=AVN, across=alone)
    importing(store, small(pupil("20041", "004512"), staff="T2"), job=BRK, across=alone)
    both = MemoryAcross(store, [AVN.scope, BRK.scope])
    result = importing(store, small(pupil("10233", "004512")), job=AVN, across=both)
    assert (result.outcome, [i.record for i in result.issues]) == (Outcome.HELD, ["10233"])


@pytest.mark.requirement(11)
@pytest.mark.parametrize("mended", [pupil("20041", "004513"), pupil("20041", None)])
def test_the_import_goes_on_once_the_school_has_changed_the_number(
    store: MemoryStore, hub: MemoryAcross, mended: SourceRow
) -> None:
    """And the issue is closed by it."""
    importing(store, small(pupil("20041", "004512")), job=BRK, across=hub)
    assert [i.code for i in store.open_issues.values()] == ["id.admission_clash"]
    assert importing(store, small(mended), job=BRK, across=hub).outcome is Outcome.DONE
    assert store.open_issues == {}


@pytest.mark.requirement(11)
def test_a_number_that_its_holder_gave_up_in_this_run_is_free(store: MemoryStore) -> None:
    """Who clashes leaves or changes in the very import that is judged: nothing is in the way."""
    alone = MemoryAcross(store, [])
    importing(store, small(pupil("1", "5"), pupil("2", "6")), job=AVN, across=alone)
    importing(store, small(pupil("9", "5"), pupil("8", "6"), staff="T2"), job=BRK, across=alone)
    both = MemoryAcross(store, [AVN.scope, BRK.scope])
    wide = replace(AVN, guards=GuardLimits(max_drop_percent=100))
    assert importing(store, small(pupil("1", "7")), job=wide, across=both).outcome is Outcome.DONE


@pytest.mark.requirement(11)
def test_a_run_held_for_another_reason_is_compared_again_when_it_is_approved(
    store: MemoryStore, hub: MemoryAcross
) -> None:
    """Another school may have brought the number in the meantime; the approval then changes nothing."""
    importing(store, small(*(pupil(f"2{n}", f"2{n}") for n in range(9))), job=BRK, across=hub)
    dropped = importing(store, small(pupil("20", "20"), pupil("21", "77")), job=BRK, across=hub)
    assert [i.code for i in dropped.issues] == ["import.mass_drop"]
    importing(store, small(pupil("10233", "77", "12A"), staff="JSM", groups=("12A",)), job=AVN, across=hub,
              after=timedelta(minutes=1))  # fmt: skip
    with pytest.raises(Held, match="BRK:21 is also that of AVN:10233") as refused:
        approve_held(store, dropped.entry.run, now=NOW, actor=ACTOR, reason="true", claimed=(ADMISSION_NUMBER,),
                     across=hub)  # fmt: skip
    assert refused.value.code == "guard.identity_clash"
    assert len(store.digests(BRK.scope, Entity.STUDENTS)) == 9


@pytest.mark.requirement(11)
def test_a_dry_run_shows_the_clash_and_opens_nothing(store: MemoryStore, hub: MemoryAcross) -> None:
    """A preview is held as the run would be."""
    result = importing(store, small(pupil("20041", "004512")), job=BRK, across=hub, dry_run=True)
    assert (result.outcome, [i.code for i in result.issues]) == (Outcome.HELD, ["id.admission_clash"])
    assert store.open_issues == {}


@pytest.mark.requirement(16)
def test_the_first_import_after_a_changed_flag_changes_the_hubs_own_columns_and_nothing_else(
    store: MemoryStore,
) -> None:
    """Every student and group gets another id, once; nobody is new, nobody leaves, and the next run is quiet."""
    plain = replace(AVN, admission_numbers_unique=False)
    importing(store, school(), job=plain)
    before = {e: list(store.rows(AVN.scope, e)) for e in Entity}
    result = importing(store, school(), job=AVN)
    assert result.outcome is Outcome.DONE
    assert {e.value: (len(c.new), len(c.changed), c.left) for e, c in result.changes.items()} == {
        "students": (0, 4, []), "tutor_groups": (0, 1, []),
    }  # fmt: skip
    own = {Entity.STUDENTS: {2, 12}, Entity.TUTOR_GROUPS: {2}}
    for entity in Entity:
        for old, new in zip(before[entity], store.rows(AVN.scope, entity), strict=True):
            assert {i for i, (a, b) in enumerate(zip(old, new, strict=True)) if a != b} == own.get(entity, set())
    assert importing(store, school(), job=AVN).changes == {}


NUMBERS = st.sampled_from(["1", "01", "a", "A", "b", "É", "é", "2"])
ROLLS = st.lists(st.tuples(NUMBERS, st.one_of(st.none(), NUMBERS)), max_size=4)


@pytest.mark.requirement(11, 12)
@given(first=ROLLS, second=ROLLS)
def test_an_import_is_held_exactly_when_a_naive_look_finds_a_clash(
    first: list[tuple[str, str | None]], second: list[tuple[str, str | None]]
) -> None:
    """Numbers with numbers, group names with group names, capitals of A to Z apart."""

    def rows(roll: list[tuple[str, str | None]]) -> dict[Entity, list[Row]]:
        groups = sorted({group for _, group in roll if group is not None})
        return small(*(pupil(f"S{n}", number, group) for n, (number, group) in enumerate(roll)), groups=tuple(groups))

    def fold(text: str) -> str:
        return text.lower() if text.isascii() else text

    def values(roll: list[tuple[str, str | None]], place: int) -> set[str]:
        return {fold(str(each[place])) for each in roll if each[place] is not None}

    store = MemoryStore()
    across = MemoryAcross(store, [AVN.scope, BRK.scope])
    jobs: list[ImportJob] = [replace(job, staff_codes_unique=False) for job in (AVN, BRK)]
    assert importing(store, rows(first), job=jobs[0], across=across).outcome is not Outcome.HELD
    result = importing(store, rows(second), job=jobs[1], across=across)
    clash = any(values(first, place) & values(second, place) for place in (0, 1))
    assert (result.outcome is Outcome.HELD) == clash

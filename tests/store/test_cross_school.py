"""The look across schools in SQL, on both engines: the same answers as a naive look at every row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.records.entities import Entity, column_names
from reconciler.records.identifiers import ADMISSION_NUMBER, IDENTIFIERS, STAFF_CODE, TUTOR_GROUP
from reconciler.reports.ports import IssueFilter
from reconciler.store.open import Store, create_store
from reconciler.syncs.ports import CanonicalRow, EntityChanges, FeedScope
from reconciler.testing.fixtures import BACK_ENDS, sqlite_url
from reconciler.vocabulary.codes import AcademicYear
from reconciler.vocabulary.upn import check_letter
from tests.store.values import (
    NOW,
    attach,
    digested,
    feed_commit,
    issue,
    later,
    scope_of,
    state_commit,
    with_partner,
)
from tests.syncs.memory_across import MemoryAcross

LONDON = ZoneInfo("Europe/London")
KEYS = {"AVN": "a1" * 32, "BRK": "b2" * 32, "CST": "c3" * 32}
_RUNS = count(1)


def canonical(entity: Entity, source_id: str, **values: object) -> CanonicalRow:
    told = {"source_id": source_id, "surname": "X", "name": "X", **values}
    return tuple(told.get(name) for name in column_names(entity))


def student(source_id: str, **values: object) -> CanonicalRow:
    return canonical(Entity.STUDENTS, source_id, **values)


def group(source_id: str, name: str) -> CanonicalRow:
    return canonical(Entity.TUTOR_GROUPS, source_id, name=name)


def teacher(source_id: str, code: str | None) -> CanonicalRow:
    return canonical(Entity.STAFF, source_id, staff_code=code)


def load(store: Store, scope: FeedScope, entity: Entity, *rows: CanonicalRow, left: Sequence[str] = ()) -> str:
    run = f"run{next(_RUNS)}"
    changes = EntityChanges(new=digested(*rows), left=list(left))
    commit = feed_commit(scope, run, changes, base=store.feeds.base(scope), entity=entity, at=later(next(_RUNS)))
    store.feeds.commit(commit)
    return run


@pytest.fixture
def schools(store: Store) -> dict[str, FeedScope]:
    """Three partners of one hub."""
    return {code: with_partner(store, code, key) for code, key in KEYS.items()}


def messages(store: Store, identifier: object) -> list[str]:
    return [clash.message for clash in store.across.clashes(store.across.scopes(), identifier)]  # type: ignore[arg-type]


@pytest.mark.requirement(10, 11)
def test_a_number_at_two_schools_is_named_with_both_records(store: Store, schools: dict[str, FeedScope]) -> None:
    """In order of school; a number of one school alone is no clash, twice or not."""
    load(store, schools["BRK"], Entity.STUDENTS, student("20041", admission_number="004512"))
    load(store, schools["AVN"], Entity.STUDENTS, student("10233", admission_number="004512"),
         student("1", admission_number="7"), student("2", admission_number="7"))  # fmt: skip
    assert messages(store, ADMISSION_NUMBER) == ["admission number 004512: AVN:10233 and BRK:20041"]
    assert store.across.count(store.across.scopes(), ADMISSION_NUMBER) == 4


@pytest.mark.requirement(14)
def test_tutor_groups_are_compared_whether_listed_or_only_named_by_students(
    store: Store, schools: dict[str, FeedScope]
) -> None:
    """AVN and BRK list 12A, at CST two students name it: three schools, one name."""
    for code in ("AVN", "BRK"):
        load(store, schools[code], Entity.TUTOR_GROUPS, group(f"{code}-G", "12A"))
        load(store, schools[code], Entity.STUDENTS, student("1", tutor_group="12A"))
    load(store, schools["CST"], Entity.STUDENTS, student("9", tutor_group="12a"), student("8", tutor_group="12a"),
         student("7", tutor_group="13C"))  # fmt: skip
    assert messages(store, TUTOR_GROUP) == ["tutor group 12A: AVN:AVN-G, BRK:BRK-G and student CST:8"]


@pytest.mark.requirement(15)
def test_staff_codes_are_compared_by_themselves(store: Store, schools: dict[str, FeedScope]) -> None:
    """Capitals do not make another code; no code at all is no clash."""
    load(store, schools["AVN"], Entity.STAFF, teacher("1", "JSM"), teacher("2", None))
    load(store, schools["BRK"], Entity.STAFF, teacher("1", "jsm"), teacher("2", None))
    assert messages(store, STAFF_CODE) == ["staff code JSM: AVN:1 and BRK:1"]
    assert messages(store, ADMISSION_NUMBER) == []


@pytest.mark.requirement(11, 26)
def test_rows_that_left_other_feeds_and_removed_partners_are_not_compared(
    store: Store, schools: dict[str, FeedScope]
) -> None:
    """Only what is live in the feed `hub` counts; a partner that comes back counts again."""
    same = student("1", admission_number="5")
    load(store, schools["AVN"], Entity.STUDENTS, same)
    load(store, schools["BRK"], Entity.STUDENTS, same)
    load(store, replace(schools["CST"], feed="cst-parentpay"), Entity.STUDENTS, same)
    assert len(messages(store, ADMISSION_NUMBER)) == 1
    load(store, schools["BRK"], Entity.STUDENTS, left=["1"])
    assert messages(store, ADMISSION_NUMBER) == []
    load(store, schools["CST"], Entity.STUDENTS, same)
    assert messages(store, ADMISSION_NUMBER) == ["admission number 5: AVN:1 and CST:1"]
    store.state.commit(state_commit(store, attachments=[attach("retain", "CST", KEYS["CST"])]))
    assert messages(store, ADMISSION_NUMBER) == []
    store.state.commit(state_commit(store, attachments=[attach("reattach", "CST", KEYS["CST"])]))
    assert len(messages(store, ADMISSION_NUMBER)) == 1


@pytest.mark.requirement(6)
def test_a_partner_is_looked_at_in_the_year_that_it_is_in(store: Store, schools: dict[str, FeedScope]) -> None:
    """From its first import for the next year on; the rows of the year before are history, those of others stay."""
    load(store, schools["AVN"], Entity.STUDENTS, student("1", admission_number="5"))
    load(store, schools["BRK"], Entity.STUDENTS, student("1", admission_number="5"))
    load(store, scope_of(store, "AVN", year=AcademicYear(2027)), Entity.STUDENTS, student("1", admission_number="6"))
    assert [(s.school, s.year.start) for s in store.across.scopes()] == [("AVN", 2027), ("BRK", 2026)]
    assert messages(store, ADMISSION_NUMBER) == []


def test_holders_are_asked_for_by_folded_value_however_many_there_are(
    store: Store, schools: dict[str, FeedScope]
) -> None:
    """More values than one statement takes."""
    load(store, schools["AVN"], Entity.STUDENTS, *(student(f"{n:04}", admission_number=f"A{n}") for n in range(40)))
    wanted = [f"a{n}" for n in range(1200)]
    found = store.across.holders(store.across.scopes(), ADMISSION_NUMBER, wanted)
    assert sorted(h.value for h in found) == sorted(f"A{n}" for n in range(40))
    assert store.across.holders((), ADMISSION_NUMBER, wanted) == ()
    assert store.across.holders(store.across.scopes(), ADMISSION_NUMBER, ()) == ()


def test_people_of_two_schools_are_found_by_current_or_former_number_with_the_day_they_left(
    store: Store, schools: dict[str, FeedScope]
) -> None:
    """Withdrawn ones too; who is at one school only stays out."""
    one, two = (check_letter(tail) + tail for tail in ("999200017001", "99920001700A"))
    dates = {"start_date": date(2022, 9, 1), "birth_date": date(2010, 5, 1)}
    alone, came = student("2", upn="X"), student("1", upn=two, enrolment_status="C", **dates)
    load(store, schools["AVN"], Entity.STUDENTS, came, alone)
    load(store, schools["BRK"], Entity.STUDENTS, student("9", upn=one, former_upn=two), student("8", upn=one))
    load(store, schools["AVN"], Entity.STUDENTS, left=["1"])
    found = store.across.shared_people(store.across.scopes(), zone=LONDON)
    assert [(p.ref, p.left_on) for p in found] == [("AVN:1", NOW.date()), ("BRK:9", None)]
    assert found[0].numbers == {two}
    assert (found[0].status, found[0].start, found[0].birth_date) == ("C", date(2022, 9, 1), date(2010, 5, 1))
    assert found[1].numbers == {one, two}


@pytest.mark.requirement(63)
def test_issues_across_schools_open_stay_and_close(store: Store, schools: dict[str, FeedScope]) -> None:
    """Of any school, by their codes; issues of other codes are left alone."""
    two = [issue("enrolment.two_mains", "1", school=code) for code in ("AVN", "BRK")]
    store.feeds.end_run(feed_commit(schools["AVN"], "run0").entry, issues=[issue("class.no_teacher", "c1")])
    store.across.settle(two, codes=["enrolment.two_mains", "mover.paired"], run="run0", at=NOW)
    store.across.settle(two[:1], codes=["enrolment.two_mains", "mover.paired"], run="run1", at=later(5))
    opened = [(t.issue.code, t.issue.school) for t in store.reports.issues(IssueFilter())]
    assert sorted(opened) == [("class.no_teacher", "AVN"), ("enrolment.two_mains", "AVN")]
    store.across.settle([], codes=["enrolment.two_mains"], run="run2", at=later(9))
    assert [t.issue.code for t in store.reports.issues(IssueFilter())] == ["class.no_teacher"]


WORDS = st.sampled_from(["1", "01", "a", "A", "É", "é", "ß", "12A", "12a", "Zz"])
ROLL = st.lists(st.tuples(st.one_of(st.none(), WORDS), st.one_of(st.none(), WORDS)), max_size=5)
GROUPS = st.lists(WORDS, max_size=3, unique=True)


@pytest.fixture(scope="module", params=BACK_ENDS)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for many examples, each with partners of its own."""
    url = sqlite_url(tmp_path_factory.mktemp("shared"))
    if request.param != "sqlite":
        url = request.getfixturevalue("postgres").empty()
    with create_store(url, estate_id="eskmere-test", rehearsal=False, now=NOW) as made:
        for code, key in KEYS.items():
            with_partner(made, code, key)
        yield made


_YEARS = count(2030)


@pytest.mark.requirement(10, 11)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(rolls=st.tuples(ROLL, ROLL, ROLL), listed=st.tuples(GROUPS, GROUPS, GROUPS))
def test_the_database_finds_the_clashes_that_a_naive_look_finds(
    shared: Store, rolls: tuple[list[tuple[str | None, str | None]], ...], listed: tuple[list[str], ...]
) -> None:
    """On both engines, to the value, the schools and the records; a fresh year for each example."""
    year = AcademicYear(next(_YEARS))
    scopes = [scope_of(shared, code, year=year) for code in KEYS]
    for scope, roll, names in zip(scopes, rolls, listed, strict=True):
        people = [student(f"S{n}", admission_number=a, tutor_group=g) for n, (a, g) in enumerate(roll)]
        load(shared, scope, Entity.STUDENTS, *people)
        load(shared, scope, Entity.TUTOR_GROUPS, *(group(f"G{n}", name) for n, name in enumerate(names)))
        load(shared, scope, Entity.STAFF, *(teacher(f"T{n}", code) for n, (_, code) in enumerate(roll)))
    naive = MemoryAcross(shared.feeds, scopes)
    for identifier in IDENTIFIERS:
        assert list(shared.across.clashes(scopes, identifier)) == list(naive.clashes(scopes, identifier))
        assert shared.across.count(scopes, identifier) == naive.count(scopes, identifier)
        values = {"a", "12a", "É", "1"}
        found = shared.across.holders(scopes, identifier, values)
        assert set(found) == set(naive.holders(scopes, identifier, values))

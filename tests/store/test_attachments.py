"""A school under a Data Exchange Key, and what becomes of its rows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.apply.ports import AttachmentChange
from reconciler.errors import Refused, UnknownName
from reconciler.plan.state import Attachment, AttachmentStatus
from reconciler.records.entities import Entity
from reconciler.reports.ports import IssueFilter
from reconciler.store.open import Store
from reconciler.syncs.holding import approve_held
from reconciler.syncs.ports import EntityChanges, HeldRun
from reconciler.vocabulary.codes import AcademicYear
from tests.store.values import (
    ACTOR,
    KEY,
    NOW,
    OTHER_KEY,
    attach,
    change,
    digested,
    entry,
    feed_commit,
    first_load,
    issue,
    scope_of,
    staff,
    state_commit,
    with_partner,
)

OWN = f"AVN:{KEY[:12]}"
OTHER = f"AVN:{OTHER_KEY[:12]}"


def attachments(store: Store) -> dict[str, Attachment]:
    return {a.id: a for a in store.state.read_state().attachments}


def statuses(store: Store) -> dict[str, str]:
    return {a.id: a.status.value for a in store.state.read_state().attachments}


def apply(store: Store, *changes: object, **more: object) -> None:
    store.state.commit(state_commit(store, *changes, **more))  # type: ignore[arg-type]


@pytest.fixture
def loaded(store: Store) -> Store:
    """AVN attached under a first key, with two members of staff."""
    scope = with_partner(store)
    store.feeds.commit(feed_commit(scope, "r1", first_load(staff(1), staff(2)), completes_first_import=True))
    return store


def test_a_partner_is_attached_under_its_key(store: Store) -> None:
    """The id is the school's code and the first twelve characters of the key's fingerprint."""
    with_partner(store)
    found = attachments(store)[OWN]
    assert (found.school, found.fingerprint, found.number, found.since) == ("AVN", KEY, 1, "2026-11-23")
    assert store.feeds.attachment("AVN") == OWN


def test_a_school_that_is_no_partner_is_attached_by_its_code(store: Store) -> None:
    """A school with accounts but no key still has a place for its rows, from its first apply."""
    apply(store, change("school.ELM", {"name": "Elmhurst"}))
    assert store.feeds.attachment("ELM") == "ELM"
    assert attachments(store)["ELM"].fingerprint == ""


def test_an_unknown_school_has_no_attachment(store: Store) -> None:
    """The error suggests the nearest school that has one."""
    with_partner(store)
    with pytest.raises(UnknownName) as error:
        store.feeds.attachment("AVM")
    assert error.value.code == "store.unknown_attachment"
    assert "AVN" in error.value.hint


@pytest.mark.requirement(24, 26)
def test_rows_of_a_removed_partner_are_retained(loaded: Store) -> None:
    """Removing a partner keeps its rows, counts them, and takes them out of what is live."""
    apply(loaded, change("partner.AVN", None, action="forget"), attachments=[attach("retain")])
    assert attachments(loaded)[OWN].status is AttachmentStatus.RETAINED
    assert attachments(loaded)[OWN].rows == {"staff": 2}
    assert loaded.reports.record_counts() == {}
    assert loaded.feeds.attachment("AVN") == "AVN"


@pytest.mark.requirement(27)
def test_the_same_key_finds_the_same_rows_again(loaded: Store) -> None:
    """Re-adding with the same key brings back every row, digest and cursor, without a second first import."""
    scope = scope_of(loaded)
    held = loaded.feeds.digests(scope, Entity.STAFF)
    apply(loaded, change("partner.AVN", None, action="forget"), attachments=[attach("retain")])
    apply(loaded, change("partner.AVN", {}), attachments=[attach("reattach")])
    assert scope_of(loaded) == scope
    assert loaded.feeds.digests(scope, Entity.STAFF) == held != {}
    assert list(loaded.feeds.rows(scope, Entity.STAFF)) == [staff(1), staff(2)]
    assert loaded.feeds.first_import_done(scope)
    assert attachments(loaded)[OWN].number == 2
    assert statuses(loaded) == {OWN: "live", "AVN": "retained"}


@pytest.mark.requirement(28)
def test_another_key_is_another_school(loaded: Store) -> None:
    """Under a different key nothing is held; the earlier rows stay, orphaned under their own fingerprint."""
    apply(loaded, change("partner.AVN", {"key": 2}, action="replace"),
          attachments=[attach("orphan"), attach("attach", key=OTHER_KEY)])  # fmt: skip
    scope = scope_of(loaded)
    assert scope.attachment == OTHER
    assert loaded.feeds.digests(scope, Entity.STAFF) == {}
    assert not loaded.feeds.first_import_done(scope)
    assert statuses(loaded) == {OWN: "orphaned", OTHER: "live"}
    assert attachments(loaded)[OWN].rows == {"staff": 2}


def test_a_new_key_for_the_same_school_takes_the_rows_along(loaded: Store) -> None:
    """Re-keying moves rows, digests, cursors and the first import; the next run finds nothing to do."""
    before = loaded.feeds.digests(scope_of(loaded), Entity.STAFF)
    apply(loaded, change("partner.AVN", {"key": 2}, action="rekey"),
          attachments=[attach("rekey", key=OTHER_KEY, old=KEY)])  # fmt: skip
    scope = scope_of(loaded)
    assert scope.attachment == OTHER
    assert loaded.feeds.digests(scope, Entity.STAFF) == before
    assert list(loaded.feeds.rows(scope, Entity.STAFF)) == [staff(1), staff(2)]
    assert loaded.feeds.first_import_done(scope)
    assert loaded.feeds.base(scope) == "r1"
    assert statuses(loaded) == {OTHER: "live"}


def test_a_held_change_set_does_not_survive_a_new_key(loaded: Store) -> None:
    """What was shown under the old key is not committed under the new one, and its people are erased."""
    scope = scope_of(loaded)
    commit = feed_commit(scope, "r2", first_load(staff(3)), base="r1")
    loaded.feeds.hold(
        HeldRun(run="r2", scope=scope, held_at=NOW, expires_at=NOW + timedelta(1), reasons=("drop",), commit=commit)
    )
    apply(loaded, attachments=[attach("rekey", key=OTHER_KEY, old=KEY)])
    assert loaded.feeds.held_runs() == []


@pytest.mark.parametrize("op", ["retain", "reattach", "orphan", "rekey"])
def test_a_change_of_an_unknown_attachment_is_refused_whole(loaded: Store, op: str) -> None:
    """A plan that names a key which was never attached changes nothing at all."""
    before = loaded.state.read_state()
    with pytest.raises(UnknownName) as error:
        apply(loaded, change("report.a", {}), attachments=[attach(op, key="c3" * 32, old="d4" * 32)])
    assert error.value.code == "store.unknown_attachment"
    assert loaded.state.read_state() == before


def test_a_key_is_not_taken_twice_by_rekeying(loaded: Store) -> None:
    """Moving onto a key under which the school was attached before would mix two sets of rows."""
    apply(loaded, attachments=[attach("orphan"), attach("attach", key=OTHER_KEY)])
    with pytest.raises(Refused) as error:
        apply(loaded, attachments=[attach("rekey", key=KEY, old=OTHER_KEY)])
    assert error.value.code == "store.attachment_taken"


def test_nothing_is_attached_under_an_unknown_key(store: Store) -> None:
    """An attachment without a fingerprint would be the place of a school that is no partner."""
    with pytest.raises(Refused) as error:
        apply(store, change("school.AVN", {}), attachments=[attach("attach", key="")])
    assert error.value.code == "store.attachment_without_key"


def test_a_school_that_leaves_the_estate_is_set_aside(store: Store) -> None:
    """Its rows stay, and it is no longer live."""
    apply(store, change("school.ELM", {}))
    apply(store, change("school.ELM", None, action="delete"))
    assert statuses(store) == {"ELM": "retained"}
    apply(store, change("school.ELM", {}))
    assert statuses(store) == {"ELM": "live"}


@pytest.mark.requirement(6)
def test_each_academic_year_has_rows_of_its_own(loaded: Store) -> None:
    """The next year begins empty, the year before stays as it was, and only the latest counts as live."""
    this, following = scope_of(loaded), scope_of(loaded, year=AcademicYear(2027))
    assert loaded.feeds.digests(following, Entity.STAFF) == {}
    assert loaded.feeds.first_import_done(following)
    loaded.feeds.commit(feed_commit(this, "r2", first_load(("R1", "Hall")), base="r1", entity=Entity.ROOMS))
    loaded.feeds.commit(feed_commit(following, "r3", first_load(staff(1))))
    assert loaded.feeds.digests(this, Entity.STAFF).keys() == {"t0001", "t0002"}
    assert loaded.feeds.digests(following, Entity.STAFF).keys() == {"t0001"}
    assert loaded.reports.record_counts() == {"AVN": {"staff": 1}}


def leave(store: Store) -> None:
    apply(store, change("partner.AVN", None, action="forget"), attachments=[attach("retain")])


@pytest.mark.requirement(24, 26, 28)
@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([attach("retain")], "superseded by the removal of the partner"),
        ([attach("orphan"), attach("attach", key=OTHER_KEY)], "superseded by another Data Exchange Key"),
    ],
)
def test_what_is_held_of_a_partner_goes_with_it(loaded: Store, steps: list[AttachmentChange], why: str) -> None:
    """Nobody can approve rows into a school that left; the log says why, and the people in the change set are gone."""
    scope = scope_of(loaded)
    commit = feed_commit(scope, "r2", EntityChanges(new=digested(staff(3))), base="r1")
    loaded.feeds.start_run(entry(scope, "r2"))
    loaded.feeds.hold(HeldRun(run="r2", scope=scope, held_at=NOW, expires_at=NOW + timedelta(hours=24), reasons=("x",),
                              commit=commit))  # fmt: skip
    apply(loaded, attachments=steps)
    assert loaded.feeds.held_runs() == []
    assert loaded.feeds.became_of("r2") == why
    with pytest.raises(UnknownName):
        approve_held(loaded.feeds, "r2", now=NOW, actor=ACTOR, reason="too late")


@pytest.mark.requirement(26, 27)
def test_issues_of_a_partner_are_set_aside_with_its_rows_and_come_back_with_them(loaded: Store) -> None:
    """A school that left mends nothing; what another school must mend stays, and what was closed stays closed."""
    scope = scope_of(loaded)
    told = [issue(record="c1"), issue(record="c2"), issue(record="c3", school="BRK")]
    loaded.feeds.commit(feed_commit(scope, "r2", base="r1", issues=told))
    loaded.feeds.commit(feed_commit(scope, "r3", base="r1", issues=[told[0]], issue_codes=frozenset({told[0].code})))
    assert open_records(loaded) == {"c1", "c3"}
    leave(loaded)
    assert open_records(loaded) == {"c3"}
    apply(loaded, change("partner.AVN", {"colour": "#1f6feb"}), attachments=[attach("reattach")])
    assert open_records(loaded) == {"c1", "c3"}
    apply(
        loaded,
        change("partner.AVN", {"colour": "#8250df"}),
        attachments=[attach("orphan"), attach("attach", key=OTHER_KEY)],
    )
    assert open_records(loaded) == {"c3"}


def open_records(store: Store) -> set[str]:
    return {tracked.issue.record for tracked in store.reports.issues(IssueFilter())}

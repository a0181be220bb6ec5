"""Runs that wait for a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from reconciler.errors import StalePlan, UnknownName
from reconciler.records.entities import Entity
from reconciler.reports.ports import TransferFilter
from reconciler.store.change_sets import dump_commit, load_commit
from reconciler.store.open import Store
from reconciler.store.tables.runs import HELD_RUN
from reconciler.syncs.ports import Cursor, EntityChanges, FeedScope, HeldRun
from reconciler.transfers.entry import Counts, Outcome, RejectedRecord
from tests.store.values import (
    ACTOR,
    NOW,
    attach,
    change,
    digested,
    entry,
    feed_commit,
    first_load,
    issue,
    later,
    staff,
    state_commit,
    with_partner,
)


@pytest.fixture
def scope(store: Store) -> FeedScope:
    """AVN with four members of staff, loaded by run r1."""
    made = with_partner(store)
    store.feeds.commit(feed_commit(made, "r1", first_load(*(staff(n) for n in range(1, 5)))))
    return made


def hold(store: Store, scope: FeedScope, run: str, *, left: tuple[str, ...] = ("t0001", "t0002")) -> HeldRun:
    commit = feed_commit(scope, run, EntityChanges(left=list(left)), base="r1")
    held = HeldRun(run=run, scope=scope, held_at=NOW, expires_at=NOW + timedelta(hours=24), reasons=("drop of 50 %",),
                   commit=commit)  # fmt: skip
    store.feeds.start_run(entry(scope, run, Outcome.RUNNING))
    store.feeds.hold(held)
    return held


def change_sets(store: Store) -> dict[str, tuple[str, bool]]:
    """Status of each held run, and whether its change set is still there."""
    with store.state._database.read() as connection:
        return {h.run: (h.status, h.change_set is not None) for h in connection.execute(select(HELD_RUN))}


def outcome(store: Store, run: str) -> Outcome:
    return store.reports.transfers(TransferFilter(run=run))[0].outcome


def test_a_whole_commit_survives_as_json(scope: FeedScope) -> None:
    """Every part of a commit comes back equal: rows with dates, entry, cursors, issues."""
    changes = EntityChanges(
        new=digested(staff(1), staff(2, start=None)), changed=digested(staff(3, start=date(1999, 2, 28))),
        left=["x"], first_load=True, redigested={"y": -(2**63)},
    )  # fmt: skip
    told = entry(
        scope, "r1", Outcome.PARTIAL, counts={"staff": Counts(read=3, new=2, changed=1, left=1)},
        rejected=(RejectedRecord(entity="staff", key="k", code="c", message="m", place="p"),), notes=("n",),
    )  # fmt: skip
    commit = feed_commit(
        scope, "r1", changes, base="r0", entry=told, issues=(issue(),), issue_codes=frozenset({"a", "b"}),
        cursors={Entity.STAFF: Cursor(mapping_version="m", fingerprint="f", rows=3)}, completes_first_import=True,
    )  # fmt: skip
    assert load_commit(dump_commit(commit)) == commit


@pytest.mark.requirement(67)
def test_a_held_run_changes_nothing(store: Store, scope: FeedScope) -> None:
    """What was live stays live, the run says `held`, and the change set waits as it was shown."""
    held = hold(store, scope, "r2")
    assert store.feeds.held_runs() == [held]
    assert len(store.feeds.digests(scope, Entity.STAFF)) == 4
    assert store.feeds.base(scope) == "r1"
    assert outcome(store, "r2") is Outcome.HELD


def test_what_was_held_is_committed(store: Store, scope: FeedScope) -> None:
    """Approving commits exactly the change set; afterwards it is erased, and who decided is on the audit trail."""
    hold(store, scope, "r2")
    commit = store.feeds.held_runs()[0].commit
    store.feeds.commit(replace(commit, entry=replace(commit.entry, finished_at=later(60))))
    store.feeds.close_held("r2", status="approved", at=later(60), actor=ACTOR, reason="sixth form moved out")
    assert store.feeds.digests(scope, Entity.STAFF).keys() == {"t0003", "t0004"}
    assert store.feeds.held_runs() == []
    assert change_sets(store) == {"r2": ("approved", False)}
    row = store.state.audit_rows()[0]
    assert (row.verb, row.subject, row.detail) == ("run.approved", "run r2", {"reason": "sixth form moved out"})
    assert outcome(store, "r2") is Outcome.DONE


def test_an_approval_cut_off_after_its_commit_can_be_finished(store: Store, scope: FeedScope) -> None:
    """Until it is closed the run is still listed, and the base says that it was committed."""
    hold(store, scope, "r2")
    store.feeds.commit(store.feeds.held_runs()[0].commit)
    assert [held.run for held in store.feeds.held_runs()] == [store.feeds.base(scope)]


def test_a_rejected_run_is_thrown_away(store: Store, scope: FeedScope) -> None:
    """Nothing of it is committed, its people are erased, and the log says so."""
    hold(store, scope, "r2")
    store.feeds.close_held("r2", status="rejected", at=later(5), actor=ACTOR, reason="wrong export")
    assert change_sets(store) == {"r2": ("rejected", False)}
    assert outcome(store, "r2") is Outcome.REJECTED
    assert len(store.feeds.digests(scope, Entity.STAFF)) == 4


def test_a_later_held_run_takes_the_place_of_the_earlier(store: Store, scope: FeedScope) -> None:
    """One held run a scope: the latest look at the school is the one to decide on."""
    hold(store, scope, "r2")
    hold(store, scope, "r3")
    assert change_sets(store) == {"r2": ("superseded", False), "r3": ("held", True)}


def test_a_superseded_run_says_so_in_the_log(store: Store, scope: FeedScope) -> None:
    """It is held no longer, and names the run that took its place."""
    hold(store, scope, "r2")
    hold(store, scope, "r3")
    (told,) = store.reports.transfers(TransferFilter(run="r2"))
    assert (told.outcome, told.message.endswith("; superseded by run r3")) == (Outcome.REJECTED, True)
    assert [store.feeds.became_of(run) for run in ("r2", "r3", "r9")] == ["superseded by run r3", "", ""]


@pytest.mark.parametrize(
    ("status", "became"),
    [("approved", "already approved"), ("rejected", "already rejected"), ("expired", "expired")],
)
def test_what_became_of_a_closed_run_is_known(store: Store, scope: FeedScope, status: str, became: str) -> None:
    """So that a second decision is answered with the first."""
    hold(store, scope, "r2")
    store.feeds.close_held("r2", status=status, at=later(5), actor=ACTOR, reason="r")
    assert store.feeds.became_of("r2") == became


def test_an_expired_run_is_held_no_longer_in_the_log(store: Store, scope: FeedScope) -> None:
    """Nobody can approve it."""
    hold(store, scope, "r2")
    store.feeds.close_held("r2", status="expired", at=later(5), actor=ACTOR, reason="not approved in time")
    assert outcome(store, "r2") is Outcome.REJECTED


def test_a_change_makes_a_held_run_pointless(store: Store, scope: FeedScope) -> None:
    """Once another run changed the scope the change set cannot be committed as shown, so its people are erased."""
    hold(store, scope, "r2")
    store.feeds.commit(feed_commit(scope, "r3", EntityChanges(left=["t0004"]), base="r1"))
    assert change_sets(store) == {"r2": ("superseded", False)}


@pytest.mark.requirement(67)
def test_a_good_run_without_changes_ends_the_wait_too(store: Store, scope: FeedScope) -> None:
    """The school says again what is held: whoever approved the empty list of before would empty the school."""
    hold(store, scope, "r2")
    store.feeds.commit(feed_commit(scope, "r3", base="r1"))
    assert change_sets(store) == {"r2": ("superseded", False)}
    assert store.feeds.became_of("r2") == "superseded by run r3"


@pytest.mark.requirement(51, 67)
@pytest.mark.parametrize(
    ("address", "before", "after"),
    [
        ("partner.AVN", {"offers": "all"}, {"offers": {"students": ["10233"], "classes": "all"}}),
        ("school.AVN", {"mis": {"school_id": 1}}, {"mis": {"school_id": 2}}),
        ("period_map.AVN.2026-2027", {"slots": {"W1Mon.P1": "Mon.1"}}, {"slots": {"W1Mon.P1": None}}),
        ("virtual_school", {"identifiers": {"separator": ""}}, {"identifiers": {"separator": "-"}}),
    ],
)
def test_what_was_asked_before_is_approved_no_more(
    store: Store, scope: FeedScope, address: str, before: dict[str, object], after: dict[str, object]
) -> None:
    """A student who is offered no longer must not come in by the approval of a run from before."""
    hold(store, scope, "r2")
    store.state.commit(state_commit(store, change(address, after, before=before, action="update")))
    assert change_sets(store) == {"r2": ("superseded", False)}
    assert store.feeds.became_of("r2") == "superseded by version 2 of the estate"


@pytest.mark.parametrize(
    ("address", "before", "after"),
    [
        ("partner.AVN", {"colour": "#000000", "offers": "all"}, {"colour": "#ffffff", "offers": "all"}),
        ("partner.BRK", {"offers": "all"}, {"offers": {"students": [], "classes": []}}),
        ("expected_changes", {"entries": []}, {"entries": [{"school": "AVN"}]}),
    ],
)
def test_a_version_that_asks_the_same_leaves_a_held_run_alone(
    store: Store, scope: FeedScope, address: str, before: dict[str, object], after: dict[str, object]
) -> None:
    """A colour, another school and what is announced do not change what was shown."""
    hold(store, scope, "r2")
    store.state.commit(state_commit(store, change(address, after, before=before, action="update")))
    assert change_sets(store) == {"r2": ("held", True)}


@pytest.mark.requirement(19, 26)
def test_nothing_comes_in_from_a_school_that_was_set_aside(store: Store, scope: FeedScope) -> None:
    """Neither by an approval nor by a run that was reading when the partner was removed."""
    held = hold(store, scope, "r2")
    before = store.feeds.digests(scope, Entity.STAFF)
    store.state.commit(state_commit(store, attachments=[attach("retain")]))
    assert change_sets(store) == {"r2": ("superseded", False)}
    with pytest.raises(StalePlan) as caught:
        store.feeds.commit(held.commit)
    assert caught.value.code == "store.set_aside"
    assert store.feeds.digests(scope, Entity.STAFF) == before
    assert outcome(store, "r2") is Outcome.REJECTED


@pytest.mark.parametrize("status", ["approved", "rejected"])
def test_a_run_is_closed_once(store: Store, scope: FeedScope, status: str) -> None:
    """Closing what is not held is refused with the nearest name."""
    hold(store, scope, "run-2")
    store.feeds.close_held("run-2", status=status, at=NOW, actor=ACTOR, reason="r")
    hold(store, scope, "run-3")
    for name in ("run-2", "run-33"):
        with pytest.raises(UnknownName) as error:
            store.feeds.close_held(name, status="rejected", at=NOW, actor=ACTOR, reason="r")
        assert error.value.code == "store.unknown_held_run"
    assert "run-3" in error.value.hint

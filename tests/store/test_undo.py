"""The store's side of an undo: wholly or not at all, and what an older store knows of its runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from reconciler.records.entities import Entity
from reconciler.reports.ports import TransferFilter
from reconciler.store.database import Database
from reconciler.store.open import create_store, open_store, upgrade_store
from reconciler.store.urls import read_url
from reconciler.syncs.ports import EntityChanges
from reconciler.syncs.undo import undo_run
from tests.store.test_crash import EVERY, Place, die_everywhere, opened, place  # noqa: F401 (`place` is a fixture)
from tests.store.values import (
    ACTOR,
    digested,
    feed_commit,
    first_load,
    later,
    scope_of,
    staff,
    with_partner,
)


def undo_first_load(url: str) -> None:
    """What `sync undo` does with the store; nothing to do the second time."""
    with opened(url) as store:
        facts = store.undoing.run_facts("r1")
        if not facts.undone_by:
            undo_run(store.undoing, "r1", run="u1", now=later(5), actor=ACTOR, reason="wrong school")


def undo_differences(url: str) -> None:
    """The same for a run that changed, brought and took rows; the run itself is there after the first attempt."""
    with opened(url) as store:
        scope = scope_of(store)
        if not store.reports.transfers(TransferFilter(run="r2")):
            changes = EntityChanges(new=digested(staff(90)), changed=digested(staff(1, surname="Ames")), left=["t0002"])
            store.feeds.commit(feed_commit(scope, "r2", changes, base="r1"))
        if not store.undoing.run_facts("r2").undone_by:
            undo_run(store.undoing, "r2", run="u2", now=later(5), actor=ACTOR, reason="half a file")


def undo_academic(url: str) -> None:
    """The same for an academic run that parked a key beside the marks that it brought."""
    with opened(url) as store:
        if not store.undoing.run_facts("a1").undone_by:
            undo_run(store.undoing, "a1", run="ua1", now=later(5), actor=ACTOR, reason="wrong school")


ACTS = pytest.mark.parametrize("act", [undo_first_load, undo_academic])


@ACTS
@pytest.mark.requirement(18, 43)
def test_an_undo_killed_at_a_sample_of_points(place: Place, act: Callable[[str], None]) -> None:  # noqa: F811
    """The rows are as before the undo or as after it, and asking again ends it."""
    assert die_everywhere(place, act, every=EVERY) >= 2


@pytest.mark.slow
@ACTS
@pytest.mark.requirement(18, 43)
def test_an_undo_killed_at_every_point(place: Place, act: Callable[[str], None]) -> None:  # noqa: F811
    """All of them: before and after each statement, COPY and commit."""
    assert die_everywhere(place, act, every=1) >= 20


def test_an_undo_of_differences_leaves_the_packed_digests_true(place: Place) -> None:  # noqa: F811
    """What the next import compares with are the rows that are live."""
    url = place.copy()
    before: dict[str, int]
    with opened(url) as store:
        before = store.feeds.digests(scope_of(store), Entity.STAFF)
    undo_differences(url)
    with opened(url) as store:
        found = store.feeds.digests(scope_of(store), Entity.STAFF)
        assert found.keys() == before.keys()
        assert {row[0] for row in store.feeds.rows(scope_of(store), Entity.STAFF)} == before.keys()
        assert store.reports.record_counts()["AVN"]["staff"] == len(before)


@pytest.fixture
def older(store_url: str) -> str:
    """A store of the version before runs noted what they changed, with two imports in it."""
    with create_store(store_url, estate_id="eskmere-test", rehearsal=False, now=later(0)) as made:
        scope = with_partner(made)
        made.feeds.commit(feed_commit(scope, "r1", first_load(staff(1), staff(2)), completes_first_import=True))
        made.feeds.commit(feed_commit(scope, "r2", EntityChanges(new=digested(staff(3))), base="r1"))
    database = Database(read_url(store_url))
    with database.write() as connection:
        connection.execute(text("DROP TABLE run_change"))
        connection.execute(text("UPDATE schema_version SET version_num = '0004'"))
    database.close()
    return store_url


def test_an_upgraded_store_can_undo_the_last_run_of_each_scope(older: str) -> None:
    """That one is known; of earlier ones it says why it cannot."""
    upgrade_store(older)
    with open_store(older) as store:
        undo_run(store.undoing, "r2", run="u2", now=later(5), actor=ACTOR, reason="half a file")
        assert store.feeds.digests(scope_of(store), Entity.STAFF).keys() == {"t0001", "t0002"}
        assert store.feeds.first_import_done(scope_of(store))
        facts = store.undoing.run_facts("r1")
        assert (facts.changed, facts.scope) == (True, None)

"""What the store must be able to say of rows that nobody imports any more, and of a run that it cannot log."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.errors import StoreError
from reconciler.records.entities import Entity
from reconciler.store import runs
from reconciler.store.open import Store
from tests.store.values import (
    KEY,
    NOW,
    attach,
    change,
    feed_commit,
    first_load,
    scope_of,
    staff,
    state_commit,
    with_partner,
)

OWN = f"AVN:{KEY[:12]}"


def since(store: Store) -> str:
    return next(a.since for a in store.state.read_state().attachments if a.id == OWN)


@pytest.mark.requirement(26)
def test_retained_rows_know_from_which_day_on_they_are_retained(store: Store) -> None:
    """Their age counts from the removal and not from the first attachment; coming back starts a new count."""
    with_partner(store)
    assert since(store) == NOW.date().isoformat()
    for days, op, spec in ((40, "retain", None), (90, "reattach", {})):
        at = NOW + timedelta(days=days)
        store.state.commit(state_commit(store, change("partner.AVN", spec), attachments=[attach(op)], at=at))
        assert since(store) == at.date().isoformat()


@pytest.mark.requirement(27)
def test_attaching_under_a_key_that_was_attached_before_is_coming_back(store: Store) -> None:
    """Whoever asks to attach finds the rows of that key again, live, and counts one attachment more."""
    with_partner(store)
    for op, spec in (("retain", None), ("attach", {})):
        store.state.commit(state_commit(store, change("partner.AVN", spec), attachments=[attach(op)]))
    (found,) = [a for a in store.state.read_state().attachments if a.id == OWN]
    assert (found.status.value, found.number) == ("live", 2)
    assert scope_of(store).attachment == OWN


@pytest.mark.requirement(62)
def test_records_without_their_log_entry_are_not_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transfer log and the rows that it tells of are written together or not at all."""
    scope = with_partner(store)

    def full(*_: object) -> int:
        raise StoreError("store.full", "the disk is full")

    monkeypatch.setattr(runs, "end", full)
    with pytest.raises(StoreError, match="full"):
        store.feeds.commit(feed_commit(scope, "r1", first_load(staff(1), staff(2))))
    assert store.feeds.digests(scope, Entity.STAFF) == {}
    assert list(store.feeds.rows(scope, Entity.STAFF)) == []


def test_an_import_moves_nothing_that_a_plan_stands_on(store: Store) -> None:
    """Serial, lineage and resources stay, so that a plan made before an import is good after it."""
    scope = with_partner(store)
    before = store.state.read_state()
    store.feeds.commit(feed_commit(scope, "r1", first_load(staff(1), staff(2)), completes_first_import=True))
    after = store.state.read_state()
    assert (after.serial, after.lineage, after.resources) == (before.serial, before.lineage, before.resources)
    assert [a.rows for a in after.attachments if a.id == OWN] == [{"staff": 2}]

"""Two ways to find the differences, one answer: digests in memory, and columns compared by the database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.records.entities import Entity
from reconciler.store.open import Store, create_store
from reconciler.syncs.ports import CanonicalRow, EntityChanges, FeedScope
from reconciler.testing.fixtures import BACK_ENDS, sqlite_url
from tests.store.values import (
    NOW,
    digested,
    feed_commit,
    first_load,
    row_digest,
    scope_of,
    staff,
    with_partner,
)

_TEXT = st.one_of(st.none(), st.sampled_from(["", " ", "A", "a", "Á", "A\u0301", "0", "00", "'", "%s", "?", "\n"]))
_DATES = st.one_of(st.none(), st.dates(date(1900, 1, 1), date(2100, 12, 31)))
_REQUIRED = st.sampled_from(["Okafor", "Ames", "O'Nöé", ""])


@st.composite
def rosters(draw: st.DrawFn) -> list[CanonicalRow]:
    """Staff with few ids and few values, so that two rosters overlap in every way."""
    ids = draw(st.sets(st.sampled_from([f"t{n}" for n in range(8)] + ["T1", "t 1", "t1 "])))
    return [
        (i, draw(_TEXT), draw(_TEXT), draw(_TEXT), draw(_TEXT), draw(_REQUIRED), draw(_DATES), draw(_DATES))
        for i in sorted(ids)
    ]


def by_digest(held: dict[str, int], offered: list[CanonicalRow]) -> tuple[EntityChanges, int]:
    """The comparison in memory, as a sync makes it."""
    changes, rest, same = EntityChanges(first_load=not held), dict(held), 0
    for row, digest in digested(*offered):
        before = rest.pop(str(row[0]), None)
        if before is None:
            changes.new.append((row, digest))
        elif before != digest:
            changes.changed.append((row, digest))
        else:
            same += 1
    changes.left = sorted(rest)
    return changes, same


def sorted_changes(changes: EntityChanges) -> EntityChanges:
    """The order of a comparison is its own affair."""
    return EntityChanges(
        new=sorted(changes.new, key=lambda pair: str(pair[0][0])),
        changed=sorted(changes.changed, key=lambda pair: str(pair[0][0])),
        left=sorted(changes.left), first_load=changes.first_load, redigested=changes.redigested,
    )  # fmt: skip


@pytest.fixture(scope="module", params=BACK_ENDS)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all examples: each takes a feed of its own."""
    folder: Path = tmp_path_factory.mktemp("compare")
    url = sqlite_url(folder) if request.param == "sqlite" else request.getfixturevalue("postgres").empty()
    with create_store(url, estate_id="eskmere-test", rehearsal=False, now=NOW) as store:
        with_partner(store)
        yield store


_NUMBERS = count(1)


@given(first=rosters(), second=rosters(), third=rosters())
def test_both_ways_agree(
    shared: Store, first: list[CanonicalRow], second: list[CanonicalRow], third: list[CanonicalRow]
) -> None:
    """For any three rosters one after another: the same new, changed, same and left, and the same rows afterwards."""
    number = next(_NUMBERS)
    scope, base = scope_of(shared, feed=f"feed-{number}"), ""
    for step, offered in enumerate((first, second, third)):
        memory = by_digest(shared.feeds.digests(scope, Entity.STAFF), offered)
        database = shared.feeds.compare(scope, Entity.STAFF, digested(*offered))
        assert (sorted_changes(database[0]), database[1]) == (sorted_changes(memory[0]), memory[1])
        run = f"r-{number}-{step}"
        shared.feeds.commit(feed_commit(scope, run, memory[0], base=base))
        base = base if memory[0].empty else run
        assert list(shared.feeds.rows(scope, Entity.STAFF)) == offered
        assert shared.feeds.digests(scope, Entity.STAFF) == {str(row[0]): row_digest(row) for row in offered}


def test_a_new_mapping_version_finds_no_phantom_changes(store: Store) -> None:
    """All digests differ and no column does: nothing has changed, and the new digests are handed back."""
    scope: FeedScope = with_partner(store)
    rows = [staff(n) for n in range(1, 5)]
    store.feeds.commit(feed_commit(scope, "r1", first_load(*rows)))
    salted = [(row, row_digest(row) ^ 1) for row in rows]
    salted[0] = (staff(1, surname="Ames"), 5)
    changes, same = store.feeds.compare(scope, Entity.STAFF, salted)
    assert (changes.new, changes.changed, changes.left, same) == ([], salted[:1], [], 3)
    assert changes.redigested == {str(row[0]): digest for row, digest in salted[1:]}


def test_a_comparison_leaves_nothing_behind(store: Store) -> None:
    """It can be made twice, and takes no write lock on the way."""
    scope = with_partner(store)
    with store.state._database.write():  # somebody else is writing
        for _ in range(2):
            changes, same = store.feeds.compare(scope, Entity.STAFF, digested(staff(1)))
    assert (len(changes.new), same, changes.first_load) == (1, 0, True)

"""Commits of the data loop: records, digests, journal, cursors."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, func, select

from reconciler.errors import StalePlan, StoreError
from reconciler.records.entities import COLUMNS, ColumnType, Entity
from reconciler.store.open import Store
from reconciler.store.tables.records import RECORDS
from reconciler.store.tables.runs import CHANGE_JOURNAL, PACKED_DIGESTS, RUN
from reconciler.syncs.ports import CanonicalRow, Cursor, EntityChanges, FeedScope
from reconciler.transfers.entry import Outcome
from tests.store.values import (
    attach,
    digested,
    entry,
    feed_commit,
    first_load,
    row_digest,
    scope_of,
    staff,
    state_commit,
    with_partner,
)


def sample(entity: Entity, number: int) -> CanonicalRow:
    """A row with every column filled, letters from everywhere."""
    return tuple(
        date(2026, 9, 1 + number) if column.type is ColumnType.DATE
        else f"{entity.value[0]}{number}" if column.name == "source_id" else f"Zoë Ó'Nöé 李 {number}"[: column.length]
        for column in COLUMNS[entity]
    )  # fmt: skip


def journal(store: Store) -> list[tuple[Any, ...]]:
    """(run, source id, op, columns, before), in order."""
    table = CHANGE_JOURNAL
    query = (
        select(RUN.c.run, table.c.source_id, table.c.op, table.c.columns, table.c.before)
        .join(RUN, RUN.c.number == table.c.run)
        .order_by(table.c.id)
    )
    with store.state._database.read() as connection:
        return [tuple(row) for row in connection.execute(query)]


def trail(store: Store, source_id: str) -> tuple[str, str, str | None]:
    """The runs in which a member of staff was first seen, last changed, and left."""
    table = RECORDS[Entity.STAFF]
    with store.state._database.read() as connection:
        runs = {row.number: row.run for row in connection.execute(select(RUN))} | {None: None}
        query = select(table.c.first_load, table.c.changed_load, table.c.left_load)
        first, changed, left = connection.execute(query.where(table.c.source_id == source_id)).one()
    return str(runs[first]), str(runs[changed]), runs[left]


@pytest.fixture
def scope(store: Store) -> FeedScope:
    """The feed `hub` of AVN, with nothing in it."""
    return with_partner(store)


@pytest.fixture
def loaded(store: Store, scope: FeedScope) -> FeedScope:
    """The same with staff 1 to 4, loaded by run r1."""
    store.feeds.commit(feed_commit(scope, "r1", first_load(*(staff(n) for n in range(1, 5)))))
    return scope


@pytest.mark.requirement(6)
@pytest.mark.parametrize("entity", list(Entity))
def test_every_entity_is_stored_and_read_back(store: Store, scope: FeedScope, entity: Entity) -> None:
    """Text and dates of all columns survive the bulk path and the path of differences alike."""
    rows = [sample(entity, number) for number in range(3)]
    empty = tuple(value if i == 0 or COLUMNS[entity][i].required else None for i, value in enumerate(sample(entity, 3)))
    store.feeds.commit(feed_commit(scope, "r1", first_load(*rows[:2]), entity=entity))
    store.feeds.commit(feed_commit(scope, "r2", EntityChanges(new=digested(rows[2], empty)), base="r1", entity=entity))
    assert list(store.feeds.rows(scope, entity)) == [*rows, empty]
    assert store.feeds.digests(scope, entity) == {str(row[0]): row_digest(row) for row in [*rows, empty]}


def test_nothing_is_held_before_the_first_load(store: Store, scope: FeedScope) -> None:
    """No digest, no row, no cursor, no base."""
    assert store.feeds.digests(scope, Entity.STAFF) == {}
    assert list(store.feeds.rows(scope, Entity.STAFF)) == []
    assert store.feeds.cursor(scope, Entity.STAFF) is None
    assert store.feeds.base(scope) == ""
    assert not store.feeds.first_import_done(scope)


def test_rows_come_in_order_of_source_id(store: Store, scope: FeedScope) -> None:
    """By code point on both back ends, whatever the collation of the database."""
    ids = ["b", "B", "a-1", "a1", "é", "Z", "a 1", "10", "9"]
    rows = [(source_id, "Room") for source_id in ids]
    store.feeds.commit(feed_commit(scope, "r1", first_load(*rows), entity=Entity.ROOMS))
    assert [row[0] for row in store.feeds.rows(scope, Entity.ROOMS)] == sorted(ids)


def test_differences_change_rows_digests_and_counts(store: Store, loaded: FeedScope) -> None:
    """New rows come, changed ones change, left ones go out of sight, the rest stays."""
    store.feeds.commit(
        feed_commit(
            loaded, "r2",
            EntityChanges(new=digested(staff(9)), changed=digested(staff(2, surname="Ames")), left=["t0003"]),
            base="r1",
        )
    )  # fmt: skip
    live = [staff(1), staff(2, surname="Ames"), staff(4), staff(9)]
    assert list(store.feeds.rows(loaded, Entity.STAFF)) == live
    assert store.feeds.digests(loaded, Entity.STAFF) == {str(row[0]): row_digest(row) for row in live}
    assert store.reports.record_counts() == {"AVN": {"staff": 4}}
    assert store.feeds.base(loaded) == "r2"


def test_the_journal_has_one_line_a_difference(store: Store, loaded: FeedScope) -> None:
    """With the former values of what changed and no others; a first load is one line for all."""
    store.feeds.commit(
        feed_commit(
            loaded, "r2",
            EntityChanges(new=digested(staff(9)), changed=digested(staff(2, surname="Ames", start=None)),
                          left=["t0003"]),
            base="r1",
        )
    )  # fmt: skip
    assert journal(store) == [
        ("r1", "", "first_load", None, None),
        ("r2", "t0009", "new", None, None),
        ("r2", "t0002", "changed", ["surname", "start_date"], {"surname": "Okafor", "start_date": "2026-09-01"}),
        ("r2", "t0003", "left", None, None),
    ]


def test_each_row_knows_its_runs(store: Store, loaded: FeedScope) -> None:
    """First seen, last changed and left; a row that did not change keeps its first run."""
    store.feeds.commit(
        feed_commit(loaded, "r2", EntityChanges(changed=digested(staff(2, surname="Ames")), left=["t0003"]), base="r1")
    )
    assert trail(store, "t0001") == ("r1", "r1", None)
    assert trail(store, "t0002") == ("r1", "r2", None)
    assert trail(store, "t0003") == ("r1", "r1", "r2")


@pytest.mark.requirement(53)
def test_a_row_that_left_is_kept_and_can_rejoin(store: Store, loaded: FeedScope) -> None:
    """Leaving deletes nothing; coming back is journalled as such and keeps the run of the first sight."""
    store.feeds.commit(feed_commit(loaded, "r2", EntityChanges(left=["t0003"]), base="r1"))
    assert "t0003" not in store.feeds.digests(loaded, Entity.STAFF)
    again = EntityChanges(new=digested(staff(3, surname="Ames")))
    store.feeds.commit(feed_commit(loaded, "r3", again, base="r2"))
    assert trail(store, "t0003") == ("r1", "r3", None)
    assert journal(store)[-1] == ("r3", "t0003", "rejoined", ["surname"], {"surname": "Okafor"})
    assert staff(3, surname="Ames") in list(store.feeds.rows(loaded, Entity.STAFF))


def test_a_first_load_after_all_had_left_finds_the_old_rows(store: Store, loaded: FeedScope) -> None:
    """Nothing is live, so the sync says first load; the rows that left come back instead of clashing."""
    everyone = [staff(n) for n in range(1, 5)]
    store.feeds.commit(feed_commit(loaded, "r2", EntityChanges(left=[str(row[0]) for row in everyone]), base="r1"))
    store.feeds.commit(feed_commit(loaded, "r3", first_load(*everyone), base="r2"))
    assert list(store.feeds.rows(loaded, Entity.STAFF)) == everyone
    assert trail(store, "t0001") == ("r1", "r3", None)


def test_many_differences_take_the_same_way_out(store: Store, loaded: FeedScope) -> None:
    """Hundreds of changes at once (COPY and one statement on PostgreSQL) end as few do."""
    fresh = [staff(n) for n in range(10, 400)]
    changed = [staff(n, surname="Ames") for n in range(1, 5)]
    store.feeds.commit(
        feed_commit(loaded, "r2", EntityChanges(new=digested(*fresh), changed=digested(*changed)), base="r1")
    )
    assert list(store.feeds.rows(loaded, Entity.STAFF)) == [*changed, *fresh]
    assert trail(store, "t0001") == ("r1", "r2", None)
    assert len(journal(store)) == 1 + 394


def written(store: Store) -> list[str]:
    """Collects the statements that write from now on."""
    found: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.split(maxsplit=1)[0] in ("INSERT", "UPDATE", "DELETE", "CREATE"):
            found.append(" ".join(statement.split()[:3]))

    event.listen(store.state._database.engine, "before_cursor_execute", listen)
    return found


def test_a_commit_without_changes_writes_no_record_row(store: Store, loaded: FeedScope) -> None:
    """The second run of the same data writes its transfer entry and nothing else: no record, digest or cursor."""
    statements = written(store)
    store.feeds.commit(feed_commit(loaded, "r2", base="r1"))
    tables = {statement.split()[2] for statement in statements if not statement.startswith("UPDATE")}
    tables |= {statement.split()[1] for statement in statements if statement.startswith("UPDATE")}
    assert tables == {"run", "transfer_count", "feed_state"}
    assert store.feeds.base(loaded) == "r1"


def test_a_run_without_changes_reads_packed_digests_alone(store: Store, loaded: FeedScope) -> None:
    """One row holds all ids and digests: no record row is read to find out that nothing changed."""
    read: list[str] = []
    event.listen(
        store.state._database.engine, "before_cursor_execute", lambda _c, _k, statement, *_r: read.append(statement)
    )
    assert len(store.feeds.digests(loaded, Entity.STAFF)) == 4
    selects = [statement for statement in read if statement.startswith("SELECT")]
    assert len(selects) == 1
    assert "FROM packed_digests" in selects[0]


def test_a_new_mapping_version_is_no_change(store: Store, loaded: FeedScope) -> None:
    """Rows with the same columns get their new digest; no journal line, and no run that changed them."""
    lines = len(journal(store))
    store.feeds.commit(feed_commit(loaded, "r2", EntityChanges(redigested={"t0001": 77}), base="r1"))
    assert store.feeds.digests(loaded, Entity.STAFF)["t0001"] == 77
    assert trail(store, "t0001") == ("r1", "r1", None)
    assert len(journal(store)) == lines


def test_a_change_set_from_before_another_run_is_refused_whole(store: Store, loaded: FeedScope) -> None:
    """The scope moved since it was read: nothing of the commit is written, not even how the run ended."""
    store.feeds.commit(feed_commit(loaded, "r2", EntityChanges(left=["t0001"]), base="r1"))
    store.feeds.start_run(entry(loaded, "r3", Outcome.RUNNING))
    with pytest.raises(StalePlan) as error:
        store.feeds.commit(feed_commit(loaded, "r3", EntityChanges(left=["t0002"]), base="r1"))
    assert error.value.code == "store.stale_feed"
    assert "t0002" in store.feeds.digests(loaded, Entity.STAFF)


def test_a_commit_that_fails_leaves_nothing(store: Store, loaded: FeedScope) -> None:
    """A row that the database refuses takes the whole commit with it."""
    bad = (*staff(9)[:5], None, None, None)  # no surname, which is required
    changes = EntityChanges(new=[(bad, 1)], left=["t0001"])
    with pytest.raises(StoreError):
        store.feeds.commit(feed_commit(loaded, "r2", changes, base="r1"))
    assert len(store.feeds.digests(loaded, Entity.STAFF)) == 4
    assert store.feeds.base(loaded) == "r1"


def test_feeds_of_one_school_do_not_see_each_other(store: Store, loaded: FeedScope) -> None:
    """The same person in two feeds is two rows, each with its own cursor and digests."""
    account = scope_of(store, feed="avn-parentpay")
    store.feeds.commit(feed_commit(account, "r2", first_load(staff(1, surname="Ames"))))
    assert list(store.feeds.rows(account, Entity.STAFF)) == [staff(1, surname="Ames")]
    assert next(store.feeds.rows(loaded, Entity.STAFF)) == staff(1)
    assert store.reports.record_counts() == {"AVN": {"staff": 4}}


def test_schools_with_the_same_ids_do_not_mix(store: Store, loaded: FeedScope) -> None:
    """Ids of a school are its own: another school's t0001 changes nothing here."""
    store.state.commit(state_commit(store, attachments=[attach("attach", "BRK", "b" * 64)]))
    other = scope_of(store, "BRK")
    store.feeds.commit(feed_commit(other, "r2", first_load(staff(1, surname="Ames"))))
    store.feeds.commit(feed_commit(other, "r3", EntityChanges(left=["t0001"]), base="r2"))
    assert "t0001" in store.feeds.digests(loaded, Entity.STAFF)


def test_a_cursor_is_what_the_last_run_left(store: Store, scope: FeedScope) -> None:
    """Also when nothing changed but the source's fingerprint."""
    for run, fingerprint, rows in (("r1", "etag-1", 2), ("r2", "etag-2", 2)):
        cursor = Cursor(mapping_version="m1", fingerprint=fingerprint, rows=rows)
        store.feeds.commit(feed_commit(scope, run, cursors={Entity.STAFF: cursor}))
        assert store.feeds.cursor(scope, Entity.STAFF) == cursor


@pytest.mark.requirement(45, 47)
def test_a_first_import_is_remembered_once_it_succeeded(store: Store, scope: FeedScope) -> None:
    """Runs before it leave it pending; those after do not take it back."""
    store.feeds.commit(feed_commit(scope, "r1"))
    assert not store.feeds.first_import_done(scope)
    store.feeds.commit(feed_commit(scope, "r2", completes_first_import=True))
    store.feeds.commit(feed_commit(scope, "r3"))
    assert store.feeds.first_import_done(scope)


def test_packed_digests_equal_the_live_rows(store: Store, loaded: FeedScope) -> None:
    """What is compared with is what is stored, after every sort of change."""
    store.feeds.commit(
        feed_commit(
            loaded, "r2",
            EntityChanges(new=digested(staff(9)), changed=digested(staff(2, surname="Ames")), left=["t0003"],
                          redigested={"t0001": -5}),
            base="r1",
        )
    )  # fmt: skip
    table = RECORDS[Entity.STAFF]
    with store.state._database.read() as connection:
        live = select(table.c.source_id, table.c.digest).where(table.c.left_load.is_(None))
        assert {row.source_id: row.digest for row in connection.execute(live)} == store.feeds.digests(
            loaded, Entity.STAFF
        )
        assert connection.execute(select(func.count()).select_from(PACKED_DIGESTS)).scalar() == 1

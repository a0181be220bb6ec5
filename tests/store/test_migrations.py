"""The schema's history."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from reconciler.errors import StoreError
from reconciler.store.database import Database
from reconciler.store.migrations import HEAD, REVISIONS
from reconciler.store.migrations.upgrade import scripts, upgrade
from reconciler.store.open import Store, open_store, upgrade_store
from reconciler.store.tables import METADATA
from reconciler.store.urls import read_url

VERSIONS = Path(__file__).parents[2] / "reconciler" / "store" / "migrations" / "versions"
RELEASED = Path(__file__).with_name("migrations.sha256")

_POSTGRES_SCHEMA = """
SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
       coalesce(pg_get_expr(d.adbin, d.adrelid), '')
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d
       ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '' FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
UNION ALL
SELECT 'index', tablename, indexname, indexdef, '', '' FROM pg_indexes WHERE schemaname = 'public'
"""


def schema_of(connection: Connection) -> set[tuple[str, ...]]:
    if connection.dialect.name == "sqlite":
        query = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master"
    else:
        query = _POSTGRES_SCHEMA
    return {tuple(row) for row in connection.execute(text(query)) if "schema_version" not in " ".join(row)}


def empty_like(store_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Engine:
    if store_url.startswith("sqlite"):
        return create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    return create_engine(request.getfixturevalue("postgres").empty())


def test_a_migrated_store_equals_one_made_from_the_tables(
    store: Store, store_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Every column, constraint and index is the same, so that the tables in code are the truth about every store."""
    engine = empty_like(store_url, tmp_path, request)
    with engine.begin() as connection:
        METADATA.create_all(connection)
        wanted = schema_of(connection)
    engine.dispose()
    with store.state._database.read() as connection:
        assert schema_of(connection) == wanted


def test_the_list_of_revisions_is_what_lies_in_the_folder() -> None:
    """Opening a store compares with the list alone, so the list must name every migration, in order."""
    revisions = [script.revision for script in reversed(list(scripts().walk_revisions()))]
    assert tuple(revisions) == REVISIONS
    assert scripts().get_current_head() == HEAD


def test_a_migration_is_never_edited() -> None:
    """Stores were made with these bytes: what is to change comes as a new migration."""
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(VERSIONS.glob("v*.py"))}
    released = dict(reversed(line.split()) for line in RELEASED.read_text().splitlines())
    assert found == released


def test_a_migration_is_one_transaction(store_url: str, tmp_path: Path) -> None:
    """One that fails at its end leaves nothing behind, DDL included, on both back ends."""
    if store_url.startswith("sqlite"):
        store_url = f"sqlite:///{tmp_path / 'fresh.db'}"
    database = Database(read_url(store_url))

    def fail() -> None:
        with database.write() as connection:
            upgrade(connection)
            raise StoreError("store.failed", "stopped on purpose")

    with pytest.raises(StoreError, match="on purpose"):
        fail()
    with database.read() as connection:
        assert schema_of(connection) == set()
    database.close()


def test_an_upgrade_of_a_new_store_changes_nothing(store: Store, store_url: str) -> None:
    """It may be run at any time."""
    before = store.state.read_state()
    upgrade_store(store_url)
    with open_store(store_url) as again:
        assert again.state.read_state() == before


def test_an_upgrade_leaves_a_newer_store_alone(store: Store, store_url: str) -> None:
    """There is no way back to an older schema."""
    with store.state._database.write() as connection:
        connection.execute(text("UPDATE schema_version SET version_num = '9999'"))
    with pytest.raises(StoreError) as error:
        upgrade_store(store_url)
    assert error.value.code == "store.newer"

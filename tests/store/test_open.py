"""Making and opening a store."""

from __future__ import annotations

import os
import sqlite3
import stat
import traceback
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from reconciler.errors import ReconcileError, StoreError
from reconciler.store.open import Store, create_store, open_store
from reconciler.testing.fixtures import PostgresDatabases, sqlite_url
from tests.store.values import HOLDER, NOW

SECRET = "hunter2-canary"


def make(url: str, **more: bool) -> Store:
    return create_store(url, estate_id="eskmere-test", rehearsal=more.get("rehearsal", False), now=NOW)


def code_of(error: pytest.ExceptionInfo[ReconcileError]) -> str:
    return error.value.code


def sql(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def test_a_new_store_is_empty_and_knows_its_estate(store_url: str) -> None:
    """What is made is at serial 0, of the estate that was named, with a lineage and a key of its own."""
    with make(store_url, rehearsal=True) as store:
        state = store.state.read_state()
        assert (state.serial, state.estate_id, state.rehearsal) == (0, "eskmere-test", True)
        assert (state.lineage, True) == (store.lineage, store.rehearsal)
        assert len(store.state.plan_key()) == 32


def test_opening_finds_what_was_made(store_url: str) -> None:
    """Lineage, key and mark of rehearsal are those of the making, not new ones."""
    with make(store_url, rehearsal=True) as made:
        lineage, key = made.lineage, made.state.plan_key()
    with open_store(store_url) as opened:
        assert (opened.lineage, opened.state.plan_key(), opened.rehearsal) == (lineage, key, True)


def test_two_stores_share_neither_lineage_nor_key(tmp_path: Path) -> None:
    """A plan signed by one store can never fit another."""
    with make(sqlite_url(tmp_path / "a")) as a, make(sqlite_url(tmp_path / "b")) as b:
        assert a.lineage != b.lineage
        assert a.state.plan_key() != b.state.plan_key()


def test_opening_never_creates(store_url: str) -> None:
    """A missing store is said to be missing, and nothing comes into being by looking."""
    for _ in range(2):
        with pytest.raises(StoreError) as error:
            open_store(store_url)
        assert code_of(error) == "store.missing"
    if store_url.startswith("sqlite"):
        assert not file_of(store_url).parent.exists()


def test_a_store_is_never_made_over_another(store_url: str) -> None:
    """Making twice is refused, and the first store is as it was."""
    with make(store_url) as first:
        lineage = first.lineage
    with pytest.raises(ReconcileError) as error:
        make(store_url)
    assert code_of(error) == "store.exists"
    with open_store(store_url) as still:
        assert still.lineage == lineage


def test_a_database_of_something_else_is_foreign(store_url: str) -> None:
    """Neither opening nor making touches a database that holds other tables."""
    if store_url.startswith("sqlite"):
        file_of(store_url).parent.mkdir(mode=0o700)
        os.close(os.open(file_of(store_url), os.O_CREAT, 0o600))
    sql(store_url, "CREATE TABLE payroll (id integer)")
    for act in (open_store, make):
        with pytest.raises(StoreError) as error:
            act(store_url)
        assert code_of(error) == "store.foreign"


def test_a_file_that_is_no_database_is_foreign(tmp_path: Path) -> None:
    """A text file under the store's name is refused, without a traceback and without being changed."""
    url = sqlite_url(tmp_path)
    file_of(url).parent.mkdir()
    file_of(url).write_text("not a database, but quite long enough to have a header of its own\n" * 20)
    file_of(url).chmod(0o600)
    for act in (open_store, make):
        with pytest.raises(StoreError) as error:
            act(url)
        assert code_of(error) == "store.foreign"
    assert file_of(url).read_text().startswith("not a database")


def test_a_newer_store_is_refused(store_url: str) -> None:
    """A store whose schema this program does not know is left alone."""
    make(store_url).close()
    sql(store_url, "UPDATE schema_version SET version_num = '9999'")
    with pytest.raises(StoreError) as error:
        open_store(store_url)
    assert code_of(error) == "store.newer"
    assert "9999" in error.value.message


def test_a_store_cut_short_in_the_making_is_half_made(store_url: str) -> None:
    """A schema without the store's own row says so instead of passing for an empty store."""
    make(store_url).close()
    sql(store_url, "DELETE FROM store")
    with pytest.raises(StoreError) as error:
        open_store(store_url)
    assert code_of(error) == "store.half_made"


def test_making_goes_on_where_it_was_cut_short(tmp_path: Path) -> None:
    """An empty file, which is what a killed `state init` leaves, is half made when opened and finished when made."""
    url = sqlite_url(tmp_path)
    file_of(url).parent.mkdir(mode=0o700)
    os.close(os.open(file_of(url), os.O_CREAT, 0o600))
    with pytest.raises(StoreError) as error:
        open_store(url)
    assert code_of(error) == "store.half_made"
    make(url).close()
    open_store(url).close()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_owner_can_read_what_is_made(tmp_path: Path, umask: int) -> None:
    """Folder 0700 and every file 0600, whatever the umask, while the store is in use too."""
    former = os.umask(umask)
    try:
        url = sqlite_url(tmp_path)
        with make(url) as store, store.state.lock("apply", holder=HOLDER, wait=0):
            folder = file_of(url).parent
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert set(modes) > {"store.db", "store.db-wal"}
            assert set(modes.values()) == {0o600}
    finally:
        os.umask(former)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_store_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """Personal data that others could read is not used any further; the hint gives the command."""
    url = sqlite_url(tmp_path)
    make(url).close()
    file_of(url).chmod(mode)
    with pytest.raises(StoreError) as error:
        open_store(url)
    assert code_of(error) == "store.open_to_others"
    assert "chmod 600" in error.value.hint


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://reconcile:{SECRET}@db.example/estate",
        f"postgresql://:{SECRET}@/estate",
        f"postgresql+psycopg://reconcile@db.example/estate?password={SECRET}",
        f"postgresql+psycopg://reconcile:{SECRET}@db.example:not-a-port/estate",
        f"mysql://root:{SECRET}@db.example/estate",
    ],
)
def test_a_literal_password_is_refused_without_being_repeated(url: str) -> None:
    """A password belongs into the environment; the error names the fault and not the secret."""
    for act in (open_store, make):
        with pytest.raises(StoreError) as error:
            act(url)
        told = f"{error.value} {error.value.hint} {error.value.diagnostics.to_json()} {error.value.__context__!r}"
        assert code_of(error) in ("secret.inline", "store.url")
        assert SECRET not in told


@pytest.mark.parametrize("url", ["", "store.db", "sqlite://", "sqlite:///:memory:", "mysql://db.example/estate"])
def test_an_address_that_names_no_store_is_refused(url: str) -> None:
    """Only a file and a PostgreSQL database can be a store; the hint shows both forms."""
    with pytest.raises(StoreError) as error:
        open_store(url)
    assert code_of(error) == "store.url"
    assert "sqlite:///" in error.value.hint


def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    """A refused connection is a plain error with a next step."""
    with pytest.raises(StoreError) as error:
        open_store(f"postgresql+psycopg://nobody@/estate?host={tmp_path}")
    assert code_of(error) == "store.unreachable"


def test_sqlite_is_set_to_survive_and_to_forget(tmp_path: Path) -> None:
    """Write-ahead log, full sync, foreign keys and secure delete are on for every connection."""
    with make(sqlite_url(tmp_path)) as store, store.state._database.read() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "temp_store")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "temp_store": 2}


def test_a_dead_client_is_noticed_by_the_server(postgres: PostgresDatabases) -> None:
    """PostgreSQL looks for dead clients while a statement runs; its default is never."""
    with make(postgres.empty()) as store, store.state._database.write() as connection:
        assert connection.exec_driver_sql("SHOW client_connection_check_interval").scalar() == "2s"


def test_no_error_shows_a_value(store: Store) -> None:
    """The text of a failed statement never holds what was to be stored."""
    with pytest.raises(StoreError) as error, store.state._database.write() as connection:
        connection.execute(
            text("INSERT INTO attachment (id, school, fingerprint, status, number) VALUES (:v, :v, :v, :v, 1)"),
            {"v": SECRET},
        )
    assert code_of(error) == "store.failed"
    assert SECRET not in f"{error.value} {error.value.hint}"
    # PostgreSQL quotes the whole row in its own text, so that text must not be shown even in a traceback.
    assert SECRET not in "".join(traceback.format_exception(error.value))
    assert "parameters hidden" in str(error.value.__context__)


def test_a_writer_that_does_not_let_go_is_named_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreign process that sits on the write lock gives a plain error, not a traceback."""
    monkeypatch.setattr("reconciler.store.database._BUSY_SECONDS", 0.2)
    url = sqlite_url(tmp_path)
    with make(url) as store:
        other = sqlite3.connect(file_of(url), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as error, store.state._database.write():
            pass
        other.close()
    assert code_of(error) == "store.busy"

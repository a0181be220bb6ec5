"""Verbs that only look: they need no right to write, and cannot write."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from reconciler.app import academic, control, due, logs, reporting, states, status
from reconciler.errors import StoreError
from reconciler.settings import Settings, read_settings
from reconciler.store.open import create_store, open_store
from tests.conftest import ROOT
from tests.store.values import NOW
from tests.unprivileged import unprivileged

LOOKS: dict[str, Callable[[Settings], object]] = {
    "plan": control.plan,
    "state list": lambda settings: states.listing(settings, "*"),
    "state show": lambda settings: states.show(settings, "virtual_school"),
    "state log": lambda settings: states.versions(settings, 20),
    "log": logs.transfers,
    "issues list": lambda settings: reporting.issues(settings, "text"),
    "report": lambda settings: reporting.render(settings, "transfers", "text"),
    "status": lambda settings: status.status(settings, due.scheduled_flows()),
    "sync --due --dry-run": lambda settings: due.list_due(settings, due.scheduled_flows()),
    "academic records": lambda settings: academic.student_records(settings, "AVN", "10233"),
}


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """The example estate, applied, beside its store."""
    folder = tmp_path / "desk"
    folder.mkdir(mode=0o700)
    shutil.copyfile(ROOT / "examples" / "estate.yaml", folder / "estate.yaml")
    keys = {f"REC_KEY_{code}": f"key of {code}" for code in ("AVN", "BRK", "CST", "DNE", "FGT", "GHL", "HRT")}
    made = read_settings({
        "RECONCILE_ESTATE": str(folder / "estate.yaml"), "RECONCILE_ACTOR": "data-manager",
        "RECONCILE_STORE": f"sqlite:///{folder / '.reconcile' / 'store.db'}", "RECONCILE_NOW": NOW.isoformat(), **keys,
    })  # fmt: skip
    states.init(made, rehearsal=True)
    control.apply(made)
    yield made
    for path in (folder / ".reconcile", folder):
        path.chmod(0o700)


def store_of(settings: Settings) -> Path:
    return settings.estate.parent / ".reconcile" / "store.db"


@pytest.mark.parametrize("verb", LOOKS)
@pytest.mark.parametrize("folder_mode", [0o700, 0o500])
def test_a_store_that_may_not_be_written_can_be_looked_at(settings: Settings, verb: str, folder_mode: int) -> None:
    """The file is read-only, and so is its folder in turn, as on a medium mounted for reading; nothing changes."""
    store = store_of(settings)
    before = store.read_bytes()
    locks = {path for path in store.parent.iterdir() if path.suffix in (".lock", ".holder")}
    store.chmod(0o400)
    store.parent.chmod(folder_mode)
    unprivileged(lambda: LOOKS[verb](settings))
    store.parent.chmod(0o700)
    assert store.read_bytes() == before
    assert {path for path in store.parent.iterdir() if path.suffix in (".lock", ".holder")} == locks


def test_the_file_mode_binds_in_this_test(settings: Settings) -> None:
    """Otherwise the test above would prove nothing where it runs as root."""
    store_of(settings).chmod(0o400)
    with pytest.raises(PermissionError):
        unprivileged(lambda: os.close(os.open(store_of(settings), os.O_RDWR)))


def test_what_another_process_is_just_writing_is_seen(settings: Settings) -> None:
    """A look joins the writers' log; it never takes the file for finished while somebody has it open."""
    url = settings.store_url
    with open_store(url) as writer:
        writer.state.read_state()
        assert store_of(settings).with_name("store.db-wal").exists()
        with open_store(url, read_only=True) as reader:
            assert reader.state.read_state() == writer.state.read_state()


def test_nothing_can_be_written_through_a_store_opened_to_look(store_url: str) -> None:
    """The database refuses, whatever the program asks of it."""
    create_store(store_url, estate_id="eskmere-test", rehearsal=False, now=NOW).close()
    with open_store(store_url, read_only=True) as store:
        with pytest.raises(StoreError) as error, store._database.write() as connection:
            connection.execute(text("DELETE FROM store"))
        assert error.value.code == "store.failed"
        assert store.state.read_state().estate_id == "eskmere-test"

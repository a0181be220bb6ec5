"""`reconcile state upgrade`: the verb that the refusal of an older store names, on SQLite and PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from reconciler.cli.main import run
from reconciler.errors import ExitCode, StoreError
from reconciler.store.database import Database
from reconciler.store.open import create_store, open_store
from reconciler.store.urls import read_url
from tests.store.values import NOW, with_partner


def test_an_older_store_is_refused_then_upgraded_by_the_verb_that_the_refusal_names(
    store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is in it survives, and a second upgrade does nothing."""
    with create_store(store_url, estate_id="eskmere-test", rehearsal=False, now=NOW) as made:
        with_partner(made)
    database = Database(read_url(store_url))
    with database.write() as connection:
        connection.execute(text("DROP TABLE run_change"))
        connection.execute(text("UPDATE schema_version SET version_num = '0004'"))
    database.close()
    with pytest.raises(StoreError) as error:
        open_store(store_url)
    assert "reconcile state upgrade" in error.value.hint
    for _ in range(2):
        assert run(["--store", store_url, "state", "upgrade"]) is ExitCode.DONE
    assert "as new as the program" in capsys.readouterr().out
    with open_store(store_url) as store:
        assert "partner.AVN" in store.state.read_state().resources
        assert not store.state.verify_audit()

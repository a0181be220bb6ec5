"""The audit chain notices whoever writes to the database directly."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from reconciler.errors import UnknownName
from reconciler.store.open import Store, create_store
from reconciler.testing.fixtures import sqlite_url
from tests.store.conftest import NOW
from tests.store.values import attach, change, state_commit


@pytest.fixture
def audited(store: Store) -> Store:
    """A store with five applies."""
    for number in range(5):
        store.state.commit(state_commit(store, change("report.a", {"n": number})))
    assert not store.state.verify_audit()
    return store


@pytest.mark.parametrize(
    ("tampering", "row"),
    [
        ("UPDATE audit SET actor_name = 'someone-else' WHERE sequence = 3", 3),
        ("UPDATE audit SET detail = '{}' WHERE sequence = 2", 2),
        ("DELETE FROM audit WHERE sequence = 3", 3),
        ("DELETE FROM audit WHERE sequence = 1", 1),
        ("DELETE FROM audit WHERE sequence > 3", 4),
        ("UPDATE audit SET sequence = 99 WHERE sequence = 2", 2),
        ("UPDATE audit SET hash = 'x', previous = 'y' WHERE sequence = 5", 5),
    ],
)
def test_tampering_is_named_by_row(audited: Store, tampering: str, row: int) -> None:
    """Edited, removed, reordered or cut off: the first finding names the row."""
    with audited.state._database.write() as connection:
        connection.execute(text(tampering))
    findings = audited.state.verify_audit()
    assert f"audit/{row}" in {finding.subject for finding in findings}
    assert {finding.code for finding in findings} == {"store.audit_broken"}


@pytest.mark.parametrize("tampering", [
    "UPDATE audit SET detail = 'no json' WHERE sequence = 3",
    "UPDATE audit SET at = 'yesterday' WHERE sequence = 3",
    "UPDATE audit SET at = 7 WHERE sequence = 3",
    "UPDATE audit SET subject = x'00ff' WHERE sequence = 3",
    "UPDATE audit SET hash = x'00ff' WHERE sequence = 3",
])  # fmt: skip
def test_what_was_made_unreadable_is_named_too(tmp_path: Path, tampering: str) -> None:
    """A file takes any bytes; the others are still checked, and the answer is a finding and no failure."""
    with create_store(sqlite_url(tmp_path), estate_id="eskmere-test", rehearsal=False, now=NOW) as store:
        for number in range(5):
            store.state.commit(state_commit(store, change("report.a", {"n": number})))
        with store.state._database.write() as connection:
            connection.execute(text(tampering))
        findings = store.state.verify_audit()
    assert {finding.subject for finding in findings} <= {"audit/3", "audit/4"}
    assert "audit/3" in {finding.subject for finding in findings}


def test_a_failed_change_leaves_no_audit_row(audited: Store) -> None:
    """A commit that fails half way leaves neither its changes nor a row that tells of them."""
    before = audited.state.audit_rows(limit=100)
    doomed = state_commit(audited, change("report.b", {}), attachments=[attach("retain", "ZZZ")])
    with pytest.raises(UnknownName):
        audited.state.commit(doomed)
    assert audited.state.audit_rows(limit=100) == before
    assert "report.b" not in audited.state.read_state().resources
    assert len(audited.state.versions()) == 5

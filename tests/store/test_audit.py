"""The audit chain notices whoever writes to the database directly."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from reconciler.errors import UnknownName
from reconciler.store.open import Store
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


def test_a_failed_change_leaves_no_audit_row(audited: Store) -> None:
    """A commit that fails half way leaves neither its changes nor a row that tells of them."""
    before = audited.state.audit_rows(limit=100)
    doomed = state_commit(audited, change("report.b", {}), attachments=[attach("retain", "ZZZ")])
    with pytest.raises(UnknownName):
        audited.state.commit(doomed)
    assert audited.state.audit_rows(limit=100) == before
    assert "report.b" not in audited.state.read_state().resources
    assert len(audited.state.versions()) == 5

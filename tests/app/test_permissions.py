"""Each verb that changes or moves something asks for its role first (VS, rule 4), and who acted is on record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.app import academic, decisions, exports, flows, logs, undo
from reconciler.errors import ExitCode, NotPermitted, UnknownName
from reconciler.settings import Settings, read_settings
from reconciler.store.open import create_store
from reconciler.testing.fixtures import sqlite_url
from reconciler.transfers.entry import Outcome, TransferEntry
from reconciler.vocabulary.actor import Actor
from tests.store.values import change, state_commit

ROLES = ("viewer", "planner", "applier", "syncer", "approver")
VERBS: dict[str, tuple[str, Callable[[Settings], object]]] = {
    "import": ("syncer", lambda settings: flows.run_imports(settings, schools=("XYZ",))),
    "export": ("syncer", lambda settings: exports.run_exports(settings, schools=("XYZ",))),
    "academic": ("syncer", lambda settings: academic.run_academic(settings, schools=("XYZ",))),
    "approve": ("approver", lambda settings: decisions.approve(settings, "r1a2b3c4", reason="agreed")),
    "reject": ("approver", lambda settings: decisions.reject(settings, "r1a2b3c4", reason="not agreed")),
    "undo": ("approver", lambda settings: undo.undo(settings, "r1a2b3c4", reason="wrong file")),
}


@pytest.fixture
def acting(tmp_path: Path) -> Callable[[str], Settings]:
    """Settings of one who acts, on a store whose applied estate has one operator of each role alone."""
    url = sqlite_url(tmp_path)
    with create_store(url, estate_id="eskmere-test", rehearsal=False, now=datetime(2026, 11, 23, tzinfo=UTC)) as store:
        operators = (change(f"operator.only-{role}", {"roles": [role], "match": {}}) for role in ROLES)
        store.state.commit(state_commit(store, change("virtual_school", {"academic_year": "2026-2027"}), *operators))
        moment = datetime(2026, 11, 23, 8, 40, tzinfo=UTC)
        store.feeds.end_run(TransferEntry(
            run="r9", kind="import", direction="in", school="AVN", feed="hub", attachment="AVN", outcome=Outcome.DONE,
            started_at=moment, finished_at=moment, actor=Actor("only-syncer", "env"), message="AVN import done",
        ))  # fmt: skip

    def settings(actor: str) -> Settings:
        return read_settings({"RECONCILE_ACTOR": actor}, estate=str(tmp_path / "estate.yaml"), store=url)

    return settings


@pytest.mark.requirement(4)
@pytest.mark.parametrize("actor", [*(f"only-{role}" for role in ROLES), "a stranger"])
@pytest.mark.parametrize("verb", VERBS)
def test_only_the_role_of_a_verb_lets_it_begin(acting: Callable[[str], Settings], verb: str, actor: str) -> None:
    """No other role will do, not even to learn whether what is named exists; the refusal ends with 5."""
    role, act = VERBS[verb]
    with pytest.raises((UnknownName, NotPermitted)) as met:
        act(acting(actor))
    assert (met.type is UnknownName) == (actor == f"only-{role}")
    if met.type is NotPermitted:
        assert met.value.exit_code is ExitCode.NOT_PERMITTED
        assert f"operators with that role: only-{role}" in met.value.hint


@pytest.mark.requirement(4)
def test_the_log_of_one_run_says_who_ran_it(acting: Callable[[str], Settings]) -> None:
    """The name as claimed, and on whose word."""
    found = logs.transfers(acting("only-viewer"), run="r9")
    assert "Run by only-syncer (env)." in logs.transfers_text(found, detail=True)
    assert "only-syncer" not in logs.transfers_text(found, detail=False)

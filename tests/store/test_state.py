"""Commits of the control loop: resources, versions, staleness, audit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.apply.ports import HeldPlan
from reconciler.errors import StalePlan, StoreError, UnknownName
from reconciler.store.open import Store, open_store
from reconciler.vocabulary.digests import digest
from tests.store.values import ACTOR, NOW, change, state_commit

HELD = HeldPlan(
    digest="d1", held_at=NOW, expires_at=NOW + timedelta(hours=24), actor=ACTOR, reasons=("widens sharing",),
    content=b'{"plan": 1}\n',
)  # fmt: skip


def test_a_commit_is_read_back_as_it_was(store: Store, store_url: str) -> None:
    """Spec, digest, references and serial of every resource survive, in another process too."""
    spec = {"name": "Ashvale", "count": 3, "share": 0.5, "none": None, "list": ["é", "04512"], "map": {"b": 1, "a": 2}}
    store.state.commit(state_commit(store, change("school.AVN", spec, depends_on=("virtual_school",))))
    with open_store(store_url) as other:
        found = other.state.read_state().resources["school.AVN"]
    assert found.spec == spec
    assert found.digest == digest(found.spec)
    assert (found.kind, found.serial, found.depends_on) == ("school", 1, ("virtual_school",))


def test_update_move_and_removal(store: Store) -> None:
    """An update replaces, a move leaves no trace under the old address, a removal removes, the rest stays."""
    store.state.commit(
        state_commit(store, *(change(f"third_party.{name}", {"name": name}) for name in ("a", "b", "c", "d")))
    )
    store.state.commit(
        state_commit(
            store, change("third_party.a", {"name": "new"}, action="update"),
            change("third_party.moved", {"name": "b"}, action="move", moved_from="third_party.b"),
            change("third_party.c", None, action="delete"),
        )
    )  # fmt: skip
    found = store.state.read_state().resources
    assert {address: (r.spec["name"], r.serial) for address, r in found.items()} == {
        "third_party.a": ("new", 2),
        "third_party.d": ("d", 1),
        "third_party.moved": ("b", 2),
    }


def test_names_may_be_exchanged_in_one_commit(store: Store) -> None:
    """A move onto an address that another move frees works whatever the order of the changes."""
    store.state.commit(state_commit(store, change("report.a", {"n": "a"}), change("report.b", {"n": "b"})))
    store.state.commit(
        state_commit(
            store, change("report.b", {"n": "a"}, action="move", moved_from="report.a"),
            change("report.a", {"n": "b"}, action="move", moved_from="report.b"),
        )
    )  # fmt: skip
    assert {a: r.spec["n"] for a, r in store.state.read_state().resources.items()} == {"report.a": "b", "report.b": "a"}


@pytest.mark.requirement(18)
@pytest.mark.parametrize(
    ("moved", "code"), [({"expected_serial": 0}, "store.stale_serial"), ({"lineage": "other"}, "store.stale_lineage")]
)
def test_a_commit_made_from_another_state_is_refused_whole(store: Store, moved: dict[str, object], code: str) -> None:
    """Serial and lineage are compared in the transaction itself: nothing of a stale commit is written."""
    store.state.commit(state_commit(store, change("school.AVN", {"n": 1})))
    before = store.state.read_state()
    stale = replace(state_commit(store, change("school.BRK", {"n": 2})), **moved)
    with pytest.raises(StalePlan) as error:
        store.state.commit(stale)
    assert error.value.code == code
    assert store.state.read_state() == before
    assert len(store.state.versions()) == 1
    assert len(store.state.audit_rows()) == 1


def test_a_commit_of_another_estate_is_refused(store: Store) -> None:
    """Files of one estate are never applied to the store of another."""
    with pytest.raises(StoreError) as error:
        store.state.commit(replace(state_commit(store), estate_id="somebody-else"))
    assert error.value.code == "store.other_estate"
    assert store.state.read_state().serial == 0


def test_versions_tell_who_when_and_what(store: Store) -> None:
    """Each apply is one version with its counts and its changes, the latest first."""
    store.state.commit(state_commit(store, change("report.a", {"n": 1}), change("report.b", {"n": 1})))
    second = store.state.commit(state_commit(store, change("report.a", None, action="delete"), reason="not needed"))
    assert [v.serial for v in store.state.versions()] == [2, 1]
    assert store.state.versions(limit=1) == [second]
    assert (second.actor, second.at, second.reason, second.counts) == (ACTOR, NOW, "not needed", {"delete": 1})
    assert [c.address for c in store.state.version_changes(1)] == ["report.a", "report.b"]
    assert store.state.version_changes(2)[0].after is None
    assert "version 2" in store.state.read_state().last_version


def test_a_commit_has_its_audit_row(store: Store) -> None:
    """What is applied is on the audit trail with its plan, and the trail holds."""
    store.state.commit(state_commit(store, change("report.a", {"n": 1}), plan_digest="p-77"))
    row = store.state.audit_rows()[0]
    assert (row.verb, row.subject, row.actor, row.detail["plan"]) == ("apply", "version 1", ACTOR, "p-77")
    assert not store.state.verify_audit()


def test_a_held_plan_waits_byte_for_byte(store: Store) -> None:
    """What is approved later is what was held, and holding the same plan twice keeps one."""
    store.state.hold_plan(HELD)
    store.state.hold_plan(HELD)
    assert store.state.held_plans() == [HELD]


def test_a_commit_consumes_its_held_plan(store: Store) -> None:
    """The plan stops waiting in the same transaction that fulfils it."""
    store.state.hold_plan(HELD)
    store.state.commit(state_commit(store, consumes_held_plan="d1"))
    assert store.state.held_plans() == []


def test_an_apply_supersedes_the_plans_that_wait(store: Store) -> None:
    """They were made from a state that is no longer, so nobody is asked to approve them."""
    store.state.hold_plan(HELD)
    store.state.commit(state_commit(store, change("report.a", {})))
    assert store.state.held_plans() == []
    assert store.state.became_of("d1") == "superseded by a later apply"


def test_a_held_plan_is_fulfilled_once(store: Store) -> None:
    """A second commit for the same held plan is refused whole."""
    store.state.hold_plan(HELD)
    store.state.commit(state_commit(store, consumes_held_plan="d1"))
    with pytest.raises(UnknownName) as error:
        store.state.commit(state_commit(store, change("report.a", {}), consumes_held_plan="d1"))
    assert error.value.code == "store.unknown_held_plan"
    assert store.state.read_state().serial == 1


def test_a_rejected_plan_is_gone_and_audited(store: Store) -> None:
    """Turning down needs a plan that is held, and says who and why."""
    store.state.hold_plan(HELD)
    store.state.reject_plan("d1", at=NOW, actor=ACTOR, reason="too wide")
    assert store.state.held_plans() == []
    assert (store.state.audit_rows()[0].verb, store.state.audit_rows()[0].detail) == (
        "plan.rejected", {"reason": "too wide"},
    )  # fmt: skip
    with pytest.raises(UnknownName):
        store.state.reject_plan("d1", at=NOW, actor=ACTOR, reason="again")

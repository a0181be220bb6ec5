"""Approval is no way round what apply would refuse; what was applied is wholly stored, whatever its kind."""

from __future__ import annotations

import pytest

from reconciler.app.estate_files import load
from reconciler.apply.outcome import PlanHeld
from reconciler.apply.ports import StateStore
from reconciler.errors import SecretUnavailable
from reconciler.resources.registry import KINDS
from tests.apply.acting import KEYS, apply, approve, digests, estate, fresh
from tests.conftest import ROOT
from tests.plan.estates import KEY_B, fact, hub, partner, period_map, school

FILES = estate(hub(), school(), partner(), period_map())
RISKY = estate(
    hub(admission_numbers_unique=True),
    *(school(), partner(), period_map()),
    *(school("BRK"), partner("BRK"), period_map("BRK")),
)


@pytest.mark.requirement(21)
def test_approval_attaches_no_partner_under_a_key_that_cannot_be_read(store: StateStore) -> None:
    """A new partner in a held plan: without its key nothing is changed, with it the approval goes on."""
    apply(store, FILES)
    before = digests(store)
    with pytest.raises(PlanHeld) as held:
        apply(store, RISKY)
    with pytest.raises(SecretUnavailable) as refused:
        approve(store, RISKY, held.value.plan.digest)
    assert refused.value.code == "apply.key_unknown"
    assert "env:REC_KEY_BRK" in refused.value.hint
    assert digests(store) == before
    assert [a.school for a in store.read_state().attachments if a.fingerprint] == ["AVN"]
    approve(store, RISKY, held.value.plan.digest, keys={**KEYS, "BRK": fact(KEY_B)})
    assert sorted(a.school for a in store.read_state().attachments if a.fingerprint) == ["AVN", "BRK"]


def test_the_plan_is_empty_after_the_example_estate_was_applied(store: StateStore) -> None:
    """Every kind that there is, declared as people declare it, comes back from the store as it was applied."""
    desired = load(ROOT / "examples" / "estate.yaml").resources
    assert {resource.kind for resource in desired} == KINDS.keys()
    partners = [resource.address.partition(".")[2] for resource in desired if resource.kind == "partner"]
    options = {"keys": {code: fact(f"{n:064x}") for n, code in enumerate(partners, start=1)}}
    apply(store, desired, options=options)
    held = store.read_state().resources
    assert {address: r.spec for address, r in held.items()} == {r.address: r.spec for r in desired}
    plan = fresh(store, desired, **options)
    assert plan.empty, [f"{a.action} {a.address}" for a in plan.actions]
    assert plan.unchanged == len(desired)

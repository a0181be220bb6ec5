"""Approval is no way round what apply itself would refuse."""

from __future__ import annotations

import pytest

from reconciler.apply.outcome import PlanHeld
from reconciler.apply.ports import StateStore
from reconciler.errors import SecretUnavailable
from tests.apply.acting import KEYS, apply, approve, digests, estate
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

"""What holds whatever is declared, one apply after the other."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from reconciler.apply.outcome import PlanHeld
from reconciler.errors import StalePlan
from reconciler.estate.model import Removed
from reconciler.plan.saved import read_plan, save_plan
from reconciler.plan.state import AttachmentStatus
from tests.apply.acting import apply, approve, digests, estate, fresh
from tests.apply.memory_store import MemoryStateStore
from tests.plan.estates import fact, hub, partner, period_map, planned, school
from tests.plan.test_properties import estates, removing

CODES = ("AVN", "BRK")
keys_of_partners = st.fixed_dictionaries({}, optional={
    "AVN": st.sampled_from(["a" * 64, "b" * 64]), "BRK": st.sampled_from(["c" * 64, "d" * 64])})  # fmt: skip


def files(store, partners):
    """The estate with these partners under these keys, each map for the attachment that the key makes."""
    declared = [hub(), *(school(code) for code in CODES)]
    for code, key in partners.items():
        held = next((a for a in store.read_state().attachments if (a.school, a.fingerprint) == (code, key)), None)
        again = held is not None and held.status is not AttachmentStatus.LIVE
        number = held.number + again if held else 1
        declared += [partner(code), period_map(code, attachment=number)]
    return estate(*declared)


@given(st.lists(keys_of_partners, max_size=6))
def test_partners_may_come_and_go_under_any_key(history):
    """After each apply the plan is empty, every partner has one live attachment under its key, and no attachment is
    ever lost."""
    store = MemoryStateStore()
    ever: set[str] = set()
    for partners in history:
        desired = files(store, partners)
        keys = {code: fact(key) for code, key in partners.items()}
        gone = [Removed(address=f"partner.{code}") for code in CODES if code not in partners]
        options = {"keys": keys, "removed": gone}
        risks = [r.token for r in fresh(store, desired, **options).held]
        assert all(token.startswith("orphan:") for token in risks)
        apply(store, desired, options=options, allowances=risks)
        assert fresh(store, desired, **options).empty
        assert digests(store) == {r.address: r.digest for r in desired}
        attachments = store.read_state().attachments
        live = sorted((a.school, a.fingerprint) for a in attachments if a.status is AttachmentStatus.LIVE)
        assert live == sorted(partners.items())
        ever |= {a.id for a in attachments}
        assert {a.id for a in attachments} == ever


@given(st.lists(estates(), min_size=1, max_size=4))
def test_every_estate_follows_every_other(history):
    """Whatever was applied before, applying the files makes the state what they say, with the removals named."""
    store = MemoryStateStore()
    for resources in history:
        desired = estate(*(r for r in resources if r.kind != "operator"))
        options = {"removed": removing(desired, store.read_state())}
        plan = fresh(store, desired, **options)
        apply(store, desired, options=options, allowances=[r.token for r in plan.held])
        assert digests(store) == {r.address: r.digest for r in desired}
        assert fresh(store, desired, **options).empty


@given(estates(), estates())
def test_what_vanished_stays_until_it_is_approved(before, after):
    """Without a word in the files apply changes nothing; an approval of the very plan removes it."""
    store = MemoryStateStore()
    first, second = (estate(*(r for r in resources if r.kind != "operator")) for resources in (before, after))
    apply(store, first)
    kept = digests(store)
    plan = fresh(store, second)
    if not any(r.name == "removal" for r in plan.held):
        return
    with pytest.raises(PlanHeld):
        apply(store, second, allowances=[r.token for r in plan.held])
    assert digests(store) == kept
    approve(store, second, plan.digest)
    assert digests(store) == {r.address: r.digest for r in second}


@given(estates(), st.data())
def test_a_saved_plan_with_one_byte_changed_is_never_applied(resources, data):
    """Any byte, any other value: refused before the first write."""
    store = MemoryStateStore()
    desired = estate(*(r for r in resources if r.kind != "operator"))
    content = bytearray(save_plan(planned(desired, store.read_state()), key=store.plan_key()))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] = data.draw(st.integers(0, 255).filter(lambda b: b != content[place]))
    with pytest.raises(StalePlan) as caught:
        apply(store, desired, saved=read_plan(bytes(content), key=store.plan_key(), state=store.read_state()))
    assert caught.value.code == "plan.edited"
    assert store.writes == 0

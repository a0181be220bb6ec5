"""Held plans: what waits for a person, and what approval does (VS, rules 16 and 25)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.apply.engine import reject_plan
from reconciler.apply.outcome import PlanHeld
from reconciler.errors import ExitCode, NotPermitted, Refused, StalePlan, UnknownName
from reconciler.plan.value import Evidence
from reconciler.vocabulary.actor import Actor
from tests.apply.acting import DPO, MANAGER, STRANGER, apply, approve, digests, estate, fresh
from tests.plan.estates import KEY_B, NOW, fact, grant, hub, partner, period_map, school, third_party

FILES = estate(hub(), school(), partner(), period_map(), third_party())
CLAIMED = estate(hub(admission_numbers_unique=True), school(), partner(), period_map(), third_party())
VANISHED = estate(hub(), school(), third_party())
TWO_RISKS = [*CLAIMED, grant("Staff")]


def held(store, files, **given):
    """Applies what is risky; gives the refusal."""
    with pytest.raises(PlanHeld) as caught:
        apply(store, files, **given)
    return caught.value


@pytest.fixture
def applied(store):
    apply(store, FILES)
    return store


@pytest.mark.requirement(16)
def test_a_risky_step_holds_the_whole_plan(applied):
    """Nothing is changed, exit 3, and the plan is kept for 24 hours with its reasons."""
    files = estate(hub(admission_numbers_unique=True), school(), partner(colour="#000000"), period_map(), third_party())
    before = digests(applied)
    error = held(applied, files)
    assert error.exit_code is ExitCode.HELD
    assert digests(applied) == before
    (kept,) = applied.held_plans()
    assert kept.digest == error.plan.digest
    assert kept.expires_at == NOW + timedelta(hours=24)
    assert kept.reasons[0].startswith("risk.rekey virtual_school: ")
    assert [d.code for d in error.diagnostics.items] == ["apply.held", "risk.rekey"]
    assert f"reconcile approve {kept.digest[:16]}" in error.hint


@pytest.mark.requirement(16)
def test_an_allowance_by_name_lets_a_risk_pass(applied):
    """`--allow rekey:virtual_school` is enough for that risk."""
    assert apply(applied, CLAIMED, allowances=["rekey:virtual_school"]).version
    assert fresh(applied, CLAIMED).empty


def test_an_allowance_covers_no_other_risk(applied):
    """Two risks need two allowances; what still waits is named alone."""
    error = held(applied, TWO_RISKS, allowances=["rekey:virtual_school"])
    assert [w.code for w in error.waiting] == ["risk.wider_sharing"]
    tokens = ["rekey:virtual_school", "wider_sharing:entity_grant.elm-parentpay.Staff"]
    assert apply(applied, TWO_RISKS, allowances=tokens).version


@pytest.mark.requirement(25)
def test_a_resource_gone_without_a_word_is_not_removed_by_an_allowance(applied):
    """Only an entry in the files or an approval removes; the partner and its map are still there."""
    error = held(applied, VANISHED, allowances=["removal:partner.AVN"])
    assert "removed: [{address: partner.AVN" in error.waiting[0].hint
    assert {"partner.AVN", "period_map.AVN.2026-2027"} <= digests(applied).keys()


@pytest.mark.requirement(25)
def test_approval_applies_exactly_what_was_held(applied):
    """A second person lets the removal go on; the version carries their name and reason, the plan waits no more."""
    digest = held(applied, VANISHED).plan.digest
    done = approve(applied, VANISHED, digest[:16], reason="left the consortium, minutes of 20 November")
    assert done.plan.digest == digest
    assert digests(applied) == {r.address: r.digest for r in VANISHED}
    version = applied.versions()[0]
    assert (version.actor, version.reason) == (DPO, "left the consortium, minutes of 20 November")
    assert list(applied.held_plans()) == []
    assert fresh(applied, VANISHED).empty


def test_a_held_targeted_plan_is_approved_as_held(applied):
    """Approval makes the plan anew for the targets that were held, not for the whole."""
    digest = held(applied, TWO_RISKS, options={"targets": ["entity_grant.*"]}).plan.digest
    approve(applied, TWO_RISKS, digest)
    assert "entity_grant.elm-parentpay.Staff" in digests(applied)
    assert [a.address for a in fresh(applied, TWO_RISKS).actions] == ["virtual_school"]


def test_approval_after_a_day_is_refused(applied):
    """24 hours, however long a saved plan may be good for; then the plan must be held anew."""
    digest = held(applied, CLAIMED, options={"valid_for": timedelta(hours=48)}).plan.digest
    with pytest.raises(StalePlan) as caught:
        approve(applied, CLAIMED, digest, now=NOW + timedelta(hours=24))
    assert caught.value.code == "plan.expired"


@pytest.mark.parametrize(
    ("options", "code"),
    [({"config_digest": "config-2"}, "plan.stale_estate"), ({"tool_version": "9.9"}, "plan.other_version"),
     ({"evidence": {"rekey:virtual_school": Evidence(facts={"checked": "again"})}}, "plan.stale_evidence"),
     ({"keys": {"AVN": fact(KEY_B)}}, "plan.stale_evidence")],
)  # fmt: skip
def test_approval_of_what_is_no_longer_true_is_refused(applied, options, code):
    """Other files, another release, other evidence: the reviewer saw something else."""
    digest = held(applied, CLAIMED).plan.digest
    with pytest.raises(StalePlan) as caught:
        approve(applied, CLAIMED, digest, **options)
    assert caught.value.code == code
    assert applied.read_state().serial == 1


def test_approval_after_another_apply_is_refused(applied):
    """The state moved since the plan was held, so it waits no longer."""
    digest = held(applied, CLAIMED).plan.digest
    apply(applied, estate(hub(), school(), partner(colour="#000000"), period_map(), third_party()))
    assert list(applied.held_plans()) == []
    with pytest.raises(UnknownName) as caught:
        approve(applied, CLAIMED, digest)
    assert caught.value.code == "apply.unknown_plan"


def test_what_no_approval_lifts_is_not_kept(applied):
    """A clash must be mended in the data: there is nothing to approve."""
    clash = {"rekey:virtual_school": Evidence(clashes=("004512: AVN:10233 and BRK:20411",))}
    error = held(applied, CLAIMED, options={"evidence": clash}, allowances=["rekey:virtual_school"])
    assert (error.code, error.stored) == ("apply.blocked", False)
    assert list(applied.held_plans()) == []


def test_a_plan_is_held_once_however_often_it_is_tried(applied):
    """The same digest replaces itself."""
    held(applied, CLAIMED)
    held(applied, CLAIMED, now=NOW + timedelta(hours=2))
    (kept,) = applied.held_plans()
    assert kept.held_at == NOW + timedelta(hours=2)


def test_a_rejected_plan_is_gone(applied):
    """Nothing of it can be approved afterwards."""
    digest = held(applied, CLAIMED).plan.digest
    reject_plan(digest[:16], store=applied, declared=CLAIMED, actor=DPO, now=NOW, reason="not agreed yet")
    assert list(applied.held_plans()) == []
    with pytest.raises(UnknownName) as caught:
        approve(applied, CLAIMED, digest)
    assert caught.value.code == "apply.unknown_plan"


@pytest.mark.parametrize("name", ["", "0", "ffffffffffffffff"])
def test_an_unknown_plan_is_refused_with_those_that_wait(applied, name):
    """Too short a name, or another one, decides nothing."""
    digest = held(applied, CLAIMED).plan.digest
    with pytest.raises(UnknownName) as caught:
        approve(applied, CLAIMED, name)
    assert digest[:16] in caught.value.hint


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_decision_needs_its_reason(applied, reason):
    """An empty reason tells an auditor nothing."""
    digest = held(applied, CLAIMED).plan.digest
    with pytest.raises(Refused) as caught:
        approve(applied, CLAIMED, digest, reason=reason)
    assert caught.value.code == "apply.no_reason"
    with pytest.raises(Refused):
        reject_plan(digest, store=applied, declared=CLAIMED, actor=DPO, now=NOW, reason=reason)


@pytest.mark.requirement(4)
@pytest.mark.parametrize("actor", [STRANGER, Actor("no-approver", "env")])
def test_only_an_approver_decides(applied, actor):
    """Without the role neither approve nor reject does anything, whatever else one may do."""
    digest = held(applied, CLAIMED).plan.digest
    with pytest.raises(NotPermitted):
        approve(applied, CLAIMED, digest, actor=actor)
    with pytest.raises(NotPermitted):
        reject_plan(digest, store=applied, declared=CLAIMED, actor=actor, now=NOW, reason="no")
    assert [h.digest for h in applied.held_plans()] == [digest]
    assert approve(applied, CLAIMED, digest, actor=MANAGER).version

"""Who may apply: roles of the applied estate, recognised by what they claim (VS, rule 4)."""

from __future__ import annotations

import pytest

from reconciler.apply.permission import operators_of, recognised
from reconciler.errors import ExitCode, NotPermitted
from reconciler.vocabulary.actor import Actor
from tests.apply.acting import DPO, MANAGER, OPERATORS, STRANGER, apply, estate, fresh
from tests.plan.estates import hub, operator, planned, stored

SPECS = {r.address.partition(".")[2]: r.spec for r in OPERATORS}


@pytest.mark.parametrize(
    ("actor", "names"),
    [
        (Actor("data-manager", "env"), ["data-manager"]),
        (Actor("Data.Manager@eskmere.example", "env"), ["data-manager"]),
        (Actor("data.manager@ESKMERE.example", "git"), ["data-manager"]),
        (Actor("data-manager", "git"), []),
        (Actor("data-manager", "system"), []),
        (Actor("data.manager@eskmere.example", "system"), []),
        (Actor("eskmere/estate:merge_request", "gitlab"), ["ci-plan"]),
        (Actor("gitlab:eskmere/estate:merge_request", "ci"), ["ci-plan"]),
        (Actor("gitlab:eskmere/estate:merge_request", "env"), ["ci-plan"]),
        (Actor("gitlab:eskmere/estate:merge_request", "git"), []),
        (Actor("data.manager@eskmere.example", "gitlab"), []),
        (Actor("", "env"), []),
    ],
)
def test_a_claim_counts_for_its_own_sort(actor, names):
    """A git address is no CI job, a system user is nobody, RECONCILE_ACTOR may name the operator itself."""
    assert recognised(actor, SPECS) == names


@pytest.mark.requirement(4)
@pytest.mark.parametrize("actor", [STRANGER, DPO, Actor("gitlab:eskmere/estate:merge_request", "env")])
def test_apply_without_the_role_is_not_permitted(store, actor):
    """Exit 5, nothing changed; the message says who was recognised and which operators would do."""
    with pytest.raises(NotPermitted) as caught:
        apply(store, estate(hub()), actor=actor)
    assert caught.value.exit_code is ExitCode.NOT_PERMITTED
    assert actor.name in caught.value.message
    assert "operators with that role: data-manager" in caught.value.hint
    assert store.read_state().serial == 0


@pytest.mark.requirement(4)
def test_roles_come_from_the_applied_estate_and_not_from_the_files(store):
    """Whoever can edit the files cannot give themselves a role by it: an applier must apply it first."""
    apply(store, estate(hub()))
    grabbed = [*estate(hub()), operator("mallory", "applier", git_email=STRANGER.name)]
    with pytest.raises(NotPermitted, match="matches no operator of the applied estate"):
        apply(store, grabbed, actor=STRANGER)
    apply(store, grabbed)
    apply(store, [*grabbed, operator("third", "viewer", git_email="x@eskmere.example")], actor=STRANGER)
    assert store.read_state().serial == 3


def test_the_first_apply_takes_roles_from_the_files(store):
    """An empty store knows nobody."""
    assert apply(store, estate(hub()), actor=MANAGER).version


def test_a_state_without_operators_takes_them_from_the_files():
    """A first apply that left them out locks nobody out."""
    assert set(operators_of(stored(hub()), OPERATORS)) == {"data-manager", "dpo", "ci-plan", "no-approver"}
    assert set(operators_of(stored(OPERATORS[1]), OPERATORS)) == {"dpo"}


def test_an_actor_may_be_several_operators(memory):
    """Roles add up over all operators that match."""
    twice = [operator("reader", "viewer", git_email="a@eskmere.example"),
             operator("writer", "applier", git_email="a@eskmere.example")]  # fmt: skip
    assert apply(memory, twice, actor=Actor("a@eskmere.example", "git")).version


def test_a_stranger_is_refused_even_when_there_is_nothing_to_do(memory):
    """Permission is asked first, so an answer never tells a stranger what is stored."""
    apply(memory, estate(hub()))
    assert fresh(memory, estate(hub())).empty
    with pytest.raises(NotPermitted):
        apply(memory, estate(hub()), plan=planned(estate(hub()), memory.read_state()), actor=STRANGER)

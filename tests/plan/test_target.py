"""Targeted plans: what was asked for with all that it needs, said to be partial."""

from __future__ import annotations

import pytest

from reconciler.errors import UnknownName
from reconciler.estate.model import Moved, Removed
from reconciler.resources.resource import make
from tests.plan.estates import (
    KEY_A,
    KEY_B,
    attached,
    fact,
    grant,
    hub,
    partner,
    period_map,
    planned,
    school,
    steps,
    stored,
    third_party,
)


def test_a_target_brings_what_it_depends_on():
    """The plan says that it is partial, and lists what a dependency drew in."""
    plan = planned([hub(), school("AVN"), partner("AVN"), school("BRK"), partner("BRK")], stored(),
                   targets=["partner.AVN"])  # fmt: skip
    assert steps(plan) == ["create school.AVN", "create virtual_school", "create partner.AVN"]
    assert plan.targets == ("partner.AVN",)
    assert plan.added == ("school.AVN", "virtual_school")


def test_a_target_may_be_a_pattern():
    """`school.*` takes all schools and nothing else."""
    plan = planned([hub(), school("AVN"), school("BRK"), partner()], stored(), targets=["school.*"])
    assert steps(plan) == ["create school.AVN", "create school.BRK"]
    assert plan.added == ()


def test_an_unchanged_target_still_brings_changes_that_it_stands_on():
    """What is asked for is the target as declared, all the way down."""
    before = [make("thing", "a", {}, depends_on=("thing.b",)), make("thing", "b", {"v": 1})]
    after = [make("thing", "a", {}, depends_on=("thing.b",)), make("thing", "b", {"v": 2})]
    assert steps(planned(after, stored(*before), targets=["thing.a"])) == ["update thing.b"]


def test_a_targeted_removal_brings_all_that_refers_to_it():
    """Nothing stored is left pointing at what is gone."""
    before = [make("thing", "base", {}), make("thing", "user", {"on": "base"}, depends_on=("thing.base",)),
              make("thing", "other", {"v": 1})]  # fmt: skip
    after = [make("thing", "user", {"on": "new"}, depends_on=("thing.new",)), make("thing", "new", {}),
             make("thing", "other", {"v": 2})]  # fmt: skip
    plan = planned(after, stored(*before), removed=[Removed(address="thing.base")], targets=["thing.base"])
    assert steps(plan) == ["create thing.new", "update thing.user", "delete thing.base"]


def test_a_targeted_partner_takes_its_maps_along_when_it_goes():
    """A partner's own maps go in the same plan, targeted or not."""
    plan = planned([hub(), school()], stored(hub(), school(), partner(), period_map(), attachments=(attached(),)),
                   removed=[Removed(address="partner.AVN")], targets=["partner.AVN"])  # fmt: skip
    assert steps(plan) == ["delete period_map.AVN.2026-2027", "forget partner.AVN"]
    assert [e.op for e in plan.attachments] == ["retain"]


@pytest.mark.parametrize("target", ["third_party.a", "third_party.b"])
def test_a_targeted_move_takes_what_belongs_to_it_along(target):
    """The account may be named by its old or its new address."""
    moved = [Moved(from_address="third_party.a", to_address="third_party.b")]
    state = stored(third_party("a"), grant("Staff", "a"))
    plan = planned([third_party("b"), grant("Staff", "b")], state, moved=moved, targets=[target])
    assert steps(plan) == ["move third_party.b", "move entity_grant.b.Staff"]


def test_what_is_held_elsewhere_does_not_hold_a_targeted_plan():
    """Risks and rows outside the target are left out with their actions."""
    plan = planned([hub(), school(), partner(), school("BRK")], stored(hub(), third_party()),
                   keys={"AVN": fact(KEY_A)}, targets=["school.BRK"])  # fmt: skip
    assert steps(plan) == ["create school.BRK"]
    assert (plan.risks, plan.attachments) == ((), ())


def test_a_targeted_partner_is_blocked_by_its_stored_map():
    """A key that brings older rows back needs the map declared anew, also when only the partner is targeted."""
    state = stored(hub(), school(), partner(), period_map(),
                   attachments=(attached(key=KEY_B), attached(key=KEY_A, status="orphaned", students=5)))  # fmt: skip
    plan = planned([hub(), school(), partner(), period_map()], state, keys={"AVN": fact(KEY_A)},
                   targets=["partner.AVN"])  # fmt: skip
    assert [b.code for b in plan.blocks] == ["plan.map_attachment"]


def test_a_target_that_fits_nothing_is_refused_with_the_nearest():
    """A slip of the pen does not make an empty plan."""
    with pytest.raises(UnknownName) as caught:
        planned([hub(), school()], stored(), targets=["school.AVM"])
    assert caught.value.code == "plan.unknown_target"
    assert "school.AVN" in caught.value.hint

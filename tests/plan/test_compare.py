"""What a plan says for each way in which files and state can differ."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.errors import Refused
from reconciler.estate.model import Moved, Removed
from reconciler.plan.value import ActionKind, FieldChange
from reconciler.resources.resource import make
from tests.plan.estates import (
    KEY_A,
    NOW,
    attached,
    fact,
    grant,
    hub,
    operator,
    partner,
    period_map,
    planned,
    school,
    steps,
    stored,
    third_party,
)


def test_equal_digests_need_nothing():
    """What is stored with the digest that the files give is not mentioned."""
    plan = planned([hub(), school()], stored(hub(), school()))
    assert plan.empty
    assert plan.unchanged == 2


def test_everything_is_created_in_an_empty_store():
    """Against an empty store every resource is created, each after what it refers to."""
    plan = planned([period_map(), partner(), school(), hub()], stored(serial=0))
    assert steps(plan) == ["create school.AVN", "create virtual_school", "create partner.AVN",
                           "create period_map.AVN.2026-2027"]  # fmt: skip


@pytest.mark.requirement(22)
def test_a_colour_is_an_update_in_place_without_risk():
    """Another colour is one field of one update: nothing is held, no rows are touched."""
    state = stored(hub(), school(), partner(), attachments=(attached(),))
    plan = planned([hub(), school(), partner(colour="#000000")], state, keys={"AVN": fact(KEY_A)})
    assert steps(plan) == ["update partner.AVN"]
    assert plan.actions[0].changes == (FieldChange(path=("colour",), before="#1f6feb", after="#000000"),)
    assert (plan.risks, plan.blocks, plan.attachments) == ((), (), ())


@pytest.mark.requirement(23)
def test_an_update_shows_old_and_new_of_each_field_that_differs():
    """Nested fields are named one by one, lists of plain values as a whole, absent sides as absent."""
    before = {"guards": {"drop": 5, "gain": 20}, "streams": ["pupils", "staff"], "note": "x",
              "terms": [{"from": "a", "to": "b"}]}  # fmt: skip
    after = {"guards": {"drop": 6, "gain": 20}, "streams": ["staff"], "extra": None,
             "terms": [{"from": "a", "to": "c"}]}  # fmt: skip
    plan = planned([make("thing", "x", after)], stored(make("thing", "x", before)))
    assert plan.actions[0].changes == (
        FieldChange(path=("extra",), after=None, had=False),
        FieldChange(path=("guards", "drop"), before=5, after=6),
        FieldChange(path=("note",), before="x", has=False),
        FieldChange(path=("streams",), before=["pupils", "staff"], after=["staff"]),
        FieldChange(path=("terms", 0, "to"), before="b", after="c"),
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, True), (0, False), (1, 1.0), ("1", 1), ([1], [True]), ([{"x": [1]}], [{"x": [True]}]),
     ([{"x": 1}], [{"x": True}])],
)  # fmt: skip
def test_values_that_python_holds_for_equal_are_told_apart(before, after):
    """1 and true are different values in YAML, so the plan shows the change that the digest saw."""
    plan = planned([make("thing", "x", {"a": after})], stored(make("thing", "x", {"a": before})))
    assert len(plan.actions[0].changes) == 1
    assert repr(plan.actions[0].changes[0].before) != repr(plan.actions[0].changes[0].after)


def test_a_secret_that_is_no_reference_is_hidden():
    """Where a secret belongs only a reference is ever shown, whatever stands there."""
    leaked = {"credentials": {"username": "u", "password": "hunter2"}}
    plan = planned([third_party(credentials=leaked["credentials"])], stored(third_party()))
    shown = {c.path: c.after for c in plan.actions[0].changes}
    assert shown[("credentials", "password")] == "(hidden)"


def test_a_move_keeps_what_is_stored_under_the_old_address():
    """With a `moved:` entry the resource changes its address in one step; nothing is deleted or created."""
    plan = planned([make("thing", "new", {"a": 1})], stored(make("thing", "old", {"a": 1})),
                   moved=[Moved(from_address="thing.old", to_address="thing.new")])  # fmt: skip
    assert steps(plan) == ["move thing.new"]
    assert plan.actions[0].moved_from == "thing.old"
    assert plan.actions[0].changes == ()
    assert not plan.waiting


def test_a_third_party_moves_with_its_grants():
    """Grants bear the account's name, so they move along and nothing counts as shared anew."""
    before = [third_party("a"), grant("Students", "a"), grant("People", "a")]
    after = [third_party("b"), grant("Students", "b"), grant("People", "b")]
    plan = planned(after, stored(*before), moved=[Moved(from_address="third_party.a", to_address="third_party.b")])
    assert steps(plan) == ["move third_party.b", "move entity_grant.b.People", "move entity_grant.b.Students"]
    assert not plan.waiting


def test_a_move_that_was_applied_has_nothing_left_to_do():
    """The entry may stay in the files after its apply."""
    plan = planned([make("thing", "new", {})], stored(make("thing", "new", {})),
                   moved=[Moved(from_address="thing.old", to_address="thing.new")])  # fmt: skip
    assert plan.empty


def test_a_move_never_goes_over_what_is_stored():
    """Where the new address is taken already, the old one is gone without a word, and held."""
    old, new = make("thing", "old", {"a": 1}), make("thing", "new", {"a": 2})
    plan = planned([new], stored(old, new), moved=[Moved(from_address="thing.old", to_address="thing.new")])
    assert steps(plan) == ["delete thing.old"]
    assert [r.token for r in plan.held] == ["removal:thing.old"]


@pytest.mark.parametrize(
    ("desired", "state", "entry"),
    [
        (["thing.old", "thing.new"], ["thing.old"], ("thing.old", "thing.new")),
        (["thing.other"], ["thing.old"], ("thing.old", "thing.new")),
        (["other.new"], ["thing.old"], ("thing.old", "other.new")),
    ],
    ids=["still declared", "target undeclared", "another kind"],
)
def test_a_move_that_makes_no_sense_is_blocked(desired, state, entry):
    """A contradiction between `moved:` and the sections is never guessed at."""
    plan = planned([make(*a.split("."), {}) for a in desired], stored(*(make(*a.split("."), {}) for a in state)),
                   moved=[Moved(from_address=entry[0], to_address=entry[1])])  # fmt: skip
    assert [b.code for b in plan.blocks] == ["plan.move"]


def test_a_partner_with_rows_cannot_move_to_another_code():
    """The school's code is part of its people's ids."""
    plan = planned([hub(), school("AVN"), school("XYZ"), partner("XYZ")],
                   stored(hub(), school("AVN"), school("XYZ"), partner("AVN"), attachments=(attached("AVN"),)),
                   moved=[Moved(from_address="partner.AVN", to_address="partner.XYZ")])  # fmt: skip
    assert "plan.move" in [b.code for b in plan.blocks]


def test_what_exists_in_its_system_already_is_adopted():
    """An address known to exist live enters the state without being made."""
    plan = planned([make("thing", "x", {})], stored(), existing={"thing.x"})
    assert steps(plan) == ["adopt thing.x"]


def test_the_order_puts_needs_first_and_removals_last_and_backwards():
    """What is needed comes first; what is removed goes in the opposite order, after everything else."""
    old = [make("thing", "base", {}), make("thing", "upper", {}, depends_on=("thing.base",))]
    new = [make("thing", "z", {}), make("thing", "a", {}, depends_on=("thing.z",))]
    plan = planned(new, stored(*old), removed=[Removed(address="thing.base"), Removed(address="thing.upper")])
    assert steps(plan) == ["create thing.z", "create thing.a", "delete thing.upper", "delete thing.base"]


def test_an_unchanged_resource_in_between_still_orders_its_neighbours():
    """A change two references down comes before the change that stands on it."""

    def chain(value: int) -> list:
        return [make("thing", "a", {"v": value}, depends_on=("thing.b",)),
                make("thing", "b", {}, depends_on=("thing.z",)), make("thing", "z", {"v": value})]  # fmt: skip

    assert steps(planned(chain(2), stored(*chain(1)))) == ["update thing.z", "update thing.a"]


def test_a_circle_is_refused_and_named():
    """Resources that refer to each other in a circle are named in the message."""
    with pytest.raises(Refused, match=r"thing\.a -> thing\.b -> thing\.a") as caught:
        planned([make("thing", "a", {}, depends_on=("thing.b",)), make("thing", "b", {}, depends_on=("thing.a",))],
                stored())  # fmt: skip
    assert caught.value.code == "plan.cycle"


def test_one_address_twice_is_refused():
    """Two declarations of one address are never merged in silence."""
    with pytest.raises(Refused) as caught:
        planned([make("thing", "a", {}), make("thing", "a", {"v": 1})], stored())
    assert caught.value.code == "plan.duplicate_address"


def test_the_files_of_another_estate_are_refused():
    """Files and store must name the same estate."""
    with pytest.raises(Refused) as caught:
        planned([hub()], stored(hub()), estate_id="somewhere-else")
    assert caught.value.code == "plan.other_estate"


def test_the_digest_covers_what_counts_and_nothing_else():
    """Another state, other files or another change make another digest; time, rows and release do not."""
    desired, state = [hub(), school(), partner()], stored(hub(), school())
    first = planned(desired, state)
    assert planned(list(reversed(desired)), state, now=NOW + timedelta(hours=3)).digest == first.digest
    assert planned(desired, state, tool_version="9.9.9").digest == first.digest
    rows = replace(state, attachments=(attached("BRK", students=9),))
    assert planned(desired, rows).digest == first.digest
    assert planned(desired, replace(state, serial=4)).digest != first.digest
    assert planned(desired, replace(state, lineage="lineage-2")).digest != first.digest
    assert planned(desired, state, config_digest="config-2").digest != first.digest
    assert planned([*desired[:2], partner(colour="#000000")], state).digest != first.digest


def test_a_plan_expires_after_a_day():
    """24 hours, unless another time is asked for."""
    assert planned([hub()], stored()).expires_at == NOW + timedelta(hours=24)


@pytest.mark.requirement(37)
def test_a_new_map_says_how_much_of_the_hub_it_maps():
    """The expansion is summed up: slots mapped and slots not selected."""
    plan = planned([hub(), school(), partner(), period_map()], stored(hub(), school(), partner()))
    assert "1 of 2 hub slots mapped, 1 not selected" in plan.actions[-1].notes


def test_an_operator_who_is_gone_is_a_removal_like_any_other():
    """No kind is removed without a word."""
    plan = planned([hub()], stored(hub(), operator("deputy", "applier")))
    assert [r.token for r in plan.held] == ["removal:operator.deputy"]
    assert plan.actions[0].action is ActionKind.DELETE


def test_an_empty_plan_of_ten_thousand_resources_compares_digests_only():
    """A no-op compare takes tens of milliseconds; the bound is loose so that a busy machine passes."""
    resources = [make("thing", f"n{i}", {"a": i, "b": {"c": [1, 2]}}) for i in range(10_000)]
    state = stored(*resources)
    begin = time.perf_counter()
    assert planned(resources, state).empty
    assert time.perf_counter() - begin < 2

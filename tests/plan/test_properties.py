"""What holds for every estate: generated resources, references and edits."""

from __future__ import annotations

import string

import hypothesis.strategies as st
from hypothesis import given

from reconciler.estate.model import Moved, Removed
from reconciler.plan.json_view import to_json
from reconciler.plan.markdown import MOST_CHARACTERS, render_markdown
from reconciler.plan.saved import read_plan, save_plan
from reconciler.plan.text import render_text
from reconciler.plan.value import REMOVING
from reconciler.resources.registry import KINDS
from reconciler.resources.resource import Resource, make
from tests.plan.estates import KEY_A, KEY_B, fact, planned, steps, stored

# Partners have keys of their own and are generated apart; the rest of the kinds differ in nothing but their name.
PLAIN_KINDS = sorted(set(KINDS) - {"partner", "period_map"})
KEY = b"k" * 32

leaves = st.none() | st.booleans() | st.integers(-9, 9) | st.text(string.ascii_letters + "é<`\x1b", max_size=6)
specs = st.dictionaries(
    st.sampled_from(["a", "b", "c", "offers", "identifiers", "sharing_mode", "password"]),
    st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner),
                 max_leaves=6),
    max_size=4,
)  # fmt: skip


@st.composite
def estates(draw, most=8):
    """Resources of any kind that refer only to earlier ones, so that there is no circle."""
    names = draw(
        st.lists(st.tuples(st.sampled_from(PLAIN_KINDS), st.sampled_from("abcdef")), unique=True, max_size=most)
    )
    made: list[Resource] = []
    for kind, name in names:
        needs = draw(st.lists(st.sampled_from([r.address for r in made]), unique=True)) if made else []
        # Grants bear the account's name, as real ones do.
        full = f"{name}.Students" if kind == "entity_grant" else name
        made.append(make(kind, full, draw(specs), depends_on=tuple(needs)))
    return made


def removing(desired, state):
    kept = {r.address for r in desired}
    return [Removed(address=a) for a in state.resources if a not in kept]


def after(desired):
    return stored(*desired, serial=4)


@given(estates())
def test_the_plan_after_its_own_apply_is_empty(desired):
    """Whatever the kind: what was applied needs nothing more."""
    assert planned(desired, after(desired)).empty


@given(estates(), estates())
def test_carrying_out_a_plan_gives_what_the_files_say(before, desired):
    """The actions, applied one by one to the stored digests, end in exactly the declared ones."""
    state = stored(*before)
    plan = planned(desired, state, removed=removing(desired, state))
    found = {r.address: r.digest for r in before}
    for action in plan.actions:
        assert found.pop(action.moved_from or action.address, "") == action.before_digest
        if action.action not in REMOVING:
            found[action.address] = action.after_digest
    assert found == {r.address: r.digest for r in desired}


@given(estates(), estates())
def test_needs_come_first_and_what_is_needed_goes_last(before, desired):
    """No action comes before one that it stands on, through unchanged resources too; removals the other way round."""
    plan = planned(desired, stored(*before))
    place = {a.address: index for index, a in enumerate(plan.actions)}
    for resource in desired:
        for need in reach(resource.address, desired):
            if resource.address in place and need in place:
                assert place[need] < place[resource.address]
    gone = {a.address for a in plan.actions if a.action in REMOVING}
    for resource in before:
        for need in reach(resource.address, before):
            if {resource.address, need} <= gone:
                assert place[resource.address] < place[need]


def reach(address, resources):
    references = {r.address: r.depends_on for r in resources}
    todo, found = list(references[address]), set()
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo += references.get(one, ())
    return found


@given(estates(), estates(), st.randoms())
def test_the_order_of_the_files_makes_no_difference(before, desired, random):
    """One estate, one plan, to the letter."""
    shuffled = list(desired)
    random.shuffle(shuffled)
    assert to_json(planned(shuffled, stored(*before))) == to_json(planned(desired, stored(*before)))


@given(estates(), estates())
def test_every_change_is_shown(before, desired):
    """Where digests differ a field does, and each side of it is the spec's."""
    for action in planned(desired, stored(*before)).actions:
        if action.before is not None and action.after is not None:
            assert action.changes
            for change in action.changes:
                assert change.had or change.has
                for present, spec in ((change.had, action.before), (change.has, action.after)):
                    assert holds(spec, change.path) is present


def holds(spec, path):
    for part in path:
        try:
            spec = spec[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


@given(estates(), estates())
def test_what_is_not_declared_and_not_named_is_held(before, desired):
    """Whatever vanishes holds the plan, but for what goes with its owner or narrows it."""
    plan = planned(desired, stored(*before))
    gone = {r.address for r in before} - {r.address for r in desired}
    risky = {r.address for r in plan.held if r.name == "removal"}
    assert risky <= gone
    assert {address for address in gone - risky if not address.startswith("entity_grant.")} == set()


@given(estates(most=10), st.data())
def test_a_targeted_plan_holds_all_that_its_targets_need(desired, data):
    """Every changed resource that a target reaches is in; the rest of the plan is left out."""
    if not desired:
        return
    target = data.draw(st.sampled_from([r.address for r in desired]))
    plan = planned(desired, stored(), targets=[target])
    assert {a.address for a in plan.actions} == {target} | reach(target, desired)
    assert set(plan.added) == reach(target, desired)


@given(estates(), estates(), st.data())
def test_a_targeted_plan_leaves_the_state_whole(before, desired, data):
    """After a partial apply nothing stored refers to what that apply took away."""
    state = stored(*before)
    addresses = sorted({r.address for r in before} | {r.address for r in desired})
    if not addresses:
        return
    plan = planned(desired, state, removed=removing(desired, state), targets=[data.draw(st.sampled_from(addresses))])
    references = {r.address: r.depends_on for r in before}
    for action in plan.actions:
        references.pop(action.address, None)
        if action.action not in REMOVING:
            references[action.address] = action.depends_on
    gone = {a.address for a in plan.actions if a.action in REMOVING}
    assert not [need for needs in references.values() for need in needs if need in gone]


@given(specs, specs, st.sampled_from(PLAIN_KINDS))
def test_a_move_keeps_content(old, new, kind):
    """A moved resource ends with what the files say, in one step, from what was stored."""
    names = ("one.x", "two.x") if kind == "entity_grant" else ("one", "two")
    plan = planned([make(kind, names[1], new)], stored(make(kind, names[0], old)),
                   moved=[Moved(from_address=f"{kind}.{names[0]}", to_address=f"{kind}.{names[1]}")])  # fmt: skip
    assert steps(plan) == [f"move {kind}.{names[1]}"]
    assert (plan.actions[0].before, plan.actions[0].after) == (old, new)


@given(estates(), estates())
def test_a_saved_plan_reads_back_to_the_same_digest(before, desired):
    """Whatever the specs hold."""
    state = stored(*before)
    plan = planned(desired, state)
    assert read_plan(save_plan(plan, key=KEY), key=KEY, state=state).plan.digest == plan.digest


@given(estates(), estates())
def test_every_view_can_be_made(before, desired):
    """No content breaks a view, steers a terminal or bursts the Markdown."""
    plan = planned(desired, stored(*before))
    assert "\x1b" not in render_text(plan, full=True)
    assert render_text(plan, full=True, ascii=True).isascii()
    assert len(render_markdown(plan)) <= MOST_CHARACTERS


@given(st.dictionaries(st.sampled_from(["AVN", "BRK", "CST"]), st.booleans()))
def test_partners_known_or_unknown_make_one_digest(schools):
    """Which of the new partners' keys can be read here makes no difference to the digest."""
    fingerprints = {"AVN": KEY_A, "BRK": KEY_B, "CST": "c" * 64}
    desired = [make("partner", code, {"data_exchange_key": {"env": code}}) for code in schools]
    known = {code: fact(fingerprints[code] if readable else "") for code, readable in schools.items()}
    assert planned(desired, stored(), keys=known).digest == planned(desired, stored()).digest

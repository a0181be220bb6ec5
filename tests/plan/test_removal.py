"""Removal: forgotten or deleted, only with somebody's word (VS, rules 24 to 26)."""

from __future__ import annotations

import pytest

from reconciler.diagnostics import Position
from reconciler.estate.model import Removed
from tests.plan.estates import (
    KEY_A,
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

ENTRY = Removed(
    address="partner.AVN", data="keep", reason="left the consortium", position=Position("estate.yaml", 90, 5)
)


def state():
    return stored(hub(), school(), partner(), period_map(), attachments=(attached(students=38, classes=4),))


@pytest.mark.requirement(24, 25, 26)
def test_a_removed_partner_is_forgotten_and_its_rows_are_kept():
    """The `removed:` entry is the confirmation; rows are retained and counted, the export that stops is named."""
    plan = planned([hub(), school()], state(), removed=[ENTRY])
    assert steps(plan) == ["delete period_map.AVN.2026-2027", "forget partner.AVN"]
    assert plan.actions[1].notes == (
        "keeps 42 rows (38 students, 4 classes)",
        "export to https://exchange.avn.example/v1 (exchange) stops",
    )
    assert [(e.op, e.school, e.fingerprint) for e in plan.attachments] == [("retain", "AVN", KEY_A)]
    assert [(r.token, r.confirmed) for r in plan.risks] == [
        ("removal:partner.AVN", "removed: entry (estate.yaml:90:5)")]  # fmt: skip
    assert not plan.waiting


@pytest.mark.requirement(29)
def test_the_maps_of_a_removed_partner_go_with_it():
    """A map is never left behind to be used again."""
    plan = planned([hub(), school()], state(), removed=[ENTRY])
    assert plan.actions[0].notes == ("goes with partner.AVN",)


@pytest.mark.requirement(25)
def test_what_vanished_without_a_word_is_held_and_says_what_to_write():
    """A key gone from the files may be a slip: the plan is held and shows both ways to say what is meant."""
    plan = planned([hub(), school()], state())
    assert [(r.token, r.allowable) for r in plan.held] == [("removal:partner.AVN", False)]
    hint = plan.held[0].hint
    assert "removed: [{address: partner.AVN, data: keep, reason: WHY}]" in hint
    assert "moved: [{from: partner.AVN, to: NEW_ADDRESS}]" in hint


def test_a_rename_is_offered_but_never_assumed():
    """A new resource of the same content is named in the hint; the old one is still held."""
    plan = planned([third_party("new-name")], stored(third_party("old-name")))
    assert steps(plan) == ["create third_party.new-name", "delete third_party.old-name"]
    assert "to: third_party.new-name" in plan.held[0].hint


def test_the_nearest_name_of_the_same_kind_is_offered():
    """Renamed and edited at once, the new name is still likely the one."""
    plan = planned([third_party("elm-parentpay2", streams=["staff"]), hub()], stored(third_party(), hub()))
    assert "to: third_party.elm-parentpay2" in plan.held[0].hint


def test_a_removed_third_party_takes_its_grants_along():
    """One entry for the account is enough."""
    plan = planned([], stored(third_party(), grant("Students")),
                   removed=[Removed(address="third_party.elm-parentpay")])  # fmt: skip
    assert steps(plan) == ["delete entity_grant.elm-parentpay.Students", "delete third_party.elm-parentpay"]
    assert "nothing goes to parentpay any more" in plan.actions[1].notes
    assert not plan.waiting


@pytest.mark.requirement(80)
def test_a_grant_taken_out_of_its_account_needs_no_further_word():
    """Narrowing what is shared is never held up."""
    plan = planned([third_party()], stored(third_party(), grant("Students")))
    assert steps(plan) == ["delete entity_grant.elm-parentpay.Students"]
    assert plan.actions[0].notes == ("no longer granted",)
    assert not plan.risks


def test_a_map_taken_out_while_its_partner_stays_is_held():
    """A partner without a map stops importing timetables, so that needs a word as well."""
    plan = planned([hub(), school(), partner()], state(), keys={"AVN": fact(KEY_A)})
    assert [r.token for r in plan.held] == ["removal:period_map.AVN.2026-2027"]


def test_a_removal_that_was_applied_has_nothing_left_to_do():
    """The entry may stay in the files as a record."""
    assert planned([hub()], stored(hub()), removed=[ENTRY]).empty


def test_declared_and_removed_at_once_is_blocked():
    """A contradiction is for a person to mend; no approval decides it."""
    plan = planned([hub(), school(), partner()], stored(hub(), school(), partner(), attachments=(attached(),)),
                   removed=[ENTRY])  # fmt: skip
    assert [b.code for b in plan.blocks] == ["plan.removed_but_declared"]


def test_an_emptied_estate_deletes_nothing_without_a_word():
    """Empty files hold every removal."""
    plan = planned([], state())
    assert len(plan.held) == 3
    assert {a.address for a in plan.actions} == {r.address for r in plan.held} | {"period_map.AVN.2026-2027"}

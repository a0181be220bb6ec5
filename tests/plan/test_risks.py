"""Risks: claimed uniqueness, wider sharing, another basis, each with its evidence."""

from __future__ import annotations

import pytest

from reconciler.plan.value import Evidence
from reconciler.resources.resource import make
from tests.plan.estates import (
    KEY_A,
    attached,
    basis,
    fact,
    grant,
    hub,
    partner,
    planned,
    school,
    steps,
    stored,
    third_party,
)

CLAIM = "rekey:virtual_school"


def tokens(plan):
    return [r.token for r in plan.held]


@pytest.mark.requirement(10, 15, 16)
@pytest.mark.parametrize(
    ("flag", "whom"),
    [("admission_numbers_unique", "300 students, 12 tutor groups"), ("staff_codes_unique", "9 staff")],
)
@pytest.mark.parametrize("claimed", [True, False])
def test_changing_a_uniqueness_flag_re_keys_everybody(flag, whom, claimed):
    """Either way the ids of all that it governs change, of nobody else: one risky step that names how many."""
    state = stored(hub(**{flag: not claimed}), attachments=(attached(students=300, tutor_groups=12, staff=9),))
    plan = planned([hub(**{flag: claimed})], state)
    assert steps(plan) == ["rekey virtual_school"]
    assert tokens(plan) == [CLAIM]
    assert plan.held[0].message.partition(";")[0] == f"changes the ids of {whom}"
    assert plan.held[0].hint.startswith("claim uniqueness only" if claimed else "whoever matches on the hub's ids")


@pytest.mark.requirement(10, 15, 16)
def test_two_flags_claimed_at_once_are_one_risk_that_names_both():
    """One decision about one step, and nobody is left out of the count."""
    state = stored(hub(), attachments=(attached(students=300, tutor_groups=12, staff=9),))
    plan = planned([hub(admission_numbers_unique=True, staff_codes_unique=True)], state)
    assert tokens(plan) == [CLAIM]
    assert plan.held[0].message == (
        "changes the ids of 300 students, 12 tutor groups, 9 staff; "
        "admission_numbers_unique and staff_codes_unique are claimed"
    )


@pytest.mark.requirement(16)
@pytest.mark.parametrize(
    ("settings", "whom"),
    [
        ({}, "300 students, 12 tutor groups, 9 staff"),
        ({"admission_numbers_unique": True}, "9 staff"),
        ({"staff_codes_unique": True}, "300 students, 12 tutor groups"),
    ],
)
def test_another_separator_re_keys_those_that_carry_the_code(settings, whom):
    """What has no school code in front has no separator either."""
    state = stored(hub(**settings), attachments=(attached(students=300, tutor_groups=12, staff=9),))
    plan = planned([hub(**settings, separator="-")], state)
    assert plan.held[0].message == f"changes the ids of {whom}"


@pytest.mark.requirement(11, 16)
def test_the_evidence_says_how_many_are_re_keyed_and_how_many_were_compared():
    """Exact numbers of the store stand for the estimate; what was compared is told beside them."""
    known = Evidence(figures={"students": 298, "tutor_groups": 12, "admission numbers compared": 298})
    state = stored(hub(), attachments=(attached(students=300, tutor_groups=12, staff=9),))
    plan = planned([hub(admission_numbers_unique=True)], state, evidence={CLAIM: known})
    assert plan.held[0].message == (
        "changes the ids of 298 students, 12 tutor groups; admission_numbers_unique is claimed "
        "(admission numbers compared: 298)"
    )
    assert plan.held[0].figures == {"students": 298, "tutor_groups": 12, "admission numbers compared": 298}


@pytest.mark.requirement(11)
def test_a_claim_against_the_evidence_is_blocked():
    """A number used by two people cannot be claimed unique, whoever allows it."""
    clash = Evidence(clashes=("admission number 004512: AVN:10233 and BRK:20411",), figures={"compared": 300})
    plan = planned([hub(admission_numbers_unique=True)], stored(hub()), evidence={CLAIM: clash})
    assert [b.code for b in plan.blocks] == ["plan.identity_clash"]
    assert plan.blocks[0].message == (
        "uniqueness is claimed, and 1 value is carried at more than one school: "
        "admission number 004512: AVN:10233 and BRK:20411"
    )
    assert "(compared: 300)" in plan.held[0].message


@pytest.mark.requirement(12)
def test_the_evidence_is_part_of_the_digest_and_its_figures_are_not():
    """New clashes make another plan; more rows do not."""

    def made(**evidence):
        return planned([hub(admission_numbers_unique=True)], stored(hub()),
                       evidence={CLAIM: Evidence(**evidence)}).digest  # fmt: skip

    assert made(figures={"compared": 1}) == made(figures={"compared": 2})
    assert made() != made(clashes=("004512: AVN:1 and BRK:2",))
    assert made(facts={"checked": "2026-11-20"}) != made(facts={"checked": "2026-11-21"})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([third_party()], [third_party(), grant("Staff")], ["wider_sharing:entity_grant.elm-parentpay.Staff"]),
        ([third_party(), grant("Staff")], [third_party(), grant("Staff", recipient="other")],
         ["wider_sharing:entity_grant.elm-parentpay.Staff"]),
        ([], [third_party(), grant("Staff")], []),
        ([basis()], [basis(sharing_mode="all")], ["wider_sharing:lawful_basis.catering"]),
        ([basis(sharing_mode="all")], [basis()], []),
        ([basis()], [basis(lawful_basis="consent")], ["changed_basis:lawful_basis.catering"]),
        ([basis()], [basis(art9={"condition": "explicit_consent"})], ["changed_basis:lawful_basis.catering"]),
        ([basis()], [basis(purpose="School meals")], []),
        ([third_party()], [third_party(basis="other")], ["changed_basis:third_party.elm-parentpay"]),
        ([third_party()], [third_party(recipient="other")], ["wider_sharing:third_party.elm-parentpay"]),
        ([third_party()], [third_party(streams=["pupils", "staff"])], ["wider_sharing:third_party.elm-parentpay"]),
        ([third_party(streams=["pupils", "staff"])], [third_party()], []),
        ([third_party()], [third_party(schedule="06:50")], []),
        ([make("recipient", "sc", {"downstream": []})], [make("recipient", "sc", {"downstream": ["cypad"]})],
         ["wider_sharing:recipient.sc"]),
    ],
    ids=["new grant", "grant to another", "new account", "all instead of consent", "consent instead of all",
         "other basis", "other condition", "other purpose text", "other basis of account", "other recipient",
         "more streams", "fewer streams", "other time", "passed on"],
)  # fmt: skip
def test_what_is_shared_more_widely_is_held(before, after, expected):
    """Who gets more than before waits for a person; who gets less does not."""
    assert tokens(planned([hub(), *after], stored(hub(), *before))) == expected


@pytest.mark.parametrize(
    ("before", "after", "wider"),
    [
        ({"students": {"in_group": "A"}}, "all", True),
        ("all", {"students": {"in_group": "A"}}, False),
        ({"students": {"in_group": "A"}}, {"students": "all"}, True),
        ({"students": {"in_group": "A"}}, {"students": {"in_group": "B"}}, True),
        ({"students": {"in_group": "A"}}, {"students": {"in_group": "A"}, "classes": ["12B"]}, True),
        ({"students": {"in_group": "A"}, "classes": ["12B"]}, {"students": {"in_group": "A"}}, False),
        ({"classes": ["12B", "12C"]}, {"classes": ["12B"]}, False),
        ({"classes": ["12B"]}, {"classes": ["12B", "12C"]}, True),
        ({"students": {"in_group": "A", "year": "12"}}, {"students": {"in_group": "A"}}, True),
    ],
)
def test_offers_are_wider_unless_they_are_shown_to_be_narrower(before, after, wider):
    """More of a list, all instead of some, another group or a condition less: each may let more through."""
    plan = planned([hub(), school(), partner(offers=after)],
                   stored(hub(), school(), partner(offers=before), attachments=(attached(),)),
                   keys={"AVN": fact(KEY_A)})  # fmt: skip
    assert tokens(plan) == (["wider_sharing:partner.AVN"] if wider else [])


def test_the_first_apply_to_an_empty_store_has_no_risk():
    """Nothing was shared before, so nothing is wider."""
    plan = planned([hub(), basis(sharing_mode="all"), third_party(), grant("Staff")], stored(serial=0))
    assert plan.risks == ()

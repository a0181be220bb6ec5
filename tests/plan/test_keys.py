"""What a Data Exchange Key means for the rows of a school (VS, rules 21 and 27 to 30)."""

from __future__ import annotations

import pytest

from reconciler.errors import Refused
from tests.plan.estates import (
    KEY_A,
    KEY_B,
    KEY_C,
    attached,
    fact,
    hub,
    partner,
    period_map,
    planned,
    school,
    steps,
    stored,
)

BOTH = {"env": "NEW_KEY", "replaces": {"env": "OLD_KEY"}}


def effects(plan):
    return [(e.op, e.fingerprint) for e in plan.attachments]


def live(*, key=None, number=1):
    return stored(hub(), school(), partner(key=key), period_map(attachment=number),
                  attachments=(attached(students=38, number=number),))  # fmt: skip


def files(*, key=None, attachment=1):
    return [hub(), school(), partner(key=key), period_map(attachment=attachment)]


def test_a_new_partner_is_attached_under_its_key():
    """The first time there is nothing to come back."""
    plan = planned(files(), stored(hub(), school()), keys={"AVN": fact(KEY_A)})
    assert effects(plan) == [("attach", KEY_A)]
    assert not plan.waiting


@pytest.mark.requirement(21)
def test_a_key_that_cannot_be_read_here_is_unknown_and_never_changed():
    """Without the secret a live partner stays as it is, and the plan says so."""
    plan = planned(files(), live())
    assert plan.empty
    assert plan.keys == {"AVN": ""}
    assert plan.notes == ("Data Exchange Keys unknown here, so not compared: AVN.",)


def test_a_key_known_or_unknown_makes_the_same_plan():
    """CI without the secrets and apply with them come to one digest, for live and for new partners."""
    changed = [hub(), school(), partner(colour="#000000"), period_map()]
    for state in (live(), stored(hub(), school())):
        assert planned(changed, state).digest == planned(changed, state, keys={"AVN": fact(KEY_A)}).digest


@pytest.mark.requirement(27)
def test_the_same_key_brings_the_rows_back():
    """Re-adding a partner under its old key re-attaches its retained rows."""
    state = stored(hub(), school(), attachments=(attached(status="retained", students=38, classes=4),))
    plan = planned(files(attachment=2), state, keys={"AVN": fact(KEY_A)})
    assert effects(plan) == [("reattach", KEY_A)]
    assert "re-attaches 42 rows (38 students, 4 classes)" in plan.actions[0].notes
    assert not plan.waiting


@pytest.mark.requirement(29)
@pytest.mark.parametrize("attachment", [1, 3])
def test_a_map_of_another_attachment_is_blocked_and_says_what_to_write(attachment):
    """After re-adding the map must be declared anew: the old text does not pass."""
    state = stored(hub(), school(), attachments=(attached(status="retained"),))
    plan = planned(files(attachment=attachment), state, keys={"AVN": fact(KEY_A)})
    assert [b.code for b in plan.blocks] == ["plan.map_attachment"]
    assert "write attachment: 2 in it" in plan.blocks[0].hint


@pytest.mark.requirement(29)
def test_a_live_partner_s_map_must_keep_its_number():
    """A changed map of a partner attached twice still carries attachment 2."""
    plan = planned(files(attachment=1), live(number=2), keys={"AVN": fact(KEY_A)})
    assert [b.code for b in plan.blocks] == ["plan.map_attachment"]


@pytest.mark.requirement(28)
def test_another_key_is_another_school_and_orphans_the_old_rows():
    """Re-adding under another key needs a confirmation and says how many rows stay behind."""
    state = stored(hub(), school(), attachments=(attached(status="retained", students=38),))
    plan = planned(files(), state, keys={"AVN": fact(KEY_B)})
    assert effects(plan) == [("orphan", KEY_A), ("attach", KEY_B)]
    assert [r.token for r in plan.held] == ["orphan:partner.AVN"]
    assert "38 rows (38 students) stay orphaned" in plan.held[0].message


def test_rows_are_orphaned_once():
    """A third key asks nothing about rows that were left behind before."""
    state = stored(hub(), school(), attachments=(attached(status="orphaned", students=38),))
    plan = planned(files(), state, keys={"AVN": fact(KEY_B)})
    assert effects(plan) == [("attach", KEY_B)]
    assert not plan.waiting


def test_orphaned_rows_come_back_with_their_key():
    """The key decides, not the time: a school that returns to an older key finds the rows of that key."""
    state = stored(hub(), school(), attachments=(attached(status="orphaned", students=38),
                                                 attached(key=KEY_B, status="retained")))  # fmt: skip
    plan = planned(files(attachment=2), state, keys={"AVN": fact(KEY_A)})
    assert effects(plan) == [("reattach", KEY_A)]


@pytest.mark.requirement(23, 28)
def test_a_key_changed_on_a_live_partner_is_held():
    """A new secret under the same name would orphan a school's people: held although no field differs."""
    plan = planned(files(), live(), keys={"AVN": fact(KEY_B)})
    assert steps(plan) == ["replace partner.AVN"]
    assert plan.actions[0].changes == ()
    assert effects(plan) == [("orphan", KEY_A), ("attach", KEY_B)]
    assert [r.token for r in plan.held] == ["orphan:partner.AVN"]
    assert "replaces: {env: OLD_NAME}" in plan.held[0].hint


@pytest.mark.requirement(23)
def test_a_key_with_its_predecessor_is_re_keyed():
    """`replaces:` proves that whoever changes the key knows the old one; the rows move along."""
    plan = planned(files(key=BOTH), live(), keys={"AVN": fact(KEY_B, replaced=KEY_A)})
    assert steps(plan) == ["rekey partner.AVN"]
    assert [(e.op, e.fingerprint, e.old_fingerprint) for e in plan.attachments] == [("rekey", KEY_B, KEY_A)]
    assert not plan.waiting


@pytest.mark.parametrize(
    ("given", "past", "said"),
    [(fact(KEY_B, replaced=KEY_C), (), "is not the one that is attached"), (fact(KEY_B), (), "cannot be read here"),
     (fact(KEY_B, replaced=KEY_A), (attached(key=KEY_B, status="orphaned", students=5),), "was used before")],
    ids=["another predecessor", "predecessor unreadable", "used before"],
)  # fmt: skip
def test_a_predecessor_that_proves_nothing_is_blocked(given, past, said):
    """A wrong, unreadable or once used key never moves rows."""
    state = stored(hub(), school(), partner(), period_map(), attachments=(attached(students=38), *past))
    plan = planned(files(key=BOTH), state, keys={"AVN": given})
    assert [b.code for b in plan.blocks] == ["plan.key_changed"]
    assert said in plan.blocks[0].message
    assert plan.attachments == ()


def test_after_re_keying_the_predecessor_may_stay_in_the_files():
    """The plan after the apply is empty, also once the old secret is gone."""
    assert planned(files(key=BOTH), live(key=BOTH), keys={"AVN": fact(KEY_A)}).empty


def test_an_unknown_key_leaves_open_what_becomes_of_kept_rows():
    """The plan does not guess whether rows come back; apply needs the key."""
    state = stored(hub(), school(), attachments=(attached(status="retained", students=38),))
    plan = planned(files(attachment=2), state)
    assert effects(plan) == [("unknown", "")]
    assert "cannot be said" in plan.actions[0].notes[0]


@pytest.mark.requirement(30)
def test_two_partners_with_one_key_are_refused():
    """One key would mix two schools' people: both are named, the key is not."""
    desired = [hub(), school("AVN"), school("BRK"), partner("AVN"), partner("BRK")]
    with pytest.raises(Refused, match=r"partner\.AVN and partner\.BRK") as caught:
        planned(desired, stored(), keys={"AVN": fact(KEY_A), "BRK": fact(KEY_A)})
    assert caught.value.code == "plan.shared_key"
    assert KEY_A not in caught.value.message


@pytest.mark.requirement(30)
def test_a_key_is_compared_with_those_that_are_stored():
    """A partner whose key cannot be read here still counts with the key under which it is attached."""
    desired = [hub(), school("AVN"), school("BRK"), partner("AVN"), partner("BRK")]
    state = stored(hub(), school(), partner("AVN"), attachments=(attached("AVN", KEY_A),))
    with pytest.raises(Refused):
        planned(desired, state, keys={"BRK": fact(KEY_A)})

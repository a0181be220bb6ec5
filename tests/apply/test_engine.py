"""Apply: all of a plan in one transaction, or nothing, on every store."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.apply.outcome import PlanHeld
from reconciler.errors import ExitCode, Held, LockHeld, SecretUnavailable, StalePlan, UnknownName
from reconciler.estate.model import Moved, Removed
from reconciler.plan.saved import read_plan, save_plan
from reconciler.plan.state import AttachmentStatus
from tests.apply.acting import HOLDER, MANAGER, apply, digests, estate, fresh
from tests.plan.estates import (
    KEY_A,
    KEY_B,
    NOW,
    fact,
    grant,
    hub,
    partner,
    period_map,
    school,
    third_party,
)

FILES = estate(hub(), school(), partner(), period_map())


def attachment(store, fingerprint=KEY_A):
    return next(a for a in store.read_state().attachments if a.fingerprint == fingerprint)


def test_apply_makes_the_state_what_the_files_say(store):
    """After an apply the next plan is empty; the version says who did it, from which commit and plan."""
    done = apply(store, FILES)
    assert digests(store) == {r.address: r.digest for r in FILES}
    assert fresh(store, FILES).empty
    version = store.versions()[0]
    assert (version.serial, version.actor, version.git_commit) == (1, MANAGER, "c0ffee")
    assert (version.plan_digest, version.config_digest) == (done.plan.digest, "config-1")
    assert dict(version.counts) == {"create": len(FILES)}


def test_an_empty_plan_writes_no_version(store):
    """Applying twice is applying once."""
    apply(store, FILES)
    assert apply(store, FILES).version is None
    assert store.read_state().serial == 1


def test_a_version_keeps_what_it_changed(store):
    """Each change has its content before and after, for the history."""
    apply(store, FILES)
    apply(store, estate(hub(), school(), partner(colour="#000000"), period_map()))
    (change,) = store.version_changes(2)
    assert (change.address, change.action) == ("partner.AVN", "update")
    assert (change.before["colour"], change.after["colour"]) == ("#1f6feb", "#000000")


def test_a_saved_plan_is_applied_as_reviewed(store):
    """The file of the reviewed plan narrows apply to it."""
    plan = fresh(store, FILES)
    saved = read_plan(save_plan(plan, key=store.plan_key()), key=store.plan_key(), state=store.read_state())
    assert apply(store, FILES, saved=saved, expect=plan.digest).version


def test_a_saved_plan_is_refused_once_the_state_moved(store):
    """Another apply in between makes it stale; nothing is written."""
    apply(store, FILES)
    changed = estate(hub(), school(), partner(colour="#000000"), period_map())
    plan = fresh(store, changed)
    saved = read_plan(save_plan(plan, key=store.plan_key()), key=store.plan_key(), state=store.read_state())
    apply(store, estate(hub(), school(), partner(colour="#ffffff"), period_map()))
    with pytest.raises(StalePlan) as caught:
        apply(store, changed, saved=saved)
    assert caught.value.code == "plan.stale_state"
    assert store.read_state().serial == 2


def test_an_unexpected_digest_is_refused(store):
    """`--expect` names the plan that was approved; another one is not applied."""
    with pytest.raises(StalePlan) as caught:
        apply(store, FILES, expect="0" * 64)
    assert caught.value.code == "plan.other_digest"
    assert store.read_state().serial == 0


def test_a_plan_made_before_another_apply_is_refused(store):
    """Between making the plan and the commit the state may move: the plan is stale, whoever made it."""
    plan = fresh(store, FILES)
    apply(store, FILES)
    with pytest.raises(StalePlan) as caught:
        apply(store, FILES, plan=plan)
    assert caught.value.code == "plan.stale_state"


def test_an_expired_plan_is_refused(store):
    """A saved plan is good for a day."""
    plan = fresh(store, FILES)
    saved = read_plan(save_plan(plan, key=store.plan_key()), key=store.plan_key(), state=store.read_state())
    with pytest.raises(StalePlan) as caught:
        apply(store, FILES, saved=saved, now=NOW + timedelta(hours=24))
    assert caught.value.code == "plan.expired"


@pytest.mark.requirement(21)
def test_a_partner_is_never_attached_under_an_unknown_key(store):
    """Apply resolves what a plan may leave unknown; the reference is named, nothing is written."""
    with pytest.raises(SecretUnavailable, match="AVN") as caught:
        apply(store, FILES, options={"keys": {}})
    assert caught.value.code == "apply.key_unknown"
    assert "env:REC_KEY_AVN" in caught.value.hint
    assert store.read_state().serial == 0


def test_a_live_partner_needs_no_key_to_be_updated(store):
    """A colour can be changed where the secret cannot be read."""
    apply(store, FILES)
    apply(store, estate(hub(), school(), partner(colour="#000000"), period_map()), options={"keys": {}})
    assert store.read_state().serial == 2


@pytest.mark.requirement(26, 27, 29)
def test_a_partner_goes_and_comes_back_with_its_rows(store):
    """Forgotten, then declared again under its key with a map for attachment 2: the same attachment, live again."""
    apply(store, FILES)
    apply(store, estate(hub(), school()), options={"removed": [Removed(address="partner.AVN")]})
    assert attachment(store).status is AttachmentStatus.RETAINED
    assert "period_map.AVN.2026-2027" not in store.read_state().resources
    with pytest.raises(PlanHeld) as caught:
        apply(store, FILES)
    assert [w.code for w in caught.value.waiting] == ["plan.map_attachment"]
    again = estate(hub(), school(), partner(), period_map(attachment=2))
    apply(store, again)
    assert (attachment(store).status, attachment(store).number) == (AttachmentStatus.LIVE, 2)
    assert fresh(store, again).empty


@pytest.mark.requirement(28)
def test_a_partner_that_comes_back_under_another_key_starts_anew(store):
    """Allowed by name, the old rows are orphaned and a first attachment begins."""
    apply(store, FILES)
    apply(store, estate(hub(), school()), options={"removed": [Removed(address="partner.AVN")]})
    other = {"keys": {"AVN": fact(KEY_B)}}
    with pytest.raises(PlanHeld):
        apply(store, FILES, options=other)
    apply(store, FILES, options=other, allowances=["orphan:partner.AVN"])
    assert attachment(store, KEY_A).status is AttachmentStatus.ORPHANED
    assert (attachment(store, KEY_B).status, attachment(store, KEY_B).number) == (AttachmentStatus.LIVE, 1)
    assert fresh(store, FILES, **other).empty


@pytest.mark.requirement(23)
def test_a_key_is_replaced_by_naming_its_predecessor(store):
    """The attachment keeps its number and goes on under the new key."""
    apply(store, FILES)
    both = partner(key={"env": "NEW", "replaces": {"env": "REC_KEY_AVN"}})
    files = estate(hub(), school(), both, period_map())
    apply(store, files, options={"keys": {"AVN": fact(KEY_B, replaced=KEY_A)}})
    live = [a for a in store.read_state().attachments if a.school == "AVN" and a.fingerprint]
    assert [(a.fingerprint, a.status, a.number) for a in live] == [(KEY_B, AttachmentStatus.LIVE, 1)]
    assert fresh(store, files, keys={"AVN": fact(KEY_B)}).empty


def test_a_move_keeps_content(store):
    """After a move the content stands under the new address alone, and the next plan is empty."""
    apply(store, estate(hub(), third_party("old"), grant("Staff", "old")))
    files = estate(hub(), third_party("new"), grant("Staff", "new"))
    moved = {"moved": [Moved(from_address="third_party.old", to_address="third_party.new")]}
    before = store.read_state().resources["third_party.old"]
    apply(store, files, options=moved)
    after = store.read_state().resources
    assert "third_party.old" not in after
    assert (after["third_party.new"].spec, after["third_party.new"].digest) == (before.spec, before.digest)
    assert fresh(store, files, **moved).empty


def test_a_targeted_apply_leaves_the_rest_for_later(store):
    """What was not targeted is still in the next plan."""
    apply(store, FILES, options={"targets": ["school.AVN", "operator.*"]})
    assert "partner.AVN" not in store.read_state().resources
    apply(store, FILES)
    assert fresh(store, FILES).empty


@pytest.mark.requirement(25)
def test_cancel_changes_nothing(store):
    """Whoever is asked and says no leaves the state as it was."""
    asked = []
    with pytest.raises(Held) as caught:
        apply(store, FILES, confirm=lambda plan: bool(asked.append(plan.digest)))
    assert (caught.value.code, caught.value.exit_code) == ("apply.cancelled", ExitCode.HELD)
    assert asked == [fresh(store, FILES).digest]
    assert store.read_state().serial == 0


def test_proceed_goes_on(store):
    """Whoever says yes gets the version."""
    assert apply(store, FILES, confirm=lambda plan: True).version.serial == 1


def test_no_lock_is_held_while_a_person_thinks(store):
    """Another process can take the lock during the question; the commit asks for it afterwards."""

    def busy(plan):
        with store.lock("apply", holder=HOLDER, wait=0.1):
            return True

    assert apply(store, FILES, confirm=busy).version


def test_the_second_of_two_applies_is_told_who_holds_the_lock(store):
    """One apply at a time; the other gives up after its wait, with nothing written."""
    with store.lock("apply", holder=HOLDER, wait=0.1), pytest.raises(LockHeld, match="4711"):
        apply(store, FILES)
    assert store.read_state().serial == 0


def test_an_allowance_that_fits_nothing_is_refused(store):
    """A misspelt risk is no allowance; the nearest is named."""
    apply(store, FILES)
    files = estate(hub(admission_numbers_unique=True), school(), partner(), period_map())
    with pytest.raises(UnknownName) as caught:
        apply(store, files, allowances=["rekey:virtual_scool"])
    assert caught.value.code == "apply.unknown_allowance"
    assert "rekey:virtual_school" in caught.value.hint


@pytest.mark.requirement(18, 43)
def test_a_commit_that_fails_leaves_the_old_state(memory, monkeypatch):
    """Configuration and maps go together: when the store refuses, neither is there."""

    def failing(commit):
        raise StalePlan("store.stale_serial", "the state moved")

    monkeypatch.setattr(memory, "commit", failing)
    with pytest.raises(StalePlan):
        apply(memory, FILES)
    assert memory.read_state().resources == {}
    assert memory.locked_by is None


def test_imports_between_plan_and_apply_do_not_matter(memory):
    """Rows that came in since the plan was saved do not make it stale."""
    apply(memory, FILES)
    files = estate(hub(), school())
    options = {"removed": [Removed(address="partner.AVN")]}
    saved = read_plan(save_plan(fresh(memory, files, **options), key=memory.plan_key()), key=memory.plan_key(),
                      state=memory.read_state())  # fmt: skip
    memory.imported("AVN", students=64, staff=9)
    assert apply(memory, files, saved=saved, options=options).version

"""A saved plan is bound to its store, state, files, release, time and evidence, and to every byte."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from reconciler.errors import StalePlan
from reconciler.plan import saved as saved_module
from reconciler.plan.json_view import from_json, to_json
from reconciler.plan.saved import check_expected, check_saved, read_plan, save_plan
from reconciler.plan.value import Evidence
from tests.plan.estates import (
    KEY_A,
    KEY_B,
    NOW,
    attached,
    fact,
    hub,
    operator,
    partner,
    period_map,
    planned,
    school,
    stored,
)

KEY = b"k" * 32
FILES = [hub(admission_numbers_unique=True), school(), partner(), period_map()]


def state(**options):
    return stored(hub(), school(), operator("deputy", "applier"), **options)


def made(current=None, **options):
    return planned(FILES, current or state(), **options)


def stale_code(saved, fresh, now=NOW):
    with pytest.raises(StalePlan) as caught:
        check_saved(saved, fresh, now=now)
    return caught.value.code


def test_a_saved_plan_reads_back_as_it_was():
    """All but whole specs survives the file, and the same plan made anew is accepted."""
    plan = made(keys={"AVN": fact(KEY_A)}, targets=["partner.*", "operator.*"])
    saved = read_plan(save_plan(plan, key=KEY), key=KEY, state=state())
    assert saved.plan.digest == plan.digest
    assert saved.targets == ("partner.*", "operator.*")
    assert to_json(saved.plan, specs=False) == to_json(plan, specs=False)
    check_saved(saved, plan, now=NOW + timedelta(hours=23))


@pytest.mark.requirement(18)
def test_every_flipped_bit_of_every_byte_is_refused():
    """No byte of the file can change without the file being refused."""
    content = save_plan(planned([school()], stored()), key=KEY)
    for index in range(len(content)):
        for bit in (0, 5):  # 5 turns a letter into its capital: still JSON, still hexadecimal
            flipped = content[:index] + bytes([content[index] ^ (1 << bit)]) + content[index + 1 :]
            with pytest.raises(StalePlan) as caught:
                read_plan(flipped, key=KEY, state=stored())
            assert caught.value.code == "plan.edited", (index, bit)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"\xff", b'{"plan": 1, "checksum": 2}', b"[" * 5000])
def test_what_is_no_saved_plan_is_refused(content):
    """Any other file is an edited plan, never a traceback."""
    with pytest.raises(StalePlan) as caught:
        read_plan(content, key=KEY, state=state())
    assert caught.value.code == "plan.edited"


def test_a_forged_file_is_refused():
    """Right checksum, no key: the signature gives it away."""
    with pytest.raises(StalePlan) as caught:
        read_plan(save_plan(made(), key=b"x" * 32), key=KEY, state=state())
    assert caught.value.code == "plan.edited"


def test_a_plan_of_another_store_is_told_from_an_edited_one():
    """The lineage names the store."""
    content = save_plan(made(), key=b"x" * 32)
    with pytest.raises(StalePlan) as caught:
        read_plan(content, key=KEY, state=replace(state(), lineage="lineage-2"))
    assert caught.value.code == "plan.other_store"


def test_a_plan_of_another_format_is_refused():
    """A file that a later release signed for this store is not guessed at."""
    body = to_json(made(), specs=False) | {"format_version": 2}
    with pytest.raises(StalePlan) as caught:
        read_plan(saved_module._signed(body, KEY), key=KEY, state=state())
    assert caught.value.code == "plan.other_version"


def test_each_way_of_being_stale_has_its_own_code():
    """State, files, time and release each answer for themselves."""
    saved = read_plan(save_plan(made(), key=KEY), key=KEY, state=state())
    assert stale_code(saved, made(state(serial=4))) == "plan.stale_state"
    assert stale_code(saved, made(config_digest="config-2")) == "plan.stale_estate"
    assert stale_code(saved, made(), now=NOW + timedelta(hours=24)) == "plan.expired"
    assert stale_code(saved, made(tool_version="0.2.0")) == "plan.other_version"
    clash = {"rekey:virtual_school": Evidence(clashes=("004512: AVN:1 and BRK:2",))}
    assert stale_code(saved, made(evidence=clash)) == "plan.stale_evidence"


def test_a_moved_state_names_who_moved_it():
    """The version that came in between is part of the message."""
    saved = read_plan(save_plan(made(), key=KEY), key=KEY, state=state())
    with pytest.raises(StalePlan, match="from serial 3 to 4 by version 4, 2026-11-20 16:05 UTC by data-manager"):
        check_saved(saved, made(state(serial=4)), now=NOW)


def test_another_key_since_is_changed_evidence():
    """A partner's key that was read then and reads otherwise now makes the plan stale."""
    saved = read_plan(save_plan(made(keys={"AVN": fact(KEY_A)}), key=KEY), key=KEY, state=state())
    assert stale_code(saved, made(keys={"AVN": fact(KEY_B)})) == "plan.stale_evidence"


def test_a_key_unknown_then_and_known_now_is_no_change():
    """A plan made without secrets is applied where they are."""
    saved = read_plan(save_plan(made(), key=KEY), key=KEY, state=state())
    check_saved(saved, made(keys={"AVN": fact(KEY_A)}), now=NOW)


def test_imports_in_between_do_not_make_a_plan_stale():
    """Rows come and go; the plan stands."""
    before = stored(hub(), school(), partner(), attachments=(attached(students=10),))
    after = stored(hub(), school(), partner(), attachments=(attached(students=300, staff=8),))
    saved = read_plan(save_plan(planned([hub(), school()], before), key=KEY), key=KEY, state=before)
    check_saved(saved, planned([hub(), school()], after), now=NOW)


def test_an_expected_digest_must_be_the_plan_s():
    """The digest or its first 12 characters or more; anything else is refused."""
    plan = made()
    for given in (plan.digest, plan.short_digest, plan.digest[:12], plan.digest[:20].upper()):
        check_expected(given, plan)
    for given in ("", plan.digest[:11], "0" * 64):
        with pytest.raises(StalePlan) as caught:
            check_expected(given, plan)
        assert caught.value.code == "plan.other_digest"


def test_no_spec_is_in_the_file():
    """The file holds digests and changed fields, so what it says about a new resource is its address."""
    body = orjson.loads(save_plan(made(), key=KEY))["plan"]
    assert all("after" not in action for action in body["actions"])
    assert b"REC_KEY_AVN" not in save_plan(made(), key=KEY)
    assert from_json(body).digest == body["digest"]

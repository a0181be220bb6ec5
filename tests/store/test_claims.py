"""What is claimed to be unique is so in the store itself, whoever writes and however many at once (C15)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import create_engine, update

from reconciler.errors import Held
from reconciler.records.entities import Entity
from reconciler.store.open import Store
from reconciler.store.tables.control import RESOURCE
from reconciler.syncs.holding import approve_held
from reconciler.syncs.ports import EntityChanges, FeedScope, HeldRun
from tests.store.test_cross_school import KEYS, group, load, student, teacher
from tests.store.values import (
    ACTOR,
    NOW,
    attach,
    change,
    digested,
    entry,
    feed_commit,
    later,
    state_commit,
    with_partner,
)

Scopes = dict[str, FeedScope]


def hub(**identifiers: object) -> Any:
    return change("virtual_school", {"name": "Eskmere", "identifiers": identifiers}, action="rekey")


@pytest.fixture
def schools(store: Store) -> Scopes:
    """Three partners; the hub claims unique admission numbers, and with them names of tutor groups."""
    found = {code: with_partner(store, code, key) for code, key in KEYS.items()}
    store.state.commit(state_commit(store, hub(admission_numbers_unique=True)))
    return found


def held_rows(store: Store, scope: FeedScope, entity: Entity = Entity.STUDENTS) -> set[str]:
    return set(store.feeds.digests(scope, entity))


@pytest.mark.requirement(11, 12)
@pytest.mark.parametrize("number", ["004512", "004512a"])
def test_a_commit_that_would_make_one_number_two_peoples_is_refused_whole(
    store: Store, schools: Scopes, number: str
) -> None:
    """Whatever was compared before: both records are named, no row of the run is kept, no trail says it was."""
    load(store, schools["AVN"], Entity.STUDENTS, student("10233", admission_number=number.upper()))
    trail = [row.sequence for row in store.state.audit_rows()]
    with pytest.raises(Held) as refused:
        load(store, schools["BRK"], Entity.STUDENTS, student("1"), student("20041", admission_number=number))
    assert refused.value.code == "guard.identity_clash"
    assert f"admission number {number.upper()}: AVN:10233 and BRK:20041" in refused.value.message
    assert "set admission_numbers_unique: false" in refused.value.hint
    assert held_rows(store, schools["BRK"]) == set()
    assert [row.sequence for row in store.state.audit_rows()] == trail
    load(store, schools["BRK"], Entity.STUDENTS, student("1"), student("20041", admission_number="4512"))


@pytest.mark.requirement(11, 14, 15)
def test_the_flags_speak_each_for_its_own_identifiers(store: Store, schools: Scopes) -> None:
    """Tutor groups with admission numbers, staff codes not: they have a flag of their own."""
    load(store, schools["AVN"], Entity.STAFF, teacher("1", "JSM"))
    load(store, schools["BRK"], Entity.STAFF, teacher("2", "JSM"))
    load(store, schools["AVN"], Entity.TUTOR_GROUPS, group("g", "12A"))
    with pytest.raises(Held, match="tutor group 12A: AVN:g and student BRK:1"):
        load(store, schools["BRK"], Entity.STUDENTS, student("1", tutor_group="12a"))


@pytest.mark.requirement(11)
def test_of_two_schools_that_write_at_once_one_is_refused(store: Store, schools: Scopes) -> None:
    """Neither saw the other when it compared: the store lets the second see the first."""

    def write(code: str) -> str:
        try:
            return load(store, schools[code], Entity.STUDENTS, student("1", admission_number="004512"))
        except Held as refused:
            return refused.code

    with ThreadPoolExecutor(len(KEYS)) as together:
        ends = list(together.map(write, KEYS))
    assert ends.count("guard.identity_clash") == len(KEYS) - 1
    assert sum(len(held_rows(store, scope)) for scope in schools.values()) == 1


def test_a_clash_of_two_others_stops_nobody_else(store_url: str, store: Store) -> None:
    """CST goes on while AVN and BRK have something to settle (VS, rule 66)."""
    schools = {code: with_partner(store, code, key) for code, key in KEYS.items()}
    store.state.commit(state_commit(store, hub(admission_numbers_unique=False)))
    for code in ("AVN", "BRK"):
        load(store, schools[code], Entity.STUDENTS, student("1", admission_number="004512"))
    engine = create_engine(store_url)
    with engine.begin() as connection:
        spec = {"identifiers": {"admission_numbers_unique": True}}
        connection.execute(update(RESOURCE).where(RESOURCE.c.address == "virtual_school").values(spec=spec))
    engine.dispose()
    load(store, schools["CST"], Entity.STUDENTS, student("1", admission_number="7"))
    with pytest.raises(Held):
        load(store, schools["AVN"], Entity.STUDENTS, student("2", admission_number="8"))


@pytest.mark.requirement(11, 16)
def test_a_claim_that_the_records_deny_is_never_stored(store: Store) -> None:
    """Records that came between the plan and its commit count; the version stays what it was."""
    schools = {code: with_partner(store, code, key) for code, key in KEYS.items()}
    for code in ("AVN", "BRK"):
        load(store, schools[code], Entity.STUDENTS, student("1", admission_number="004512"))
    serial = store.state.read_state().serial
    with pytest.raises(Held, match="admission number 004512"):
        store.state.commit(state_commit(store, hub(admission_numbers_unique=True)))
    assert store.state.read_state().serial == serial
    store.state.commit(state_commit(store, hub(staff_codes_unique=True)))


@pytest.mark.requirement(11, 27)
def test_rows_that_come_back_with_their_key_are_compared_before_they_are_live(store: Store, schools: Scopes) -> None:
    """A school that left took its number out of view; another got it meanwhile."""
    load(store, schools["AVN"], Entity.STUDENTS, student("10233", admission_number="004512"))
    gone = change("partner.AVN", None, action="forget")
    store.state.commit(state_commit(store, gone, attachments=[attach("retain", "AVN", KEYS["AVN"])]))
    load(store, schools["BRK"], Entity.STUDENTS, student("20041", admission_number="004512"))
    back = state_commit(store, change("partner.AVN", {"colour": "#1f6feb"}),
                        attachments=[attach("reattach", "AVN", KEYS["AVN"])])  # fmt: skip
    with pytest.raises(Held, match="AVN:10233 and BRK:20041"):
        store.state.commit(back)
    assert "partner.AVN" not in store.state.read_state().resources


@pytest.mark.requirement(11)
def test_an_approval_is_proven_by_the_store_as_well(store: Store, schools: Scopes) -> None:
    """A held run stays held when its number came elsewhere in the meantime."""
    scope = schools["BRK"]
    changes = EntityChanges(new=digested(student("20041", admission_number="004512")))
    commit = feed_commit(scope, "r-held", changes, entity=Entity.STUDENTS)
    store.feeds.start_run(entry(scope, "r-held"))
    store.feeds.hold(HeldRun(run="r-held", scope=scope, held_at=NOW, expires_at=later(60), reasons=("x",),
                             commit=commit))  # fmt: skip
    load(store, schools["AVN"], Entity.STUDENTS, student("10233", admission_number="004512"))
    with pytest.raises(Held, match="AVN:10233 and BRK:20041"):
        approve_held(store.feeds, "r-held", now=NOW, actor=ACTOR, reason="true")
    assert [held.run for held in store.feeds.held_runs()] == ["r-held"]
    assert held_rows(store, scope) == set()

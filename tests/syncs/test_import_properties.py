"""What holds for every payload: repetition writes nothing, the last word counts, and counts add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.connectors.protocol import Completeness, OutOfScopeRow, RejectedRow, Row
from reconciler.records.entities import Entity
from reconciler.syncs.guards import GuardLimits
from reconciler.syncs.holding import approve_held
from reconciler.syncs.job import ImportJob
from reconciler.transfers.entry import Outcome
from tests.syncs.memory_store import MemoryStore
from tests.syncs.scripted import ACTOR, JOB, NOW, Answer, importing, lesson, member, row, student

Payload = Mapping[Entity, list[Row]]

WIDE = GuardLimits(max_drop_percent=100, max_drop_count=10**6, max_gain_percent=10**6, max_gain_count=10**6)
OTHER_JOBS = [  # the same school under other settings: another mapping, fewer entities
    JOB, replace(JOB, separator="-"), replace(JOB, admission_numbers_unique=True),
    replace(JOB, period_map={"W1Mon.P1": "W1Mon.P2"}), replace(JOB, entities=frozenset(Entity) - {Entity.STAFF}),
]  # fmt: skip
PEOPLE, CLASSES, TEACHERS = ("S1", "S2", "S3"), ("C1", "C2"), ("T1", "T2")
SLOTS = ("W1Mon.P1", "W1Mon.P2", "W1Tue.P9")

names = st.sampled_from(["Pellow", "Quill", "Zoë", "Żuraw", "O’Dea", "x" * 201, " padded ", ""])
students = st.builds(
    student, st.sampled_from(PEOPLE), offered=st.booleans(), surname=names,
    upn=st.sampled_from([None, "A123", "X123456789012"]), tutor_group=st.sampled_from(["12A", "7B", None]),
)  # fmt: skip
classes = st.builds(row, st.sampled_from(CLASSES), offered=st.booleans(), name=names,
                    end_date=st.sampled_from([None, date(2026, 7, 1), date(2027, 7, 1)]))  # fmt: skip
staff = st.builds(row, st.sampled_from(TEACHERS), surname=names)
rooms = st.builds(row, st.sampled_from(["R1", "R2"]), name=names)
groups = st.builds(row, st.sampled_from(["12A", "7B"]), name=st.sampled_from(["12A", "7B"]))
memberships = st.one_of(
    st.builds(member, st.sampled_from(CLASSES), st.sampled_from(PEOPLE)),
    st.builds(member, st.sampled_from(CLASSES), st.sampled_from(TEACHERS), st.just("teacher")),
)
lessons = st.builds(lesson, st.sampled_from(CLASSES), st.sampled_from(SLOTS), st.sampled_from(TEACHERS),
                    st.sampled_from(["R1", "R2"]))  # fmt: skip
odd = st.one_of(
    st.builds(RejectedRow, st.sampled_from(["", "S1", "C1", "Z9"]), st.just("source.date"), st.just("not a date")),
    st.builds(OutOfScopeRow, st.sampled_from(["G1", "G2"]), st.just("a guardian")),
)


def rows_of(one: st.SearchStrategy[Row], *, also: st.SearchStrategy[Row] | None = None) -> st.SearchStrategy[list[Row]]:
    """A list without conflicting duplicates, which a run would be held for."""
    return st.lists(one if also is None else st.one_of(one, also), max_size=6).map(_first_of_each)


def _first_of_each(found: list[Row]) -> list[Row]:
    return list({found_row.key: found_row for found_row in found}.values())


def payloads(*, also: st.SearchStrategy[Row] | None = None) -> st.SearchStrategy[Payload]:
    strategies = {
        Entity.STAFF: staff, Entity.ROOMS: rooms, Entity.TUTOR_GROUPS: groups, Entity.STUDENTS: students,
        Entity.CLASSES: classes, Entity.MEMBERSHIPS: memberships, Entity.LESSONS: lessons,
    }  # fmt: skip
    return st.fixed_dictionaries({entity: rows_of(one, also=also) for entity, one in strategies.items()})


def take(store: MemoryStore, payload: Payload, *, job: ImportJob = JOB, **how: Completeness) -> None:
    """Imports a payload; what a guard holds, a person lets through."""
    answered = {e.value: Answer(found, ends=how.get(e.value, Completeness.PROVEN)) for e, found in payload.items()}
    result = importing(store, payload, job=job, job_guards=WIDE, **answered)
    if result.outcome is Outcome.HELD:
        approve_held(store, result.entry.run, now=NOW, actor=ACTOR, reason="meant")


def live(store: MemoryStore) -> dict[Entity, dict[str, int]]:
    return {entity: store.digests(JOB.scope, entity) for entity in Entity}


@pytest.mark.requirement(61)
@given(payload=payloads(also=odd))
def test_importing_twice_writes_nothing_the_second_time(payload: Payload) -> None:
    """Whatever came, the same again changes no row and moves no base (C15)."""
    store = MemoryStore()
    take(store, payload)
    before, base, written = live(store), store.base(JOB.scope), store.record_writes
    result = importing(store, payload, job_guards=WIDE)
    assert result.changes == {}
    assert (live(store), store.base(JOB.scope), store.record_writes) == (before, base, written)


@given(history=st.lists(st.tuples(payloads(), st.sampled_from(OTHER_JOBS)), max_size=3), last=payloads())
def test_any_history_ends_in_the_state_of_the_last_whole_payload(
    history: list[tuple[Payload, ImportJob]], last: Payload
) -> None:
    """Whatever came before, and under which settings, leaves no trace among the live rows."""
    usable = {e: [r for r in found if r.values.get("surname", r.values.get("name", "x")) not in ("", "x" * 201)]
              for e, found in last.items()}  # fmt: skip
    with_history, without = MemoryStore(), MemoryStore()
    for payload, job in history:
        take(with_history, payload, job=job)
    take(with_history, usable)
    take(without, usable)
    assert live(with_history) == live(without)


@given(before=payloads(), after=payloads(), entity=st.sampled_from(list(Entity)))
def test_nothing_leaves_on_an_incomplete_fetch(before: Payload, after: Payload, entity: Entity) -> None:
    """No id of an entity that came incompletely is gone afterwards (C13)."""
    store = MemoryStore()
    take(store, before)
    held = live(store)[entity]
    take(store, after, **{entity.value: Completeness.NONE})
    assert held.keys() <= live(store)[entity].keys()


@pytest.mark.requirement(61, 63)
@given(before=payloads(), after=payloads(also=odd))
def test_counts_add_up_and_every_rejected_row_is_named(before: Payload, after: Payload) -> None:
    """Read is the sum of its parts, for each entity, and rejected is the number of names (C16)."""
    store = MemoryStore()
    take(store, before)
    result = importing(store, after, job_guards=WIDE)
    for entity, found in after.items():
        counts = result.entry.counts[entity.value]
        assert counts.read == len(found)
        assert counts.rejected == sum(r.entity == entity.value for r in result.entry.rejected)
        changes = result.changes.get(entity)
        moved = (len(changes.new), len(changes.changed), len(changes.left)) if changes else (0, 0, 0)
        assert (counts.new, counts.changed, counts.left) == moved


@pytest.mark.requirement(51, 52)
@given(payload=payloads(also=odd))
def test_only_what_is_offered_or_reached_is_ever_held(payload: Payload) -> None:
    """No row is live that an offered student or class does not lead to (C21)."""
    store = MemoryStore()
    take(store, payload)
    offered = {r.key for e in (Entity.STUDENTS, Entity.CLASSES) for r in payload[e] if getattr(r, "offered", False)}
    assert set(live(store)[Entity.STUDENTS]) | set(live(store)[Entity.CLASSES]) <= offered
    held = {entity: list(store.rows(JOB.scope, entity)) for entity in Entity}
    reached = {r[2] for r in held[Entity.MEMBERSHIPS]} | {r[2] for r in held[Entity.LESSONS]}
    assert {r[0] for r in held[Entity.STAFF]} <= reached
    assert {r[1] for r in held[Entity.MEMBERSHIPS]} <= set(live(store)[Entity.CLASSES])
    assert {r[2] for r in held[Entity.MEMBERSHIPS] if r[3] == "student"} <= set(live(store)[Entity.STUDENTS])

"""Properties of the academic import, whatever comes in whatever order (VS, rule 59)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.connectors.protocol import Completeness, RejectedRow, SourceRow
from reconciler.records.academic import AcademicEntity
from reconciler.syncs.guards import GuardLimits
from reconciler.transfers.entry import Outcome
from tests.academic.memory_store import MemoryAcademicStore
from tests.academic.scripted import AIMS, EVENTS, MARKS, RESULTS, TODAY, aim, event, importing, mark, result

WIDE = GuardLimits(max_drop_percent=100, max_drop_count=10**6, max_gain_percent=100, max_gain_count=10**6,
                   min_count=10**6)  # fmt: skip
STUDENTS = st.sampled_from(["S1", "S2", "S3", "S4"])
DAYS = st.integers(-3, 120).map(lambda n: TODAY - timedelta(days=n))
KEYS = st.sampled_from([f"K{n}" for n in range(6)])

ROWS = {
    MARKS: st.builds(mark, STUDENTS, DAYS, st.sampled_from(["/", "I", "N", "J1", "J", "Q9"]), st.just("AM")),
    EVENTS: st.builds(event, KEYS, STUDENTS, DAYS, st.sampled_from(["LAT", "ACH", "ZZZ"])),
    RESULTS: st.builds(result, KEYS, STUDENTS, DAYS, st.sampled_from(["A", "B", "Q+"])),
    AIMS: st.builds(aim, KEYS, STUDENTS, st.sampled_from(["60148557", "bad", None])),
}
BAD = st.builds(
    RejectedRow, st.sampled_from(["", "K1", "S1|2026-11-20|AM"]), st.just("source.date"), st.just("no date")
)
Payload = Mapping[AcademicEntity, list[Any]]
PAYLOADS = st.fixed_dictionaries(
    {entity: st.lists(st.one_of(rows, rows, rows, BAD), max_size=8) for entity, rows in ROWS.items()}
)
KNOWN = st.sets(STUDENTS)


def take(store: MemoryAcademicStore, payload: Payload, **more: Any) -> Any:
    """Imports a payload; falls to zero, which are always held, are let through."""
    done = importing(store, payload, job_guards=WIDE, obeys=False, **more)
    if done.outcome is Outcome.HELD:
        from reconciler.syncs.academic_holding import approve_academic
        from tests.academic.scripted import ACTOR, NOW

        approve_academic(store, done.entry.run, now=NOW, actor=ACTOR, reason="meant")
    return done


def fresh(students: set[str]) -> MemoryAcademicStore:
    return MemoryAcademicStore(students=set(students))


def live(store: MemoryAcademicStore) -> dict[AcademicEntity, dict[str, object]]:
    return {entity: dict(store.live.get(entity, {})) for entity in AcademicEntity}


@pytest.mark.requirement(59)
@given(payload=PAYLOADS, known=KNOWN)
def test_importing_twice_writes_nothing_the_second_time(payload: Payload, known: set[str]) -> None:
    """Whatever came, the same again changes no record, parks no key and moves no base (C15)."""
    store = fresh(known)
    take(store, payload)
    before = (live(store), store.last, store.writes, set(store.parked_keys), dict(store.cursors))
    take(store, payload)
    assert (live(store), store.last, store.writes, set(store.parked_keys), dict(store.cursors)) == before


@pytest.mark.requirement(59)
@given(payload=PAYLOADS, first=KNOWN, later=KNOWN)
def test_parked_rows_come_in_after_the_student_does(payload: Payload, first: set[str], later: set[str]) -> None:
    """However late a student becomes known, the end is as if the student had been known from the start."""
    slowly, at_once = fresh(first), fresh(first | later)
    take(slowly, payload)
    slowly.students = first | later
    take(slowly, payload)
    take(at_once, payload)
    waits = {student for _, student, _ in slowly.parked_keys}
    complete = all(row.key for rows in payload.values() for row in rows)
    if complete:
        assert live(slowly) == live(at_once)
        assert not waits & slowly.students


@pytest.mark.requirement(51, 59)
@given(before=PAYLOADS, after=PAYLOADS, known=KNOWN)
def test_no_record_of_an_unknown_student_is_ever_live(before: Payload, after: Payload, known: set[str]) -> None:
    """Nor does any value of one stand in the journal or among what is parked."""
    store = fresh(known)
    take(store, before)
    take(store, after)
    assert {row[1] for rows in live(store).values() for row in rows.values()} <= known


@pytest.mark.requirement(59, 61, 63)
@given(before=PAYLOADS, after=PAYLOADS, known=KNOWN, days=st.integers(0, 10))
def test_counts_add_up_and_every_rejected_row_is_named(
    before: Payload, after: Payload, known: set[str], days: int
) -> None:
    """For each kind read is the sum of its parts, and what is live is what was, and came, and left."""
    store = fresh(known)
    take(store, before)
    held = {entity: len(rows) for entity, rows in live(store).items()}
    done = take(store, after, after=timedelta(days=days))
    for entity, rows in live(store).items():
        counts = done.entry.counts[entity.value]
        assert len(rows) == held[entity] + counts.new - counts.left
        assert counts.rejected == sum(r.entity == entity.value for r in done.entry.rejected)


@given(before=PAYLOADS, after=PAYLOADS, known=KNOWN)
def test_nothing_leaves_on_an_incomplete_reading(before: Payload, after: Payload, known: set[str]) -> None:
    """No id is gone afterwards (C13)."""
    store = fresh(known)
    take(store, before)
    ids = {(entity, key) for entity, rows in live(store).items() for key in rows}
    take(store, after, ends=Completeness.NONE)
    assert ids <= {(entity, key) for entity, rows in live(store).items() for key in rows}


@given(payload=PAYLOADS, known=KNOWN)
def test_only_codes_in_force_are_ever_held(payload: Payload, known: set[str]) -> None:
    """J is refused though J1 is a code, and so is what nobody knows."""
    store = fresh(known)
    take(store, payload)
    offered = {row.values["code"] for row in payload[MARKS] if isinstance(row, SourceRow)}
    assert {row[4] for row in live(store)[MARKS].values()} <= offered - {"J", "Q9"}

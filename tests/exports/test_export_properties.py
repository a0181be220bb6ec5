"""Whatever is declared, whatever goes wrong: the partner ends up with exactly what should be there, each thing once."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from reconciler.connectors.export_protocol import AssignmentFacts, GuestFacts, ItemKind, Rejection
from reconciler.errors import MalformedSourceError, RefusedSourceError, SourceError, TransientSourceError
from reconciler.syncs.assignment_lines import Line
from reconciler.syncs.guards import GuardLimits
from reconciler.transfers.entry import Outcome
from tests.exports.memory import TODAY, MemoryDrop, MemoryExports, MemoryPartner, exporting, line, store, student

PEOPLE = [f"AVN:{n}" for n in range(4)] + ["BRK:20041"]
CLASSES = ["BRK:12B/Ph1", "BRK:4501", "BRK:4502", "BRK:4503"]
NO_GUARDS = GuardLimits(max_drop_percent=100, max_drop_count=1000)
FAULTS: list[Rejection | SourceError | None] = [
    None, None, None,
    TransientSourceError("http.timeout", "no answer"),
    MalformedSourceError("exchange.answer", "not known"),
    RefusedSourceError("exchange.key_rejected", "key rejected by partner"),
    Rejection(code="exchange.rejected", message="no", hint="ask"),
]  # fmt: skip


@st.composite
def declared(draw: st.DrawFn) -> list[Line]:
    """Lines, some of which overlap, are over, or have not begun."""
    count = draw(st.integers(0, 6))
    lines = []
    for number in range(count):
        first = TODAY + timedelta(days=draw(st.integers(-40, 40)))
        last = draw(st.none() | st.integers(0, 30).map(lambda days, first=first: first + timedelta(days=days)))
        lines.append(line(draw(st.sampled_from(PEOPLE)), draw(st.sampled_from(CLASSES)), first.isoformat(),
                          last.isoformat() if last else "", place=f"inline {number}"))  # fmt: skip
    return lines


def stocked() -> MemoryExports:
    return store(*(student(str(n)) for n in range(4)))


def should_hold(lines: list[Line]) -> tuple[set[str], set[tuple[str, str, date, date | None]]]:
    """Live guests and live assignments by the rules, worked out the plain way."""
    names = {"12B/Ph1": "4501"}
    chosen: set[tuple[str, str, date, date | None]] = set()
    for who in PEOPLE:
        for class_id in ("4501", "4502", "4503"):
            last: date | None = date.min
            for one in sorted((x for x in lines if f"{x.student_school}:{x.student_id}" == who
                               and names.get(x.class_name, x.class_name) == class_id),
                              key=lambda x: (x.first, x.place)):  # fmt: skip
                if last is not None and one.first > last:
                    last = one.last
                    if one.last is None or one.last >= TODAY:
                        chosen.add((who, class_id, one.first, one.last))
    return {who for who, *_ in chosen if who.startswith("AVN")}, chosen


def holds(partner: MemoryPartner) -> tuple[set[str], set[tuple[str, str, date, date | None]]]:
    """What the partner would show: live guests, and assignments that are neither ended nor over."""
    guests = {key: item for (kind, key), item in partner.held.items() if kind is ItemKind.GUEST}
    names = {key: f"AVN:{item.facts.home_id}" for key, item in guests.items() if isinstance(item.facts, GuestFacts)}
    live = {names[key] for key, item in guests.items() if item.ended_on is None}
    assert len(names) == len(set(names.values())), "nobody is a guest twice"
    places: list[tuple[str, str, date, date | None]] = []
    for item in partner.live(ItemKind.ASSIGNMENT):
        facts = item.facts
        assert isinstance(facts, AssignmentFacts)
        if facts.last_day is None or facts.last_day >= TODAY:
            who = names[facts.guest] if facts.guest else f"BRK:{facts.own_student}"
            places.append((who, facts.class_id, facts.first_day, facts.last_day))
    assert len(places) == len(set(places)), "no assignment is there twice"
    return live, set(places)


@given(st.lists(declared(), min_size=1, max_size=4))
def test_the_partner_holds_what_is_declared_now(history: list[list[Line]]) -> None:
    """After any history of declarations."""
    at, partner = stocked(), MemoryPartner()
    for lines in history:
        result = exporting(at, partner, *lines, guards=NO_GUARDS)
        assert holds(partner) == should_hold(lines)
        assert all(row.code == "export.overlap" for row in result.entry.rejected)


@given(st.lists(declared(), min_size=1, max_size=3))
def test_a_second_export_says_nothing(history: list[list[Line]]) -> None:
    """And its counts add up to the same lines."""
    at, partner = stocked(), MemoryPartner()
    for lines in history:
        exporting(at, partner, *lines, guards=NO_GUARDS)
        said = len(partner.said)
        again = exporting(at, partner, *lines, guards=NO_GUARDS, first=False)
        assert len(partner.said) == said
        assert again.outcome in (Outcome.UNCHANGED, Outcome.PARTIAL)
        assert again.entry.counts["assignments"].read == len(lines)


@given(st.lists(st.tuples(declared(), st.lists(st.sampled_from(FAULTS), max_size=8), st.booleans()), min_size=1,
                max_size=5))  # fmt: skip
def test_after_any_failures_a_good_export_puts_it_right(
    history: list[tuple[list[Line], list[Rejection | SourceError | None], bool]],
) -> None:
    """Whether the partner took what it did not answer, or not; each thing is there once."""
    at, partner = stocked(), MemoryPartner()
    for lines, faults, loses in history:
        partner.plan, partner.loses_answers = list(faults), loses
        exporting(at, partner, *lines, guards=NO_GUARDS)
    partner.plan = []
    lines = history[-1][0]
    result = exporting(at, partner, *lines, guards=NO_GUARDS)
    assert holds(partner) == should_hold(lines)
    assert result.outcome is not Outcome.FAILED
    said = len(partner.said)
    exporting(at, partner, *lines, guards=NO_GUARDS)
    assert len(partner.said) == said


@given(st.lists(declared(), min_size=1, max_size=4))
def test_one_change_has_one_idempotency_key(history: list[list[Line]]) -> None:
    """No two changes share one, so that a partner that remembers keys never takes the one for the other."""
    at, partner = stocked(), MemoryPartner()
    for lines in history:
        exporting(at, partner, *lines, guards=NO_GUARDS)
    keys = [message.idempotency_key for message in partner.said]
    assert len(keys) == len(set(keys))


@given(st.lists(declared(), min_size=1, max_size=3))
def test_a_package_says_the_same_as_messages(history: list[list[Line]]) -> None:
    """The two ways out tell a partner the same."""
    at, other, partner, drop = stocked(), stocked(), MemoryPartner(), MemoryDrop()
    for lines in history:
        exporting(at, partner, *lines, guards=NO_GUARDS)
        exporting(other, drop, *lines, guards=NO_GUARDS)
    package = drop.packages[-1] if drop.packages else []
    told = {(item.kind, item.key): (item.facts, item.ended_on) for item in package}
    assert told == {key: (item.facts, item.ended_on) for key, item in partner.held.items()}

"""What a partner is told, when and how often (VS, rules 2, 46 to 49 and 54 to 58; C2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from reconciler.connectors.export_protocol import AssignmentFacts, GuestFacts, ItemKind, Rejection
from reconciler.errors import ExitCode, MalformedSourceError, RefusedSourceError, TransientSourceError
from reconciler.syncs.export_ports import IntentState, ItemState
from reconciler.syncs.guards import ExpectedChange
from reconciler.syncs.job import Trigger
from reconciler.transfers.entry import Outcome
from tests.exports.memory import (
    AVN,
    BRK,
    NOW,
    TODAY,
    MemoryDrop,
    MemoryPartner,
    exporting,
    line,
    store,
    student,
)

TIMEOUT = TransientSourceError("http.timeout", "https://exchange.brk.example did not finish")
KEY = RefusedSourceError("exchange.key_rejected", "key rejected by partner: https://exchange.brk.example answered 401")
MATCH = Rejection(code="guest.possible_match", message="may be the same", hint="ask the school")
OWN = line("BRK:20041", "BRK:12B/Ph1")


def codes(result: Any) -> list[str]:
    return sorted(row.code for row in result.entry.rejected)


@pytest.mark.requirement(54, 55)
def test_a_student_of_another_school_becomes_a_guest_and_is_assigned() -> None:
    """The guest first, then the assignment that names it by its key."""
    partner = MemoryPartner()
    result = exporting(store(), partner, line(last="2027-02-12"))
    guest, place = partner.said
    assert guest.facts == GuestFacts(home_school="AVN", home_id="10233", forename="F10233", surname="S10233",
                                     birth_date=date(2010, 2, 14), year_group="12")  # fmt: skip
    assert place.facts == AssignmentFacts(class_id="4501", first_day=date(2026, 11, 9), last_day=date(2027, 2, 12),
                                          guest=guest.key)  # fmt: skip
    assert (result.outcome, result.entry.direction) == (Outcome.DONE, "out")
    assert {what: c.new for what, c in result.entry.counts.items()} == {"guests": 1, "assignments": 1}


@pytest.mark.requirement(54)
def test_the_partners_own_student_is_assigned_and_not_created() -> None:
    """By the partner's own id."""
    partner = MemoryPartner()
    exporting(store(), partner, OWN)
    assert [m.kind for m in partner.said] == [ItemKind.ASSIGNMENT]
    assert partner.said[0].facts == AssignmentFacts(class_id="4501", first_day=date(2026, 11, 9), last_day=None,
                                                    own_student="20041")  # fmt: skip


@pytest.mark.requirement(55)
def test_the_upn_leaves_only_where_it_is_declared() -> None:
    """The minimum by default."""
    partner, other = MemoryPartner(), MemoryPartner()
    exporting(store(), partner, line())
    exporting(store(), other, line(), send_upn=True)
    assert [getattr(p.said[0].facts, "upn", None) for p in (partner, other)] == ["", "A123456789012"]


@pytest.mark.requirement(54)
def test_a_repeat_says_nothing_and_opens_no_connection() -> None:
    """What the partner was told is in the ledger."""
    at, partner = store(), MemoryPartner()
    exporting(at, partner, line(), OWN)
    said, connections = len(partner.said), partner.connections
    again = exporting(at, partner, line(), OWN, first=False)
    assert (again.outcome, len(partner.said), partner.connections) == (Outcome.UNCHANGED, said, connections)
    assert {what: c.same for what, c in again.entry.counts.items()} == {"guests": 1, "assignments": 2}


@pytest.mark.requirement(56)
def test_a_guest_is_created_once_for_several_classes() -> None:
    """And once for several stays in one class."""
    at, partner = store(), MemoryPartner()
    exporting(at, partner, line(last="2026-12-01"), line(first="2027-01-11", place="inline 2"), line(class_="BRK:4502"))
    assert [m.kind for m in partner.said].count(ItemKind.GUEST) == 1
    assert len(partner.live(ItemKind.ASSIGNMENT)) == 3


@pytest.mark.requirement(56)
def test_a_changed_name_updates_the_same_guest() -> None:
    """Under the same key."""
    at, partner = store(), MemoryPartner()
    exporting(at, partner, line())
    at.students["AVN"]["10233"] = (student("10233", surname="Other"), True)
    result = exporting(at, partner, line(), first=False)
    assert len(partner.said) == 3
    assert partner.said[2].key == partner.said[0].key
    assert (result.entry.counts["guests"].changed, len(partner.held)) == (1, 2)


@pytest.mark.requirement(57)
@pytest.mark.parametrize(("on_end", "ended"), [("end_date", [TODAY]), ("keep", [None])])
def test_a_guest_without_an_assignment_is_ended_or_kept(on_end: str, ended: list[date | None]) -> None:
    """As `virtual_school.guests.on_end` says; the assignment that is no longer declared ends in both."""
    at, partner = store(), MemoryPartner()
    exporting(at, partner, line(), OWN)
    result = exporting(at, partner, OWN, first=False, on_end=on_end)
    assert [item.ended_on for (kind, _), item in partner.held.items() if kind is ItemKind.GUEST] == ended
    assert result.entry.counts["assignments"].left == 1
    assert exporting(at, partner, OWN, first=False, on_end=on_end).outcome is Outcome.UNCHANGED


@pytest.mark.requirement(57)
def test_a_guest_whose_last_day_has_passed_is_ended_and_the_assignment_told_nothing_new() -> None:
    """The partner knows the last day already."""
    at, partner = store(), MemoryPartner()
    lines = (line(last="2026-11-27"), OWN)
    exporting(at, partner, *lines)
    assert exporting(at, partner, *lines, first=False, now=NOW + timedelta(days=4)).outcome is Outcome.UNCHANGED
    after = exporting(at, partner, *lines, first=False, now=NOW + timedelta(days=5))
    assert [str(step) for step in after.steps] == ["end guest AVN:10233"]
    gone = exporting(at, partner, OWN, first=False, now=NOW + timedelta(days=6))
    assert gone.outcome is Outcome.UNCHANGED


@pytest.mark.requirement(56, 57)
def test_a_guest_who_comes_back_is_the_same_guest() -> None:
    """The same key, opened again, and said under another idempotency key, since the state was said before."""
    at, partner = store(), MemoryPartner()
    for lines in ((line(), OWN), (OWN,), (line(), OWN)):
        exporting(at, partner, *lines, first=True)
    guests = [m for m in partner.said if m.kind is ItemKind.GUEST]
    assert len({m.key for m in guests}) == 1
    assert len({m.idempotency_key for m in guests}) == 3
    assert len(partner.live(ItemKind.GUEST)) == 1


@pytest.mark.requirement(57)
def test_a_dry_run_lists_guests_to_be_ended_and_touches_nothing() -> None:
    """So that a person sees them before they end."""
    at, partner = store(), MemoryPartner()
    exporting(at, partner, line(), OWN)
    before = (dict(at.items), dict(at.intents), list(at.trail), len(partner.said), partner.connections)
    shown = exporting(at, partner, OWN, first=False, dry_run=True)
    assert [str(step) for step in shown.steps] == ["end assignment AVN:10233 in BRK:12B/Ph1", "end guest AVN:10233"]
    assert before == (dict(at.items), dict(at.intents), list(at.trail), len(partner.said), partner.connections)


@pytest.mark.requirement(54)
def test_what_was_over_before_anybody_was_told_is_left_out() -> None:
    """And counted."""
    partner = MemoryPartner()
    result = exporting(store(), partner, line(last="2026-11-20"))
    assert (partner.said, result.entry.counts["assignments"].out_of_scope) == ([], 1)


@pytest.mark.requirement(54)
def test_an_assignment_that_is_shortened_into_the_past_is_told() -> None:
    """The partner thinks it open; the guest ends with it."""
    at, partner = store(), MemoryPartner()
    exporting(at, partner, line(), OWN)
    result = exporting(at, partner, line(last="2026-11-20"), OWN, first=False)
    assert [str(s) for s in result.steps] == ["update assignment AVN:10233 in BRK:12B/Ph1", "end guest AVN:10233"]


@pytest.mark.requirement(46, 47)
def test_the_first_export_is_by_hand() -> None:
    """The schedule says that it waits and goes on with exit 0; by hand without `first` it is 3."""
    at, partner = store(), MemoryPartner()
    scheduled = exporting(at, partner, line(), first=False, trigger=Trigger.SCHEDULED)
    by_hand = exporting(at, partner, line(), first=False)
    assert (scheduled.outcome, scheduled.exit_code, by_hand.exit_code) == (
        Outcome.WAITING,
        ExitCode.DONE,
        ExitCode.HELD,
    )
    assert "reconcile sync export --school BRK --first" in scheduled.message
    assert exporting(at, partner, line()).outcome is Outcome.DONE
    assert exporting(at, partner, line(), first=False, trigger=Trigger.SCHEDULED).outcome is Outcome.UNCHANGED


@pytest.mark.requirement(47)
def test_a_first_export_that_fails_leaves_it_pending() -> None:
    """Also where the partner broke off half way."""
    at = store()
    exporting(at, MemoryPartner(unreachable=KEY), line())
    assert not at.first_exports
    partner = MemoryPartner(plan=[None, TIMEOUT])
    result = exporting(at, partner, line())
    assert (result.outcome, at.first_exports) == (Outcome.PARTIAL, set())
    partner.refuses = {"10234": MATCH}
    at.students["AVN"]["10234"] = (student("10234"), True)
    assert exporting(at, partner, line(), line("AVN:10234")).outcome is Outcome.PARTIAL
    assert at.first_exports == {BRK}, "one refused guest keeps no school out of the schedule"


@pytest.mark.requirement(46)
def test_a_first_export_with_nothing_to_say_still_shakes_hands() -> None:
    """It proves key, year and school code."""
    at, partner = store(), MemoryPartner()
    assert (exporting(at, partner).outcome, partner.connections, at.first_exports) == (Outcome.UNCHANGED, 1, {BRK})


@pytest.mark.requirement(45, 49)
def test_no_export_before_the_first_import() -> None:
    """There are no classes to export to."""
    at, partner = store(), MemoryPartner()
    at.imported.remove(BRK)
    result = exporting(at, partner, line())
    assert (result.outcome, partner.connections) == (Outcome.WAITING, 0)
    assert "reconcile sync import --school BRK --first" in result.message


@pytest.mark.requirement(49)
def test_a_failed_import_of_the_partner_skips_its_export() -> None:
    """And says so; exit 4, since others went on."""
    partner = MemoryPartner()
    result = exporting(store(), partner, line(), failed=frozenset({"BRK"}))
    assert (result.outcome, result.exit_code, partner.connections) == (Outcome.SKIPPED, ExitCode.PARTIAL, 0)
    assert "failed in this cycle" in result.message


@pytest.mark.requirement(49)
def test_what_depends_on_students_of_a_failed_import_waits_and_is_listed() -> None:
    """What was told of them stands, the rest goes."""
    at, partner = store(), MemoryPartner()
    exporting(at, partner, line())
    result = exporting(at, partner, line(), line(class_="BRK:4502", place="inline 2"), OWN, first=False,
                       failed=frozenset({"AVN"}))  # fmt: skip
    assert codes(result) == ["export.waits_for_import"] * 2
    assert [str(step) for step in result.steps] == ["create assignment BRK:20041 in BRK:12B/Ph1"]
    assert len(partner.live(ItemKind.GUEST)) == 1


@pytest.mark.requirement(2, 54)
@pytest.mark.parametrize(
    ("declared", "code"),
    [
        (line("AVN:99999"), "export.unknown_student"),
        (line("ZZZ:1"), "export.unknown_student"),
        (line(class_="BRK:12B/Ph9"), "export.unknown_class"),
        (line(class_="BRK:12B/Ch1"), "export.ambiguous_class"),
    ],
)
def test_a_line_that_cannot_be_resolved_is_named_and_the_others_go(declared: Any, code: str) -> None:
    """With an issue that the hub mends."""
    at, partner = store(), MemoryPartner()
    result = exporting(at, partner, declared, OWN)
    assert (result.outcome, codes(result), len(partner.said)) == (Outcome.PARTIAL, [code], 1)
    assert [issue.code for issue in at.issues.values()] == [code]
    exporting(at, partner, OWN, first=False)
    assert not at.issues


@pytest.mark.requirement(53, 54)
def test_a_withdrawn_student_or_class_ends_nothing() -> None:
    """What the partner was told stands while the line is declared, and the line is listed."""
    at, partner = store(), MemoryPartner()
    exporting(at, partner, line())
    at.students["AVN"]["10233"] = (student("10233"), False)
    assert codes(exporting(at, partner, line(), first=False)) == ["export.student_withdrawn"]
    at.students["AVN"]["10233"] = (student("10233"), True)
    del at.classes["BRK"]["4501"]
    assert codes(exporting(at, partner, line(), first=False)) == ["export.unknown_class"]
    assert (len(partner.said), len(partner.live(ItemKind.GUEST))) == (2, 1)


@pytest.mark.requirement(54)
def test_while_a_line_cannot_be_read_nothing_is_ended() -> None:
    """It may be the one that would keep it."""
    from reconciler.syncs.assignment_lines import BadLine

    at, partner = store(), MemoryPartner()
    exporting(at, partner, line(), OWN)
    bad = (BadLine(place="assignments.csv:2", message="a date is not written like 2026-11-09"),)
    result = exporting(at, partner, OWN, line("BRK:20041", "BRK:4502", place="inline 2"), first=False, bad=bad)
    assert (codes(result), len(partner.live(ItemKind.ASSIGNMENT))) == (["export.bad_line"], 3)
    assert "nothing was ended" in result.message


@pytest.mark.requirement(54)
def test_lines_that_overlap_count_once() -> None:
    """Also where one names the class by name and the other by id."""
    partner = MemoryPartner()
    result = exporting(store(), partner, line(), line(class_="BRK:4501", first="2026-12-01", place="inline 2"))
    assert (codes(result), len(partner.live(ItemKind.ASSIGNMENT))) == (["export.overlap"], 1)


@pytest.mark.requirement(55)
def test_a_guest_without_a_needed_field_is_not_created() -> None:
    """The field is named, and the assignment waits; the school mends it, and the next export goes."""
    at, partner = store(student("10233", birth_date=None)), MemoryPartner()
    result = exporting(at, partner, line(), OWN)
    assert codes(result) == ["export.waits_for_guest", "guest.missing_field"]
    assert [(i.code, i.record, i.field) for i in at.issues.values()] == \
        [("guest.missing_field", "AVN:10233", "birth_date")]  # fmt: skip
    assert len(partner.said) == 1
    at.students["AVN"]["10233"] = (student("10233"), True)
    assert exporting(at, partner, line(), OWN, first=False).outcome is Outcome.DONE
    assert not at.issues


@pytest.mark.requirement(55)
def test_the_partner_may_need_more_fields() -> None:
    """What it names at the handshake counts before anything is said."""
    partner = MemoryPartner(needs=frozenset({"upn", "surname"}))
    result = exporting(store(), partner, line())
    assert (codes(result), partner.said) == (["export.waits_for_guest", "guest.missing_field"], [])


@pytest.mark.requirement(56)
def test_a_possible_match_is_for_a_person_and_nobody_is_merged() -> None:
    """An issue, no guest, no assignment; once the school has said that they differ, both go."""
    at, partner = store(), MemoryPartner(refuses={"10233": MATCH})
    result = exporting(at, partner, line(), OWN)
    assert codes(result) == ["export.waits_for_guest", "guest.possible_match"]
    assert [i.code for i in at.issues.values()] == ["guest.possible_match"]
    assert len(partner.held) == 1
    partner.refuses.clear()
    assert exporting(at, partner, line(), OWN, first=False).outcome is Outcome.DONE
    assert (len(partner.held), len(at.issues)) == (3, 0)


@pytest.mark.requirement(54)
def test_one_refused_assignment_does_not_stop_the_rest_and_only_it_is_said_again() -> None:
    """Retry only the failed."""
    gone = Rejection(code="exchange.unknown_class", message="the partner does not know the class", hint="import")
    at, partner = store(), MemoryPartner(plan=[None, gone, None])
    result = exporting(at, partner, line(), line("BRK:20041", "BRK:4501"), line("BRK:20041", "BRK:4502"))
    assert (codes(result), result.exit_code) == (["exchange.unknown_class"], ExitCode.PARTIAL)
    said = len(partner.said)
    assert exporting(at, partner, line(), line("BRK:20041", "BRK:4501"), line("BRK:20041", "BRK:4502"),
                     first=False).outcome is Outcome.DONE  # fmt: skip
    again = partner.said[said:]
    assert [m.idempotency_key for m in again] == [partner.said[1].idempotency_key]


def test_every_call_is_stored_before_it_is_made_and_its_outcome_after() -> None:
    """Nothing leaves without a record."""
    at, partner = store(), MemoryPartner()
    exporting(at, partner, line())
    assert at.trail == ["intend 2", "sending", "say", "settle", "sending", "say", "settle"]


@pytest.mark.parametrize("error", [TIMEOUT, MalformedSourceError("exchange.answer", "not known")])
@pytest.mark.parametrize("taken", [True, False])
def test_an_unknown_outcome_is_read_back_before_it_is_said_again(error: Any, taken: bool) -> None:
    """What the partner took is settled; what it did not take is said again under the same key."""
    at, partner = store(), MemoryPartner(plan=[error], loses_answers=taken)
    first = exporting(at, partner, line())
    assert codes(first) == ["export.outcome_unknown", "export.waits_for_guest"]
    assert [i.state for i in at.intents.values()].count(IntentState.UNKNOWN) == 1
    key = partner.said[0].idempotency_key
    second = exporting(at, partner, line())
    assert second.outcome is Outcome.DONE
    assert [m.idempotency_key for m in partner.said].count(key) == (1 if taken else 2)
    assert len(partner.held) == 2


def test_an_interrupted_run_is_cleared_up_by_the_next() -> None:
    """What was being sent is asked for; what was only meant is worked out anew."""
    at, partner = store(), MemoryPartner()
    exporting(at, partner, line())
    sent, meant = list(at.intents)
    at.intents[sent] = replace(at.intents[sent], state=IntentState.SENDING)
    at.intents[meant] = replace(at.intents[meant], state=IntentState.PENDING)
    for key, item in at.items.items():
        at.items[key] = replace(item, state=ItemState.INTENDED, seal="", revision=0)
    del partner.held[next(k for k in partner.held if k[0] is ItemKind.ASSIGNMENT)]
    partner.said.clear()
    assert exporting(at, partner, line()).outcome is Outcome.DONE
    assert [m.kind for m in partner.said] == [ItemKind.ASSIGNMENT]
    assert {i.state for i in at.intents.values()} == {IntentState.DONE}


def test_what_an_interrupted_run_created_and_nobody_wants_any_more_is_ended() -> None:
    """The line was taken out meanwhile; the partner must not keep the guest."""
    at, partner = store(), MemoryPartner()
    exporting(at, partner, OWN)
    partner.plan, partner.loses_answers = [TIMEOUT], True
    exporting(at, partner, OWN, line(), first=False)
    result = exporting(at, partner, OWN, first=False)
    assert [str(step) for step in result.steps] == ["end guest AVN:10233"]
    assert partner.live(ItemKind.GUEST) == []


@pytest.mark.requirement(31)
def test_a_rejected_key_stops_at_once_and_says_whose() -> None:
    """No second try, an issue, exit 1 for this partner."""
    at, partner = store(), MemoryPartner(unreachable=KEY)
    result = exporting(at, partner, line())
    assert (result.outcome, result.exit_code) == (Outcome.FAILED, ExitCode.ERROR)
    assert "key rejected by partner" in result.message
    assert [(i.code, i.field) for i in at.issues.values()] == [("export.failed", "exchange.key_rejected")]
    partner.unreachable = None
    exporting(at, partner, line())
    assert not at.issues


@pytest.mark.requirement(31)
def test_a_key_that_is_rejected_half_way_stops_there() -> None:
    """What was said stays said; the rest was never sent."""
    at, partner = store(), MemoryPartner(plan=[None, KEY])
    result = exporting(at, partner, line(), OWN)
    assert (result.outcome, codes(result)) == (Outcome.PARTIAL, ["export.not_sent"] * 2)
    assert len(partner.said) == 2
    assert exporting(at, partner, line(), OWN).outcome is Outcome.DONE
    assert len(partner.said) == 4


def test_a_partner_that_stops_answering_is_left_after_three_calls() -> None:
    """One bad item does not count as away; three in a row do."""
    people = [student(str(n)) for n in range(8)]
    lines = [line(f"AVN:{n}", place=f"inline {n}") for n in range(8)]
    partner = MemoryPartner(plan=[TIMEOUT, None, TIMEOUT, TIMEOUT, TIMEOUT])
    result = exporting(store(*people), partner, *lines)
    assert len(partner.said) == 5
    assert codes(result).count("export.outcome_unknown") == 4
    assert result.outcome is Outcome.PARTIAL


@pytest.mark.requirement(67)
def test_many_ends_at_once_are_held() -> None:
    """Half a table looks like that; nothing at all is said until it is announced."""
    people = [student(str(n)) for n in range(10)]
    lines = [line(f"AVN:{n}", place=f"inline {n}") for n in range(10)]
    at, partner = store(*people), MemoryPartner()
    exporting(at, partner, *lines)
    said = len(partner.said)
    held = exporting(at, partner, *lines[:5], first=False)
    assert (held.outcome, held.exit_code, len(partner.said)) == (Outcome.HELD, ExitCode.HELD, said)
    assert "5 of 10 assignments would be ended, over max_drop_percent 5" in held.held[0]
    assert "export.mass_end" in {i.code for i in at.issues.values()}
    announced = ExpectedChange(kind="assignments", up_to=5, start=TODAY, end=TODAY)
    done = exporting(at, partner, *lines[:5], first=False, expected_changes=(announced,))
    assert (done.outcome, done.entry.counts["assignments"].left, len(at.issues)) == (Outcome.DONE, 5, 0)


@pytest.mark.requirement(67)
def test_a_table_that_is_empty_ends_nobody_until_that_is_announced() -> None:
    """Few enough for every threshold, and yet a fall to zero; with a line of another partner left it is none."""
    at, partner = store(), MemoryPartner()
    exporting(at, partner, OWN)
    held = exporting(at, partner, first=False, empty_table=True)
    assert (held.outcome, held.exit_code) == (Outcome.HELD, ExitCode.HELD)
    assert held.held[0].startswith("no assignment is declared any more, so 1 of 1 would be ended")
    announced = ExpectedChange(kind="assignments", up_to=1, start=TODAY, end=TODAY)
    done = exporting(at, partner, first=False, empty_table=True, expected_changes=(announced,))
    assert (done.outcome, done.entry.counts["assignments"].left) == (Outcome.DONE, 1)
    assert exporting(at, partner, first=False, empty_table=True).outcome is Outcome.UNCHANGED
    other, partner = store(), MemoryPartner()
    exporting(other, partner, OWN)
    assert exporting(other, partner, first=False).outcome is Outcome.DONE


@pytest.mark.requirement(54, 55)
def test_a_package_holds_the_whole_and_what_has_ended() -> None:
    """Written again only when something changed."""
    at, drop = store(), MemoryDrop()
    exporting(at, drop, line(), OWN)
    exporting(at, drop, line(), OWN, first=False)
    assert [len(package) for package in drop.packages] == [3]
    exporting(at, drop, OWN, first=False)
    ended = {item.key: item.ended_on for item in drop.packages[1]}
    assert sorted(str(day) for day in ended.values()) == [str(TODAY), str(TODAY), "None"]


def test_a_package_that_could_not_be_written_is_written_next_time() -> None:
    """Nothing was said by it."""
    at = store()
    drop = MemoryDrop(failure=RefusedSourceError("export.drop_unwritable", "no room"))
    assert exporting(at, drop, line()).outcome is Outcome.FAILED
    drop.failure = None
    assert exporting(at, drop, line()).outcome is Outcome.DONE
    assert len(drop.packages) == 1


@pytest.mark.requirement(56)
def test_keys_at_the_partner_tell_nothing_and_depend_on_who_and_where() -> None:
    """The partner's attachment, the origin's attachment and the id make the key; no id stands in it."""
    at, partner = store(), MemoryPartner()
    exporting(at, partner, line())
    elsewhere, other = store(), MemoryPartner()
    elsewhere.imported.add("BRK:ffffffffffff")
    exporting(elsewhere, other, line(), attachment="BRK:ffffffffffff")
    keys = [partner.said[0].key, other.said[0].key]
    assert keys[0] != keys[1]
    assert all("10233" not in key for key in keys)
    assert at.items[(BRK, at.told(BRK)[1].identity)].identity.origin == AVN


@pytest.mark.requirement(56)
def test_two_schools_with_one_student_number_have_two_guests() -> None:
    """The number 10233 at AVN and at CST is two people, who must never be one at the partner."""
    at, partner = store(), MemoryPartner()
    at.students["CST"] = {"10233": (student("10233", surname="Another"), True)}
    done = exporting(at, partner, line(), line("CST:10233", place="inline 2"))
    assert done.outcome is Outcome.DONE
    guests = {m.facts.home_school: m.key for m in partner.said if isinstance(m.facts, GuestFacts)}
    assert guests.keys() == {"AVN", "CST"}
    assert len(set(guests.values())) == 2

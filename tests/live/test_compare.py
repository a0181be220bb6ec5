"""Three ways: which of files, store and school is the odd one out, and what a map makes of another timetable."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.connectors.live_protocol import LiveFact, LiveFacts, SeenSlots, Unknown
from reconciler.errors import RefusedSourceError, TransientSourceError
from reconciler.estate.structures import PeriodStructure
from reconciler.live.compare import Standing, differences, exchange_difference, granted_differences, notes
from reconciler.live.difference import Difference, Expectation, Odd
from reconciler.live.expected import sort_out
from reconciler.live.findings import Answers, findings
from reconciler.live.side import Side
from reconciler.live.slots import cycle_difference, named
from reconciler.vocabulary.codes import AcademicYear
from reconciler.vocabulary.slots import Slot

YEAR, NEXT = AcademicYear(2026), AcademicYear(2027)
W1D5P5 = PeriodStructure("W1D5P5", 1, 5, ("P1", "P2", "P3", "P4", "P5"))
W2D5P5 = replace(W1D5P5, name="W2D5P5", weeks=2)
W1D5P6 = replace(W1D5P5, name="W1D5P6", periods=(*W1D5P5.periods, "P6"))
W1D5P4 = replace(W1D5P5, name="W1D5P4", periods=W1D5P5.periods[:4])
AVN = Side(code="AVN", name="Ashvale North Academy", urn="900001", school_id="20001", contact="mis@avn.example",
           year=YEAR, structure=W1D5P5, slots={str(slot): str(slot) for slot in W1D5P5.slots()})  # fmt: skip


def seen(structure: PeriodStructure, *, whole: bool = True) -> SeenSlots:
    return SeenSlots(slots=frozenset(structure.slots()), whole=whole)


FITS = LiveFacts(school_id="20001", urn="900001", name="Ashvale North Academy", years=frozenset({YEAR}),
                 structure=seen(W1D5P5))  # fmt: skip


def standing(declared: Side | None = AVN, stored: Side | None = AVN, following: AcademicYear | None = None) -> Standing:
    return Standing(code="AVN", declared=declared, stored=stored, places={}, following=following)


def fields(facts: LiveFacts, **sides: Side | None) -> list[tuple[str, Odd]]:
    return [(one.field, one.odd) for one in differences(standing(**sides), facts)]


def test_a_school_that_is_as_declared_and_stored_does_not_differ() -> None:
    """Names are compared as people hear them."""
    assert not fields(FITS)
    assert not fields(replace(FITS, name="ASHVALE  NORTH ACADEMY."))


@pytest.mark.requirement(6, 31)
@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"school_id": "20002"}, "live.school_id"),
        ({"urn": "900002"}, "live.urn"),
        ({"name": "Brackenmoor School"}, "live.name"),
        ({"years": frozenset({AcademicYear(2025)})}, "live.academic_year"),
        ({"structure": seen(W1D5P6)}, "live.periods"),
        ({"structure": seen(W2D5P5)}, "live.weeks"),
        ({"structure": seen(replace(W1D5P5, days=6))}, "live.days"),
    ],
)
def test_each_fact_that_differs_is_one_field(told: dict[str, object], field: str) -> None:
    """The same timetable in two weeks differs in its weeks, and not in its periods as well."""
    assert fields(replace(FITS, **told)) == [(field, Odd.LIVE)]  # type: ignore[arg-type] # of the field's type


@pytest.mark.requirement(33)
def test_a_timetable_that_repeats_sooner_or_has_fewer_days_is_told_too() -> None:
    """Seen whole, a cycle of one week is not two; of what was seen in part nobody can say so."""
    two, six = replace(AVN, structure=W2D5P5), replace(AVN, structure=replace(W1D5P5, days=6))
    assert fields(FITS, declared=two, stored=two) == [("live.weeks", Odd.LIVE)]
    assert fields(FITS, declared=six, stored=six) == [("live.days", Odd.LIVE)]
    part = replace(FITS, structure=seen(W1D5P5, whole=False))
    assert not fields(part, declared=two, stored=two)


@pytest.mark.parametrize(
    ("declared", "stored", "odd"),
    [(W1D5P6, W1D5P5, Odd.STORED), (W1D5P5, W1D5P6, Odd.DECLARED), (W1D5P5, W1D5P5, Odd.LIVE),
     (W1D5P5, W1D5P4, Odd.ALL), (W1D5P6, W1D5P6, None)],
)  # fmt: skip
def test_the_odd_one_of_the_three_is_named(declared: PeriodStructure, stored: PeriodStructure, odd: Odd | None) -> None:
    """The school has six periods throughout."""
    sides = {"declared": replace(AVN, structure=declared), "stored": replace(AVN, structure=stored)}
    found = [one for _, one in fields(replace(FITS, structure=seen(W1D5P6)), **sides)]
    assert (found[0] if found else None) == odd


def test_what_to_do_goes_with_the_odd_one() -> None:
    """Apply where the store is behind; ask the school by its role where the school differs."""
    six = replace(FITS, structure=seen(W1D5P6))
    (behind,) = differences(standing(replace(AVN, structure=W1D5P6)), six)
    assert behind.next_step.endswith("reconcile plan, then reconcile apply")
    (ask,) = differences(standing(), six)
    assert "mis@avn.example" in ask.next_step
    (nobody,) = differences(standing(replace(AVN, contact=""), replace(AVN, contact="")), six)
    assert "the MIS manager of AVN" in nobody.next_step


def test_a_school_that_is_only_declared_is_compared_with_the_files_alone() -> None:
    """What is not applied is no side that could be odd."""
    (one,) = differences(standing(stored=None), replace(FITS, urn="900002"))
    assert (one.odd, one.stored) == (Odd.LIVE, "not applied yet")


def test_unknown_is_never_equal_and_never_different() -> None:
    """Neither does it differ nor is it judged; it is said to be open, with its reason."""
    nothing = LiveFacts().without([LiveFact.STRUCTURE, LiveFact.YEARS], Unknown("nobody says"))
    found = findings(standing(), Answers(facts=nothing), needed=(), held={}, imported=True)
    assert not found.differences
    assert not found.judged
    assert {(one.what, one.why, one.code) for one in found.unasked} >= {("structure", "nobody says", "")}


@pytest.mark.requirement(39)
def test_periods_more_or_less_say_what_becomes_of_lessons() -> None:
    """More: no hub slot reaches them. Less: hub slots lead to nothing."""
    (more,) = differences(standing(), replace(FITS, structure=seen(W1D5P6)))
    assert "no hub slot reaches 5 of them, so lessons there would be lost" in more.message
    (less,) = differences(standing(), replace(FITS, structure=seen(W1D5P4)))
    assert "P5 on every day" in less.message
    assert "5 hub slots lead to periods that are not there" in less.message


def test_of_a_cycle_that_was_not_seen_whole_only_more_is_believed() -> None:
    """A period without a lesson does not show in files."""
    assert not fields(replace(FITS, structure=seen(W1D5P4, whole=False)))
    assert fields(replace(FITS, structure=seen(W1D5P6, whole=False))) == [("live.periods", Odd.LIVE)]


def test_days_are_named_as_few_as_can_be() -> None:
    """All of them, or three and how many more."""
    everything = W2D5P5.slots()
    assert named([s for s in everything if s.period == "P1"], everything) == "P1 on every day"
    some = [s for s in everything if s.period == "P1" and s.week == 1]
    assert named(some, everything) == "P1 on W1Mon, W1Tue, W1Wed and 2 more days"
    assert named(some[:1], everything) == "P1 on W1Mon"


@given(
    weeks=st.integers(1, 3), days=st.integers(1, 6), periods=st.integers(1, 7), whole=st.booleans(), data=st.data()
)  # fmt: skip
def test_a_cycle_differs_exactly_where_its_slots_do(weeks: int, days: int, periods: int, whole: bool,
                                                    data: st.DataObject) -> None:  # fmt: skip
    """Of a cycle with some slots dropped and some added, no difference is found just when the slots are the same."""
    structure = PeriodStructure("S", weeks, days, tuple(f"P{n}" for n in range(1, periods + 1)))
    own = frozenset(structure.slots())
    dropped = data.draw(st.sets(st.sampled_from(sorted(own)), max_size=3))
    added = data.draw(st.sets(st.builds(Slot, st.integers(1, 3), st.integers(1, 6), st.sampled_from(["P1", "X"])),
                              max_size=3))  # fmt: skip
    live = (own - dropped) | added
    if not live:
        return
    found = cycle_difference(structure, SeenSlots(slots=live, whole=whole))
    differs = found.weeks or found.days or found.periods
    assert differs == (live != own if whole else bool(live - own))


@pytest.mark.requirement(6)
def test_a_year_that_the_hub_announced_is_worth_knowing_and_no_drift() -> None:
    """The partner changed to the next year, as it may from `next_year.from` on."""
    ahead = replace(FITS, years=frozenset({NEXT}))
    this = standing(following=NEXT)
    assert not list(differences(this, ahead))
    (note,) = notes(this, ahead, held={}, imported=True)
    assert "has changed to 2027-2028, as announced" in note.message
    assert [one.field for one in differences(standing(), ahead)] == ["live.academic_year"]


def test_offers_are_counted_beside_what_is_held() -> None:
    """More or fewer offered is what the next import is for, and no drift."""
    (note,) = notes(standing(), replace(FITS, students=64, classes=9), held={"students": 62, "classes": 9},
                    imported=True)  # fmt: skip
    assert note.message == "64 students offered and 62 held, 9 classes offered and 9 held"
    assert note.next_step == "the next import brings the difference"
    assert not list(notes(standing(), replace(FITS, students=2, classes=Unknown("no mark")), held={"students": 2},
                          imported=True))  # fmt: skip
    (first,) = notes(standing(), replace(FITS, students=2), held={}, imported=False)
    assert "sync import --school AVN --first" in first.next_step


@pytest.mark.requirement(84)
def test_grants_are_compared_entity_by_entity_under_any_name() -> None:
    """Twenty ticks where twenty-one are granted is drift, and so is one too many."""
    side = replace(AVN, accounts={"pp": frozenset({"Students", "Timetable", "School"})})
    live = frozenset({"Students", "TIMETABLE", "Schools", "PersonMedicalConditions"})
    found = list(granted_differences(standing(side, side), "pp", live))
    assert [(one.address, one.live) for one in found] == [
        ("entity_grant.pp.PersonMedicalConditions", "granted")
    ]  # fmt: skip
    (missing,) = granted_differences(standing(side, side), "pp", frozenset({"Students", "School"}))
    assert (missing.address, missing.live) == ("entity_grant.pp.Timetable", "not granted")
    assert "tick Timetable" in missing.next_step


@pytest.mark.requirement(31)
def test_what_the_exchange_refuses_at_the_handshake_is_drift_and_an_exchange_that_is_away_is_not() -> None:
    """Key, year and short code each have a field; what passes is only said to be open."""
    for error, field in (
        (RefusedSourceError("exchange.key_rejected", "no"), "live.exchange.key"),
        (RefusedSourceError("exchange.mismatch", "no", subject="academic_year"), "live.exchange.academic_year"),
        (RefusedSourceError("exchange.mismatch", "no", subject="school"), "live.exchange.school"),
    ):
        found = exchange_difference(standing(), error)
        assert found is not None
        assert found.field == field
    away = Answers(exchange=TransientSourceError("http.status", "503"))
    found_away = findings(standing(), away, needed=(), held={}, imported=True)
    assert not found_away.differences
    assert [one.code for one in found_away.unasked] == ["http.status"]


PERIODS = Difference(school="AVN", address="period_map.AVN.2026-2027", field="live.periods", message="m", declared="d",
                     stored="d", live="l", odd=Odd.LIVE, next_step="n")  # fmt: skip
UNTIL = Expectation(address=PERIODS.address, field=PERIODS.field, why="keyed in January", owner="data-manager",
                    until=date(2027, 1, 15))  # fmt: skip


def test_an_expectation_counts_to_its_last_day_and_then_names_its_owner() -> None:
    """On the day itself it still holds."""
    last = sort_out([PERIODS], [UNTIL], today=date(2027, 1, 15), judged={PERIODS.key})
    assert (last.found, last.expected, last.unused) == ((), ((PERIODS, UNTIL),), ())
    (lapsed,) = sort_out([PERIODS], [UNTIL], today=date(2027, 1, 16), judged={PERIODS.key}).found
    assert lapsed.lapsed == "was expected until 2027-01-15 (keyed in January); data-manager answers for it"


def test_an_expectation_covers_its_own_field_only() -> None:
    """Another field of the same map is drift."""
    weeks = replace(PERIODS, field="live.weeks")
    assert sort_out([weeks], [UNTIL], today=date(2026, 11, 23), judged={PERIODS.key}).found == (weeks,)


def test_an_expectation_that_fits_nothing_is_unused_once_it_was_asked_for() -> None:
    """Of a school that did not answer nobody can say so; of a field that nobody compares everybody can."""
    today = date(2026, 11, 23)
    assert sort_out([], [UNTIL], today=today, judged={UNTIL.key}).unused == (UNTIL,)
    assert sort_out([], [UNTIL], today=today, judged=set()).unused == ()
    slip = replace(UNTIL, field="live.period")
    assert sort_out([], [slip], today=today, judged=set()).unused == (slip,)

"""What only shows across schools: two mains, movers and half-moves, and who has no year group to go up to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue
from reconciler.issues.movers import movers, school_days
from reconciler.issues.registrations import Accepted, Registration, same_person
from reconciler.issues.two_mains import two_mains
from reconciler.issues.year_change import Pupil, goes_up, last_year_group, no_next_group
from reconciler.records.year_groups import last_of_phase, year_number
from reconciler.vocabulary.codes import AcademicYear
from reconciler.vocabulary.upn import check_letter

TODAY = date(2026, 11, 23)
YEAR = AcademicYear(2027)


def upn(tail: str) -> str:
    return check_letter(tail) + tail


CHILD, OTHER = upn("999200017001"), upn("999200017002")
TEMPORARY = upn("99920001700A")
DNE = Registration(school="DNE", record="24377", upn=CHILD, status="M", start=date(2022, 9, 1))
FGT = Registration(school="FGT", record="50017", upn=CHILD, status="S", start=date(2026, 9, 1))


def mains(*people: Registration, accepted: tuple[Accepted, ...] = (), today: date = TODAY) -> list[DataIssue]:
    return list(two_mains(people, accepted=accepted, today=today))


def moved(*people: Registration, today: date = TODAY) -> list[tuple[str, str]]:
    found = movers(people, accepted=(), today=today, is_school_day=lambda day: day.weekday() < 5)
    return [(i.code, f"{i.school}:{i.record}") for i in found]


@pytest.mark.requirement(58)
@pytest.mark.parametrize("beside", ["S", "G", ""])
def test_a_main_with_a_subsidiary_or_a_guest_is_fine(beside: str) -> None:
    """One main per date is what a school census wants; a status that nobody told proves nothing."""
    assert mains(DNE, replace(FGT, status=beside)) == []


@pytest.mark.requirement(58)
@pytest.mark.parametrize(("one", "other"), [("M", "M"), ("C", "M"), ("C", "C")])
def test_two_mains_name_both_schools_and_suggest_a_correction(one: str, other: str) -> None:
    """C says that there is no other school, so it claims the pupil as M does; each school gets the issue."""
    found = mains(replace(DNE, status=one), replace(FGT, status=other))
    assert [(i.code, i.school, i.record) for i in found] == [
        ("enrolment.two_mains", "DNE", "24377"), ("enrolment.two_mains", "FGT", "50017"),
    ]  # fmt: skip
    for issue in found:
        assert "DNE:24377" in issue.message
        assert "FGT:50017" in issue.message
        assert "from 2026-09-01" in issue.message
        assert "DNE sets M and FGT sets S" in issue.next_step
        assert CHILD not in issue.message + issue.next_step


@pytest.mark.requirement(58)
@pytest.mark.parametrize(("end", "clash"), [(date(2026, 8, 31), False), (date(2026, 9, 1), True), (None, True)])
def test_two_mains_are_a_matter_of_one_date(end: date | None, clash: bool) -> None:
    """A registration that ended the day before the other began is a move, not a clash; one shared day is."""
    assert bool(mains(replace(DNE, end=end), replace(FGT, status="M"))) == clash


@pytest.mark.requirement(58)
@pytest.mark.parametrize(
    "other",
    [
        replace(FGT, status="M", upn=OTHER),
        replace(FGT, status="M", upn=OTHER, former_upn=CHILD),
        replace(FGT, status="M", left_on=TODAY),
        replace(FGT, status="M", school="DNE"),
    ],
    ids=["another child", "same former number only", "withdrawn", "same school"],
)
def test_only_live_records_of_two_schools_under_one_current_number_count(other: Registration) -> None:
    """Everything else has its own rules."""
    assert mains(DNE, other) == []


@pytest.mark.requirement(58)
@pytest.mark.parametrize("shared", [TEMPORARY, "A123", "X999200017001"])
def test_a_temporary_or_wrong_number_does_not_make_one_pupil_of_two(shared: str) -> None:
    """It may be given to two children (C3)."""
    assert mains(replace(DNE, upn=shared), replace(FGT, status="M", upn=shared)) == []


@pytest.mark.requirement(58)
def test_a_temporary_number_and_the_birth_date_together_do() -> None:
    """By itself it does not (C3)."""
    born = date(2010, 5, 1)
    one = replace(DNE, upn=TEMPORARY, birth_date=born)
    assert len(mains(one, replace(FGT, status="M", upn=TEMPORARY, birth_date=born))) == 2


@pytest.mark.parametrize("student", ["DNE:24377", "FGT:50017"])
def test_an_accepted_finding_is_silent_to_its_last_day_and_back_the_day_after(student: str) -> None:
    """Accepting either of the two records is enough."""
    accepted = (Accepted(code="enrolment.two_mains", student=student, until=TODAY),)
    both = (DNE, replace(FGT, status="M"))
    assert mains(*both, accepted=accepted) == []
    assert len(mains(*both, accepted=accepted, today=TODAY + timedelta(days=1))) == 2
    other = (replace(accepted[0], student="AVN:1"), replace(accepted[0], code="mover.paired"))
    assert len(mains(*both, accepted=other)) == 2


def test_numbers_of_one_child_are_current_or_former_and_a_temporary_one_needs_the_birth_date() -> None:
    """C3: a temporary number never pairs two people by itself."""
    born = date(2010, 5, 1)
    one = Registration(school="AVN", record="1", upn=TEMPORARY, birth_date=born)
    other = Registration(school="GHL", record="2", upn=CHILD, former_upn=TEMPORARY, birth_date=born)
    assert same_person(one, other)
    assert not same_person(one, replace(other, birth_date=born + timedelta(days=1)))
    assert not same_person(replace(one, birth_date=None), replace(other, birth_date=None))
    assert same_person(replace(one, upn=CHILD, birth_date=None), replace(other, birth_date=None))
    assert not same_person(replace(one, upn=OTHER), other)


AVN = Registration(school="AVN", record="10347", upn=CHILD, status="C", start=date(2022, 9, 1))
GHL = Registration(school="GHL", record="60058", upn=CHILD, status="C", start=date(2026, 11, 2))


@pytest.mark.parametrize(
    "leaver",
    [replace(AVN, left_on=date(2026, 10, 17)), replace(AVN, end=date(2026, 10, 16)),
     replace(AVN, end=date(2026, 10, 16), left_on=date(2026, 10, 17))],
    ids=["withdrawn", "with a last day", "both"],
)  # fmt: skip
def test_a_leaver_and_a_joiner_are_paired_and_listed_at_the_new_school(leaver: Registration) -> None:
    """A withdrawn record is a leaving, since a mark that is taken away brings no date."""
    assert moved(leaver, GHL) == [("mover.paired", "GHL:60058")]
    assert moved(GHL, leaver) == [("mover.paired", "GHL:60058")]


@pytest.mark.parametrize(
    ("leaver", "joiner"),
    [
        (AVN, replace(GHL, upn=OTHER)),
        (replace(AVN, left_on=TODAY), replace(GHL, status="S")),
        (replace(AVN, left_on=TODAY), replace(GHL, status="G")),
        (replace(AVN, status="S", left_on=TODAY), GHL),
        (replace(AVN, left_on=TODAY), replace(GHL, start=date(2020, 9, 1))),
        (replace(AVN, left_on=TODAY), replace(GHL, left_on=TODAY)),
        (replace(AVN, end=date(2026, 12, 18)), GHL),
        (replace(AVN, left_on=TODAY), replace(GHL, start=date(2027, 1, 4))),
    ],
    ids=["another child", "subsidiary", "guest", "subsidiary that ended", "was there before", "left both",
         "leaves later", "comes later"],
)  # fmt: skip
def test_what_is_no_move_is_not_listed(leaver: Registration, joiner: Registration) -> None:
    """Dual registrations, guests, and moves that have not happened yet."""
    assert moved(leaver, joiner) == []


@pytest.mark.parametrize(
    ("day", "late"), [(date(2026, 11, 6), False), (date(2026, 11, 8), False), (date(2026, 11, 9), True)]
)
def test_a_move_without_a_leaving_date_is_half_after_five_school_days(day: date, late: bool) -> None:
    """Joined on Monday 2 November: the fifth school day behind it is Monday 9, the week-end does not count."""
    found = moved(AVN, GHL, today=day)
    assert (("mover.half_move", "AVN:10347") in found) == late
    assert ("mover.paired", "GHL:60058") in found


def test_a_move_without_a_start_date_is_half_at_the_new_school() -> None:
    """Five school days behind the last day at the old one."""
    leaver, joiner = replace(AVN, end=date(2026, 10, 16)), replace(GHL, start=None)
    assert moved(leaver, joiner) == [("mover.paired", "GHL:60058"), ("mover.half_move", "GHL:60058")]
    assert moved(leaver, joiner, today=date(2026, 10, 22)) == [("mover.paired", "GHL:60058")]


def test_school_days_are_counted_by_the_calendar() -> None:
    """Half-term does not make a move late."""
    holiday = {date(2026, 10, 26) + timedelta(days=n) for n in range(5)}
    open_ = lambda day: day.weekday() < 5 and day not in holiday  # noqa: E731
    assert school_days(date(2026, 10, 23), date(2026, 11, 2), open_) == 1
    assert school_days(TODAY, TODAY, open_) == 0


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("07", 7), ("Y7", 7), ("Year 13", 13), ("R", 0), ("Reception", 0), ("", None), (None, None),
     ("14", None), ("0", None), ("Sixth", None), ("7E", None)],
)  # fmt: skip
def test_year_groups_are_read_as_schools_write_them(text: str | None, number: int | None) -> None:
    """And what is none is nobody's year group."""
    assert year_number(text) == number


@pytest.mark.parametrize(
    ("phase", "last"), [("11-16", 11), ("11-18", 13), ("16-19", 13), ("4 - 11", 6), ("AP", None), ("", None)]
)
def test_the_last_year_group_comes_from_the_ages_that_a_school_teaches(phase: str, last: int | None) -> None:
    """Nothing comes of words."""
    assert last_of_phase(phase) == last


def test_without_ages_the_highest_year_group_on_offer_is_the_last() -> None:
    """An alternative provision says AP and teaches up to year 11."""
    assert last_year_group([Pupil(record="1", year_group="9"), Pupil(record="2", year_group="11")], phase="AP") == 11
    assert last_year_group([Pupil(record="1", year_group=None)], phase="AP") == 13


def test_everybody_without_a_next_year_group_is_listed_before_the_year_changes() -> None:
    """Missing and unknown ones each, the last year in one list; who leaves before, or goes up, is not (C26)."""
    people = [
        Pupil(record="1", year_group=None), Pupil(record="2", year_group="Sixth"), Pupil(record="3", year_group="11"),
        Pupil(record="4", year_group="11"), Pupil(record="5", year_group="10"),
        Pupil(record="6", year_group=None, end=date(2027, 7, 21)),
    ]  # fmt: skip
    accepted = (Accepted(code="year.no_next_group", student="DNE:4", until=TODAY),)
    found = list(no_next_group("DNE", people, phase="11-16", year=YEAR, accepted=accepted, today=TODAY))
    assert [(i.severity, i.record) for i in found] == [
        (Severity.WARNING, "1"), (Severity.WARNING, "2"), (Severity.INFO, "year 11"),
    ]  # fmt: skip
    assert found[2].message.endswith("in 2027-2028: 3")
    assert [p.record for p in people if goes_up(p, last=11, year=YEAR)] == ["5"]

"""The period map shown: hub left, partner right, what is lost, and the next ten school days."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reconciler.estate.period_maps import read_map
from reconciler.estate.structures import PeriodStructure
from reconciler.estate.weeks import SchoolCalendar
from reconciler.reports import period_map
from reconciler.reports.frame import SchoolName
from reconciler.reports.period_map import PeriodMapReport
from reconciler.reports.school_days import Side
from reconciler.shipped import shipped
from tests.reports.test_reports import FRAME, GOLDEN, Page

TODAY = date(2026, 11, 25)  # a Wednesday
TERM = {"from": "2026-11-02", "to": "2026-12-18"}
CALENDARS = {
    "hub": {"terms": [TERM], "closed": ["2026-12-01"], "week_1_starts": ["2026-11-09"]},
    "same": {"like": "hub"},
    "turned": {"like": "hub", "closed": ["2026-11-27"], "week_1_starts": ["2026-11-02"]},
    "silent": {"terms": [TERM]},
}
HUB = {"weeks": 2, "days": 5, "periods": ["P1", "P2", "P3"], "times": {"P1": {"from": "09:00", "to": "10:00"}}}
TWO = {"weeks": 2, "days": 5, "periods": ["P1", "P2", "P3"]}
ONE = {"weeks": 1, "days": 5, "periods": ["A", "B"]}
SAME = {"P1": "P1", "P2": "P2", "P3": "P3"}
SCHOOL = SchoolName(code="DNE", name="Dunescar <High> School", colour="#1a7f37")


def side(code: str, spec: Mapping[str, Any], calendar: str) -> Side:
    return Side.of(code, f"{code}-shape", spec, SchoolCalendar.named(calendar, CALENDARS))


def made(entry: Mapping[str, Any] | None, *, partner: Mapping[str, Any] = TWO, calendar: str = "turned",
         hub: str = "hub", classes: Mapping[str, Sequence[str]] | None = None,
         issues: Mapping[str, str] | None = None) -> PeriodMapReport:  # fmt: skip
    """The report of a map as the files would write it, kept as the store keeps it: by the alphabet."""
    slots = None
    if entry is not None:
        shapes = {"hub": PeriodStructure.of("h", HUB), "partner": PeriodStructure.of("p", partner)}
        slots = dict(sorted(read_map(**shapes, entry=entry).texts.items()))
    return period_map.build(
        FRAME, school=SCHOOL, year="2026-2027", hub=side("ECV", HUB, hub), partner=side("DNE", partner, calendar),
        slots=slots, classes=classes or {}, issues=issues or {}, today=TODAY,
    )  # fmt: skip


TURNED = {"week_offset": 1, "periods": SAME}
WEEKLY = {"repeat": "weekly", "periods": {"P1": "A", "P2": "A", "P3": "not_selected"}}


@pytest.mark.requirement(33)
def test_every_hub_slot_stands_left_of_its_partner_slot_in_teaching_order() -> None:
    """With times where a structure has them, and Not Selected said."""
    report = made(WEEKLY, partner=ONE, calendar="same")
    first = report.lines[:3]
    assert [str(line.hub) for line in first] == ["W1Mon.P1", "W1Mon.P2", "W1Mon.P3"]
    assert [str(line.partner) for line in first] == ["W1Mon.A", "W1Mon.A", "None"]
    assert [line.state for line in first] == ["mapped", "mapped", "not selected"]
    assert [line.hub_time for line in first] == ["09:00-10:00", "", ""]
    assert len(report.lines) == 30


@pytest.mark.requirement(33, 35)
def test_the_same_counts_stand_in_all_four_writers() -> None:
    """HTML, text, JSON and CSV are views of one model."""
    report = made(WEEKLY, partner=ONE, calendar="same")
    assert report.outcome == "DNE: 20 of 30 hub slots mapped, 10 not selected"
    counts = period_map.to_json(report)["counts"]
    assert (counts["mapped"], counts["not_selected"], counts["unreached"], counts["doubled"]) == (20, 10, 5, 10)
    rows = list(csv.DictReader(io.StringIO(period_map.to_csv(report).removeprefix("\ufeff"))))
    assert [row["state"] for row in rows].count("mapped") == 20
    assert [row["state"] for row in rows].count("unreached") == 5
    page = period_map.to_html(report)
    assert page.count("Not Selected</td>") == 10
    assert report.outcome in page
    assert report.outcome in period_map.to_text(report)


@pytest.mark.requirement(39)
def test_a_slot_that_nothing_reaches_names_the_classes_that_lose_lessons() -> None:
    """Those that the hub holds, and what the last import said of those that it left out."""
    report = made(
        WEEKLY, partner=ONE, calendar="same", classes={"W1Mon.A": ["7 kept"], "W1Tue.B": ["10231 12B/Ph1"]},
        issues={"W1Fri.B": "no hub period is mapped to W1Fri.B; classes that lose a lesson: 10244"},
    )  # fmt: skip
    assert [str(lost.slot) for lost in report.lost] == ["W1Mon.B", "W1Tue.B", "W1Wed.B", "W1Thu.B", "W1Fri.B"]
    assert [lost.classes for lost in report.lost if lost.classes] == [("10231 12B/Ph1",)]
    for text in (period_map.to_text(report), period_map.to_html(report)):
        assert "10231 12B/Ph1" in text
        assert "classes that lose a lesson: 10244" in text
    assert "no hub slot reaches 5 slots of DNE" in report.first[0]
    assert "10231 12B/Ph1" in report.first[0]
    assert "the last import left out lessons in 1 of them" in report.first[0]


@pytest.mark.requirement(40)
def test_two_hub_periods_of_one_day_on_one_partner_period_are_shown() -> None:
    """On both lines and in a list of their own; the same slot in another week is no double."""
    report = made(WEEKLY, partner=ONE, calendar="same")
    assert [(str(a), str(b), str(t)) for a, b, t in report.doubled][:1] == [("W1Mon.P1", "W1Mon.P2", "W1Mon.A")]
    assert len(report.doubled) == 10
    assert [line.note for line in report.lines[:2]] == ["P2 of this day has it too", "P1 of this day has it too"]
    assert not made(TURNED).doubled


@pytest.mark.requirement(41)
def test_the_next_ten_school_days_show_hub_slot_and_partner_slot() -> None:
    """From today on; week-ends and days on which both are closed are no school days."""
    days = made(TURNED).days
    assert [(day.day.isoformat(), day.hub, day.partner) for day in days] == [
        ("2026-11-25", "W1Wed", "W2Wed"),
        ("2026-11-26", "W1Thu", "W2Thu"),
        ("2026-11-27", "W1Fri", ""),  # the partner's own closed day
        ("2026-11-30", "W2Mon", "W1Mon"),
        ("2026-12-01", "", "W1Tue"),  # the hub's
        ("2026-12-02", "W2Wed", "W1Wed"),
        ("2026-12-03", "W2Thu", "W1Thu"),
        ("2026-12-04", "W2Fri", "W1Fri"),
        ("2026-12-07", "W1Mon", "W2Mon"),
        ("2026-12-08", "W1Tue", "W2Tue"),
    ]
    assert [(str(hub), str(target)) for hub, target in days[0].slots] == [
        ("W1Wed.P1", "W2Wed.P1"), ("W1Wed.P2", "W2Wed.P2"), ("W1Wed.P3", "W2Wed.P3"),
    ]  # fmt: skip
    assert days[2].note == "no lessons at DNE"
    assert days[4].note == "no lessons at the hub: what DNE teaches has no hub slot"
    assert not any(day.wrong for day in days)


@pytest.mark.requirement(41)
def test_a_wrong_offset_is_wrong_on_each_day_and_comes_first() -> None:
    """The first advice names the day, both weeks and what to write."""
    report = made({"periods": SAME})
    assert report.first[0] == (
        "on 2026-11-02 the hub is in week 2 and DNE in week 1, but the map reaches week 2: write week_offset: 1"
    )
    assert [day.wrong for day in report.days] == [True, True, False, True, False, True, True, True, True, True]
    assert report.days[0].note == "the map reaches W1Wed, but DNE is in W2Wed"


@pytest.mark.requirement(37, 41)
def test_a_one_week_partner_meets_its_only_week_every_week() -> None:
    """Hub week 2 on the partner's week 1 is no wrong week."""
    days = made(WEEKLY, partner=ONE, calendar="same").days
    assert [(day.hub, day.partner) for day in days[2:4]] == [("W1Fri", "W1Fri"), ("W2Mon", "W1Mon")]
    assert not any(day.wrong or day.note for day in days)


def test_at_the_end_of_the_calendars_there_are_fewer_days() -> None:
    """Nothing is made up beyond the last term."""
    report = period_map.build(
        FRAME, school=SCHOOL, year="2026-2027", hub=side("ECV", HUB, "hub"), partner=side("DNE", TWO, "turned"),
        slots=None, classes={}, issues={}, today=date(2026, 12, 16),
    )  # fmt: skip
    assert [day.day.day for day in report.days] == [16, 17, 18]


def test_what_calendars_do_not_say_is_not_guessed() -> None:
    """Without any calendar no day is told, without week_1_starts no week; the report says so."""
    none = made(TURNED, hub="missing", calendar="missing")
    assert not none.days
    assert "No calendar is declared" in none.notes[0]
    weekless = made(TURNED, calendar="silent")
    assert weekless.days[0].partner == "W?Wed"
    assert not weekless.days[0].wrong
    assert "silent of DNE has no week_1_starts" in weekless.notes[0]


@pytest.mark.requirement(32)
def test_a_partner_without_a_map_is_shown_with_both_structures_and_the_next_step() -> None:
    """Nothing is said to be selected or not."""
    report = made(None)
    assert report.outcome == "DNE has no period map for 2026-2027"
    assert {line.state for line in report.lines} == {"unmapped"}
    assert report.first[0].startswith("declare period_maps: {DNE: {2026-2027: ...}}")
    assert "?" in period_map.to_text(report)


@pytest.mark.parametrize("entry", [TURNED, None, {"periods": SAME}])
def test_the_json_fits_its_published_schema(entry: Mapping[str, Any] | None) -> None:
    """With and without a map."""
    schema = json.loads((shipped("schemas") / "report-period-map.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(period_map.to_json(made(entry)))


def test_a_hostile_name_adds_nothing_to_the_page() -> None:
    """Names of periods, classes and schools are text."""
    hostile = '<script>alert(1)</script>"><img src=x>'
    pages = [
        Page(period_map.to_html(made(
            {"repeat": "weekly", "unlisted": "not_selected", "periods": {"P1": name}},
            partner={"weeks": 1, "days": 5, "periods": [name, "B"]}, calendar="same", classes={"W1Mon.B": [name]},
            issues={"W1Mon.B": name},
        )))
        for name in (hostile, "x")
    ]  # fmt: skip
    assert pages[0].tags == pages[1].tags
    assert [name for name, _ in pages[0].attributes] == [name for name, _ in pages[1].attributes]


def test_the_text_reads_as_agreed(golden: Callable[[Path, str], None]) -> None:
    """The whole text: a map in order, and one with everything to complain of."""
    golden(GOLDEN / "period-map.txt", period_map.to_text(made(TURNED)))
    broken = made(
        {**WEEKLY, "slots": {"W2Fri.P1": "W1Mon.A"}}, partner=ONE, calendar="same", classes={"W1Tue.B": ["10231 12B"]},
        issues={"W1Fri.B": "no hub period is mapped to W1Fri.B; classes that lose a lesson: 10244"},
    )  # fmt: skip
    golden(GOLDEN / "period-map-lossy.txt", period_map.to_text(broken))

"""The academic report: one model, four writers; attendance is a copy wherever it is shown."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from html import unescape

import jsonschema
import pytest

from reconciler.records.academic import COPY
from reconciler.reports import academic
from reconciler.reports.academic import AcademicReport, Aim, Parked, PartnerAcademic, StructureStanding
from reconciler.shipped import shipped
from reconciler.transfers.entry import Outcome
from tests.reports.test_reports import FRAME, HOSTILE, MADE, SCHOOLS, Page, entry

AVN = PartnerAcademic(
    school=SCHOOLS[0], kinds=("attendance_marks", "behaviour_events"), last=entry(kind="academic"),
    counts={"attendance_marks": 40, "behaviour_events": 3, "post16_aims": 1},
    attendance={"present": 31, "authorised": 9},
    structures=(StructureStanding(kind="behaviour_events", state="matches"),),
)  # fmt: skip
BRK = PartnerAcademic(
    school=SCHOOLS[1], kinds=("attendance_marks", "behaviour_events"),
    last=entry("BRK", kind="academic", outcome=Outcome.PARTIAL), counts={"attendance_marks": 2},
    attendance={"present": 2},
    structures=(StructureStanding(kind="behaviour_events", state="differs", told="'LATE' is used at the school"),),
    parked=(Parked(kind="attendance_marks", students=2, rows=7, since=MADE - timedelta(days=12)),),
)  # fmt: skip
HRT = PartnerAcademic(school=SCHOOLS[2], without="a source of the kind oneroster-csv gives no academic data")
AIM = Aim(school="AVN", student="10021", record="A1", code="60148557", title="Physics", start="2025-09-01",
          planned_end="2027-07-01", end="", status="active")  # fmt: skip


def report(*partners: PartnerAcademic, aims: tuple[Aim, ...] = (AIM,), student: str = "") -> AcademicReport:
    return academic.build(FRAME, partners or (AVN, BRK, HRT), aims, student=student)


@pytest.mark.requirement(59)
def test_the_same_figures_stand_in_all_four_writers() -> None:
    """Counts by kind, attendance by class, what waits: page, text, JSON and CSV agree."""
    made = report()
    told = academic.to_json(made)
    assert [p["counts"].get("attendance_marks", 0) for p in told["partners"]] == [40, 2, 0]
    text, page = academic.to_text(made), academic.to_html(made)
    rows = list(csv.reader(io.StringIO(academic.to_csv(made))))
    for code, section, item, number in (("AVN", "records", "behaviour_events", "3"),
                                        ("AVN", "attendance", "authorised", "9"),
                                        ("BRK", "parked", "attendance_marks", "7")):  # fmt: skip
        assert [code, section, item, number] in [row[:4] for row in rows]
        assert f">{number}<" in page
        assert number in text.split()


@pytest.mark.requirement(59)
@pytest.mark.parametrize("write", [academic.to_html, academic.to_text, academic.to_csv])
def test_attendance_is_labelled_a_copy(write: object) -> None:
    """Never the register: in each writer that shows a mark's class."""
    assert COPY in unescape(write(report()))  # type: ignore[operator]


@pytest.mark.requirement(60)
def test_a_structure_that_differs_names_the_first_difference_and_comes_first() -> None:
    """In the sentence, in what to do first, and in the table."""
    made = report()
    assert made.outcome.endswith("to look at: BRK")
    assert made.first[0] == "BRK: 'LATE' is used at the school"
    assert "differs" in academic.to_text(made)


@pytest.mark.requirement(59, 63)
def test_what_waits_says_for_how_long() -> None:
    """Parked rows with their students and days."""
    assert [(code, days) for code, _, days in report().parked] == [("BRK", 12)]
    assert '<td class="n">12</td>' in academic.to_html(report())


@pytest.mark.requirement(3)
def test_post_16_aims_are_listed_by_record_number() -> None:
    """As their school tells them, read only."""
    assert academic.to_json(report())["post16_aims"] == [
        {"school": "AVN", "student": "10021", "record": "A1", "code": "60148557", "title": "Physics",
         "start": "2025-09-01", "planned_end": "2027-07-01", "end": "", "status": "active"}
    ]  # fmt: skip
    assert "60148557" in academic.to_text(report())
    assert "60148557" in academic.to_html(report())


def test_a_partner_that_never_ran_is_told_how_to_begin() -> None:
    """One that can give nothing says so and is not told to run."""
    made = report(replace(AVN, last=None), HRT)
    assert made.first == ("AVN: nothing has come yet: reconcile sync academic --school AVN",)
    assert "gives no academic data" in academic.to_text(made)


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.HELD])
def test_a_run_that_needs_a_person_is_named(outcome: Outcome) -> None:
    """With the command that comes next."""
    made = report(replace(AVN, last=entry(kind="academic", outcome=outcome)))
    assert "r-avn" in made.first[0]
    assert made.outcome.endswith("to look at: AVN")


def test_a_student_without_records_is_said_to_have_none() -> None:
    """Rather than an empty page."""
    assert report(HRT, aims=(), student="10021").outcome == "No academic record of student 10021 is held for HRT"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_text_adds_no_element_or_attribute(hostile: str) -> None:
    """Whatever a school calls an aim, a structure or a run."""
    pages = []
    for text in (hostile, "x"):
        partner = replace(
            BRK, last=entry("BRK", message=text),
            structures=(StructureStanding(kind=text, state="differs", told=text),),
        )  # fmt: skip
        aim = replace(AIM, title=text, student=text, status=text)
        pages.append(Page(academic.to_html(report(partner, aims=(aim,), student=text))))
    assert pages[0].tags == pages[1].tags
    assert [name for name, _ in pages[0].attributes] == [name for name, _ in pages[1].attributes]


def test_the_json_fits_its_published_schema() -> None:
    """So that a machine can rely on it; also for a partner that never ran."""
    schema = json.loads((shipped("schemas") / "report-academic.schema.json").read_text())
    for made in (report(), report(replace(AVN, last=None)), report(student="1")):
        jsonschema.Draft202012Validator(schema).validate(academic.to_json(made))

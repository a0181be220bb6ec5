"""One model, four writers: the same totals, hostile names harmless, no request to anywhere."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue
from reconciler.issues.tracked import TrackedIssue
from reconciler.reports import frame as framing
from reconciler.reports import issues, transfers
from reconciler.reports.frame import Frame, SchoolName
from reconciler.shipped import shipped
from reconciler.transfers.entry import Counts, Outcome, RejectedRecord, TransferEntry
from reconciler.vocabulary.actor import Actor

MADE = datetime(2026, 11, 23, 8, 40, tzinfo=UTC)
GOLDEN = Path(__file__).parent / "golden"
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "O'Dea & <b>Co</b>",
    "=cmd|' /C calc'!A0",
    "\x1b[2J\u202egnirts",
    "javascript:alert(1)",
)
FRAME = Frame(
    estate="Eskmere Collaborative Virtual School", rehearsal=True, serial=3, tool_version="0.1.0", made_at=MADE
)
SCHOOLS = (
    SchoolName(code="AVN", name="Ashvale North Academy", colour="#1f6feb"),
    SchoolName(code="BRK", name="Brackenmoor School", colour="#8250df"),
    SchoolName(code="HRT", name="Harthill School", colour="#0a7ea4"),
)


def entry(school: str = "AVN", outcome: Outcome = Outcome.DONE, **more: object) -> TransferEntry:
    """One import, an hour before the report was made."""
    values: dict[str, object] = {
        "run": f"r-{school.lower()}", "kind": "import", "direction": "in", "school": school, "feed": "hub",
        "attachment": school, "outcome": outcome, "started_at": MADE - timedelta(hours=1),
        "finished_at": MADE - timedelta(minutes=59), "actor": Actor("data-manager", "env"),
        "message": "64 students added",
        "counts": {"students": Counts(read=66, new=64, rejected=1, out_of_scope=1)},
        "rejected": (RejectedRecord(entity="students", key="10021", code="record.missing_field", message="no surname",
                                    place="Students row 12"),),
    }  # fmt: skip
    return TransferEntry(**(values | more))  # type: ignore[arg-type] # a dict of mixed values


def tracked(
    number: int, code: str = "import.not_outplaced", severity: Severity = Severity.WARNING, **more: str
) -> TrackedIssue:
    """One open issue."""
    words = {"school": "AVN", "entity": "students", "record": "10021", "message": "sent although not offered",
             "next_step": "untick the student in Outplaced Students, or offer the group"} | more  # fmt: skip
    return TrackedIssue(number=number, issue=DataIssue(code=code, severity=severity, **words), opened_at=MADE,
                        opened_run="r1", last_seen_at=MADE)  # fmt: skip


def transfers_report(*entries: TransferEntry) -> transfers.TransfersReport:
    held = {"AVN": {"students": 64, "classes": 9, "lessons": 45}}
    return transfers.build(FRAME, entries, SCHOOLS, held, latest=entries)


class Page(HTMLParser):
    """Elements and attributes of a page, as a browser would see them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


@pytest.mark.requirement(62)
def test_counts_that_do_not_add_up_cannot_be_logged() -> None:
    """read = new + changed + same + rejected + out of scope, or the entry cannot be made."""
    with pytest.raises(ValueError, match="add up"):
        Counts(read=3, new=1, same=1)


@pytest.mark.requirement(62)
def test_the_same_totals_stand_in_all_four_writers() -> None:
    """HTML, text, JSON and CSV are views of one model."""
    report = transfers_report(entry())
    rows = list(csv.DictReader(io.StringIO(transfers.to_csv(report).removeprefix("\ufeff"))))
    assert [int(rows[0][n]) for n in ("read", "new", "rejected", "out_of_scope")] == [66, 64, 1, 1]
    assert transfers.to_json(report)["transfers"][0]["counts"]["students"]["new"] == 64
    assert '<td class="n">66</td><td class="n">64</td>' in transfers.to_html(report)
    assert "64" in transfers.to_text(report)


@pytest.mark.requirement(45)
def test_a_partner_that_never_ran_is_as_loud_as_one_that_failed() -> None:
    """It heads the page and says which command to run."""
    report = transfers_report(entry(), entry("BRK", Outcome.FAILED, rejected=(), counts={}, message="timed out"))
    assert report.outcome == (
        "1 of 3 partner schools are up to date; 1 import failed: BRK; 1 import waits for a person: HRT"
    )
    assert any("sync import --school HRT --first" in step for step in report.first)


@pytest.mark.requirement(45)
def test_schools_that_stand_alike_are_named_together() -> None:
    """The headline counts them, and what to do first says how many of them it left out."""
    schools = [SchoolName(code=f"S{n:02}", name="School") for n in range(1, 11)]
    report = transfers.build(FRAME, [], schools, {}, latest=[])
    assert report.outcome == (
        "0 of 10 partner schools are up to date; "
        "10 imports wait for a person: S01, S02, S03, S04, S05, S06, S07, S08 and 2 more"
    )
    assert (len(report.first), report.first[-1]) == (6, "and 5 more, listed below")


@pytest.mark.requirement(62, 64, 67)
def test_a_later_run_of_another_kind_hides_nothing() -> None:
    """A held import stands at the head of the page, whatever academic data came after it."""
    report = transfers_report(
        entry(kind="academic", outcome=Outcome.UNCHANGED, rejected=(), counts={}, message="nothing new"),
        entry(kind="export", outcome=Outcome.UNCHANGED, rejected=(), counts={}, message="nothing to send"),
        entry(outcome=Outcome.HELD, message="31 of 51 would leave"),
        entry(outcome=Outcome.DONE, message="an older one"),
    )
    assert report.outcome.startswith("0 of 3 partner schools are up to date; 1 import is held: AVN; ")
    assert report.first[0] == "AVN: look at run r-avn, then: reconcile approve r-avn --reason ... (or reject)"
    told = transfers.to_json(report)["schools"][0]
    assert (told["outcome"], told["message"]) == ("held", "31 of 51 would leave")
    assert {kind: value["outcome"] for kind, value in told["kinds"].items()} == {
        "import": "held", "export": "unchanged", "academic": "unchanged",
    }  # fmt: skip


@pytest.mark.requirement(63, 64)
def test_the_worst_is_to_be_done_first() -> None:
    """A school that failed comes before one that waits, wherever they stand in the list of schools."""
    report = transfers_report(entry(outcome=Outcome.WAITING), entry("HRT", Outcome.FAILED))
    assert [step[:3] for step in report.first] == ["HRT", "AVN", "BRK"]


@pytest.mark.requirement(46, 63)
@pytest.mark.parametrize(
    ("outcome", "advice"),
    [
        (Outcome.WAITING, "AVN: it waits; run: reconcile sync export --school AVN --first"),
        (Outcome.FAILED, "AVN: read the message below, mend the cause, then: reconcile sync export --school AVN"),
        (Outcome.PARTIAL, "AVN: mend what these name: reconcile issues list --school AVN; the next export takes it"),
    ],
)
def test_an_export_gets_the_advice_for_an_export(outcome: Outcome, advice: str) -> None:
    """Each kind of run has its own next step."""
    words = "AVN export waiting: it waits; run: reconcile sync export --school AVN --first"
    report = transfers_report(entry(kind="export", outcome=outcome, rejected=(), counts={}, message=words), entry())
    assert report.first[0] == advice


@pytest.mark.requirement(45, 46)
def test_an_export_that_waits_for_the_first_import_is_not_told_as_well() -> None:
    """One thing to do, one line."""
    report = transfers_report(
        entry(kind="export", outcome=Outcome.WAITING, rejected=(), counts={}),
        entry(outcome=Outcome.WAITING, rejected=(), counts={}),
    )
    assert [step for step in report.first if step.startswith("AVN")] == [
        "AVN: run its first import by hand: reconcile sync import --school AVN --first"
    ]


@pytest.mark.requirement(67)
@pytest.mark.parametrize(
    ("hours", "advice"), [(23, "reconcile approve r-avn"), (25, "run it again: reconcile sync import --school AVN")]
)
def test_a_hold_that_has_expired_is_not_offered_for_approval(hours: int, advice: str) -> None:
    """Its 24 hours are over: only another import helps."""
    at = MADE - timedelta(hours=hours)
    (step, *_) = transfers_report(entry(outcome=Outcome.HELD, started_at=at, finished_at=at)).first
    assert advice in step


@pytest.mark.requirement(63)
def test_every_rejected_row_is_named_with_code_place_and_reason() -> None:
    """In the page and in the JSON."""
    report = transfers_report(entry())
    page = transfers.to_html(report)
    assert all(text in page for text in ("10021", "Students row 12", "record.missing_field", "no surname"))


@pytest.mark.requirement(22)
def test_the_colour_of_a_school_is_only_for_show() -> None:
    """It appears in the HTML and nowhere else."""
    report = transfers_report(entry())
    assert "#1f6feb" in transfers.to_html(report)
    assert "#1f6feb" not in transfers.to_text(report) + transfers.to_csv(report) + json.dumps(transfers.to_json(report))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_text_adds_no_element_attribute_or_address(hostile: str) -> None:
    """Whatever a school calls a thing, the page has the same elements and runs nothing."""
    rejected = RejectedRecord(entity=hostile, key=hostile, code=hostile, message=hostile, place=hostile)
    calm = RejectedRecord(entity="x", key="x", code="x", message="x", place="x")
    pages = [
        Page(transfers.to_html(transfers_report(entry(message=text, rejected=(row,), notes=(text,)))))
        for text, row in ((hostile, rejected), ("x", calm))
    ]
    assert pages[0].tags == pages[1].tags
    assert [name for name, _ in pages[0].attributes] == [name for name, _ in pages[1].attributes]
    issue_pages = [Page(issues.to_html(issues.build(FRAME, [tracked(1, record=text, message=text, next_step=text)])))
                   for text in (hostile, "x")]  # fmt: skip
    assert issue_pages[0].tags == issue_pages[1].tags


def test_a_page_asks_nobody_for_anything() -> None:
    """No address in src, href or url(); a policy that denies by default and allows style and script by hash."""
    page = Page(issues.to_html(issues.build(FRAME, [tracked(1)])))
    targets = [value or "" for name, value in page.attributes if name in ("src", "href", "action")]
    assert targets == ["data:,", "#content"]
    policy = next(value for name, value in page.attributes if value and "default-src" in value)
    assert "default-src 'none'" in policy
    assert policy.count("sha256-") == 2
    assert "unsafe" not in policy
    assert not [name for name, _ in page.attributes if name == "style" or name.startswith("on")]


@pytest.mark.parametrize("cell", ["=1+1", "+44 7700 900123", "-1", "@x", "\tx", "＝1+1", "＠x"])
def test_a_spreadsheet_runs_no_cell(cell: str) -> None:
    """A leading formula character is guarded; the text stays readable."""
    text = framing.csv_text(("a",), [(cell,)])
    value = next(csv.reader(io.StringIO(text.split("\r\n")[1])))[0]
    assert value.startswith("'") or not value.startswith(("=", "+", "-", "@", "\t", "＝", "＠"))
    assert cell.strip() in value


def test_no_control_or_direction_character_reaches_a_terminal() -> None:
    """Escape sequences and right-to-left overrides are made visible."""
    text = issues.to_text(issues.build(FRAME, [tracked(1, record="\x1b[2J\u202egnirts")]))
    assert "\x1b" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("name", ["transfers", "issues"])
def test_the_json_of_a_report_fits_its_published_schema(name: str) -> None:
    """So that a machine can rely on it."""
    made = (
        transfers.to_json(transfers_report(entry()))
        if name == "transfers"
        else issues.to_json(issues.build(FRAME, [tracked(1)]))
    )
    schema = json.loads((shipped("schemas") / f"report-{name}.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(made)


def test_the_same_state_and_clock_give_the_same_bytes() -> None:
    """Twice."""
    assert transfers.to_html(transfers_report(entry())) == transfers.to_html(transfers_report(entry()))


def test_more_rows_than_a_page_holds_are_never_cut_in_silence() -> None:
    """The page says how many there are and where all of them stand."""
    report = issues.build(FRAME, [tracked(n, record=str(n)) for n in range(1, framing.MOST_ROWS + 6)])
    page = issues.to_html(report)
    assert "The first 1000 of 1005 issues" in page
    assert len(issues.to_csv(report).splitlines()) == 1006


@pytest.mark.requirement(63, 233)
def test_issues_are_grouped_by_cause_worst_first_with_an_owner() -> None:
    """The reader sees what to do first and who can do it."""
    found = [tracked(1), tracked(2, record="7"), tracked(3, "enrolment.two_mains", Severity.ERROR)]
    report = issues.build(FRAME, found)
    assert report.outcome == "1 error and 2 warnings to mend"
    assert [(c.code, c.count, c.owner) for c in report.causes] == [
        ("enrolment.two_mains", 1, "the school"),
        ("import.not_outplaced", 2, "the school"),
    ]


@pytest.mark.requirement(63, 233)
def test_each_school_gets_its_own_step() -> None:
    """One code with two next steps, or two owners, is two causes."""
    found = [
        tracked(1, "import.source_failed", Severity.ERROR, next_step="set AVN_PASSWORD"),
        tracked(2, "import.source_failed", Severity.ERROR, next_step="set BRK_PASSWORD", school="BRK"),
    ]
    assert issues.build(FRAME, found).first == (
        "import.source_failed (1 at AVN, the school): set AVN_PASSWORD",
        "import.source_failed (1 at BRK, the school): set BRK_PASSWORD",
    )


def test_the_text_of_both_reports_reads_as_agreed(golden: Callable[[Path, str], None]) -> None:
    """Whole texts, compared."""
    golden(GOLDEN / "transfers.txt", transfers.to_text(transfers_report(entry(), entry("BRK", Outcome.HELD))))
    golden(GOLDEN / "issues.txt", issues.to_text(issues.build(FRAME, [tracked(1), tracked(2, record="10022")])))

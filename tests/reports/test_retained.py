"""The report of retained data: what is kept, since when, and what brings it back (VS, rules 26 to 28)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace

import jsonschema
import pytest

from reconciler.plan.state import Attachment, AttachmentStatus
from reconciler.reports import retained
from reconciler.reports.retained import RetainedReport
from reconciler.shipped import shipped
from reconciler.store.open import Store, create_store
from tests.reports.test_reports import FRAME, HOSTILE, Page
from tests.store.values import NOW, attach, feed_commit, first_load, staff, state_commit, with_partner

LIVE = Attachment(id="AVN:aaaaaaaaaaaa", school="AVN", fingerprint="a" * 64, status=AttachmentStatus.LIVE,
                  rows={"students": 9}, since="2026-09-01")  # fmt: skip
KEPT = Attachment(id="KTL:bbbbbbbbbbbb", school="KTL", fingerprint="b" * 64, status=AttachmentStatus.RETAINED,
                  rows={"students": 40, "attendance_marks": 300}, since="2026-11-01")  # fmt: skip
OLD = Attachment(id="AVN:cccccccccccc", school="AVN", fingerprint="c" * 64, status=AttachmentStatus.ORPHANED,
                 rows={"students": 7}, since="2026-10-24")  # fmt: skip


def report(*attachments: Attachment) -> RetainedReport:
    return retained.build(FRAME, attachments or (LIVE, KEPT, OLD), {"AVN": "Ashvale North Academy"})


@pytest.mark.requirement(26)
def test_what_is_not_live_is_listed_with_its_age_the_oldest_first() -> None:
    """Live rows are no part of it; orphaned ones of an old key are (rule 28)."""
    made = report()
    assert [(n.school, n.status, n.age, n.total) for n in made.lines] == [
        ("AVN", "orphaned", 30, 7), ("KTL", "retained", 22, 340),
    ]  # fmt: skip
    assert made.outcome == "340 rows retained of KTL and 7 rows orphaned of AVN; the oldest since 2026-10-24"


@pytest.mark.requirement(26, 28)
def test_the_same_figures_stand_in_all_four_writers() -> None:
    """By entity, with a part of the fingerprint, never all of it."""
    made = report()
    page, text, rows = retained.to_html(made), retained.to_text(made), retained.to_csv(made)
    assert ["KTL", "b" * 12, "retained", "2026-11-01", "22", "attendance_marks", "300"] in [
        row[:7] for row in csv.reader(io.StringIO(rows))
    ]
    for told in (page, text):
        assert "40 students, 300 attendance marks" in told
        assert "same Data Exchange Key" in told
        assert "orphans them" in told
    assert "b" * 13 not in page + text + rows + json.dumps(retained.to_json(made))


def test_nothing_kept_is_said() -> None:
    """Rather than an empty table; a school that held nothing before it became a partner is nothing kept."""
    before = replace(OLD, fingerprint="", rows={})
    assert retained.to_text(report(LIVE, before)) == "No data of a removed partner or of an old key is kept"


def test_the_json_fits_its_published_schema() -> None:
    """With and without rows."""
    schema = json.loads((shipped("schemas") / "report-retained.schema.json").read_text())
    for made in (report(), report(LIVE)):
        jsonschema.Draft202012Validator(schema).validate(retained.to_json(made))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_name_adds_no_element_or_attribute(hostile: str) -> None:
    """A school's name is text."""
    pages = [Page(retained.to_html(retained.build(FRAME, (OLD,), {"AVN": name}))) for name in (hostile, "x")]
    assert pages[0].tags == pages[1].tags
    assert [name for name, _ in pages[0].attributes] == [name for name, _ in pages[1].attributes]


@pytest.fixture
def real(store_url: str) -> Iterator[Store]:
    """A store with the partner AVN and one member of staff."""
    with create_store(store_url, estate_id="eskmere-test", rehearsal=False, now=NOW) as made:
        made.feeds.commit(feed_commit(with_partner(made), "r1", first_load(staff(1))))
        yield made


@pytest.mark.requirement(26, 27)
def test_a_removed_partner_stands_in_it_until_it_is_back(real: Store) -> None:
    """On a real store: its rows with their day, and gone from the report under the same key."""

    def told() -> list[tuple[str, str, int]]:
        lines = retained.build(FRAME, real.state.read_state().attachments, {}).lines
        return [(n.status, n.since, n.total) for n in lines]

    assert told() == []
    real.state.commit(state_commit(real, attachments=[attach("retain")]))
    assert told() == [("retained", "2026-11-23", 1)]
    real.state.commit(state_commit(real, attachments=[attach("reattach")]))
    assert told() == []

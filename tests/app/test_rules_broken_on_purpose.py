"""An import is told what was applied: flags, guards, offers, this year's map. The log is narrowed as it is asked."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.app import logs
from reconciler.app.jobs import import_job
from reconciler.connectors.protocol import Capabilities, Completeness
from reconciler.plan.state import StoredResource, StoredState
from reconciler.records.entities import Entity
from reconciler.settings import read_settings
from reconciler.store.open import create_store
from reconciler.syncs.guards import GuardLimits
from reconciler.syncs.job import ImportJob, Trigger
from reconciler.testing.fixtures import sqlite_url
from reconciler.transfers.entry import Outcome, TransferEntry
from reconciler.vocabulary.actor import Actor

HUB: dict[str, Any] = {"name": "Eskmere", "academic_year": "2026-2027"}
PARTNER: dict[str, Any] = {"offers": {"students": {"in_group": "Outplaced"}, "classes": ["4501", "4502"]}}
SCHOOL: dict[str, Any] = {"name": "Ashvale North Academy", "mis": {"connector": "bromcom"}}
ABLE = Capabilities(entities=frozenset(Entity), completeness=Completeness.PROVEN)


def job(**specs: Any) -> ImportJob:
    """The job of AVN in an estate of AVN alone; specs by address, with `__` for a dot, come on top."""
    applied = {"virtual_school": HUB, "partner.AVN": PARTNER, "school.AVN": SCHOOL}
    applied |= {address.replace("__", "."): spec for address, spec in specs.items()}
    state = StoredState(
        lineage="lineage-1", serial=1, estate_id="eskmere-test", rehearsal=True,
        resources={
            address: StoredResource(address=address, kind=address.partition(".")[0], spec=spec, digest="", serial=1)
            for address, spec in applied.items()
        },
    )  # fmt: skip
    return import_job(state, "AVN", attachment="AVN:0123456789ab", capabilities=ABLE, trigger=Trigger.MANUAL,
                      first=False)  # fmt: skip


@pytest.mark.requirement(10, 13, 14)
@pytest.mark.parametrize("claimed", [False, True])
def test_the_applied_claim_decides_about_the_prefix_of_students(claimed: bool) -> None:
    """Without the claim admission numbers and tutor groups are prefixed; nothing said is no claim."""
    hub = HUB | {"identifiers": {"admission_numbers_unique": claimed}}
    assert job(virtual_school=hub).mapping.prefix_students is not claimed
    assert job().mapping.prefix_students is True


@pytest.mark.requirement(15)
@pytest.mark.parametrize("claimed", [False, True])
def test_the_applied_claim_decides_about_the_prefix_of_staff(claimed: bool) -> None:
    """It is a flag of its own."""
    hub = HUB | {"identifiers": {"staff_codes_unique": claimed}}
    assert job(virtual_school=hub).mapping.prefix_staff is not claimed
    assert job(virtual_school=hub).mapping.prefix_students is True


@pytest.mark.requirement(13, 17)
def test_the_prefix_is_the_school_code_with_the_applied_separator() -> None:
    """`AVN-` where the hub asks for a hyphen."""
    mapping = job(virtual_school=HUB | {"identifiers": {"separator": "-"}}).mapping
    assert (mapping.short_code, mapping.separator) == ("AVN", "-")


@pytest.mark.requirement(6, 29, 42)
def test_only_the_map_of_the_hubs_year_is_used() -> None:
    """Last year's map, or another school's, maps nothing."""
    this_year = {"slots": {"W1Mon.P1": "W1Mon.P2", "W1Mon.P6": None}}
    other = {"slots": {"W1Mon.P1": "W1Mon.P9"}}
    assert job(**{"period_map__AVN__2025-2026": other, "period_map__BRK__2026-2027": other}).period_map is None
    both = job(**{"period_map__AVN__2025-2026": other, "period_map__AVN__2026-2027": this_year})
    assert both.period_map == this_year["slots"]


@pytest.mark.requirement(51, 52)
def test_students_and_classes_are_offered_apart() -> None:
    """A group for the one, a list for the other; `all` is for both."""
    found = job()
    assert (found.students.in_group, found.students.all, found.students.explicit) == ("Outplaced", False, frozenset())
    assert (found.classes.in_group, found.classes.explicit) == ("", {"4501", "4502"})
    everything = job(partner__AVN={"offers": "all"})
    assert everything.students.all
    assert everything.classes.all


@pytest.mark.requirement(67)
def test_a_partners_own_guard_wins_over_the_hubs_and_the_rest_stays() -> None:
    """What neither says is the program's own limit."""
    hub = HUB | {"guards": {"max_drop_percent": 7, "max_drop_count": 40}}
    partner = PARTNER | {"guards": {"max_drop_percent": 25}}
    guards = job(virtual_school=hub, partner__AVN=partner).guards
    assert (guards.max_drop_percent, guards.max_drop_count) == (25, 40)
    assert guards.min_count == GuardLimits().min_count
    assert job(virtual_school=hub).guards.max_drop_percent == 7


@pytest.mark.requirement(67)
def test_a_change_that_is_announced_is_that_of_its_school() -> None:
    """Another school's announcement lifts no guard here."""
    entry = {"kind": "students", "up_to": 40, "from": "2026-11-20", "to": "2026-11-30"}
    announced = {"entries": [entry | {"school": "BRK"}, entry | {"school": "AVN", "up_to": 12}]}
    found = job(expected_changes=announced).expected_changes
    assert [(e.up_to, e.start, e.end) for e in found] == [(12, date(2026, 11, 20), date(2026, 11, 30))]


@pytest.mark.requirement(67)
@pytest.mark.parametrize("declared", [False, True])
def test_files_count_as_whole_only_where_the_school_says_so(declared: bool) -> None:
    """`complete: true` is the school's word; nothing said is no word."""
    school = SCHOOL | {"mis": {"connector": "oneroster-csv", "complete": declared}}
    assert job(school__AVN=school).declared_complete is declared
    assert job().declared_complete is False


@pytest.mark.requirement(22)
def test_another_colour_changes_nothing_of_what_an_import_is_told() -> None:
    """It is for reports alone: the job, and with it every fingerprint that it is compared by, stays as it was."""
    first, second = (job(partner__AVN=PARTNER | {"colour": colour}) for colour in ("#1f6feb", "#8250df"))
    assert first == second
    assert first.offer_digest == second.offer_digest


ENTRIES = {
    "r1": ("AVN", "import", "in", Outcome.DONE, 20),
    "r2": ("BRK", "import", "in", Outcome.FAILED, 21),
    "r3": ("BRK", "export", "out", Outcome.DONE, 22),
}


@pytest.mark.requirement(62)
@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({}, ["r3", "r2", "r1"]),
        ({"schools": ("AVN",)}, ["r1"]),
        ({"kinds": ("export",)}, ["r3"]),
        ({"directions": ("in",)}, ["r2", "r1"]),
        ({"outcomes": ("failed",)}, ["r2"]),
        ({"since": "2026-11-21"}, ["r3", "r2"]),
        ({"run": "r2"}, ["r2"]),
        ({"limit": 1}, ["r3"]),
    ],
)
def test_the_log_is_narrowed_as_it_is_asked_for(tmp_path: Path, asked: dict[str, Any], shown: list[str]) -> None:
    """By partner, kind, direction, outcome, first day and run, the latest first."""
    url, noon = sqlite_url(tmp_path), datetime(2026, 11, 1, 12, tzinfo=UTC)
    with create_store(url, estate_id="eskmere-test", rehearsal=False, now=noon) as store:
        for run, (school, kind, direction, outcome, day) in ENTRIES.items():
            at = noon.replace(day=day)
            store.feeds.end_run(TransferEntry(
                run=run, kind=kind, direction=direction, school=school, feed="hub", attachment=school, outcome=outcome,
                started_at=at, finished_at=at, actor=Actor("data-manager", "env"), message="said",
            ))  # fmt: skip
    settings = read_settings({"RECONCILE_ACTOR": "data-manager"}, estate=str(tmp_path / "estate.yaml"), store=url)
    assert [entry.run for entry in logs.transfers(settings, **asked)] == shown

"""A plan that changes the hub's year lists everybody who has nowhere to go up to, before it is applied (C26)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml

from reconciler.app import control, states
from reconciler.app.context import opened
from reconciler.app.year_step import year_consequences
from reconciler.connectors.protocol import SourceRow
from reconciler.plan.text import render_text
from reconciler.records.entities import Entity
from reconciler.resources.resource import Resource, make
from reconciler.settings import read_settings
from reconciler.testing.fixtures import sqlite_url
from reconciler.vocabulary.codes import AcademicYear
from tests.estate.conftest import SMALL, merged
from tests.plan.estates import planned, stored
from tests.syncs.memory_across import MemoryAcross
from tests.syncs.memory_store import MemoryStore
from tests.syncs.scripted import JOB, importing, student

NOTE = "4 of 6 students of AVN have no next year group in 2027-2028: S3, S4, S5, S6"
ROLL: list[SourceRow] = [
    student("S1", year_group="12"), student("S2", year_group="13", end_date=date(2027, 7, 21)),
    student("S3", year_group="13"), student("S4"), student("S5", year_group="Nursery"),
    student("S6", year_group="13", end_date=date(2027, 8, 31)),
]  # fmt: skip


def hub(year: str, **more: object) -> Resource:
    return make("virtual_school", "", {"academic_year": year, **more})


def notes(before: Resource, after: Resource) -> dict[str, tuple[str, ...]]:
    """What follows, where AVN, a school for 11 to 18, holds the roll above in the year before."""
    store = MemoryStore()
    importing(store, {Entity.STUDENTS: ROLL}, job=JOB)
    state = stored(before, make("school", "AVN", {"phase": "11-18"}))
    return year_consequences(MemoryAcross(store, [JOB.scope]), store, [after], state)


@pytest.mark.requirement(6)
def test_everybody_without_a_next_year_group_is_listed_by_id() -> None:
    """The last year, no year group, and one that is none; who leaves before the new year is not missed."""
    assert notes(hub("2026-2027"), hub("2027-2028")) == {"virtual_school": (NOTE,)}


@pytest.mark.requirement(6)
def test_another_change_of_the_hub_lists_nobody() -> None:
    """Nor does a year that goes back, nor a first apply."""
    assert notes(hub("2026-2027"), hub("2026-2027", name="Other")) == {}
    assert notes(hub("2026-2027"), hub("2025-2026")) == {}
    assert notes(hub("2027-2028"), hub("2027-2028", name="Other")) == {}
    store = MemoryStore()
    assert year_consequences(MemoryAcross(store, []), store, [hub("2026-2027")], stored()) == {}


@pytest.mark.requirement(6)
def test_a_partner_that_is_in_the_new_year_already_has_nobody_left_to_list() -> None:
    """Each changes when its own system does."""
    store, job = MemoryStore(), replace(JOB, year=AcademicYear(2027))
    importing(store, {Entity.STUDENTS: [student("S3", year_group="13")]}, job=job)
    state = stored(hub("2026-2027"))
    assert year_consequences(MemoryAcross(store, [job.scope]), store, [hub("2027-2028")], state) == {}


@pytest.mark.requirement(6)
def test_the_plan_shows_them_beside_the_step_and_stays_the_same_plan() -> None:
    """A reader sees them; an import in between makes no plan stale by it."""
    state, wanted = stored(hub("2026-2027")), [hub("2027-2028")]
    told = planned(wanted, state, consequences={"virtual_school": (NOTE,)})
    assert f"update virtual_school: {NOTE}" in render_text(told)
    assert told.digest == planned(wanted, state).digest


@pytest.mark.requirement(6)
def test_the_plan_of_a_real_estate_asks_its_own_store(tmp_path: Path) -> None:
    """Files and records come together: the student who is held is the one who is listed."""
    environment = {"RECONCILE_ACTOR": "data-manager", "KEY_AVN": "key of AVN", "KEY_BRK": "key of BRK"}
    path = tmp_path / "estate.yaml"
    settings = read_settings(environment, estate=str(path), store=sqlite_url(tmp_path))
    manager = {"operators": {"data-manager": {"roles": ["applier"], "match": {"git_email": "a@eskmere.example"}}}}
    path.write_text(yaml.safe_dump(merged(SMALL, manager)), "utf-8")
    states.init(settings, rehearsal=False)
    control.apply(settings)
    with opened(settings) as context:
        feeds = context.store.feeds
        importing(feeds, {Entity.STUDENTS: ROLL[2:4]}, job=replace(JOB, attachment=feeds.attachment("AVN")))
    path.write_text(yaml.safe_dump(merged(SMALL, manager, {
        "virtual_school": {"academic_year": "2027-2028"},
        "period_maps": {code: {"2026-2027": None, "2027-2028": SMALL["period_maps"][code]["2026-2027"]}
                        for code in ("AVN", "BRK")},
    })), "utf-8")  # fmt: skip
    (step,) = [action for action in control.plan(settings).plan.actions if action.address == "virtual_school"]
    assert step.notes == ("2 of 2 students of AVN have no next year group in 2027-2028: S3, S4",)

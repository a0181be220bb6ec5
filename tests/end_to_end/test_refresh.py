"""`plan --refresh`: what the schools' own systems say joins the plan, and changes nothing about it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.app import control
from reconciler.errors import ExitCode
from reconciler.plan.value import LiveLevel
from reconciler.settings import read_settings
from reconciler.simulator.practice import Practice, practice
from tests.cli.test_cli import fits
from tests.end_to_end.conftest import Desk


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Practice, Desk]]:
    """The example estate, not applied yet: the plan is all that there is."""
    with practice({}, into=str(tmp_path_factory.mktemp("refresh") / "practice"), scale=0.05) as made:
        yield made, Desk(settings=read_settings(made.environment)).init()


@pytest.fixture(autouse=True)
def healed(at: tuple[Practice, Desk]) -> Iterator[None]:
    made, desk = at
    text = desk.settings.estate.read_text("utf-8")
    yield
    made.simulator.server.heal()
    desk.settings.estate.write_text(text, "utf-8")


@pytest.mark.requirement(33, 39)
def test_a_first_plan_says_that_a_partners_timetable_is_another(at: tuple[Practice, Desk]) -> None:
    """Before anything is applied: in text, Markdown and JSON alike."""
    made, desk = at
    made.simulator.server.fault("AVN", "twilight_period")
    outcome = control.plan(desk.settings, refresh=True)
    differs = [(note.school, note.field) for note in outcome.plan.live or () if note.level is LiveLevel.DIFFERS]
    assert differs == [("AVN", "live.periods")]
    for format_ in ("text", "markdown"):
        assert "lessons there would be lost" in outcome.render(format_).replace("\\", "")
    told = json.loads(outcome.render("json"))
    fits(json.dumps(told), "plan")
    assert {note["level"] for note in told["live"]} == {"differs", "expected", "note"}


def test_live_facts_are_no_part_of_the_digest(at: tuple[Practice, Desk]) -> None:
    """One approval stands for both plans, and no school can make a reviewed plan stale."""
    made, desk = at
    plain = control.plan(desk.settings).plan
    fitting = control.plan(desk.settings, refresh=True).plan
    made.simulator.server.fault("AVN", "twilight_period")
    differing = control.plan(desk.settings, refresh=True).plan
    assert plain.digest == fitting.digest == differing.digest
    assert plain.live is None
    assert fitting.live != differing.live


def test_without_refresh_nobody_is_asked_and_no_secret_is_needed(at: tuple[Practice, Desk]) -> None:
    """Not even a variable need be set."""
    made, desk = at
    bare = {name: value for name, value in made.environment.items() if name.startswith("RECONCILE_")}
    before = len(made.simulator.calls)
    plan = control.plan(read_settings(bare)).plan
    assert plan.digest == control.plan(desk.settings).plan.digest
    assert len(made.simulator.calls) == before


@pytest.mark.requirement(66)
def test_a_school_that_cannot_be_asked_is_said_and_the_plan_stands(at: tuple[Practice, Desk]) -> None:
    """Partial, where exit codes were asked for."""
    made, desk = at
    made.simulator.server.fault("BRK", "wrong_key")
    outcome = control.plan(desk.settings, refresh=True)
    assert outcome.exit_code is ExitCode.PARTIAL
    assert {note.school for note in outcome.plan.live or () if note.code} == {"BRK"}
    assert outcome.plan.actions


def test_ci_sends_no_password_to_an_address_that_nobody_reviewed(at: tuple[Practice, Desk]) -> None:
    """A merge request that turns a school's address elsewhere gets no answer, and no credentials, out of a plan."""
    made, desk = at
    ci = replace(desk.settings, in_ci=True)
    before = len(made.simulator.calls)
    notes = control.plan(ci, refresh=True).plan.live or ()
    assert len(made.simulator.calls) == before
    assert all("nobody reviewed" in note.message for note in notes)
    assert len(notes) == 8


def test_a_saved_plan_keeps_what_was_said_and_is_applied_without_asking_again(at: tuple[Practice, Desk]) -> None:
    """The last test here, since it applies."""
    made, desk = at
    made.simulator.server.fault("AVN", "twilight_period")
    file = made.folder / "plan.json"
    control.plan(desk.settings, refresh=True, save=str(file))
    assert b"twilight" not in file.read_bytes()
    assert b"lessons there would be lost" in file.read_bytes()
    made.simulator.server.heal()
    before = len(made.simulator.calls)
    assert control.apply(desk.settings, planfile=str(file)).exit_code is ExitCode.DONE
    assert len(made.simulator.calls) == before
    # Applied, the same connections are reviewed ones, and CI asks.
    ci = replace(desk.settings, in_ci=True)
    assert not [n for n in control.plan(ci, refresh=True).plan.live or () if n.level is LiveLevel.UNKNOWN]
    text = desk.settings.estate.read_text("utf-8")
    desk.settings.estate.write_text(text.replace("https://mis.avn.example/", "https://mis.brk.example/", 1), "utf-8")
    unasked = [n.school for n in control.plan(ci, refresh=True).plan.live or () if n.level is LiveLevel.UNKNOWN]
    assert unasked == ["AVN"]


@pytest.mark.parametrize(("targets", "asked"), [
    (("partner.AVN",), {"AVN"}), (("period_map.GHL.*", "school.AVN"), {"AVN", "GHL"}),
    (("third_party.avn-parentpay",), {"AVN"}), (("virtual_school", "school.AVN"), {"AVN", "BRK", "CST", "FGT", "GHL"}),
])  # fmt: skip
def test_with_targets_only_the_schools_that_they_are_about_are_asked(
    at: tuple[Practice, Desk], targets: tuple[str, ...], asked: set[str]
) -> None:
    """A plan of one partner sends no password to another; the hub is about all."""
    made, desk = at
    made.simulator.calls.clear()
    control.plan(desk.settings, targets=targets, refresh=True)
    assert {call.school for call in made.simulator.calls} >= asked
    assert {call.school for call in made.simulator.calls} <= asked | {"ELM"}

"""The demo's steps of the control loop."""

from __future__ import annotations

from reconciler.app import control, estate_files, states
from reconciler.app.drift import drift
from reconciler.diagnostics import Severity
from reconciler.errors import ExitCode
from reconciler.simulator.story import Story

CHANGED, LATE = "AVN", "GHL"
_PLAN_HEAD = 24  # lines of the first plan that are shown


def declared(story: Story) -> None:
    story.begin("The estate is declared in YAML, and checked offline", "reconcile validate")
    findings = estate_files.validate(story.settings.estate)
    errors, warnings = findings.count(Severity.ERROR), findings.count(Severity.WARNING)
    story.say(f"{story.settings.estate}: valid, {warnings} warnings to look at"
             if not errors else f"{errors} errors")  # fmt: skip
    for finding in list(findings)[:3]:
        story.say(f"  line {finding.position.line if finding.position else '-'}: {finding.code}: {finding.message}")
    story.expect(not errors, "the example estate should be valid")


def planned_and_applied(story: Story) -> None:
    story.begin("A plan shows what would change; apply makes it so, all or nothing",
                "reconcile state init --rehearsal; reconcile plan --save plan.json; "
                "reconcile apply plan.json")  # fmt: skip
    story.say(states.init(story.settings, rehearsal=True).splitlines()[0])
    saved = str(story.made.folder / "plan.json")
    made = control.plan(story.settings, save=saved)
    story.say(_shortened(made.render("text")))
    done = control.apply(story.settings, planfile=saved)
    story.say(done.render("text"))
    story.expect(done.exit_code is ExitCode.DONE, "the first plan should be applied")


def second_plan_empty(story: Story) -> None:
    story.begin(
        "The stored estate is what the files say, so a second plan is empty", "reconcile plan --detailed-exitcode"
    )
    again = control.plan(story.settings)
    story.say(again.render("text"))
    story.expect(again.exit_code is ExitCode.DONE, "the second plan should be empty")


def really_there(story: Story) -> None:
    story.begin(
        f"What is really there? {CHANGED} has a period that nobody declared; that {LATE} lacks one is expected until "
        "January", f"reconcile drift --school {CHANGED} --school {LATE}",
    )  # fmt: skip
    simulator = story.made.simulator
    as_built = simulator.world
    simulator.world = as_built.without_period(LATE, "P6")
    simulator.server.fault(CHANGED, "twilight_period")
    found = drift(story.settings, schools=(CHANGED, LATE))
    simulator.server.heal(CHANGED)
    simulator.world = as_built
    story.say(found.render("text"))
    story.expect(found.exit_code is ExitCode.CHANGES, "a timetable that nobody declared should be drift")
    story.expect([one.school for one in found.drift.found] == [CHANGED], f"only {CHANGED} should have drifted")
    story.expect([one.school for one, _ in found.drift.expected] == [LATE], f"what {LATE} lacks should be expected")


def _shortened(plan: str) -> str:
    """The first lines of a long plan and its last two: the whole stands in the saved file."""
    lines = plan.rstrip().splitlines()
    left = len(lines) - _PLAN_HEAD - 2
    return (
        "\n".join([*lines[:_PLAN_HEAD], f"  ... {left} more lines: reconcile plan", *lines[-2:]]) if left > 0 else plan
    )

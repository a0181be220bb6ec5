"""The whole story in one command: declared, planned, applied, imported, exported, held, removed, reported."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.errors import ExitCode
from reconciler.settings import read_settings
from reconciler.simulator import demo_declared, demo_flows, demo_lifecycle
from reconciler.simulator.edits import EstateFile
from reconciler.simulator.practice import practice
from reconciler.simulator.story import Say, Story

STEPS: tuple[Callable[[Story], None], ...] = (
    demo_declared.declared,
    demo_declared.planned_and_applied,
    demo_flows.imported,
    demo_flows.nothing_changed,
    demo_declared.second_plan_empty,
    demo_declared.really_there,
    demo_flows.exported,
    demo_flows.academic_data,
    demo_flows.scheduled_cycle,
    demo_flows.over_shared,
    demo_flows.held_and_rejected,
    demo_lifecycle.removed_and_back,
    demo_lifecycle.false_claim,
    demo_flows.reported,
)


def tell(environment: Mapping[str, str], *, into: str, scale: float, say: Say) -> ExitCode:
    """Runs every step for real, on loopback, and ends with 0 only when each ended as the story says."""
    say("Eight schools of an invented council, on loopback. Nobody in them is real.")
    with practice(environment, into=into, scale=scale) as made:
        settings = read_settings(made.environment)
        story = Story(made, settings, say, EstateFile(settings.estate))
        for step in STEPS:
            step(story)
        if story.surprises:
            say("\nNot as it should be:\n" + "\n".join(f"  - {surprise}" for surprise in story.surprises))
            return ExitCode.ERROR
        say(f"\nDone. Look around in what it left: . {into}/env.sh; reconcile status")
        say("With schools that answer: reconcile simulate --into practice, then in another terminal . practice/env.sh")
        return ExitCode.DONE

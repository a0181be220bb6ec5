"""What every step of the demo has: surroundings, a voice, and a list of what did not go as told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.settings import Settings
from reconciler.simulator.edits import EstateFile
from reconciler.simulator.practice import Practice

Say = Callable[[str], None]


@dataclass(slots=True)
class Story:
    """One telling. `expect` notes a surprise instead of stopping, so that the rest is still told."""

    made: Practice
    settings: Settings
    say: Say
    estate: EstateFile
    surprises: list[str] = field(default_factory=list)
    step: int = 0

    def begin(self, what: str, command: str) -> None:
        """Heads the next step with what it shows and the command that does the same."""
        self.step += 1
        self.say(f"\n{self.step}. {what}\n   $ {command}\n")

    def expect(self, held: bool, otherwise: str) -> None:
        """Notes `otherwise` when it did not hold."""
        if not held:
            self.surprises.append(f"step {self.step}: {otherwise}")

    def move_on(self, moment: datetime) -> None:
        """The clock of the story, which never goes back; who tries the commands afterwards goes on from there."""
        self.settings = replace(self.settings, now=moment)
        self.made.set_clock(moment)

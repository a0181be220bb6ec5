"""The whole story in one command: declared, planned, applied, imported, held, reported."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.app import control, decisions, estate_files, flows, reporting, states
from reconciler.app.files import write_whole
from reconciler.diagnostics import Severity
from reconciler.errors import ExitCode
from reconciler.settings import Settings, read_settings
from reconciler.simulator.practice import Practice, practice

SOAP_SCHOOLS = ("AVN", "BRK", "CST", "FGT", "GHL")
FILE_SCHOOLS = ("DNE",)
SHARING = "GHL"
DROPPING = "BRK"
DROP_PERCENT = 60
_PLAN_HEAD = 24  # lines of the first plan that are shown

Say = Callable[[str], None]


def tell(environment: Mapping[str, str], *, into: str, scale: float, say: Say) -> ExitCode:
    """Runs every step for real, on loopback, and ends with 0 only when each ended as the story says."""
    say("Eight schools of an invented council, on loopback. Nobody in them is real.")
    with practice(environment, into=into, scale=scale) as made:
        settings = read_settings(made.environment)
        story = _Story(made, settings, say)
        story.declared()
        story.planned_and_applied()
        story.imported()
        story.nothing_changed()
        story.over_shared()
        story.held_and_rejected()
        story.reported()
        if story.surprises:
            say("\nNot as it should be:\n" + "\n".join(f"  - {surprise}" for surprise in story.surprises))
            return ExitCode.ERROR
        say(f"\nDone. Try it yourself: reconcile simulate --into {into}, then in another terminal . {into}/env.sh")
        return ExitCode.DONE


def _shortened(plan: str) -> str:
    """The first lines of a long plan and its last two: the whole stands in the saved file."""
    lines = plan.rstrip().splitlines()
    left = len(lines) - _PLAN_HEAD - 2
    return (
        "\n".join([*lines[:_PLAN_HEAD], f"  ... {left} more lines: reconcile plan", *lines[-2:]]) if left > 0 else plan
    )


class _Story:
    """The steps, in order; each says what it does, does it, shows the result and checks it."""

    def __init__(self, made: Practice, settings: Settings, say: Say) -> None:
        self.made, self.settings, self.say = made, settings, say
        self.surprises: list[str] = []
        self._step = 0

    def declared(self) -> None:
        self._begin("The estate is declared in YAML, and checked offline", "reconcile validate")
        findings = estate_files.validate(self.settings.estate)
        errors, warnings = findings.count(Severity.ERROR), findings.count(Severity.WARNING)
        self.say(f"{self.settings.estate}: valid, {warnings} warnings to look at"
                 if not errors else f"{errors} errors")  # fmt: skip
        for finding in list(findings)[:3]:
            self.say(f"  line {finding.position.line if finding.position else '-'}: {finding.code}: {finding.message}")
        self._expect(not errors, "the example estate should be valid")

    def planned_and_applied(self) -> None:
        self._begin("A plan shows what would change; apply makes it so, all or nothing",
                    "reconcile state init --rehearsal; reconcile plan --save plan.json; "
                    "reconcile apply plan.json")  # fmt: skip
        self.say(states.init(self.settings, rehearsal=True).splitlines()[0])
        saved = str(self.made.folder / "plan.json")
        made = control.plan(self.settings, save=saved)
        self.say(_shortened(made.render("text")))
        done = control.apply(self.settings, planfile=saved)
        self.say(done.render("text"))
        self._expect(done.exit_code is ExitCode.DONE, "the first plan should be applied")

    def imported(self) -> None:
        self._begin("First imports are made by hand: five schools over SOAP, one from files",
                    "reconcile sync import --first --school AVN --school BRK ...")  # fmt: skip
        done = flows.run_imports(self.settings, schools=(*SOAP_SCHOOLS, *FILE_SCHOOLS), first=True)
        self.say(done.to_text())
        outcomes = {r.entry.school: r.outcome.value for r in done.results}
        self._expect(set(outcomes.values()) <= {"done", "partial"}, f"every first import should arrive: {outcomes}")

    def nothing_changed(self) -> None:
        self._begin("The schedule takes over: nothing changed, so nothing is written; a new partner waits for a person",
                    "reconcile sync import")  # fmt: skip
        done = flows.run_imports(self.settings)
        self.say(done.to_text())
        outcomes = {r.entry.school: r.outcome.value for r in done.results}
        self._expect(outcomes.pop("HRT", "") == "waiting", "HRT should wait for its first manual import")
        self._expect(set(outcomes.values()) <= {"unchanged"}, f"a second import should change nothing: {outcomes}")
        self._begin(
            "The stored estate is what the files say, so a second plan is empty", "reconcile plan --detailed-exitcode"
        )
        again = control.plan(self.settings)
        self.say(again.render("text"))
        self._expect(again.exit_code is ExitCode.DONE, "the second plan should be empty")

    def over_shared(self) -> None:
        self._begin(f"{SHARING} sends a pupil who is not offered: not stored, counted, and named by id as a data issue",
                    f"reconcile sync import --school {SHARING} && reconcile issues list")  # fmt: skip
        self.made.simulator.server.fault(SHARING, "over_share")
        done = flows.run_imports(self.settings, schools=(SHARING,))
        self.made.simulator.server.heal(SHARING)
        self.say(done.to_text())
        self.say("\n" + reporting.issues(self.settings, "text", schools=(SHARING,)))
        found = [issue.code for issue in done.results[0].issues]
        self._expect("import.not_outplaced" in found, "the pupil who is not offered should be an issue")

    def held_and_rejected(self) -> None:
        self._begin(f"{DROPPING} suddenly sends {DROP_PERCENT} % fewer students: held, and what was there stays",
                    f"reconcile sync import --school {DROPPING}")  # fmt: skip
        self.made.simulator.server.fault(DROPPING, "roll_down_60")
        done = flows.run_imports(self.settings, schools=(DROPPING,))
        self.say(done.to_text())
        held = done.results[0]
        self._expect(held.outcome.value == "held", "a mass drop should be held")
        self._begin("A person asks the school, hears that half a file was sent, and turns it down",
                    f"reconcile reject {held.entry.run} --reason 'half a file, the school sends it again'")  # fmt: skip
        self.say(decisions.reject(self.settings, held.entry.run, reason="half a file, the school sends it again"))
        self.made.simulator.server.heal(DROPPING)
        mended = flows.run_imports(self.settings, schools=(DROPPING,))
        self.say(mended.to_text())
        self._expect(mended.results[0].outcome.value == "unchanged", "after the rejection nothing should have changed")

    def reported(self) -> None:
        self._begin(
            "What moved and what must be mended, as pages and as data",
            "reconcile report transfers --format html --out ...",
        )
        self.say(reporting.render(self.settings, "issues", "text").split("\n\nNo.")[0])
        for name in ("transfers", "issues"):
            for format_ in ("html", "csv", "json"):
                path = self.made.folder / f"{name}.{format_}"
                write_whole(path, reporting.render(self.settings, name, format_).encode())
                self.say(f"  {path}")

    def _begin(self, what: str, command: str) -> None:
        self._step += 1
        self.say(f"\n{self._step}. {what}\n   $ {command}\n")

    def _expect(self, held: bool, otherwise: str) -> None:
        if not held:
            self.surprises.append(f"step {self._step}: {otherwise}")

"""`reconcile run` and `reconcile status` as a person or a service manager meets them: real processes, real schools."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema
import pytest

from reconciler.app import control, due, flows, states, status_view
from reconciler.app.context import opened
from reconciler.app.status import status as stands
from reconciler.documents.read import read_document
from reconciler.errors import ExitCode
from reconciler.reports.ports import IssueFilter, TransferFilter
from reconciler.runner.cycle import MOST_ATTEMPTS
from reconciler.schedule.due import LineKey
from reconciler.schedule.times import latest_slot
from reconciler.settings import Settings, read_settings
from reconciler.shipped import shipped
from reconciler.simulator.practice import Practice, practice

LONDON = ZoneInfo("Europe/London")
at = datetime.fromisoformat
MAIN = [sys.executable, "-c", "from reconciler.cli.main import main; main()"]
APPLIED = "2026-11-23T07:00+00:00"
PARTNERS = ("AVN", "GHL", "HRT")
SLOTS = 6  # 08:00 from 24 to 29 November
UNTIL = "2026-11-29T09:00+00:00"


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str


def fits(document: str) -> Any:
    """The JSON document, which its published schema describes."""
    value = json.loads(document)
    schema = json.loads((shipped("schemas") / "status.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(value)
    return value


@dataclass(frozen=True, slots=True)
class Desk:
    """A store of one test's own, with two partners imported by hand."""

    environment: Mapping[str, str]
    folder: Path

    def run(self, *words: str, **environment: str) -> Said:
        answer = subprocess.run([*MAIN, *words], cwd=self.folder, capture_output=True, text=True, check=False,
                                timeout=120, env={**self.environment, **environment})  # fmt: skip
        assert "Traceback" not in answer.stderr, answer.stderr
        return Said(answer.returncode, answer.stdout, answer.stderr)

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen([*MAIN, *words], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, env={**self.environment, **environment})  # fmt: skip

    def settings(self, now: str = "2026-11-23T08:40+00:00", **environment: str) -> Settings:
        return read_settings({**self.environment, "RECONCILE_NOW": now, **environment})

    def cycle(self, now: str) -> ExitCode:
        """What `sync --due` does, in this process."""
        return due.due_now(self.settings(now), due.scheduled_flows()).exit_code

    def status(self, now: str, **environment: str) -> tuple[int, dict[str, Any]]:
        """Exit code, and partners by code; the document fits its schema."""
        found = stands(self.settings(now, **environment), due.scheduled_flows())
        value = fits(json.dumps(status_view.to_json(found)))
        assert value["exit_code"] == found.exit_code
        return found.exit_code, {partner["code"]: partner for partner in value["partners"]}

    def ended(self) -> Counter[str]:
        """How many runs of each school ended in the transfer log, the first by hand included."""
        with opened(read_settings(self.environment)) as context:
            found = context.store.reports.transfers(TransferFilter(kinds=frozenset({"import"})))
            return Counter(run.school for run in found if run.outcome.value in ("done", "unchanged"))

    def unsettled(self) -> int:
        with opened(read_settings(self.environment)) as context:
            return len(context.store.slots.claims())


KEPT = ("version", "estate_id", "organisation", "operators", "virtual_school", "calendars", "period_structures")


def cut(estate: Path) -> None:
    """Three partners of the example estate, imports only: what these specs are about, and quick."""
    whole = read_document(estate).value
    small = {name: whole[name] for name in KEPT}
    small |= {name: {code: whole[name][code] for code in PARTNERS} for name in ("schools", "partners", "period_maps")}
    small["virtual_school"]["schedules"] = {"students_and_classes": "every_morning"}
    for partner in small["partners"].values():
        partner.pop("export", None)
    estate.write_text(json.dumps(small, indent=1), "utf-8")


@pytest.fixture(scope="module")
def schools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """Small schools that answer over HTTP."""
    folder = tmp_path_factory.mktemp("run") / "practice"
    with practice({"PATH": os.environ["PATH"]}, into=str(folder), scale=0.2) as made:
        cut(folder / "estate.yaml")
        yield made


@pytest.fixture
def desk(schools: Practice, tmp_path: Path, store_url: str) -> Desk:
    """AVN and GHL are imported by hand; HRT waits."""
    made = Desk({**schools.environment, "RECONCILE_STORE": store_url}, tmp_path)
    states.init(made.settings(APPLIED), rehearsal=True)
    control.apply(made.settings(APPLIED))
    flows.run_imports(made.settings(), schools=("AVN", "GHL"), first=True)
    return made


def read_lines(process: subprocess.Popen[str], enough: Callable[[str], bool], number: int) -> None:
    """Reads what it prints until `number` lines are as wanted."""
    assert process.stdout is not None
    seen = 0
    for line in process.stdout:
        seen += enough(line)
        if seen == number:
            return
    pytest.fail("the runner ended too early: " + (process.stderr.read() if process.stderr else ""))


def about_a_school(line: str) -> bool:
    return re.search(r" (AVN|GHL) import unchanged", line) is not None


def test_killed_again_and_again_the_runner_loses_and_repeats_no_slot(desk: Desk) -> None:
    """Each time it is started again with the clock of the beginning, so the clock goes back as well."""
    for lines in (1, 2, 3, 1):
        process = desk.start("run", "--until", UNTIL)
        read_lines(process, about_a_school, lines)
        process.kill()
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
    said = desk.run("run", "--until", UNTIL)
    assert said.code == 0, said.err
    assert desk.ended() == {"AVN": SLOTS + 1, "GHL": SLOTS + 1}
    assert desk.unsettled() == 0
    assert desk.run("run", "--until", UNTIL).out == ""


def test_a_polite_stop_ends_between_two_schools_and_nothing_is_left_claimed(desk: Desk) -> None:
    """SIGTERM is 0 for a service manager, Ctrl-C is 130; the rest of the slots run when it is started again."""
    for number, code in ((signal.SIGTERM, 0), (signal.SIGINT, 130)):
        process = desk.start("run", "--until", UNTIL)
        read_lines(process, about_a_school, 1)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        assert process.returncode == code, err
        assert desk.unsettled() == 0
    assert desk.run("run", "--until", UNTIL).code == 0
    assert desk.ended() == {"AVN": SLOTS + 1, "GHL": SLOTS + 1}


def test_a_store_has_one_runner(desk: Desk) -> None:
    """The second is refused and told who holds the place; with the first it ends, however that ended."""
    first = desk.start("run", RECONCILE_NOW="")
    assert first.stderr is not None
    assert "Running the schedule" in first.stderr.readline()
    second = desk.run("run", "--once")
    assert second.code == 1
    assert "lock.held" in second.err
    assert f"process {first.pid}" in second.err
    first.kill()
    first.communicate(timeout=60)
    assert desk.run("run", "--once").code == 0


def test_once_runs_what_is_due_now(desk: Desk) -> None:
    """The latest missed slot of each school runs, older ones are recorded as missed, waiting partners are 0."""
    said = desk.run("run", "--once", RECONCILE_NOW="2026-11-26T08:00+00:00")
    assert said.code == 0, said.err
    assert [line for line in said.out.splitlines() if " AVN import " in line] == [
        "2026-11-24 08:00  AVN import missed: nothing ran at its time; 08:00 on 26 November 2026 is run instead",
        "2026-11-25 08:00  AVN import missed: nothing ran at its time; 08:00 on 26 November 2026 is run instead",
        said.out.splitlines()[2],
    ]
    assert said.out.count("waiting for its first manual import") == 1
    assert desk.run("run", "--once", RECONCILE_NOW="2026-11-26T08:00+00:00").out == ""


@pytest.mark.parametrize(
    ("words", "code"), [(["run"], "schedule.no_end"), (["run", "--until", "tomorrow"], "schedule.until"),
                        (["run", "--until", "2026-11-29T09:00"], "schedule.until")],
)  # fmt: skip
def test_a_runner_without_a_sensible_end_is_refused(desk: Desk, words: list[str], code: str) -> None:
    """A set clock leaps, so it needs an end; an end needs its zone."""
    said = desk.run(*words)
    assert (said.code, code in said.err) == (1, True)


@pytest.mark.requirement(4)
def test_who_may_not_sync_settles_no_slot(desk: Desk) -> None:
    """Refused before anything is claimed: the slot is still due for who may."""
    said = desk.run("run", "--once", RECONCILE_NOW="2026-11-24T08:00+00:00", RECONCILE_ACTOR="ci-plan")
    assert said.code == 5
    assert " AVN import unchanged" in desk.run("run", "--once", RECONCILE_NOW="2026-11-24T08:00+00:00").out


@pytest.mark.requirement(44, 45, 48)
def test_status_names_what_each_partner_still_needs(desk: Desk) -> None:
    """3 while a person is awaited; what was imported is ready."""
    code, partners = desk.status("2026-11-23T08:50+00:00")
    assert code == 3
    assert [need["code"] for need in partners["HRT"]["missing"]] == ["schedule.first_import_pending"]
    assert (partners["AVN"]["missing"], partners["AVN"]["state"]) == ([], "ready")
    assert partners["AVN"]["kinds"][0]["next"] == {
        "day": "2026-11-24", "slot": "08:00", "at": "2026-11-24T08:00:00+00:00",
    }  # fmt: skip


def test_the_command_prints_the_same_as_text_and_as_a_document(desk: Desk) -> None:
    """With the exit code that the document names."""
    said = desk.run("status", "--format", "json")
    assert fits(said.out)["exit_code"] == said.code == 3
    text = desk.run("status")
    assert text.code == 3
    assert re.search(r"\nHRT +- .* waits for a person\n", text.out)
    assert "next: reconcile sync import --first --school HRT" in text.out


@pytest.mark.requirement(160)
def test_status_turns_red_for_a_slot_that_nobody_ran(desk: Desk) -> None:
    """After half an hour, of partners that have been taken over; the catch-up leaves it red for a day."""
    assert desk.status("2026-11-24T08:20+00:00")[0] == 3
    code, partners = desk.status("2026-11-24T08:40+00:00")
    assert code == 4
    assert [slot["slot"] for slot in partners["AVN"]["missed"]] == ["08:00"]
    assert partners["HRT"]["missed"] == []
    desk.cycle("2026-11-25T08:10+00:00")
    assert desk.status("2026-11-25T08:20+00:00")[0] == 4
    code, partners = desk.status("2026-11-26T08:15+00:00")
    assert (code, partners["AVN"]["missed"][0]["counts"]) == (3, False)


def test_slots_missed_in_a_row_are_one_line(desk: Desk) -> None:
    """First, last and how many; one alone is told by its name."""
    desk.cycle("2026-11-27T08:10+00:00")
    text = desk.run("status", RECONCILE_NOW="2026-11-27T08:20+00:00").out
    missed = [line for line in text.splitlines() if line.startswith("  - AVN import")]
    assert len(missed) == 1
    assert "AVN import 3 slots, 08:00 on 24 November 2026 to 08:00 on 26 November 2026: nothing ran" in missed[0]
    desk.cycle("2026-11-27T08:30+00:00")
    due_text = desk.run("sync", "--due", "--dry-run", RECONCILE_NOW="2026-11-30T08:20+00:00").out
    assert due_text.startswith("Rehearsal: ")
    assert len(re.findall(r"\nearlier +2 slots +import +AVN +missed", due_text)) == 1
    assert due_text.count(" AVN ") == 2, "the one that is due, and one line for the missed"


@pytest.mark.requirement(66)
def test_status_turns_red_for_a_school_that_failed_until_a_run_succeeds(desk: Desk, schools: Practice) -> None:
    """Also when that run is made by hand."""
    schools.simulator.server.fault("GHL", "wrong_key")
    try:
        assert desk.cycle("2026-11-24T08:00+00:00") == 4
    finally:
        schools.simulator.server.heal("GHL")
    code, partners = desk.status("2026-11-24T08:05+00:00")
    assert (code, partners["GHL"]["state"], partners["AVN"]["state"]) == (4, "failed", "ready")
    text = desk.run("status", RECONCILE_NOW="2026-11-24T08:05+00:00").out
    assert re.search(r"\n  - GHL import failed: .*\n    next: reconcile issues list --school GHL says what to mend; "
                     r"then: reconcile sync import --school GHL\n", text)  # fmt: skip
    flows.run_imports(desk.settings("2026-11-24T08:06+00:00"), schools=("GHL",))
    assert desk.status("2026-11-24T08:10+00:00")[0] == 3


def test_status_turns_red_for_a_slot_that_killed_its_process_again_and_again(desk: Desk) -> None:
    """Nothing of it is in the transfer log; a run by hand heals it."""
    key, slot = LineKey("import", "AVN"), latest_slot("every_morning", LONDON, at("2026-11-24T08:00+00:00"))
    with opened(desk.settings()) as context:
        claim = None
        for _ in range(MOST_ATTEMPTS):
            claim = context.store.slots.take(key, slot, seen=claim, notes=[], claimed_by="gone:1", now=slot.at)
    assert desk.cycle("2026-11-24T08:10+00:00") == 4
    code, partners = desk.status("2026-11-24T08:15+00:00")
    assert (code, "3 times" in partners["AVN"]["kinds"][0]["failed"]) == (4, True)
    flows.run_imports(desk.settings("2026-11-24T08:20+00:00"), schools=("AVN",))
    assert desk.status("2026-11-24T08:25+00:00")[0] == 3


@pytest.mark.requirement(64)
def test_an_error_that_nobody_has_looked_at_for_a_day_awaits_a_person(desk: Desk, schools: Practice) -> None:
    """Logs are to be looked at daily; before a day is over nothing is said."""
    schools.simulator.server.fault("GHL", "wrong_key")
    try:
        desk.cycle("2026-11-24T08:00+00:00")
        desk.cycle("2026-11-25T08:00+00:00")
    finally:
        schools.simulator.server.heal("GHL")

    def unread(now: str) -> bool:
        found = stands(desk.settings(now), due.scheduled_flows())
        return any(need.code == "schedule.errors_unread" for need in found.waiting)

    assert not unread("2026-11-25T07:59+00:00")
    assert unread("2026-11-25T08:01+00:00")
    assert desk.run("issues", "ack", "1", RECONCILE_ACTOR="dpo").code == 5
    assert unread("2026-11-25T08:01+00:00")
    with opened(desk.settings()) as context:
        numbers = [str(t.number) for t in context.store.reports.issues(IssueFilter(severities=frozenset({"error"})))]
    said = desk.run("issues", "ack", *numbers)
    assert (said.code, said.out.startswith("Acknowledged by data-manager: ")) == (0, True)
    assert not unread("2026-11-25T08:01+00:00")
    assert "acknowledged by data-manager" in desk.run("issues", "show", numbers[0]).out


@pytest.mark.requirement(116)
def test_data_of_more_than_a_day_is_stale_on_a_school_day_alone(desk: Desk) -> None:
    """A warning: the exit code tells of what is missed, not of age."""
    assert desk.status("2026-11-24T08:30+00:00")[1]["AVN"]["stale"] is False
    assert desk.status("2026-11-24T08:45+00:00")[1]["AVN"]["stale"] is True
    assert desk.status("2026-12-28T08:45+00:00")[1]["AVN"]["stale"] is False
    assert desk.status("2026-11-24T08:45+00:00")[1]["HRT"]["stale"] is False


@pytest.mark.requirement(21)
def test_status_says_where_a_key_is_not_known(desk: Desk) -> None:
    """By the name of its reference."""
    _, partners = desk.status("2026-11-23T08:50+00:00", REC_KEY_AVN="")
    (need,) = partners["AVN"]["missing"]
    assert (need["code"], "REC_KEY_AVN" in need["message"]) == ("secret.empty", True)


@pytest.mark.requirement(67)
def test_status_names_a_held_run_and_how_to_decide(desk: Desk, schools: Practice) -> None:
    """With both commands, and afterwards that its time is over."""
    schools.simulator.server.fault("AVN", "roll_down_60")
    try:
        assert desk.cycle("2026-11-24T08:00+00:00") == 3
    finally:
        schools.simulator.server.heal("AVN")

    def held(now: str) -> str:
        found = stands(desk.settings(now), due.scheduled_flows())
        (need,) = [need for need in found.waiting if need.code == "schedule.run_held"]
        assert found.exit_code == 3
        return need.next_step

    assert re.match(r"reconcile approve (\S+) --reason \.\.\., or reconcile reject \1 ", held("2026-11-24T08:05+00:00"))
    assert "its time is over" in held("2026-11-25T08:20+00:00")


def test_one_tick_at_a_quiet_hour_says_that_nothing_is_due(desk: Desk) -> None:
    """And when something will be: silence would look like a hang or a fault."""
    desk.cycle("2026-11-23T11:00+00:00")
    said = desk.run("run", "--once", RECONCILE_NOW="2026-11-23T12:00+00:00")
    assert (said.code, said.out) == (0, "")
    assert "Nothing is due. Next: 08:00 on Tue 24 Nov 2026" in said.err

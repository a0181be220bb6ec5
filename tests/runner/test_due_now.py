"""`sync --due` on a real store with flows that only tell that they ran: what is scheduled when, and who waits."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema
import pytest

from reconciler.app import control, due, states
from reconciler.app.agenda import live_attachments
from reconciler.app.context import opened
from reconciler.app.outcomes import FlowOutcome
from reconciler.app.process import holder
from reconciler.documents.read import read_document
from reconciler.errors import ExitCode, LockHeld, NotPermitted
from reconciler.schedule.times import slots_between
from reconciler.settings import Settings, read_settings
from reconciler.shipped import shipped
from reconciler.syncs.export_ports import ExportEnd
from reconciler.syncs.ports import FeedCommit, FeedScope
from reconciler.transfers.entry import Outcome, TransferEntry
from reconciler.vocabulary.codes import AcademicYear

LONDON = ZoneInfo("Europe/London")
KEPT = ("version", "estate_id", "organisation", "operators", "virtual_school", "calendars", "period_structures")
PARTNERS = ("AVN", "BRK")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


@dataclass(frozen=True, slots=True)
class Part:
    """One school's part of a flow."""

    entry: TransferEntry

    @property
    def outcome(self) -> Outcome:
        return self.entry.outcome

    @property
    def message(self) -> str:
        return self.entry.message

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.DONE


@dataclass(slots=True)
class Office:
    """Two partners of the example estate, applied, with flows that write nothing but an entry in the log."""

    folder: Path
    store: str
    now: datetime
    ran: list[tuple[str, str]] = field(default_factory=list)
    ends: dict[tuple[str, str], Outcome] = field(default_factory=dict)
    told: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def settings(self, actor: str = "data-manager") -> Settings:
        return read_settings(
            {
                "RECONCILE_ESTATE": str(self.folder / "estate.yaml"), "RECONCILE_STORE": self.store,
                "RECONCILE_ACTOR": actor, "RECONCILE_NOW": self.now.isoformat(),
                **{f"REC_KEY_{code}": f"key of {code}, invented" for code in (*PARTNERS, "DNE")},
            }
        )  # fmt: skip

    def apply(self, *, partners: Sequence[str] = PARTNERS, **hub: Any) -> Office:
        """Applies the estate of these partners with some of the hub's keys changed."""
        whole = read_document(shipped("examples") / "estate.yaml").value
        small = {name: whole[name] for name in KEPT}
        for name in ("schools", "partners", "period_maps"):
            small[name] = {code: whole[name][code] for code in partners}
        small["partners"]["AVN"].pop("export", None)
        small["virtual_school"]["schedules"] = {"students_and_classes": "every_morning", "academic": "every_hour"}
        small["blackouts"] = hub.pop("blackouts", [])
        small["virtual_school"] |= hub
        year = small["virtual_school"]["academic_year"]
        if year != "2026-2027":
            small["virtual_school"].pop("next_year")
            small["period_maps"] = {code: {year: maps["2026-2027"]} for code, maps in small["period_maps"].items()}
            small["removed"] = [{"address": f"period_map.{code}.2026-2027", "data": "keep", "reason": "over"}
                                for code in PARTNERS]  # fmt: skip
        (self.folder / "estate.yaml").write_text(json.dumps(small), "utf-8")
        allowed = tuple(risk.token for risk in control.plan(self.settings()).plan.risks) if hub else ()
        control.apply(self.settings(), allowed=allowed)
        return self

    def first(self, kind: str, school: str) -> None:
        """A first run by hand that succeeded."""
        with opened(self.settings()) as context:
            attachment = live_attachments(context.store.state.read_state())[school].id
            entry = self._entry(kind, school, Outcome.DONE, attachment)
            if kind == "export":
                context.store.exports.begin(replace(entry, outcome=Outcome.RUNNING))
                context.store.exports.finish(ExportEnd(entry=entry, completes_first=True))
            else:
                scope = FeedScope(school=school, attachment=attachment, feed="hub", year=AcademicYear(2026))
                context.store.feeds.commit(
                    FeedCommit(scope=scope, entry=entry, base="", changes={}, cursors={}, completes_first_import=True)
                )

    def tick(self, now: datetime, *, kinds: Sequence[str] = ("import", "export", "academic")) -> due.DueOutcome:
        self.now = now
        return due.due_now(self.settings(), {kind: self._flow(kind) for kind in kinds}, wait=0)

    def flows(self) -> dict[str, due.SyncFlow]:
        return {kind: self._flow(kind) for kind in ("import", "export", "academic")}

    def _flow(self, kind: str) -> due.SyncFlow:
        def run(settings: Settings, schools: Sequence[str], failed: Collection[str]) -> FlowOutcome[Part]:
            (school,) = schools
            self.ran.append((kind, school))
            self.told[kind, school] = frozenset(failed)
            outcome = self.ends.get((kind, school), Outcome.DONE)
            part = Part(self._entry(kind, school, outcome, school))
            return FlowOutcome(results=(part,), rehearsal=True, dry_run=False)

        return run

    def _entry(self, kind: str, school: str, outcome: Outcome, attachment: str) -> TransferEntry:
        return TransferEntry(
            run=f"r{kind}{school}{self.now:%m%d%H%M}", kind=kind, direction="in", school=school, feed="hub",
            attachment=attachment, outcome=outcome, started_at=self.now, finished_at=self.now,
            actor=self.settings().actor, message=f"{school} {kind} {outcome.value}",
        )  # fmt: skip


@pytest.fixture
def office(tmp_path: Path, store_url: str) -> Office:
    """Applied on 1 September 2026 at 10:05 in London, 09:05 UTC; nothing was run by hand yet."""
    made = Office(tmp_path, store_url, at("2026-09-01T09:05"))
    (tmp_path / "estate.yaml").write_bytes((shipped("examples") / "estate.yaml").read_bytes())
    states.init(made.settings(), rehearsal=True)
    return made.apply()


def taken_over(office: Office) -> Office:
    """With all first runs made by hand in the hour after the apply."""
    office.now = at("2026-09-01T09:30")
    for kind, school in (("import", "AVN"), ("import", "BRK"), ("export", "BRK")):
        office.first(kind, school)
    return office


def settled(done: due.DueOutcome) -> list[str]:
    return [f"{end.key.kind} {end.key.school} {end.name.label} {end.state.value}" for end in done.ends]


@pytest.mark.requirement(7, 8, 49)
def test_due_lists_and_runs_exactly_what_is_due(office: Office) -> None:
    """Imports, then exports to partners that take any, then academic data; a second tick finds nothing."""
    taken_over(office).tick(at("2026-09-01T23:00"))
    done = office.tick(at("2026-09-02T07:00"))
    assert [line for line in settled(done) if line.endswith("done")] == [
        "import AVN 08:00 done", "import BRK 08:00 done", "export BRK 08:00 done", "academic AVN 08:00 done",
        "academic BRK 08:00 done",
    ]  # fmt: skip
    again = office.tick(at("2026-09-02T07:00"))
    assert (again.ends, again.exit_code) == ((), ExitCode.DONE)
    assert again.to_text().endswith("Nothing is due. Next: 09:00 on Wed 02 Sep 2026")


@pytest.mark.requirement(45, 46, 47)
def test_what_fell_due_before_the_first_runs_by_hand_is_nobodys(office: Office) -> None:
    """Applied at 10:05, imported by hand at 10:30: the first slot of academic data is 11:00, of imports tomorrow."""
    taken_over(office)
    assert settled(office.tick(at("2026-09-01T09:45"))) == []
    assert settled(office.tick(at("2026-09-01T10:00"))) == ["academic AVN 11:00 done", "academic BRK 11:00 done"]


@pytest.mark.requirement(48)
def test_a_partner_that_waits_keeps_no_other_from_its_slots(office: Office) -> None:
    """A month without a first import misses nothing, and the other partner runs all the time."""
    office.now = at("2026-09-01T09:30")
    office.first("import", "AVN")
    office.ends[("import", "BRK")] = Outcome.WAITING
    office.tick(at("2026-09-02T07:00"), kinds=["import"])
    done = office.tick(at("2026-09-20T07:00"), kinds=["import"])
    found = Counter(line.rsplit(" ", 1)[1] for line in settled(done) if " BRK " in line)
    assert found == {"skipped": 1}
    assert Counter(line.rsplit(" ", 1)[1] for line in settled(done) if " AVN " in line) == {"missed": 17, "done": 1}
    assert done.exit_code is ExitCode.DONE


@pytest.mark.requirement(59)
def test_a_source_without_academic_data_has_no_slot_of_it_to_miss(office: Office) -> None:
    """Dunescar sends files, which hold none: it is imported in the morning, and nothing of it is missed at night."""
    taken_over(office).apply(partners=(*PARTNERS, "DNE"))
    office.first("import", "DNE")
    done = office.tick(at("2026-09-02T07:00"))
    assert {line for line in settled(done) if " DNE " in line} == {"import DNE 08:00 done", "export DNE 08:00 done"}
    assert "academic AVN 08:00 done" in settled(done)


def test_another_time_counts_from_when_it_was_applied(office: Office) -> None:
    """Changed to hourly at 15:00, nothing of the day before that was missed."""
    taken_over(office).tick(at("2026-09-02T07:00"))
    office.now = at("2026-09-02T14:00")
    office.apply(schedules={"students_and_classes": "every_afternoon", "academic": "every_30_minutes"})
    assert settled(office.tick(at("2026-09-02T14:10"))) == [
        "academic AVN 15:00 done", "academic BRK 15:00 done",
    ]  # fmt: skip
    assert "import AVN 13:00 done" in settled(office.tick(at("2026-09-03T12:00")))


def test_a_change_of_something_else_loses_no_slot(office: Office) -> None:
    """The guards are edited while the machine that runs the schedule is off: the slot of the morning is caught up."""
    taken_over(office).tick(at("2026-09-02T07:00"))
    office.now = at("2026-09-03T08:30")
    office.apply(guards={"max_drop_percent": 10})
    assert "import AVN 08:00 done" in settled(office.tick(at("2026-09-03T09:00")))


@pytest.mark.requirement(49)
def test_an_export_hears_which_imports_failed(office: Office) -> None:
    """So that it holds what depends on them; the exit code says that some failed."""
    taken_over(office).tick(at("2026-09-01T23:00"))
    office.ends[("import", "AVN")] = Outcome.FAILED
    done = office.tick(at("2026-09-02T07:00"))
    assert office.told["export", "BRK"] == {"AVN"}
    assert done.exit_code is ExitCode.PARTIAL


def test_when_all_fail_it_is_an_error_and_a_held_one_waits(office: Office) -> None:
    """1 when nothing could be done, 3 when a person must decide, 4 when some failed."""
    taken_over(office).tick(at("2026-09-01T23:00"))
    office.ends = {("import", code): Outcome.FAILED for code in PARTNERS}
    assert office.tick(at("2026-09-02T07:00"), kinds=["import"]).exit_code is ExitCode.ERROR
    office.ends = {("import", "AVN"): Outcome.HELD}
    assert office.tick(at("2026-09-03T07:00"), kinds=["import"]).exit_code is ExitCode.HELD
    office.ends[("import", "BRK")] = Outcome.FAILED
    assert office.tick(at("2026-09-04T07:00"), kinds=["import"]).exit_code is ExitCode.PARTIAL


def test_looking_at_what_is_due_runs_and_records_nothing(office: Office) -> None:
    """As text and as a document; the tick after it finds everything still due."""
    taken_over(office).tick(at("2026-09-01T23:00"))
    office.ran.clear()
    office.now = at("2026-09-02T07:00")
    text = due.list_due(office.settings(), office.flows())
    assert re.search(r"08:00 +import +AVN +due\n", text)
    value = fits(due.list_due(office.settings(), office.flows(), format_="json"))
    assert [(s["kind"], s["school"], s["state"]) for s in value["slots"] if s["kind"] != "academic"] == [
        ("import", "AVN", "due"), ("import", "BRK", "due"), ("export", "BRK", "due"),
    ]  # fmt: skip
    assert office.ran == []
    assert len(office.tick(office.now).ends) == len(value["slots"])


def fits(document: str) -> Any:
    value = json.loads(document)
    schema = json.loads((shipped("schemas") / "due.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(value)
    return value


def test_what_was_run_is_a_document_too(office: Office) -> None:
    """Done, missed and skipped slots alike."""
    taken_over(office).apply(blackouts=[{"from": "2026-09-03", "to": "2026-09-03", "what": ["export"], "why": "x"}])
    office.tick(at("2026-09-02T07:00"))
    value = fits(json.dumps(office.tick(at("2026-09-03T07:00")).to_json()))
    assert {slot["state"] for slot in value["slots"]} == {"done", "missed", "skipped"}
    assert [s["message"] for s in value["slots"] if s["kind"] == "export"] == ["blackout: x"]


@pytest.mark.requirement(4)
def test_only_who_may_sync_runs_the_schedule(office: Office) -> None:
    """Refused before a slot is claimed."""
    taken_over(office)
    office.now = at("2026-09-02T07:00")
    with pytest.raises(NotPermitted):
        due.due_now(office.settings("ci-plan"), office.flows())
    assert "import AVN 08:00 done" in settled(office.tick(office.now))


def test_two_cycles_at_once_do_not_run(office: Office) -> None:
    """The second waits for a stated time and then names the first."""
    taken_over(office)
    with opened(office.settings()) as context:
        first = holder(office.now, "sync --due")
        with context.store.state.lock(due.LOCK, holder=first, wait=0), pytest.raises(LockHeld, match="sync --due"):
            office.tick(at("2026-09-02T07:00"))
    assert "import AVN 08:00 done" in settled(office.tick(at("2026-09-02T07:00")))


STRETCHES = (
    ("2026-10-24T20:00", "2026-10-26T09:00"),  # an hour comes twice
    ("2026-12-24T07:00", "2026-12-25T09:00"),  # holidays, and exports rest
    ("2027-03-27T20:00", "2027-03-29T08:00"),  # an hour does not come
    ("2027-07-31T20:00", "2027-08-01T20:00"),  # the year changes
)


@pytest.mark.requirement(9)
def test_over_changes_of_the_clock_holidays_and_a_new_year_each_slot_runs_once(office: Office) -> None:
    """A tick at every slot, on both engines; `tests/runner/test_year.py` has the whole year."""
    taken_over(office).apply(blackouts=[{"from": "2026-12-24", "to": "2027-01-03", "what": ["export"], "why": "shut"}])
    for start, end in ((at(start), at(end)) for start, end in STRETCHES):
        if start.month == 7:
            office.now = start
            office.apply(academic_year="2027-2028")
        office.tick(start - timedelta(minutes=30))
        office.ran.clear()
        now = start
        skipped = 0
        while now <= end:
            skipped += sum(line.endswith("skipped") for line in settled(office.tick(now)))
            now += timedelta(hours=1)
        hourly, daily = (len(slots_between(times, LONDON, start, end)) for times in ("every_hour", "every_morning"))
        rest = daily if start.month == 12 else 0
        assert skipped == rest
        assert Counter(office.ran) == Counter({
            ("import", "AVN"): daily, ("import", "BRK"): daily, ("export", "BRK"): daily - rest,
            ("academic", "AVN"): hourly, ("academic", "BRK"): hourly,
        })  # fmt: skip

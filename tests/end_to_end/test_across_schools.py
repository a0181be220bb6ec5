"""What only shows across schools, over real HTTP and files, on both engines: the example estate's own cases."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, select

from reconciler.app.context import opened
from reconciler.app.decisions import approve
from reconciler.app.due import scheduled_flows
from reconciler.app.status import status
from reconciler.apply.outcome import PlanHeld
from reconciler.documents.read import read_document
from reconciler.errors import ExitCode, StalePlan
from reconciler.records.entities import Entity
from reconciler.reports.ports import IssueFilter
from reconciler.settings import read_settings
from reconciler.simulator.practice import Practice
from reconciler.simulator.year_change import roll_over
from reconciler.store.tables.records import RECORDS
from reconciler.store.tables.runs import CHANGE_JOURNAL, RUN
from reconciler.transfers.entry import Outcome
from tests.end_to_end.bench import through_july
from tests.end_to_end.conftest import Desk

REKEY = "rekey:virtual_school"


class Office:
    """The example estate with its schools and its store; the estate file can be edited and the clock moved."""

    def __init__(self, made: Practice, url: str) -> None:
        self.made, self.url = made, url
        self.desk = self.on(made.environment["RECONCILE_NOW"])

    def on(self, moment: str) -> Desk:
        """The desk at another time."""
        environment = {**self.made.environment, "RECONCILE_STORE": self.url, "RECONCILE_NOW": moment}
        return Desk(settings=read_settings(environment))

    def set(self, key: str, value: str) -> None:
        """Edits one line of the estate file."""
        path = self.made.folder / "estate.yaml"
        lines = path.read_text("utf-8").splitlines()
        places = [n for n, line in enumerate(lines) if line.strip().startswith(f"{key}:")]
        assert len(places) == 1, key
        indent = lines[places[0]][: len(lines[places[0]]) - len(lines[places[0]].lstrip())]
        lines[places[0]] = f"{indent}{key}: {value}"
        path.write_text("\n".join(lines) + "\n", "utf-8")

    def map_next_year(self) -> None:
        """Declares the maps of 2027-2028, alike to those of the year before, and applies them."""
        path = self.made.folder / "estate.yaml"
        whole = read_document(path).value
        for maps in whole["period_maps"].values():
            maps["2027-2028"] = maps["2026-2027"]
        path.write_text(json.dumps(whole), "utf-8")
        self.desk.apply()

    def issues(self, *codes: str) -> list[tuple[str, str]]:
        """Open issues as (code, SCHOOL:record)."""
        with opened(self.desk.settings) as context:
            found = context.store.reports.issues(IssueFilter(codes=frozenset(codes)))
        return sorted((t.issue.code, f"{t.issue.school}:{t.issue.record}") for t in found)

    @contextmanager
    def sql(self) -> Iterator[Connection]:
        engine = create_engine(self.url)
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    def rows(self, entity: Entity) -> Mapping[tuple[str, str, str], tuple[object, ...]]:
        """All live rows of an entity by attachment, year and id."""
        table = RECORDS[entity]
        with self.sql() as connection:
            found = connection.execute(select(table).where(table.c.left_load.is_(None))).all()
        return {(r.attachment[:3], r.academic_year, r.source_id): tuple(r) for r in found}


@pytest.fixture
def office(schools: Practice, store_url: str) -> Office:
    """The example estate, applied."""
    made = Office(schools, store_url)
    made.desk.init().apply()
    with opened(made.desk.settings) as context:
        schools.simulator.write_drops(context.base)
    return made


@pytest.mark.requirement(10, 11, 14, 15)
def test_a_false_claim_is_stopped_in_plan_and_apply_with_both_records_named(office: Office) -> None:
    """004512 at AVN and BRK, 12A at both, JSM at AVN and GHL: no allowance lifts it, and nothing is changed."""
    office.desk.sync("AVN", "BRK", "GHL", first=True)
    before = {entity: office.rows(entity) for entity in Entity}
    office.set("admission_numbers_unique", "true")
    office.set("staff_codes_unique", "true")
    plan = office.desk.plan()
    (risk,) = [r for r in plan.risks if r.token == REKEY]
    assert risk.figures["schools compared"] == 3
    assert risk.figures["admission numbers compared"] == risk.figures["students"] == len(before[Entity.STUDENTS])
    assert risk.figures["tutor groups compared"] == len(before[Entity.TUTOR_GROUPS])
    assert risk.figures["staff codes compared"] == len(before[Entity.STAFF])
    clashes = "; ".join(risk.facts["clashes"])
    assert "admission number 004512: AVN:10233 and BRK:20041" in clashes
    assert "tutor group 12A: AVN:" in clashes
    assert "staff code JSM: AVN:500001 and GHL:500001" in clashes
    assert [b.code for b in plan.blocks] == ["plan.identity_clash"]
    with pytest.raises(PlanHeld) as held:
        office.desk.apply(allowed=(REKEY,))
    assert held.value.exit_code is ExitCode.HELD
    told = " ".join(finding.message for finding in held.value.diagnostics)
    assert "admission number 004512: AVN:10233 and BRK:20041" in told
    for name in ("Pellow", "Quill", "Smithson", "Smales"):
        assert name not in told + clashes
    assert {entity: office.rows(entity) for entity in Entity} == before


@pytest.mark.requirement(12, 13, 16)
def test_a_true_claim_re_keys_once_and_a_later_clash_is_held_at_the_import(office: Office) -> None:
    """AVN and GHL share no number; BRK then brings 004512 and 12A: held, until the claim is taken back."""
    office.desk.sync("AVN", "GHL", first=True)
    office.set("admission_numbers_unique", "true")
    with pytest.raises(PlanHeld) as held_plan:
        office.desk.apply()
    assert REKEY in str([finding.hint for finding in held_plan.value.diagnostics])
    office.desk.apply(allowed=(REKEY,))
    done = office.desk.sync("AVN", "GHL")
    assert {r.outcome for r in done.results} == {Outcome.DONE}
    changed = {e: c for r in done.results for e, c in r.entry.counts.items() if c.new or c.changed or c.left}
    assert changed.keys() == {"students", "tutor_groups"}
    columns = {"students": {"hub_admission_number", "hub_tutor_group"}, "tutor_groups": {"hub_name"}}
    assert _journalled(office, {r.entry.run for r in done.results}) == columns
    assert {r.outcome for r in office.desk.sync("AVN", "GHL").results} == {Outcome.UNCHANGED}

    held = office.desk.sync("BRK", first=True).results[0]
    assert (held.outcome, held.exit_code) == (Outcome.HELD, ExitCode.HELD)
    assert "admission number 004512 of BRK:20041 is also that of AVN:10233" in held.message
    assert ("id.admission_clash", "BRK:20041") in office.issues()
    assert office.issues("id.tutor_group_clash")
    assert not [key for key in office.rows(Entity.STUDENTS) if key[0] == "BRK"]

    office.set("admission_numbers_unique", "false")
    office.desk.apply(allowed=(REKEY,))
    assert office.desk.sync("BRK", first=True).results[0].outcome is Outcome.DONE
    assert office.issues("id.admission_clash", "id.tutor_group_clash") == []
    office.desk.sync("AVN", "GHL")
    hub_ids = [row[5] for row in office.rows(Entity.STUDENTS).values()]
    assert {"AVN004512", "BRK004512"} <= set(hub_ids)
    assert len(set(hub_ids)) == len(hub_ids)


def _journalled(office: Office, runs: set[str]) -> dict[str, set[str]]:
    """Which columns these runs changed, by entity; they brought nobody and took nobody away."""
    changed: dict[str, set[str]] = {}
    query = (
        select(CHANGE_JOURNAL.c.entity, CHANGE_JOURNAL.c.op, CHANGE_JOURNAL.c.columns)
        .join(RUN, RUN.c.number == CHANGE_JOURNAL.c.run)
        .where(RUN.c.run.in_(sorted(runs)))
    )
    with office.sql() as connection:
        for entity, op, columns in connection.execute(query):
            assert op == "changed"
            changed.setdefault(entity, set()).update(columns)
    return changed


@pytest.mark.requirement(11)
def test_a_clash_that_came_in_after_the_plan_makes_the_plan_stale(office: Office, tmp_path: Path) -> None:
    """The evidence is read again at apply; rows without a clash do not move it."""
    office.desk.sync("AVN", first=True)
    office.set("admission_numbers_unique", "true")
    digest = office.desk.plan().digest
    office.desk.sync("GHL", first=True)
    assert office.desk.plan().digest == digest
    office.desk.sync("BRK", first=True)
    with pytest.raises(StalePlan):
        office.desk.apply(expect=digest, allowed=(REKEY,))


@pytest.mark.requirement(58)
def test_two_mains_are_silent_while_accepted_and_named_from_the_day_after(office: Office) -> None:
    """Rowan Tasker: main at DNE, subsidiary at FGT is fine; both main is accepted until 18 December."""
    world = office.made.simulator.world
    office.desk.sync("DNE", "FGT", first=True)
    assert office.issues("enrolment.two_mains") == []
    office.made.simulator.world = world.enrol("FGT:50017", "M")
    office.desk.sync("FGT")
    assert office.issues("enrolment.two_mains") == []
    later = office.on("2026-12-19T08:40:00+00:00")
    later.sync("FGT")
    assert office.issues("enrolment.two_mains") == [
        ("enrolment.two_mains", "DNE:24377"), ("enrolment.two_mains", "FGT:50017"),
    ]  # fmt: skip
    office.made.simulator.world = world
    later.sync("FGT")
    assert office.issues("enrolment.two_mains") == []


def test_a_mover_is_paired_and_a_half_move_is_named_until_the_old_school_has_let_go(office: Office) -> None:
    """Sefa Lindqvist, AVN to GHL: the former, temporary number pairs them, since the birth date agrees."""
    simulator = office.made.simulator
    simulator.world = simulator.world.change("AVN:10347", lambda s: replace(s, end=None, offered=True))
    office.desk.sync("AVN", "GHL", first=True)
    assert office.issues("mover.paired", "mover.half_move") == [
        ("mover.half_move", "AVN:10347"), ("mover.paired", "GHL:60058"),
    ]  # fmt: skip
    assert office.issues("enrolment.two_mains") == []
    simulator.world = simulator.world.leave("AVN:10347", date(2026, 10, 16))
    office.desk.sync("AVN")
    assert office.issues("mover.paired", "mover.half_move") == [("mover.paired", "GHL:60058")]


@pytest.mark.requirement(53)
def test_a_new_name_is_a_change_of_the_same_student(office: Office) -> None:
    """Priya Holm becomes Holm-Ayre: one changed record, nobody new, nobody left (C20)."""
    office.desk.sync("BRK", first=True)
    office.made.simulator.world = office.made.simulator.world.rename("BRK:20118", surname="Holm-Ayre")
    counts = office.desk.sync("BRK").results[0].entry.counts
    assert (counts["students"].new, counts["students"].changed, counts["students"].left) == (0, 1, 0)


@pytest.mark.requirement(6)
def test_each_partner_changes_to_the_next_year_when_its_own_system_does(office: Office) -> None:
    """From 25 August on: AVN is in 2027-2028 and comes into that year, GHL is not and stays; then GHL follows."""
    simulator = office.made.simulator
    simulator.world = through_july(through_july(simulator.world, "AVN"), "GHL")
    office.desk.sync("AVN", "GHL", first=True)
    summer = simulator.world.at(date(2027, 8, 24))
    simulator.world = summer
    early = office.on("2027-08-24T08:40:00+00:00")
    assert {r.outcome for r in early.sync("AVN", "GHL").results} == {Outcome.UNCHANGED}
    assert office.issues("year.no_next_group") == [
        ("year.no_next_group", "AVN:year 13"), ("year.no_next_group", "GHL:year 13"),
    ]  # fmt: skip

    simulator.world = roll_over(summer, "AVN").at(date(2027, 9, 1))
    autumn = office.on("2027-09-01T08:40:00+00:00")
    (unmapped,) = autumn.sync("AVN").results
    assert (unmapped.outcome, "has no period map for 2027-2028" in unmapped.message) == (Outcome.WAITING, True)
    standing = {p.code: p for p in status(autumn.settings, scheduled_flows()).partners}
    assert "AVN has no period map for 2027-2028" in {need.message for need in standing["AVN"].missing}
    office.map_next_year()
    first, second = autumn.sync("AVN", "GHL").results
    assert (first.outcome, second.outcome) == (Outcome.DONE, Outcome.UNCHANGED), first.message
    assert _years(office) == {"AVN": "2027-2028", "GHL": "2026-2027"}
    assert office.issues("year.no_next_group") == [("year.no_next_group", "GHL:year 13")]
    old, new = ({key[2] for key in office.rows(Entity.STUDENTS) if key[:2] == ("AVN", year)}
                for year in ("2026-2027", "2027-2028"))  # fmt: skip
    assert new < old
    assert {r.outcome for r in autumn.sync("AVN", "GHL").results} == {Outcome.UNCHANGED}

    simulator.world = roll_over(simulator.world, "GHL")
    autumn.sync("AVN", "GHL")
    assert _years(office) == {"AVN": "2027-2028", "GHL": "2027-2028"}


def test_a_roll_over_that_moved_only_some_pupils_is_held(office: Office) -> None:
    """Half of those who go up are missing: held, and the school stays in the old year until somebody approves (C26)."""
    office.map_next_year()
    office.desk.sync("AVN", first=True)
    simulator = office.made.simulator
    world = roll_over(simulator.world, "AVN").at(date(2027, 9, 1))
    going = [s.id for s in world.schools["AVN"].students if s.offered and s.end is None]
    for number in going[: len(going) // 2 + 1]:
        world = world.stop_offering(f"AVN:{number}")
    simulator.world = world
    autumn = office.on("2027-09-01T08:40:00+00:00")
    held = autumn.sync("AVN").results[0]
    assert held.outcome is Outcome.HELD
    assert "who have a next year group did not come with 2027-2028" in held.message
    assert _years(office) == {"AVN": "2026-2027"}
    approve(autumn.settings, held.entry.run, reason="they go to college")
    assert _years(office) == {"AVN": "2027-2028"}


def _years(office: Office) -> dict[str, str]:
    """The year in which each school is looked at."""
    with opened(office.desk.settings) as context:
        return {scope.school: str(scope.year) for scope in context.store.across.scopes()}

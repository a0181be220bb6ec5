"""Each fault of a partner on each wire: its outcome, its exit code, its own issue, nothing lost, and it heals (E6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import pytest

from reconciler.app import academic, exports, jobs
from reconciler.app.context import opened, store_folder
from reconciler.connectors.protocol import SourceRequest
from reconciler.errors import ExitCode
from reconciler.reports.ports import IssueFilter, TransferFilter
from reconciler.settings import read_settings
from reconciler.simulator.practice import practice
from tests.end_to_end.conftest import Desk
from tests.end_to_end.fault_wires import Exchange, Files, SoapAcademic, SoapImport, Wire

Issues = frozenset[tuple[str, str]]  # code, and the field that tells causes of one code apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a fault must lead to; `exit` is that of the command for the struck school and one that is well."""

    fault: str
    outcome: str
    exit: int
    issues: Issues = frozenset()
    note: str = ""  # what the transfer log says of it where there is nothing to mend
    deadline: float = 0.0


def retried(fault: str, outcome: str = "unchanged", deadline: float = 0.0) -> Case:
    """It passed: asked again, and no trace."""
    return Case(fault=fault, outcome=outcome, exit=ExitCode.DONE, deadline=deadline)


def failed(fault: str, code: str, cause: str, deadline: float = 0.0) -> Case:
    """Refused, with the cause; the other school is done, so the command ends with 4."""
    return Case(fault=fault, outcome="failed", exit=ExitCode.PARTIAL, issues=frozenset({(code, cause)}),
                deadline=deadline)  # fmt: skip


def held(fault: str, *codes: str) -> Case:
    """A person decides; the old records stay."""
    return Case(fault=fault, outcome="held", exit=ExitCode.HELD, issues=frozenset((code, "") for code in codes))


def skipped(fault: str, code: str, cause: str = "") -> Case:
    """That kind or entity is left out; the rest flows."""
    return Case(fault=fault, outcome="partial", exit=ExitCode.PARTIAL, issues=frozenset({(code, cause)}))


def dropped(fault: str, code: str = "", *, note: str = "") -> Case:
    """Counted and left out; nothing else is touched."""
    return Case(fault=fault, outcome="unchanged", exit=ExitCode.DONE, note=note,
                issues=frozenset({(code, "")} if code else ()))  # fmt: skip


IMPORT, ACADEMIC, EXPORT = "import.source_failed", "academic.source_failed", "export.failed"
DROP = "import.mass_drop"
TABLE: Mapping[str, tuple[Case, ...]] = {
    "import": (
        held("empty_list", DROP), held("half_the_pages", DROP), held("roll_down_60", DROP), held("other_year", DROP),
        held("conflicting_row", "import.duplicate_key"),
        retried("too_many_requests"), retried("server_error"), retried("slow", deadline=1.5),
        failed("too_many_requests!", IMPORT, "http.too_many_requests"),
        failed("server_error!", IMPORT, "http.server_error"),
        failed("slow!", IMPORT, "http.timeout", deadline=0.7),
        failed("wrong_key", IMPORT, "http.unauthorised"), failed("malformed", IMPORT, "bromcom.xml"),
        failed("half_body", IMPORT, "bromcom.xml"), failed("windows_1252", IMPORT, "bromcom.encoding"),
        failed("other_school", IMPORT, "source.other_school"), failed("login_page", IMPORT, "http.not_xml"),
        failed("redirect", IMPORT, "http.redirect"), failed("garbage", IMPORT, "http.protocol"),
        failed("entity_bomb", IMPORT, "bromcom.dtd"), failed("external_entity", IMPORT, "bromcom.dtd"),
        failed("deep_nesting", IMPORT, "bromcom.xml"),
        dropped("over_share", "import.not_outplaced", note="not offered to the virtual school"),
        dropped("duplicate_row", note="source.duplicate_row x"),
        skipped("staff_refused", "import.entity_refused", "perm.staff"),
    ),
    "academic": (
        held("empty_list", "academic.mass_drop"), held("half_the_pages@Attendances", "academic.mass_drop"),
        held("roll_down_60", "academic.mass_drop"), held("other_year", "academic.mass_drop", "academic.mass_change"),
        retried("too_many_requests"), retried("server_error"),
        failed("wrong_key", ACADEMIC, "http.unauthorised"), failed("malformed", ACADEMIC, "bromcom.xml"),
        failed("server_error!", ACADEMIC, "http.server_error"),
        dropped("duplicate_row@Attendances", note="source.duplicate_row x"),
        skipped("unknown_behaviour_code", "academic.structure_mismatch"),
        skipped("staff_refused@Attendances", "academic.entity_refused", "source.not_granted"),
    ),
    "export": (
        retried("too_many_requests", "done"), retried("server_error", "done"), retried("away", "done"),
        retried("slow", "done"),
        failed("too_many_requests!", EXPORT, "http.too_many_requests"),
        failed("wrong_key", EXPORT, "exchange.key_rejected"), failed("year_mismatch", EXPORT, "exchange.mismatch"),
        failed("malformed", EXPORT, "exchange.answer"), failed("windows_1252", EXPORT, "exchange.encoding"),
        failed("half", EXPORT, "http.short_body"),
    ),
    "files": (
        held("empty_list", DROP), held("half_the_pages", DROP), held("roll_down_60", DROP), held("other_year", DROP),
        failed("malformed", IMPORT, "oneroster.cut"), failed("half_body", IMPORT, "oneroster.cut"),
        failed("nothing_delivered", IMPORT, "oneroster.nothing_delivered"),
        dropped("duplicate_row", note="source.duplicate_row x"),
        dropped("windows_1252", note="oneroster.windows_1252 x1"),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def wires(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Wire]]:
    """Five schools brought in and two told, on SQLite; every fault that follows leaves them as they are."""
    folder = tmp_path_factory.mktemp("faults") / "practice"
    with practice({}, into=str(folder), scale=0.3) as made:
        settings = read_settings(made.environment)
        base = store_folder(settings)
        (base / "assignments.csv").write_text("student,class,from,to\n", "utf-8")
        estate = settings.estate
        estate.write_text(_only_the_table(estate.read_text("utf-8")), "utf-8")
        desk = Desk(settings=settings).init().apply()
        desk.sync("AVN", "BRK", "CST", "DNE", "FGT", first=True)
        academic.run_academic(settings, schools=("CST", "FGT"))
        exports.run_exports(settings, schools=("AVN", "BRK"), first=True)
        pupils = [f"CST:{student.id}" for student in made.simulator.world.schools["CST"].offered_students()]
        yield {
            "import": SoapImport(made=made, settings=settings, school="CST", other="FGT"),
            "academic": SoapAcademic(made=made, settings=settings, school="CST", other="FGT"),
            "export": Exchange(made=made, settings=settings, school="BRK", other="AVN", students=pupils,
                               table=base / "assignments.csv"),
            "files": Files(made=made, settings=settings, school="DNE", other="FGT", folder=base / "in" / "DNE"),
        }  # fmt: skip


def _only_the_table(estate: str) -> str:
    """Without assignments that are written into the estate itself."""
    kept = [line for line in estate.splitlines() if "{student:" not in line and line.strip() != "inline:"]
    return "\n".join(kept) + "\n"


def open_issues(wire: Wire) -> Issues:
    with opened(wire.settings) as context:
        found = context.store.reports.issues(IssueFilter(schools=frozenset({wire.school})))
    return frozenset((tracked.issue.code, tracked.issue.field) for tracked in found)


def held_runs(wire: Wire) -> list[str]:
    with opened(wire.settings) as context:
        waiting = [*context.store.feeds.held_runs(), *context.store.academic.held_runs()]
    return [run.run for run in waiting if run.scope.school == wire.school]


@pytest.mark.requirement(31, 51, 52, 60, 61, 63, 66, 67)
@pytest.mark.parametrize(
    ("name", "case"),
    [pytest.param(name, case, id=f"{name}-{case.fault}") for name, cases in TABLE.items() for case in cases],
)
def test_each_fault_has_its_outcome_its_issue_and_its_end(
    wires: Mapping[str, Wire], name: str, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Struck: as the table says, the other school well. Healed: the next run converges and nothing stays open."""
    wire = wires[name]
    if case.deadline:
        monkeypatch.setattr(jobs, "SourceRequest", partial(SourceRequest, deadline=case.deadline))
    before, known = wire.kept(), open_issues(wire)
    wire.strike(case.fault)
    try:
        done = wire.run(wire.school, wire.other)
    finally:
        wire.heal()
    ended = {result.entry.school: result for result in done.results}
    struck = ended[wire.school]
    assert (struck.outcome.value, done.exit_code) == (case.outcome, case.exit), struck.message
    assert struck.message.startswith(f"{wire.school} {struck.entry.kind} {case.outcome}"), "a line also for a failure"
    assert ended[wire.other].outcome.value in ("unchanged", "done")
    assert open_issues(wire) - known == case.issues
    assert case.note in " ".join(struck.entry.notes)
    assert case.outcome == "done" or wire.kept() == before, "what was held stays"
    assert bool(held_runs(wire)) == (case.outcome == "held")
    with opened(wire.settings) as context:
        logged = context.store.reports.transfers(TransferFilter(schools=frozenset({wire.school})))[0]
    assert (logged.outcome, logged.message) == (struck.outcome, struck.message)
    monkeypatch.undo()
    again = {result.entry.school: result for result in wire.run(wire.school).results}[wire.school]
    said_late = name == "export" and case.outcome == "failed"
    assert again.outcome.value == ("done" if said_late else "unchanged"), again.message
    assert open_issues(wire) == known, "a fault that has passed leaves nothing to mend"
    assert not held_runs(wire), "and nothing to approve by mistake"

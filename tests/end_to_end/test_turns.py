"""School after school has its turn: what was applied since the command began holds from the next turn on.

An apply and a sync may run beside each other. Whoever removes a partner while others are being read must be able to
trust that nothing flows with it any more.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from reconciler.app import academic, decisions, turns
from reconciler.app.context import opened, store_folder
from reconciler.app.exports import run_exports
from reconciler.app.flows import run_imports
from reconciler.app.process import holder
from reconciler.errors import ExitCode, LockHeld
from reconciler.reports.ports import TransferFilter
from reconciler.settings import read_settings
from reconciler.simulator.edits import EstateFile
from reconciler.simulator.practice import Practice
from reconciler.transfers.entry import Outcome
from tests.end_to_end.bench import cut
from tests.end_to_end.conftest import Desk
from tests.exports.conftest import ExportDesk
from tests.exports.conftest import desk as desk  # noqa: PLC0414 (the fixture, under its own name)


def once(act: Callable[[], object], *, at: str) -> Callable[[str, int], None]:
    """Progress that acts the first time that the school named is told of."""
    left = [act]

    def told(what: str, _rows: int) -> None:
        if left and what.startswith(at):
            left.pop()()

    return told


def removing(desk: Desk | ExportDesk, *codes: str) -> Callable[[], None]:
    """Somebody else removes the partners and applies that."""

    def remove() -> None:
        for code in codes:
            EstateFile(desk.settings.estate).without_partner(code, reason="left the consortium")
        Desk(settings=desk.settings).apply()

    return remove


def outcomes(desk: Desk | ExportDesk, kind: str) -> dict[str, str]:
    """How the last run of each school stands in the log."""
    with opened(desk.settings) as context:
        found = context.store.reports.transfers(TransferFilter(kinds=frozenset({kind})))
    return {entry.school: entry.outcome.value for entry in reversed(found)}


@pytest.mark.requirement(19, 26)
def test_a_partner_removed_while_another_is_read_is_not_asked_for_anything(example: Desk) -> None:
    """Its own turn never begins, it says why, and the others go on."""
    done = run_imports(example.settings, schools=("AVN", "CST", "GHL"), first=True,
                       progress=once(removing(example, "CST"), at="AVN"))  # fmt: skip
    assert [r.outcome.value for r in done.results] == ["done", "failed", "done"]
    assert "CST was removed from the applied estate since this command began" in done.results[1].message
    assert "partner.removed" in done.results[1].message
    assert done.exit_code is ExitCode.PARTIAL
    assert outcomes(example, "import") == {"AVN": "done", "GHL": "done"}
    assert "CST" not in example.records()


@pytest.mark.requirement(19, 26)
def test_a_partner_removed_while_it_is_read_is_not_stored(example: Desk) -> None:
    """The run ends in the log as failed and says why: it neither hangs there as running nor stops the others."""
    done = run_imports(example.settings, schools=("CST", "GHL"), first=True,
                       progress=once(removing(example, "CST"), at="CST"))  # fmt: skip
    assert [r.outcome.value for r in done.results] == ["failed", "done"]
    assert "(store.set_aside)" in done.results[0].message
    assert outcomes(example, "import") == {"CST": "failed", "GHL": "done"}
    assert "CST" not in example.records()


@pytest.mark.requirement(19, 26, 59)
def test_academic_data_of_a_partner_removed_meanwhile_does_not_come(example: Desk) -> None:
    """Neither while another has its turn, nor in its own."""
    example.sync("AVN", "CST", "GHL", first=True)
    away = removing(example, "AVN", "CST")
    done = academic.run_academic(example.settings, schools=("AVN", "CST", "GHL"), progress=once(away, at="AVN"))
    assert [r.outcome.value for r in done.results] == ["failed", "failed", "done"]
    assert "(store.set_aside)" in done.results[0].message
    assert "partner.removed" in done.results[1].message
    assert outcomes(example, "academic") == {"AVN": "failed", "GHL": "done"}


@pytest.mark.requirement(19, 26, 66)
def test_a_school_that_is_gone_altogether_stops_nobody_else(schools: Practice, store_url: str) -> None:
    """Out of the estate as a school too, while another is read: each flow says so and goes on to the next."""
    estate = json.loads(cut("AVN", "CST", "GHL"))
    settings = read_settings({**schools.environment, "RECONCILE_STORE": store_url})
    settings.estate.write_text(json.dumps(estate), "utf-8")
    store_folder(settings).mkdir(mode=0o700, exist_ok=True)
    (store_folder(settings) / "assignments.csv").write_text("student,class,from,to\n", "utf-8")
    desk = Desk(settings=settings).init().apply()
    desk.sync("AVN", "CST", "GHL", first=True)

    def remove() -> None:
        for name in ("schools", "partners", "period_maps"):
            del estate[name]["CST"]
        gone = [f"{kind}.CST" for kind in ("partner", "school")] + ["period_map.CST.2026-2027"]
        estate["removed"] = [{"address": address, "reason": "left the consortium"} for address in gone]
        settings.estate.write_text(json.dumps(estate), "utf-8")
        desk.apply()

    done = academic.run_academic(settings, schools=("AVN", "CST", "GHL"), progress=once(remove, at="AVN"))
    assert [r.outcome.value for r in done.results] == ["done", "failed", "done"]
    assert "partner.removed" in done.results[1].message


@pytest.mark.requirement(26, 54)
def test_a_partner_removed_while_another_is_told_is_told_nothing(desk: ExportDesk) -> None:
    """Nothing is laid into its folder."""
    desk.table(
        "student,class,from,to\nBRK:20041,AVN:12B/Ph1,2026-09-07,2027-07-21\nAVN:10233,DNE:10B/Ph1,2026-11-09,\n"
    )
    desk.prepare("AVN", "BRK", "DNE")
    done = run_exports(desk.settings, schools=("AVN", "DNE"), first=True,
                       progress=once(removing(desk, "DNE"), at="AVN"))  # fmt: skip
    assert done.results[1].outcome is Outcome.FAILED
    assert "partner.removed" in done.results[1].message
    assert not list(desk.base.glob("out/DNE/*"))


@pytest.mark.requirement(26, 54, 55)
@pytest.mark.parametrize("removed", ["AVN", "DNE"])
def test_a_removal_while_a_partner_is_told_stops_what_was_not_said_yet(desk: ExportDesk, removed: str) -> None:
    """Be it the partner itself or the home school of its guest: the guest had been told, its class is not."""
    desk.table("student,class,from,to\nDNE:24377,AVN:12B/Ph1,2026-09-07,2027-07-21\n").prepare("AVN", "DNE")
    done = run_exports(desk.settings, schools=("AVN",), first=True, progress=once(removing(desk, removed), at="AVN"))
    (result,) = done.results
    assert result.outcome is Outcome.PARTIAL
    assert f"{removed} was removed" in result.message
    assert {r.code for r in result.entry.rejected} == {"export.not_sent"}, result.entry.rejected
    assert (len(desk.partner("AVN").guests), len(desk.partner("AVN").assignments)) == (1, 0)
    assert outcomes(desk, "export") == {"AVN": "partial"}


@pytest.mark.requirement(19)
def test_a_decision_waits_for_the_turn_of_its_school(example: Desk, schools: Practice,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Neither approved nor rejected while somebody else works on the school; the message says who does."""
    monkeypatch.setattr(turns, "LOCK_SECONDS", 0.1)
    example.sync("BRK", first=True)
    schools.simulator.world = schools.simulator.world.drop_students("BRK", 60)
    (held,) = example.sync("BRK").results
    assert held.outcome is Outcome.HELD
    with opened(example.settings) as context:
        lock = context.store.state.lock("school:BRK", holder=holder(context.now, "sync import"), wait=1.0)
        with lock:
            for decide in (decisions.approve, decisions.reject):
                with pytest.raises(LockHeld, match="sync import"):
                    decide(example.settings, held.entry.run, reason="meant")
    assert "turned down" in decisions.reject(example.settings, held.entry.run, reason="not meant")

"""Exports of the example estate: real HTTP, files and databases (VS, rules 2, 26 to 31, 46 to 49 and 54 to 58)."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text

from reconciler.app import control, flows
from reconciler.app.context import opened
from reconciler.app.due import scheduled_flows
from reconciler.app.status import status
from reconciler.connectors.export_protocol import Message
from reconciler.connectors.partner_exchange.connector import ExchangeSession
from reconciler.errors import ExitCode, UnknownName
from reconciler.reports.ports import TransferFilter
from reconciler.transfers.entry import Outcome
from tests.exports.conftest import TABLE, ExportDesk

INLINE = 'inline:\n    - {student: AVN:10233, class: "BRK:12B/Ph1", from: 2026-11-09, to: 2027-02-12}'


def outcomes(done: Any) -> dict[str, str]:
    return {result.entry.school: result.outcome.value for result in done.results}


def rows(desk: ExportDesk, table: str) -> list[dict[str, Any]]:
    engine = create_engine(desk.settings.store_url or "")
    with engine.connect() as connection:
        assert table in inspect(engine).get_table_names()
        found = [dict(row) for row in connection.execute(text(f'SELECT * FROM "{table}"')).mappings()]  # noqa: S608
    engine.dispose()
    return found


@pytest.mark.requirement(46, 54, 55, 58)
def test_the_example_estate_is_exported(desk: ExportDesk) -> None:
    """By hand first, each partner what concerns it; then the schedule, which says nothing again."""
    desk.prepare()
    waits = desk.export()
    assert set(outcomes(waits).values()) == {"waiting"}
    assert waits.exit_code is ExitCode.DONE
    first = desk.export("AVN", "BRK", "DNE", "FGT", first=True)
    assert outcomes(first) == {"AVN": "done", "BRK": "done", "DNE": "done", "FGT": "unchanged"}
    guests = {code: [h.item["home"] for h in desk.partner(code).guests.values()] for code in ("AVN", "BRK", "FGT")}
    assert guests == {"AVN": [{"school": "BRK", "id": "20041"}], "BRK": [{"school": "AVN", "id": "10233"}], "FGT": []}
    assert len(desk.partner("BRK").assignments) == 2
    calls = len(desk.made.simulator.exchange.calls)
    again = desk.export()
    assert {s: o for s, o in outcomes(again).items() if o != "waiting"} == dict.fromkeys(
        ("AVN", "BRK", "DNE", "FGT"), "unchanged")  # fmt: skip
    assert len(desk.made.simulator.exchange.calls) == calls


@pytest.mark.requirement(13, 14)
def test_what_a_partner_is_told_carries_the_schools_own_ids(desk: ExportDesk) -> None:
    """The hub's ids with the school code in front stay in the hub: not one of them is on the wire."""
    desk.prepare("AVN", "BRK")
    desk.export("BRK", first=True)
    partner = desk.partner("BRK")
    told = str([partner.guests, partner.assignments])
    students = rows(desk, "students")
    assert "10233" in told
    own = [f"{row['attachment'][:3]}{row['admission_number']}" for row in students]
    assert [row["hub_admission_number"] for row in students] == own
    for row in students:
        for hub_id in (row["hub_admission_number"], row["hub_tutor_group"]):
            assert not hub_id or hub_id not in told


@pytest.mark.requirement(61, 62, 63)
def test_each_export_ends_with_an_entry_whose_counts_add_up(desk: ExportDesk) -> None:
    """Direction out, with the table that was read and its digest."""
    desk.prepare("AVN", "BRK")
    desk.export("BRK", first=True)
    with opened(desk.settings) as context:
        entry = context.store.reports.transfers(TransferFilter(kinds=frozenset({"export"})))[0]
        assert not context.store.state.verify_audit()
    assert (entry.direction, entry.school, entry.outcome) == ("out", "BRK", Outcome.DONE)
    assert {what: (c.read, c.new) for what, c in entry.counts.items()} == {"guests": (1, 1), "assignments": (2, 2)}
    assert entry.notes[0].startswith("assignments.csv, ")
    assert entry.message.startswith("BRK export done: 3 added")


@pytest.mark.requirement(21, 55)
def test_neither_ledger_nor_outbox_holds_a_name_or_a_key(desk: ExportDesk) -> None:
    """Ids and keyed digests: enough to go on after a crash."""
    desk.prepare("AVN", "BRK")
    desk.export("BRK", first=True)
    kept = str([rows(desk, table) for table in ("export_item", "export_intent", "run", "audit", "data_issue")])
    for secret in ("Pellow", "Idris", "2010-02-14", desk.made.simulator.world.secret("REC_KEY_BRK")):
        assert secret not in kept
    assert "10233" in kept


@pytest.mark.requirement(2)
def test_an_import_changes_no_assignment(desk: ExportDesk) -> None:
    """Whatever the partner says of its classes, the hub's word stands and is not said again."""
    desk.prepare("AVN", "BRK")
    desk.export("BRK", first=True)
    before = rows(desk, "export_item")
    world = desk.made.simulator.world
    desk.made.simulator.world = world.change_class("BRK", "12B/Ph1", lambda c: replace(c, students=c.students[1:]))
    flows.run_imports(desk.settings, schools=("BRK",))
    assert outcomes(desk.export("BRK")) == {"BRK": "unchanged"}
    assert rows(desk, "export_item") == before


@pytest.mark.requirement(56)
def test_a_changed_name_at_home_updates_the_guest(desk: ExportDesk) -> None:
    """After the import that brings it."""
    desk.prepare("AVN", "BRK")
    desk.export("BRK", first=True)
    desk.made.simulator.world = desk.made.simulator.world.rename("AVN:10233", surname="Othername")
    flows.run_imports(desk.settings, schools=("AVN",))
    done = desk.export("BRK")
    assert done.results[0].entry.counts["guests"].changed == 1
    assert [guest.item["surname"] for guest in desk.partner("BRK").guests.values()] == ["Othername"]


@pytest.mark.requirement(57)
def test_an_assignment_taken_out_ends_it_and_its_guest(desk: ExportDesk) -> None:
    """Once the change is applied; a dry run names both before."""
    desk.prepare("AVN", "BRK")
    desk.export("BRK", first=True)
    desk.edit(INLINE, "inline: []")
    shown = desk.export("BRK", dry_run=True).to_text()
    assert "end assignment AVN:10233 in BRK:12B/Ph1" in shown
    assert "end guest AVN:10233" in shown
    assert outcomes(desk.export("BRK")) == {"BRK": "done"}
    guest = next(iter(desk.partner("BRK").guests.values()))
    assert guest.ended_on == "2026-11-23"
    assert [item.ended_on for item in desk.partner("BRK").assignments.values()].count(None) == 1


@pytest.mark.requirement(49)
def test_a_failed_import_skips_that_export_and_holds_what_depends_on_it(desk: ExportDesk) -> None:
    """The others go."""
    desk.prepare()
    done = desk.export(first=True, failed=("AVN",))
    found = outcomes(done)
    assert (found["AVN"], found["BRK"], found["DNE"]) == ("skipped", "partial", "done")
    assert desk.partner("BRK").guests == {}
    assert [issue.issue.code for issue in desk.issues() if issue.issue.school == "BRK"] == ["export.waits_for_import"]
    assert outcomes(desk.export(first=True))["BRK"] == "done"


@pytest.mark.requirement(31)
def test_a_partner_that_rejects_the_key_stops_nobody_else(desk: ExportDesk) -> None:
    """Its verdict is in the log and the issues, without the key."""
    desk.prepare()
    desk.made.simulator.exchange.fault("AVN", "wrong_key")
    done = desk.export("AVN", "BRK", first=True)
    assert outcomes(done) == {"AVN": "failed", "BRK": "done"}
    assert done.exit_code is ExitCode.PARTIAL
    assert "key rejected by partner: https://exchange.avn.example answered 401" in done.results[0].message
    assert [(i.issue.code, i.issue.field) for i in desk.issues() if i.issue.school == "AVN"] == \
        [("export.failed", "exchange.key_rejected")]  # fmt: skip


@pytest.mark.requirement(27, 28)
def test_another_key_here_than_the_partner_was_attached_with_sends_nothing(desk: ExportDesk) -> None:
    """It would be another school's."""
    desk.prepare("AVN", "BRK")
    other = replace(desk, settings=replace(desk.settings, environment={**desk.settings.environment,
                                                                       "REC_KEY_BRK": "another"}))  # fmt: skip
    done = other.export("BRK", first=True)
    assert "(sync.key_mismatch)" in done.results[0].message
    assert "another" not in done.results[0].message
    assert not desk.made.simulator.exchange.calls


@pytest.mark.requirement(56)
def test_a_lost_answer_is_read_back_and_nothing_is_made_twice(desk: ExportDesk) -> None:
    """The partner did as told; each guest and assignment is there once."""
    desk.prepare("AVN", "BRK")
    desk.made.simulator.exchange.fault("BRK", "lost_answer", times=4)
    first = desk.export("BRK", first=True)
    assert first.results[0].outcome in (Outcome.PARTIAL, Outcome.FAILED)
    second = desk.export("BRK", first=True)
    assert outcomes(second) == {"BRK": "done"}
    assert sorted(key[0] for key in desk.partner("BRK").created) == ["a", "a", "g"]
    assert {row["state"] for row in rows(desk, "export_intent")} <= {"done", "superseded"}


@pytest.mark.requirement(56, 57)
def test_what_a_killed_run_created_is_found_although_nobody_wants_it_any_more(
    desk: ExportDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died with the answer under way, and the line was taken out before the next run."""
    desk.prepare("AVN", "BRK")
    send = ExchangeSession.send

    def die(session: ExchangeSession, message: Message) -> Any:
        send(session, message)
        raise SystemExit(137)

    with monkeypatch.context() as patch:
        patch.setattr(ExchangeSession, "send", die)
        with pytest.raises(SystemExit):
            desk.export("BRK", first=True)
    assert len(desk.partner("BRK").guests) == 1
    desk.edit(INLINE, "inline: []")
    assert outcomes(desk.export("BRK", first=True)) == {"BRK": "done"}
    assert [guest.ended_on for guest in desk.partner("BRK").guests.values()] == ["2026-11-23"]
    with opened(desk.settings) as context:
        runs = context.store.reports.transfers(TransferFilter(kinds=frozenset({"export"})))
    assert [run.outcome for run in runs] == [Outcome.DONE, Outcome.INTERRUPTED]


@pytest.mark.requirement(54)
def test_a_table_that_cannot_be_read_ends_nothing(desk: ExportDesk) -> None:
    """Each partner fails with the reason, and what was told stands."""
    desk.prepare("AVN", "BRK")
    desk.export("BRK", first=True)
    desk.table("who,where\n")
    done = desk.export("BRK")
    assert "(export.assignments_file)" in done.results[0].message
    assert all(item.ended_on is None for item in desk.partner("BRK").assignments.values())
    (desk.base / "assignments.csv").unlink()
    assert outcomes(desk.export("BRK")) == {"BRK": "failed"}
    assert [i.issue.field for i in desk.issues()] == ["export.assignments_file"]
    desk.table(TABLE)
    assert outcomes(desk.export("BRK")) == {"BRK": "unchanged"}


@pytest.mark.requirement(56)
def test_a_rotated_key_keeps_guests_and_their_names_on_the_wire(desk: ExportDesk) -> None:
    """The partner's key and the home school's: neither makes anybody a second time."""
    desk.prepare("AVN", "BRK")
    desk.export("BRK", first=True)
    before = set(desk.partner("BRK").guests)
    environment = dict(desk.settings.environment)
    for code in ("AVN", "BRK"):
        environment |= {f"OLD_{code}": environment[f"REC_KEY_{code}"], f"REC_KEY_{code}": f"new-{code}"}
    rotated = replace(desk, settings=replace(desk.settings, environment=environment))
    estate = desk.settings.estate
    content = estate.read_text("utf-8")
    for code in ("AVN", "BRK"):
        new = f"{{env: REC_KEY_{code}, replaces: {{env: OLD_{code}}}}}"
        content = content.replace(f"data_exchange_key: {{env: REC_KEY_{code}}}", f"data_exchange_key: {new}")
    estate.write_text(content, "utf-8")
    planned = control.plan(rotated.settings).plan
    control.apply(rotated.settings, allowed=[risk.token for risk in planned.risks])
    done = rotated.export("BRK")
    assert outcomes(done) == {"BRK": "unchanged"}
    assert set(desk.partner("BRK").guests) == before
    assert all("new" not in row["attachment"] for row in rows(desk, "export_item"))


@pytest.mark.requirement(54)
def test_files_are_dropped_whole_and_only_when_something_changed(desk: ExportDesk) -> None:
    """For a partner that takes packages."""
    desk.prepare("DNE", "FGT")
    desk.export("DNE", first=True)
    path = desk.base / "out" / "DNE" / "virtual-school.zip"
    written = path.stat().st_mtime_ns
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    with zipfile.ZipFile(path) as package:
        assert package.read("users.csv").decode().count("\r\n") == 2
    assert outcomes(desk.export("DNE")) == {"DNE": "unchanged"}
    assert path.stat().st_mtime_ns == written


@pytest.mark.requirement(19)
def test_only_partners_with_an_export_are_named(desk: ExportDesk) -> None:
    """Others are refused with the nearest name."""
    desk.prepare("AVN")
    with pytest.raises(UnknownName, match="not a partner"):
        desk.export("AVX")


@pytest.mark.requirement(54, 67)
def test_an_emptied_table_is_held_and_status_awaits_somebody(desk: ExportDesk) -> None:
    """Nothing is said to anybody, both partners wait, and once the table is back nobody is awaited any more."""

    def awaited() -> list[str]:
        found = status(desk.settings, scheduled_flows())
        return [need.message for need in found.waiting if need.code == "schedule.run_held"]

    desk.prepare("AVN", "BRK").edit(INLINE, "inline: []")
    desk.export("AVN", first=True)
    held = (len(desk.partner("AVN").guests), len(desk.partner("AVN").assignments))
    assert held == (1, 1)
    assert not awaited()
    done = desk.table("student,class,from,to\n").export("AVN")
    assert outcomes(done) == {"AVN": "held"}
    assert not any(one.ended_on for one in desk.partner("AVN").assignments.values())
    (message,) = awaited()
    assert message.startswith("the export to AVN is held")
    assert "no assignment is declared any more, so 1 of 1 would be ended" in message
    assert outcomes(desk.table(TABLE).export("AVN")) == {"AVN": "unchanged"}
    assert not awaited()

"""The demo's steps of the data loop and the reports."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.app import academic, decisions, due, exports, flows, reporting
from reconciler.app.files import write_whole
from reconciler.simulator.story import Story

SOAP_SCHOOLS = ("AVN", "BRK", "CST", "FGT", "GHL")
FILE_SCHOOLS = ("DNE",)
SHARING = "GHL"
DROPPING = "BRK"
DROP_PERCENT = 60
EXPORTED = ("AVN", "BRK", "CST", "DNE", "FGT")
NEXT_MORNING = datetime(2026, 11, 24, 8, 5, tzinfo=UTC)


def imported(story: Story) -> None:
    story.begin("First imports are made by hand: five schools over SOAP, one from files",
                "reconcile sync import --first --school AVN --school BRK ...")  # fmt: skip
    done = flows.run_imports(story.settings, schools=(*SOAP_SCHOOLS, *FILE_SCHOOLS), first=True)
    story.say(done.to_text())
    outcomes = {r.entry.school: r.outcome.value for r in done.results}
    story.expect(set(outcomes.values()) <= {"done", "partial"}, f"every first import should arrive: {outcomes}")


def nothing_changed(story: Story) -> None:
    story.begin("The schedule takes over: nothing changed, so nothing is written; a new partner waits for a person",
                "reconcile sync import")  # fmt: skip
    done = flows.run_imports(story.settings)
    story.say(done.to_text())
    outcomes = {r.entry.school: r.outcome.value for r in done.results}
    story.expect(outcomes.pop("HRT", "") == "waiting", "HRT should wait for its first manual import")
    story.expect(set(outcomes.values()) <= {"unchanged"}, f"a second import should change nothing: {outcomes}")


def exported(story: Story) -> None:
    story.begin("First exports are made by hand: assignments go out, a student of another school becomes a guest",
                "reconcile sync export --first --school AVN --school BRK ...")  # fmt: skip
    done = exports.run_exports(story.settings, schools=EXPORTED, first=True)
    story.say(done.to_text())
    guests = [str(step) for result in done.results for step in result.steps if "guest" in str(step)]
    story.say("\nGuests, created once with the least that a school needs:\n" + "\n".join(f"  {g}" for g in guests))
    story.expect(bool(guests), "a guest should be created at a partner")
    again = exports.run_exports(story.settings, schools=EXPORTED)
    sent = sum(r.entry.total.new + r.entry.total.changed for r in again.results)
    story.expect(sent == 0, "a second export should send nothing")
    story.say("\nThe same again sends nothing: every partner has what it was told.")


def scheduled_cycle(story: Story) -> None:
    story.begin("At 08:05 the next morning the schedule runs: imports, exports, academic data, each slot once",
                "reconcile sync --due")  # fmt: skip
    story.move_on(NEXT_MORNING)
    done = due.due_now(story.settings, due.scheduled_flows())
    story.say(done.to_text())
    story.expect(len(done.ends) > len(EXPORTED), "the morning's slots should run")
    again = due.due_now(story.settings, due.scheduled_flows())
    story.expect(not again.ends, "no slot should run twice")
    story.say("\nAsked again at once, nothing is due: each slot runs once.")


def academic_data(story: Story) -> None:
    story.begin("Attendance, behaviour and assessment of the students known here; behaviour only where codes match",
                "reconcile sync academic")  # fmt: skip
    done = academic.run_academic(story.settings)
    story.say(done.to_text())
    held = [r for r in done.results if r.entry.school in SOAP_SCHOOLS]
    story.expect(all(r.outcome.value in ("done", "unchanged", "partial") for r in held), "academic data should arrive")


def over_shared(story: Story) -> None:
    story.begin(f"{SHARING} sends a pupil who is not offered: not stored, counted, and named by id as a data issue",
                f"reconcile sync import --school {SHARING} && reconcile issues list")  # fmt: skip
    story.made.simulator.server.fault(SHARING, "over_share")
    done = flows.run_imports(story.settings, schools=(SHARING,))
    story.made.simulator.server.heal(SHARING)
    story.say(done.to_text())
    story.say("\n" + reporting.issues(story.settings, "text", schools=(SHARING,)))
    found = [issue.code for issue in done.results[0].issues]
    story.expect("import.not_outplaced" in found, "the pupil who is not offered should be an issue")


def held_and_rejected(story: Story) -> None:
    story.begin(f"{DROPPING} suddenly sends {DROP_PERCENT} % fewer students: held, and what was there stays",
                f"reconcile sync import --school {DROPPING}")  # fmt: skip
    story.made.simulator.server.fault(DROPPING, "roll_down_60")
    done = flows.run_imports(story.settings, schools=(DROPPING,))
    story.say(done.to_text())
    held = done.results[0]
    story.expect(held.outcome.value == "held", "a mass drop should be held")
    story.begin("A person asks the school, hears that half a file was sent, and turns it down",
                f"reconcile reject {held.entry.run} --reason 'half a file, the school sends it again'")  # fmt: skip
    story.say(decisions.reject(story.settings, held.entry.run, reason="half a file, the school sends it again"))
    story.made.simulator.server.heal(DROPPING)
    mended = flows.run_imports(story.settings, schools=(DROPPING,))
    story.say(mended.to_text())
    story.expect(mended.results[0].outcome.value == "unchanged", "after the rejection nothing should have changed")


def reported(story: Story) -> None:
    story.begin(
        "What moved and what must be mended, as pages and as data",
        "reconcile report transfers --format html --out ...",
    )
    story.say(reporting.render(story.settings, "issues", "text").split("\n\nNo.")[0])
    for name in ("transfers", "issues"):
        for format_ in ("html", "csv", "json"):
            path = story.made.folder / f"{name}.{format_}"
            write_whole(path, reporting.render(story.settings, name, format_).encode())
            story.say(f"  {path}")

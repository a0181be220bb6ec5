"""The demo's steps of a partner's life: removed, back with the same key, and a claim that is not true."""

from __future__ import annotations

from reconciler.app import control
from reconciler.app.context import opened
from reconciler.errors import Held, ReconcileError
from reconciler.simulator.story import Story

LEAVING = "CST"


def removed_and_back(story: Story) -> None:
    """A removed partner's rows are kept; the same key brings them back, and only the map is asked for."""
    students = _students(story)
    story.begin(f"{LEAVING} leaves the consortium: its rows are kept, out of live views",
                "add it under `removed:`, then reconcile plan && reconcile apply")  # fmt: skip
    story.estate.without_partner(LEAVING, reason="left the consortium")
    story.say(control.plan(story.settings).render("text"))
    control.apply(story.settings)
    story.expect(_students(story) == 0, "a removed partner should be out of live views")
    story.begin(f"{LEAVING} comes back with the same key, and its old map: the map is asked for again",
                "reconcile plan")  # fmt: skip
    story.estate.as_shipped()
    asked = control.plan(story.settings)
    story.say(asked.render("text"))
    story.expect(bool(asked.plan.blocks), "the old map should not be used again")
    story.begin("With the map declared for its second attachment, the data is back without an import",
                "write attachment: 2 in the map, then reconcile apply")  # fmt: skip
    story.estate.map_again(LEAVING, attachment=2)
    story.say(control.plan(story.settings).render("text"))
    control.apply(story.settings)
    story.say(f"{_students(story)} students of {LEAVING} are live again; there were {students}.")
    story.expect(_students(story) == students, "the same key should bring the data back")


def false_claim(story: Story) -> None:
    """Admission numbers are claimed to be unique, and are not: held, with the clash named."""
    story.begin("Somebody claims that admission numbers are unique: they are compared, and 004512 is at two schools",
                "set admission_numbers_unique: true, then reconcile plan && reconcile apply")  # fmt: skip
    story.estate.claim_unique_admission_numbers()
    try:
        control.apply(story.settings)
        story.expect(False, "a false claim should be held")
    except Held as held:
        story.say("\n".join(f"{d.code}: {d.message}" for d in held.diagnostics))
        said = " ".join(d.message for d in held.diagnostics)
        story.expect("AVN" in said and "BRK" in said and "004512" in said, "the clash should be named")
    except ReconcileError as error:
        story.expect(False, f"a false claim should be held, not {error.code}")
    story.estate.as_shipped()
    story.estate.map_again(LEAVING, attachment=2)


def _students(story: Story) -> int:
    with opened(story.settings) as context:
        return context.store.reports.record_counts().get(LEAVING, {}).get("students", 0)

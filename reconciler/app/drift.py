"""`drift`: declared, stored and live, three ways; takes no lock and writes nothing at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.app.applied import check_schools_known, of_kind, virtual_school
from reconciler.app.context import opened
from reconciler.app.control import fresh_plan
from reconciler.app.estate_files import load
from reconciler.app.live_check import check_schools, stored_specs
from reconciler.errors import ExitCode
from reconciler.live.difference import Drift
from reconciler.live.json_view import to_json
from reconciler.live.text import render_text
from reconciler.plan.state import StoredState
from reconciler.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftOutcome:
    """What was found, as text or JSON (`schemas/drift.schema.json`)."""

    drift: Drift

    @property
    def exit_code(self) -> ExitCode:
        return self.drift.exit_code

    def render(self, format_: str) -> str:
        if format_ == "json":
            return json.dumps(to_json(self.drift), indent=2, ensure_ascii=False)
        return render_text(self.drift)


def drift(settings: Settings, *, schools: Sequence[str] = ()) -> DriftOutcome:
    """Compares the schools named, or all that are applied, with their own systems, as the applied estate reaches them.

    Raises InvalidEstate, Refused where nothing is applied or the files are another estate's, UnknownName for a school
    that is not applied, StoreError.
    """
    loaded = load(settings.estate)
    with opened(settings, read_only=True) as context:
        state = context.store.state.read_state()
        virtual_school(state)
        pending = len(fresh_plan(context, loaded, state, (), runs_programs=False).actions)
        chosen = _chosen(state, schools)
        check = check_schools(context, state, loaded, chosen, by=stored_specs(state))
        return DriftOutcome(drift=Drift(
            estate=loaded.estate.estate_id, at=context.now, rehearsal=context.store.rehearsal, schools=tuple(chosen),
            found=check.sorted_out.found, expected=check.sorted_out.expected, unused=check.sorted_out.unused,
            notes=tuple(note for school in check.found for note in school.notes),
            unasked=tuple(one for school in check.found for one in school.unasked), pending=pending,
        ))  # fmt: skip


def _chosen(state: StoredState, schools: Sequence[str]) -> list[str]:
    check_schools_known(state, schools)
    return [code for code in of_kind(state, "school") if not schools or code in schools]

"""What a change of the hub's academic year means for people, told in the plan (C26)."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.app.applied import of_kind
from reconciler.issues.year_change import without_next_group
from reconciler.plan.state import StoredState
from reconciler.records.entities import Entity
from reconciler.resources.resource import Resource
from reconciler.syncs.cross_school import CrossSchoolStore
from reconciler.syncs.ports import FeedStore
from reconciler.syncs.year_change import pupil_of
from reconciler.vocabulary.codes import AcademicYear

_HUB = "virtual_school"


def year_consequences(across: CrossSchoolStore, feeds: FeedStore, desired: Sequence[Resource],
                      state: StoredState) -> dict[str, tuple[str, ...]]:  # fmt: skip
    """By address, everybody of each partner who has no year group to go up to; empty unless the year moves on."""
    stored = state.resources.get(_HUB)
    wanted = next((resource for resource in desired if resource.address == _HUB), None)
    if stored is None or wanted is None:
        return {}
    before, year = (AcademicYear.parse(spec["academic_year"]) for spec in (stored.spec, wanted.spec))
    if year <= before:
        return {}
    schools, notes = of_kind(state, "school"), []
    for scope in across.scopes():
        if scope.year >= year:
            continue
        pupils = [pupil_of(row) for row in feeds.rows(scope, Entity.STUDENTS)]
        staying = without_next_group(pupils, phase=str(schools.get(scope.school, {}).get("phase", "")), year=year)
        if staying:
            who = f"{len(staying)} of {len(pupils)} students of {scope.school}"
            notes.append(f"{who} have no next year group in {year}: {', '.join(staying)}")
    return {_HUB: tuple(notes)} if notes else {}

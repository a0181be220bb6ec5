"""Reads the applied estate back from the store: what syncs and reports run on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.errors import Refused, UnknownName
from reconciler.plan.state import StoredState
from reconciler.reports.frame import SchoolName
from reconciler.vocabulary.suggestions import did_you_mean


def virtual_school(state: StoredState) -> Mapping[str, Any]:
    """The applied hub. Raises Refused where nothing is applied yet."""
    found = state.resources.get("virtual_school")
    if found is None:
        raise Refused(
            "state.empty",
            "nothing is applied yet, and syncs run on the applied estate",
            hint="reconcile plan, then reconcile apply",
        )
    return found.spec


def of_kind(state: StoredState, kind: str) -> dict[str, Mapping[str, Any]]:
    """Applied specs of one kind by name, in order of name."""
    return {
        address.partition(".")[2]: resource.spec
        for address, resource in sorted(state.resources.items())
        if resource.kind == kind
    }


def chosen_partners(state: StoredState, schools: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """The applied partners named, or all, in order of code. Raises UnknownName for one that is none."""
    partners = of_kind(state, "partner")
    unknown = next((code for code in schools if code not in partners), None)
    if unknown is not None:
        raise UnknownName(
            "partner.unknown",
            f"{unknown!r} is not a partner in the applied estate, so nothing can flow with it",
            hint=did_you_mean(unknown, partners) or "partners: " + ", ".join(partners),
        )
    return {code: spec for code, spec in partners.items() if not schools or code in schools}


def check_schools_known(state: StoredState, schools: Sequence[str], *, removed_too: bool = False) -> None:
    """Raises UnknownName for a school that the applied estate does not have; a removed one may still hold data."""
    declared = of_kind(state, "school")
    known = {*declared, *(attachment.school for attachment in state.attachments if removed_too)}
    unknown = next((code for code in schools if code not in known), None)
    if unknown is not None:
        raise UnknownName(
            "school.unknown",
            f"the applied estate has no school {unknown!r}",
            hint=did_you_mean(unknown, known) or "schools: " + ", ".join(declared),
        )


def partner_names(state: StoredState) -> tuple[SchoolName, ...]:
    """Partner schools with name and colour, in order of code."""
    schools = of_kind(state, "school")
    return tuple(
        SchoolName(code=code, name=str(schools.get(code, {}).get("name", "")), colour=str(partner["colour"]))
        for code, partner in of_kind(state, "partner").items()
    )

"""What risky steps of a plan stand on, read from the store each time that a plan is made (VS, rules 10 to 16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.plan.risks import rekeyed
from reconciler.plan.state import StoredState
from reconciler.plan.value import Evidence
from reconciler.records.identifiers import IDENTIFIERS, claimed
from reconciler.resources.resource import Resource
from reconciler.syncs.cross_school import CrossSchoolStore

_HUB = "virtual_school"
REKEY = f"rekey:{_HUB}"


def evidence(across: CrossSchoolStore, desired: Sequence[Resource], state: StoredState) -> dict[str, Evidence]:
    """Evidence by risk token; nothing is read unless the settings of identifiers change."""
    stored = state.resources.get(_HUB)
    wanted = next((resource for resource in desired if resource.address == _HUB), None)
    if stored is None or wanted is None:
        return {}
    before, after = _settings(stored.spec), _settings(wanted.spec)
    entities = rekeyed(before, after)
    return {REKEY: _rekey(across, before, after, entities)} if entities else {}


def _rekey(across: CrossSchoolStore, before: Mapping[str, Any], after: Mapping[str, Any],
           entities: Sequence[str]) -> Evidence:  # fmt: skip
    """Compares what is newly claimed over all live records of all partners, and counts who gets another id."""
    scopes = across.scopes()
    figures = {i.entity.value: across.count(scopes, i) for i in IDENTIFIERS if i.entity.value in entities}
    newly = [identifier for identifier in claimed(after) if identifier not in claimed(before)]
    for identifier in newly:
        figures[f"{identifier.noun}s compared"] = figures[identifier.entity.value]
    if newly:
        figures["schools compared"] = len(scopes)
    return Evidence(
        facts={"compared": [identifier.noun for identifier in newly]},
        figures=figures,
        clashes=tuple(clash.message for identifier in newly for clash in across.clashes(scopes, identifier)),
    )


def _settings(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    found = spec.get("identifiers")
    return found if isinstance(found, Mapping) else {}

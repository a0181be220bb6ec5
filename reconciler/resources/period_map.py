"""Which partner slot each hub slot means, spelt out slot by slot (VS, rules 34 to 41)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.references import needs
from reconciler.resources.resource import Resource, make

KIND = "period_map"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource a partner and year; shorthand and explicit slots give the same spec (rule 37)."""
    for declared in estate.period_maps:
        if declared.expansion is None:
            continue
        spec = {
            "school": declared.school,
            "year": declared.year,
            "attachment": declared.attachment,
            "week_offset": int(declared.entry.get("week_offset") or 0),
            "structure": declared.structure,
            "slots": declared.expansion.texts,
        }
        depends_on = needs(("partner", declared.school), ("period_structure", declared.structure))
        yield make(KIND, declared.name, spec, depends_on=(*depends_on, "virtual_school"), position=declared.position)

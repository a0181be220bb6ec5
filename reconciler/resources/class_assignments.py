"""Which student of which school sits in which class: the hub's own (VS, rule 2)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.references import needs, schools_of
from reconciler.resources.resource import Resource, make

KIND = "class_assignments"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource for the whole section."""
    declared = estate.class_assignments
    if declared is None:
        return
    lines = declared.entry.get("inline") or ()
    ids = [line.get(key, "") for line in lines for key in ("student", "class")]
    depends_on = ("virtual_school", *needs(*schools_of(ids)))
    yield make(KIND, "", declared.entry, depends_on=depends_on, position=declared.position)

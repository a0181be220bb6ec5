"""Groups made by hand, of members from the MIS and others (SC, rule 229)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.estate.model import Estate
from reconciler.resources.references import needs, schools_of
from reconciler.resources.resource import Resource, make

KIND = "manual_group"


def desired(estate: Estate) -> Iterator[Resource]:
    """One resource a group."""
    owners = {
        member: name
        for name, declared in estate.manual_members.items()
        for member in declared.entry.get("members") or ()
    }
    for name, group in estate.manual_groups.items():
        members = [str(member) for member in group.entry.get("members") or ()]
        by_hand = {owners.get(member.removeprefix("manual:"), "") for member in members if member.startswith("manual:")}
        depends_on = needs(
            ("third_party", group.entry.get("third_party") or ""),
            *schools_of(members),
            *(("manual_members", owner) for owner in by_hand),
        )
        yield make(KIND, name, group.entry, depends_on=depends_on, position=group.position)

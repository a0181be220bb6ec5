"""Period structures: each is possible, and the hub's is the biggest (VS, rule 36; trap 4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic
from reconciler.estate.model import Estate, Structure
from reconciler.estate.rules.words import listed, plural
from reconciler.estate.structures import PeriodStructure
from reconciler.vocabulary.slots import DAYS

if TYPE_CHECKING:
    from reconciler.documents.document import Document

_UNITS = ("week", "day a week", "period a day")
_SEVERAL = ("weeks", "days a week", "periods a day")


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """Days that differ are days of the cycle; the hub holds the biggest structure of all partners."""
    for structure in estate.period_structures.values():
        yield from _days(document, structure)
    yield from _hub(estate, document)


def _days(document: Document, structure: Structure) -> Iterator[Diagnostic]:
    shape = structure.shape
    for name, _ in shape.ragged:
        week = int(name[1]) if name[1].isdigit() else 1
        if week > shape.weeks or DAYS.index(name[-3:]) >= shape.days:
            yield document.finding(
                "period.unknown_day",
                f"{structure.name} has {plural(shape.weeks, 'week')} of {plural(shape.days, 'day')}, so no {name}",
                (*structure.path, "except", name),
                key=True,
                hint="take the day out, or correct weeks and days",
            )


def _hub(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """Too small in one dimension is an error that says what is needed and which partner forces each dimension."""
    hub = estate.hub_structure
    sizes = {
        code: _size(found.shape)
        for code, partner in estate.partners.items()
        if (found := estate.period_structures.get(partner.period_structure))
    }
    if hub is None or not sizes:
        return
    has = _size(hub)
    needs = tuple(max(*(size[at] for size in sizes.values()), has[at]) for at in range(3))
    if needs == has:
        return
    forcing = [
        [code for code, size in sizes.items() if size[at] == needs[at]] if needs[at] > has[at] else []
        for at in range(3)
    ]
    reasons = "; ".join(
        f"{plural(needs[at], _UNITS[at], _SEVERAL[at])}: {listed(codes)}" for at, codes in enumerate(forcing) if codes
    )
    culprits = list(dict.fromkeys(code for codes in forcing for code in codes))
    yield document.finding(
        "period.hub_too_small",
        f"the hub's structure {hub.name} has {hub.shape} and needs {needs[0] * needs[1]} days x {needs[2]} periods "
        f"because of {listed(culprits)} ({reasons})",
        ("virtual_school", "period_structure"),
        hint=f"give the hub a structure of {plural(needs[0], 'week')}, {plural(needs[1], 'day')} and "
        f"{plural(needs[2], 'period')}; what a partner lacks is mapped to not_selected",
    )


def _size(structure: PeriodStructure) -> tuple[int, int, int]:
    return structure.weeks, structure.days, structure.most_periods

"""Each partner's map says something about every hub slot, and only about slots that exist (VS, rules 29 to 41)."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.estate.model import Estate, PeriodMap
from reconciler.estate.period_maps import Expansion, MapProblem
from reconciler.estate.rules.words import first_few, plural
from reconciler.estate.rules.years import academic_year
from reconciler.estate.structures import PeriodStructure

if TYPE_CHECKING:
    from reconciler.documents.document import Document


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """Missing, impossible, unreached and doubled slots; repeats and offsets that cannot be; maps that are not there."""
    hub = estate.hub_structure
    for declared in estate.period_maps:
        partner = estate.period_structures.get(declared.structure)
        if hub is None or partner is None or declared.expansion is None:
            continue
        cycle = list(_cycle(document, declared, hub, partner.shape))
        yield from cycle
        if not cycle:
            yield from _slots(document, declared, declared.expansion, hub, partner.shape)
    yield from _without(estate, document)
    yield from _attachments(estate, document)


def _cycle(
    document: Document, declared: PeriodMap, hub: PeriodStructure, partner: PeriodStructure
) -> Iterator[Diagnostic]:
    """`repeat: weekly` is for one-week partners, an offset for those with more (rules 37 and 41)."""
    if declared.entry.get("repeat") == "weekly" and partner.weeks > 1:
        yield document.finding(
            "period.repeat_mismatch",
            f"the map of {declared.school} repeats weekly, but {partner.name} has {partner.weeks} weeks: "
            "its later weeks would never be used",
            (*declared.path, "repeat"),
            hint="take repeat out: the map then goes week for week",
        )
    if declared.entry.get("week_offset") and partner.weeks == 1:
        yield document.finding(
            "period.week_offset",
            f"the map of {declared.school} shifts weeks, but {partner.name} has one week only",
            (*declared.path, "week_offset"),
            hint="take week_offset out",
        )


def _slots(
    document: Document, declared: PeriodMap, expansion: Expansion, hub: PeriodStructure, partner: PeriodStructure
) -> Iterator[Diagnostic]:
    for problem in expansion.problems:
        yield _problem(document, declared, problem, hub, partner)
    if expansion.unmapped:
        once = partner.weeks == 1 and hub.weeks > 1 and not declared.entry.get("repeat")
        yield document.finding(
            "period.unmapped_slot",
            f"the map of {declared.school} says nothing about {plural(len(expansion.unmapped), 'hub slot')}: "
            f"{first_few(expansion.unmapped)}",
            declared.path,
            key=True,
            hint=("add repeat: weekly, since the partner has one week; or " if once else "")
            + "map them, or say not_selected for each, or unlisted: not_selected for all of them",
        )
    unreached = expansion.unreached(partner)
    if unreached and not expansion.problems and not expansion.unmapped:
        yield document.finding(
            "period.slot_unreached",
            f"no hub slot reaches {plural(len(unreached), 'slot')} of {declared.school}: {first_few(unreached)}; "
            "classes taught there lose those lessons",
            declared.path,
            key=True,
            severity=Severity.WARNING,
            hint="map a hub slot to each, or leave it so if nothing that is offered is taught then",
        )
    doubled = [] if declared.entry.get("allow_duplicate") else list(expansion.doubled())
    if doubled:
        pairs = [f"{first} and {second}" for first, second in doubled]
        yield document.finding(
            "period.duplicate_target",
            f"hub slots of one day land on one slot of {declared.school}: {'; '.join(pairs[:2])}"
            + (f"; and {len(pairs) - 2} more pairs" if len(pairs) > 2 else ""),
            declared.path,
            key=True,
            severity=Severity.WARNING,
            hint="check the map; if it is meant, add allow_duplicate: true",
        )


def _problem(
    document: Document, declared: PeriodMap, problem: MapProblem, hub: PeriodStructure, partner: PeriodStructure
) -> Diagnostic:
    path = (*declared.path, *problem.path)
    if problem.what == "unknown_hub_slot":
        return document.finding(
            "period.unknown_slot",
            f"the hub's structure {hub.name} has no {problem.written}",
            path,
            key=True,
            hint=f"it has {hub.shape}: {first_few(hub.periods, most=9)}",
        )
    return document.finding(
        "period.unknown_slot",
        f"hub slot {problem.slot} is mapped to {problem.target}, which {partner.name} of {declared.school} "
        "does not have",
        path,
        hint=f"it has {partner.shape}: {first_few(partner.periods, most=9)}; where a day is shorter, say so under "
        "except, as in {Fri: {P3: not_selected}}",
    )


def _without(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """A partner without a map for the year is not ready, and nothing of it is imported (rules 32 and 44)."""
    year = str(academic_year(estate) or "")
    if not year:
        return
    mapped = {declared.school for declared in estate.period_maps if declared.year == year}
    for code in estate.partners:
        if code not in mapped:
            yield document.finding(
                "period.unmapped_partner",
                f"{code} has no period map for {year}: its students, classes and timetable wait until there is one",
                ("partners", code),
                key=True,
                severity=Severity.WARNING,
                hint=f"declare period_maps: {{{code}: {{{year}: ...}}}}",
            )


def _attachments(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """A partner's attachment number never goes back: an old attachment's map is not used again (rule 29)."""
    by_school: dict[str, list[PeriodMap]] = defaultdict(list)
    for declared in estate.period_maps:
        by_school[declared.school].append(declared)
    for school, maps in by_school.items():
        in_order = sorted(maps, key=lambda declared: declared.year)
        for before, after in itertools.pairwise(in_order):
            if after.attachment < before.attachment:
                yield document.finding(
                    "period.attachment",
                    f"the map of {school} for {after.year} is for attachment {after.attachment}, the one for "
                    f"{before.year} already for attachment {before.attachment}",
                    after.path,
                    key=True,
                    hint=f"check the map again and write attachment: {before.attachment}",
                    related=((f"the map for {before.year}", document.position(before.path)),),
                )

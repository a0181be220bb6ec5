"""The whole that a partner should know, for exporters that write packages: the ledger with the steps carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from reconciler.connectors.export_protocol import AssignmentFacts, Facts, ItemKind, PackageItem
from reconciler.syncs.export_job import ExportJob, Step
from reconciler.syncs.export_ports import Item, ItemIdentity, ItemState
from reconciler.syncs.export_steps import intent_of
from reconciler.syncs.export_wish import Book, guest_facts


def whole(job: ExportJob, book: Book, told: Mapping[ItemIdentity, Item], steps: Sequence[Step]) -> list[PackageItem]:
    """Every item of this year that holds or has ended; a guest whose record is gone is left out."""
    items = dict(told)
    said: dict[ItemIdentity, Facts] = {}
    for step in steps:
        items[step.identity] = intent_of(job, step).after
        if step.facts is not None:
            said[step.identity] = step.facts
    guests = {
        (item.identity.origin, item.identity.person): item.key
        for item in items.values()
        if item.identity.kind is ItemKind.GUEST and item.state is not ItemState.INTENDED
    }
    found = []
    for identity, item in sorted(items.items()):
        if item.state is ItemState.INTENDED or not _this_year(job, item):
            continue
        facts = said.get(identity) or _facts(job, book, item, guests)
        if facts is not None:
            found.append(PackageItem(
                kind=identity.kind, key=item.key, facts=facts, ended_on=item.ended_on,
                class_name=book.classes.get(identity.class_id, ""),
            ))  # fmt: skip
    return found


def _this_year(job: ExportJob, item: Item) -> bool:
    days: tuple[date | None, date | None] = (item.first_day, item.ended_on or item.last_day)
    return job.year.overlaps(*days)


def _facts(job: ExportJob, book: Book, item: Item, guests: Mapping[tuple[str, str], str]) -> Facts | None:
    """What was said of an item that no step is about, made again from the records."""
    who = item.identity
    if who.kind is ItemKind.ASSIGNMENT:
        if item.first_day is None:
            return None
        guest = guests.get((who.origin, who.person), "")
        return AssignmentFacts(class_id=who.class_id, first_day=item.first_day, last_day=item.last_day, guest=guest,
                               own_student="" if guest else who.person)  # fmt: skip
    home = who.origin.partition(":")[0]
    found = book.students.get(home, {}).get(who.person)
    return guest_facts(found[0], home_school=home, send_upn=job.send_upn) if found else None


def people_of(told: Sequence[Item]) -> dict[str, set[str]]:
    """Ids of the students that a ledger names, by home school."""
    people: dict[str, set[str]] = {}
    for item in told:
        people.setdefault(item.identity.origin.partition(":")[0], set()).add(item.identity.person)
    return people

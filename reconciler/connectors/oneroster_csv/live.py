"""What one delivery tells of the school itself: its orgs, its sessions, the slots that its classes are taught in."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import date

from reconciler.connectors.live_protocol import IDENTITY, LiveFact, LiveFacts, SeenSlots, Unknown
from reconciler.connectors.oneroster_csv.mapping import SchoolClass
from reconciler.connectors.oneroster_csv.roster import BadCell, Roster
from reconciler.formats.oneroster.decoder import Line
from reconciler.vocabulary.codes import AcademicYear
from reconciler.vocabulary.slots import Slot

TOLD = frozenset(LiveFact) - {LiveFact.SHORT_CODE, LiveFact.GRANTED}
_URN = re.compile(r"[1-9]\d{5}\Z")


def look(roster: Roster, wanted: Collection[LiveFact]) -> LiveFacts:
    """The facts wanted, but for the count of students, which needs their rows."""
    told: dict[str, object] = {
        LiveFact.SHORT_CODE.value: Unknown("OneRoster has no field for a school's short code"),
        LiveFact.GRANTED.value: Unknown("files are not granted entity by entity"),
    }
    if IDENTITY & set(wanted):
        told |= {fact.value: value for fact, value in _identity(roster).items()}
    for fact, read in _READ.items():
        if fact in wanted:
            told[fact.value] = read(roster)
    return replace(LiveFacts(), **{fact.value: told[fact.value] for fact in wanted if fact.value in told})  # type: ignore[arg-type] # each is of its field's type


def _identity(roster: Roster) -> dict[LiveFact, str | Unknown]:
    schools = [line for line in roster.optional("orgs") if line.text("kind").casefold() in ("school", "college")]
    if len(schools) != 1:
        why = "there is no orgs.csv with a school" if not schools else f"orgs.csv names {len(schools)} schools"
        return dict.fromkeys((LiveFact.SCHOOL_ID, LiveFact.NAME, LiveFact.URN), Unknown(why))
    (one,) = schools
    number = one.text("identifier")
    return {
        LiveFact.SCHOOL_ID: one.text("id") or Unknown("the school in orgs.csv has no sourcedId"),
        LiveFact.NAME: one.text("name") or Unknown("the school in orgs.csv has no name"),
        LiveFact.URN: number if _URN.match(number) else Unknown("the identifier in orgs.csv is no URN"),
    }


def _years(roster: Roster) -> frozenset[AcademicYear] | Unknown:
    """By their dates: what dialects write as `schoolYear` is the first year in some and the second in others."""
    if not roster.delivery.has("academicSessions"):
        return Unknown("there is no academicSessions.csv")
    found = {AcademicYear.of(start) for line in roster.optional("academicSessions")
             if (start := _start(roster, line))}  # fmt: skip
    return frozenset(found) or Unknown("no session in academicSessions.csv has a first day that can be read")


def _start(roster: Roster, line: Line) -> date | None:
    try:
        return None if roster.deleted(line) else roster.day(line, "start")
    except BadCell:
        return None


def _structure(roster: Roster) -> SeenSlots | Unknown:
    """The slots of all classes of the year: a period in which nobody is taught does not show in the files."""
    found = set()
    for one in roster.classes.values():
        for text in one.slots if isinstance(one, SchoolClass) and not one.outside else ():
            try:
                found.add(Slot.parse(text))
            except ValueError:
                continue
    if not found:
        return Unknown("classes.csv names no periods as slots of the school's own week")
    return SeenSlots(slots=frozenset(found), whole=False)


def _classes(roster: Roster) -> int | Unknown:
    if not roster.tells_classes:
        return Unknown("classes.csv does not say of every class whether it is offered")
    return len(roster.teaching())


_READ: Mapping[LiveFact, Callable[[Roster], object]] = {
    LiveFact.YEARS: _years, LiveFact.STRUCTURE: _structure, LiveFact.CLASSES: _classes,
}  # fmt: skip

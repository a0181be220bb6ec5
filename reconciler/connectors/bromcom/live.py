"""What the read service tells of a school itself: its record, its years, its periods, what is offered and granted.

Every column but those of PeriodStructures and SubjectClasses is inferred (`protocols.md` 3), so each fact may be
unknown. No row of a person is read for an offer by group: its members are counted by id.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeVar

from reconciler.connectors.bromcom import mapping
from reconciler.connectors.bromcom.columns import Bound, views
from reconciler.connectors.bromcom.school import School
from reconciler.connectors.live_protocol import IDENTITY, LiveFact, LiveFacts, SeenSlots, Unknown
from reconciler.connectors.protocol import Offer, SourceRow
from reconciler.errors import SourceError
from reconciler.formats.bromcom import filters
from reconciler.formats.bromcom.decoder import RawRow
from reconciler.vocabulary.codes import AcademicYear
from reconciler.vocabulary.slots import Slot

T = TypeVar("T")

NOT_GRANTED = "source.not_granted"
_LESSON = "PERIOD"  # the type of a calendar model that lessons are taught in; others are registrations and breaks
_COLUMNS: Mapping[LiveFact, str] = {
    LiveFact.SCHOOL_ID: "key", LiveFact.NAME: "name", LiveFact.URN: "urn", LiveFact.SHORT_CODE: "short_code",
}  # fmt: skip


def look(school: School, wanted: Collection[LiveFact]) -> LiveFacts:
    """The facts wanted. An address that answers for another school tells only that it does (threat T22)."""
    granted = school.client.entities()
    with school.knowing(granted):
        return _look(school, granted, wanted)


def _look(school: School, granted: Mapping[str, str], wanted: Collection[LiveFact]) -> LiveFacts:
    facts = LiveFacts().without(wanted, Unknown("the address answers for another school, so nothing else was asked"))
    told = _identity(school) if IDENTITY & set(wanted) else {}
    identity = {fact.value: value for fact, value in told.items() if fact in wanted}
    sent = told.get(LiveFact.SCHOOL_ID)
    if isinstance(sent, str) and sent != str(school.client.account.school_id):
        return _with(facts, identity)
    asked: dict[str, object] = dict(identity)
    for fact, ask in _ASKED.items():
        if fact in wanted:
            asked[fact.value] = _known(partial(ask, school))
    if LiveFact.GRANTED in wanted:
        asked[LiveFact.GRANTED.value] = frozenset(granted.values())
    return _with(facts, asked)


def _with(facts: LiveFacts, told: Mapping[str, object]) -> LiveFacts:
    return replace(facts, **told)  # type: ignore[arg-type] # each is of its field's type


def _known(ask: Callable[[], T | Unknown]) -> T | Unknown:
    try:
        return ask()
    except SourceError as error:
        if error.code == NOT_GRANTED:
            return Unknown(error.message)
        return Unknown(error.message, error.code)


def _identity(school: School) -> dict[LiveFact, str | Unknown]:
    """The school's own record, which is the one with its id where the service sends several."""
    view = views()["schools"]

    def records() -> list[dict[LiveFact, str]]:
        return [
            {fact: text for fact, column in _COLUMNS.items() if (text := bound.text(raw, column))}
            for raw, bound in _unchecked(school)
        ]

    found = _known(records)
    if isinstance(found, Unknown):
        return dict.fromkeys(_COLUMNS, found)
    own = [one for one in found if one.get(LiveFact.SCHOOL_ID) == str(school.client.account.school_id)]
    one = (own or found or [{}])[0]
    return {fact: one.get(fact) or Unknown(f"{view.entity} has no {column}") for fact, column in _COLUMNS.items()}


def _unchecked(school: School) -> Iterator[tuple[RawRow, Bound]]:
    """Rows of the school's record without the check that they are its own: whose they are is the question."""
    view = views()["schools"]
    dataset, rows = school.client.rows(school.granted(view), "")
    for raw in rows:
        yield raw, view.bind(dataset.columns or raw)


def _years(school: School) -> frozenset[AcademicYear] | Unknown:
    """The years in which an offered class starts; people prove nothing, they are at a school for years."""
    view, offer = views()["classes"], school.request.classes
    if offer.in_group and not school.marks_classes():
        return Unknown("SubjectClasses has no column Outplaced, so no offered class tells its year")
    parts = (filters.equals("Outplaced", "true"),) if offer.in_group else ()
    rows = school.rows(view, *parts) if not offer.explicit else school.rows_of(view, "ClassID", sorted(offer.explicit))
    found = set()
    for raw, bound, _ in rows:
        try:
            start = mapping.dated(raw, bound, "start_date")
        except ValueError:
            continue
        if start is not None:
            found.add(AcademicYear.of(start))
    return frozenset(found) or Unknown("no offered class tells in which academic year the school is")


def _structure(school: School) -> SeenSlots | Unknown:
    """The declared cycle of the school; without that entity, the slots in which offered classes are taught."""
    view = views()["periods"]
    if not school.grants(view):
        if not school.grants(views()["lessons"]):
            return Unknown(f"the school grants neither {view.entity} nor Timetable to this account")
        taught = frozenset(Slot.parse(key.slot) for key in school.lessons().spans)
        if not taught:
            return Unknown(f"{view.entity} is not granted, and no offered class has a lesson")
        return SeenSlots(slots=taught, whole=False)
    periods = [mapping.period(raw, bound) for raw, bound, _ in school.rows(view)
               if (bound.text(raw, "kind") or _LESSON).upper() == _LESSON]  # fmt: skip
    slots = frozenset(slot for slot in periods if slot)
    if not slots:
        return Unknown(f"{view.entity} names no period of lessons")
    return SeenSlots(slots=slots, whole=None not in periods)


def _students(school: School) -> int | Unknown:
    """Members of the offered group by id; for any other offer the students themselves are counted."""
    offer: Offer = school.request.students
    if offer.in_group:
        return len(school.group_members(offer.in_group))
    return sum(isinstance(row, SourceRow) and row.offered for row in school.students())


def _classes(school: School) -> int | Unknown:
    if school.request.classes.in_group and not school.marks_classes():
        return Unknown("SubjectClasses has no column Outplaced, so nobody can say which classes are offered")
    return sum(isinstance(row, SourceRow) and row.offered for row in school.classes())


_ASKED: Mapping[LiveFact, Callable[[School], object]] = {
    LiveFact.YEARS: _years, LiveFact.STRUCTURE: _structure, LiveFact.STUDENTS: _students, LiveFact.CLASSES: _classes,
}  # fmt: skip

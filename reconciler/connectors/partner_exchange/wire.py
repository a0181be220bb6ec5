"""Facts to JSON and back. Nothing but the fields named here is ever written; the enrolment is a constant (C2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from reconciler.connectors.export_protocol import AssignmentFacts, Facts, GuestFacts, HeldItem, ItemKind
from reconciler.errors import MalformedSourceError

ENROLMENT = "Guest"  # never main or subsidiary: a guest is not a second enrolment (VS, rule 58)
_REFERENCE_LENGTH = 200
COLLECTIONS: Mapping[ItemKind, str] = {ItemKind.GUEST: "guests", ItemKind.ASSIGNMENT: "assignments"}


def body(facts: Facts) -> dict[str, Any]:
    """What a PUT says."""
    if isinstance(facts, GuestFacts):
        told: dict[str, Any] = {
            "enrolment": ENROLMENT,
            "home": {"school": facts.home_school, "id": facts.home_id},
            "forename": facts.forename,
            "surname": facts.surname,
            "birth_date": _day(facts.birth_date),
        }
        optional = {"year_group": facts.year_group, "upn": facts.upn}
        return told | {name: value for name, value in optional.items() if value}
    student = {"guest": facts.guest} if facts.guest else {"own": facts.own_student}
    return {
        "student": student,
        "class": facts.class_id,
        "from": facts.first_day.isoformat(),
        "to": _day(facts.last_day),
    }


def held(kind: ItemKind, answer: Mapping[str, Any], *, origin: str) -> HeldItem:
    """What a GET says. Raises MalformedSourceError `exchange.answer`, repeating none of it."""
    try:
        told = answer["item"]
        facts: Facts = _guest(told) if kind is ItemKind.GUEST else _assignment(told)
        ended = answer.get("ended_on")
        return HeldItem(facts=facts, ended_on=date.fromisoformat(ended) if ended else None, reference=reference(answer))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise unreadable(origin) from None


def reference(answer: Mapping[str, Any]) -> str:
    """The partner's own number of an item, kept for people who ask there; whatever it is, it can be stored."""
    shown = str(answer.get("id") or "")[:_REFERENCE_LENGTH]
    return "".join(character for character in shown if character.isprintable())


def _guest(told: Mapping[str, Any]) -> GuestFacts:
    if told["enrolment"] != ENROLMENT:
        raise ValueError("not a guest")
    return GuestFacts(
        home_school=str(told["home"]["school"]), home_id=str(told["home"]["id"]), forename=str(told["forename"]),
        surname=str(told["surname"]), birth_date=_read_day(told["birth_date"]),
        year_group=str(told.get("year_group", "")), upn=str(told.get("upn", "")),
    )  # fmt: skip


def _assignment(told: Mapping[str, Any]) -> AssignmentFacts:
    return AssignmentFacts(
        class_id=str(told["class"]), first_day=date.fromisoformat(told["from"]), last_day=_read_day(told["to"]),
        guest=str(told["student"].get("guest", "")), own_student=str(told["student"].get("own", "")),
    )  # fmt: skip


def unreadable(origin: str) -> MalformedSourceError:
    """An answer that is not what the API promises."""
    return MalformedSourceError(
        "exchange.answer", f"{origin} answered with something that the exchange interface does not know",
        hint="compare the partner's server with docs/exchange.openapi.yaml",
    )  # fmt: skip


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _read_day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None

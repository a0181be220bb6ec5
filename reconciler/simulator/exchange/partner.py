"""One partner's side of the exchange: what it was told, and how it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from reconciler.simulator.school import School, Student

COLLECTIONS = ("guests", "assignments")
GUEST_FIELDS = frozenset({"enrolment", "home", "forename", "surname", "birth_date", "year_group", "upn"})
_FIRST_ID = 900_001


@dataclass(frozen=True, slots=True)
class Reply:
    """Status and JSON body."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Held:
    """One item that the partner holds; `number` is its own id."""

    number: int
    item: Mapping[str, Any]
    ended_on: str | None = None

    def view(self) -> dict[str, Any]:
        return {"id": str(self.number), "item": self.item, "ended_on": self.ended_on}


@dataclass(slots=True, kw_only=True)
class Partner:
    """What one school holds of the virtual school. `created` and `effects` count what requests changed.

    `needs` are guest fields without which it takes nobody; `different` are guests of whom a person at the school said
    that they are nobody who is there already.
    """

    school: Callable[[], School]
    year: str
    needs: frozenset[str] = frozenset()
    guests: dict[str, Held] = field(default_factory=dict)
    assignments: dict[str, Held] = field(default_factory=dict)
    different: set[str] = field(default_factory=set)
    created: list[str] = field(default_factory=list)
    effects: int = 0
    _replies: dict[str, Reply] = field(default_factory=dict)
    _next: int = _FIRST_ID

    def handshake(self, query: Mapping[str, str]) -> Reply:
        """Who this is, or what does not fit."""
        for name, own in (("school", self.school().code), ("year", self.year)):
            if query.get(name) != own:
                return Reply(409, {"problem": "academic_year" if name == "year" else name})
        return Reply(200, {"school": self.school().code, "academic_year": self.year,
                           "guest_fields": sorted(self.needs)})  # fmt: skip

    def get(self, collection: str, key: str) -> Reply:
        held = self._held(collection).get(key)
        return Reply(200, held.view()) if held else Reply(404)

    def put(self, collection: str, key: str, body: Mapping[str, Any], *, idempotency_key: str) -> Reply:
        """Makes it so. The same idempotency key is answered as before and changes nothing."""
        return self._once(idempotency_key, lambda: self._put(collection, key, body))

    def end(self, collection: str, key: str, body: Mapping[str, Any], *, idempotency_key: str) -> Reply:
        """Ends it on a day; it is kept."""
        return self._once(idempotency_key, lambda: self._end(collection, key, body))

    def _once(self, idempotency_key: str, do: Callable[[], Reply]) -> Reply:
        before = self._replies.get(idempotency_key)
        if before is not None:
            return before
        reply = do()
        if reply.status in (200, 201):  # a refusal is no outcome: mended, the same request may succeed
            self._replies[idempotency_key] = reply
        return reply

    def _put(self, collection: str, key: str, body: Mapping[str, Any]) -> Reply:
        problem = self._guest_problem(key, body) if collection == "guests" else self._assignment_problem(body)
        if problem is not None:
            return problem
        held, found = self._held(collection), self._held(collection).get(key)
        if found is None:
            held[key] = Held(number=self._next, item=dict(body))
            self._next += 1
            self.created.append(key)
        else:
            held[key] = Held(number=found.number, item=dict(body))
        self.effects += 1
        return Reply(200 if found else 201, {"id": str(held[key].number)})

    def _end(self, collection: str, key: str, body: Mapping[str, Any]) -> Reply:
        held = self._held(collection).get(key)
        if held is None:
            return Reply(404)
        try:
            date.fromisoformat(body["on"])
        except (KeyError, TypeError, ValueError):
            return Reply(422, {"problem": "missing_field", "field": "on"})
        held.ended_on = body["on"]
        self.effects += 1
        return Reply(200, {"id": str(held.number)})

    def _held(self, collection: str) -> dict[str, Held]:
        return self.guests if collection == "guests" else self.assignments

    def _guest_problem(self, key: str, body: Mapping[str, Any]) -> Reply | None:
        if body.get("enrolment") != "Guest" or not body.keys() <= GUEST_FIELDS:
            return Reply(422, {"problem": "not_a_guest"})
        for name in sorted({"forename", "surname", "birth_date"} | self.needs):
            if not body.get(name):
                return Reply(422, {"problem": "missing_field", "field": name})
        alike = [s.id for s in self.school().students if _alike(s, body)]
        if alike and key not in self.different and key not in self.guests:
            return Reply(409, {"problem": "possible_match", "matches": len(alike)})
        return None

    def _assignment_problem(self, body: Mapping[str, Any]) -> Reply | None:
        school, student = self.school(), body.get("student", {})
        if body.get("class") not in {str(c.id) for c in school.classes}:
            return Reply(422, {"problem": "unknown_class"})
        own = student.get("own")
        known = own in {str(s.id) for s in school.students} if own else student.get("guest") in self.guests
        return None if known else Reply(422, {"problem": "unknown_student"})


def _alike(student: Student, body: Mapping[str, Any]) -> bool:
    """Whether somebody on the roll may be the guest: the same names and date of birth, or the same UPN."""
    names = (student.forename.casefold(), student.surname.casefold(), student.birth_date.isoformat())
    told = (str(body["forename"]).casefold(), str(body["surname"]).casefold(), body["birth_date"])
    return names == told or (bool(body.get("upn")) and body["upn"] == student.upn)

"""Named ways to misbehave, switched on per school while the server runs.

Each fault belongs to one stage of an answer: the whole response, the school that is answered from, the rows, a refusal
in the service's own words, the bytes of the body, or how the bytes are sent.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from threading import Lock
from typing import Any

from reconciler.simulator.bromcom.catalogue import EntityTable
from reconciler.simulator.bromcom.tables import rows as all_rows
from reconciler.simulator.calendar import DAY_NAMES
from reconciler.simulator.school import School
from reconciler.simulator.world import World

Rows = list[Sequence[Any]]


class Stage(StrEnum):
    RESPONSE = "response"
    SCHOOL = "school"
    REFUSAL = "refusal"
    ROWS = "rows"
    BODY = "body"
    SENDING = "sending"


@dataclass(frozen=True, slots=True)
class FaultKind:
    """`entity` narrows it to requests for one entity, `times` to so many requests (0: until it is healed)."""

    stage: Stage
    says: str
    entity: str = ""
    times: int = 0
    seconds: float = 0.0


FAULTS: Mapping[str, FaultKind] = {
    "too_many_requests": FaultKind(Stage.RESPONSE, "429 with Retry-After, then fine", times=1, seconds=1),
    "server_error": FaultKind(Stage.RESPONSE, "500 with a page of text, then fine", times=1),
    "unavailable": FaultKind(Stage.RESPONSE, "503 with Retry-After, then fine", times=1, seconds=1),
    "wrong_key": FaultKind(Stage.RESPONSE, "401: the credentials are not accepted"),
    "login_page": FaultKind(Stage.RESPONSE, "200 with an HTML page to sign in"),
    "redirect": FaultKind(Stage.RESPONSE, "302 to another host"),
    "reset": FaultKind(Stage.RESPONSE, "the connection is reset"),
    "silent": FaultKind(Stage.RESPONSE, "no answer ever comes"),
    "garbage": FaultKind(Stage.RESPONSE, "bytes that are not HTTP"),
    "empty_list": FaultKind(Stage.SCHOOL, "well-formed answers of a school without pupils"),
    "roll_down_60": FaultKind(Stage.SCHOOL, "60 % of the roll and of the offered pupils are gone"),
    "other_school": FaultKind(Stage.SCHOOL, "another school's data under this school's address"),
    "staff_refused": FaultKind(Stage.REFUSAL, "the staff list is refused for want of a permission", "Staff"),
    "half_the_pages": FaultKind(Stage.ROWS, "a well-formed answer with the first half of the rows", "Students"),
    "duplicate_row": FaultKind(Stage.ROWS, "one row twice in a payload, the same", "Students"),
    "conflicting_row": FaultKind(Stage.ROWS, "one row twice in a payload, with other content", "Students"),
    "over_share": FaultKind(Stage.ROWS, "a pupil who is not offered and was not asked for", "Students"),
    "other_year": FaultKind(Stage.ROWS, "every date a year earlier, birth dates apart"),
    "twilight_period": FaultKind(Stage.ROWS, "one period more at the end of every day, TWI", "PeriodStructures"),
    "unknown_behaviour_code": FaultKind(
        Stage.ROWS, "a type of behaviour event that the hub has not", "BehaviourEvents"
    ),
    "malformed": FaultKind(Stage.BODY, "a closing tag that does not match"),
    "windows_1252": FaultKind(Stage.BODY, "Windows-1252 bytes declared as UTF-8"),
    "entity_bomb": FaultKind(Stage.BODY, "entities that expand to 10 GB"),
    "external_entity": FaultKind(Stage.BODY, "an entity that names a local file"),
    "deep_nesting": FaultKind(Stage.BODY, "50,000 elements inside each other"),
    "half_body": FaultKind(Stage.BODY, "half the body, with a Content-Length that agrees"),
    "short_body": FaultKind(Stage.SENDING, "half the body, with the Content-Length of all of it"),
    "cut_chunk": FaultKind(Stage.SENDING, "half the body in chunks, and no last chunk"),
    "slow": FaultKind(Stage.SENDING, "the body byte by byte with pauses", seconds=0.05),
    "gzip_bomb": FaultKind(Stage.SENDING, "50 MB of spaces in a small gzip body"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveFault:
    """One fault that is on. `seconds` is Retry-After or the pause between bytes."""

    name: str
    entity: str
    times: int
    seconds: float

    @property
    def stage(self) -> Stage:
        return FAULTS[self.name].stage


@dataclass(slots=True)
class FaultBoard:
    """Which faults are on at which school; safe to change while requests run."""

    _active: dict[str, list[ActiveFault]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def switch_on(self, code: str, name: str, *, entity: str | None, times: int | None, seconds: float | None) -> None:
        """Raises KeyError with the known names for an unknown fault."""
        if name not in FAULTS:
            raise KeyError(f"no fault {name!r}; there are {', '.join(FAULTS)}")
        kind = FAULTS[name]
        fault = ActiveFault(
            name=name,
            entity=kind.entity if entity is None else entity,
            times=kind.times if times is None else times,
            seconds=kind.seconds if seconds is None else seconds,
        )
        with self._lock:
            self._active.setdefault(code, []).append(fault)

    def heal(self, code: str = "") -> None:
        """Switches off every fault of a school, or of all."""
        with self._lock:
            if code:
                self._active.pop(code, None)
            else:
                self._active.clear()

    def take(self, code: str, entity: str) -> list[ActiveFault]:
        """The faults that strike a request for an entity (empty for other requests), counted down."""
        with self._lock:
            struck, left = [], []
            for fault in self._active.get(code, []):
                if fault.entity and fault.entity.lower() != entity.lower():
                    left.append(fault)
                    continue
                struck.append(fault)
                if fault.times != 1:
                    left.append(replace(fault, times=max(0, fault.times - 1)))
            self._active[code] = left
            return struck


def change_school(fault: ActiveFault, world: World, school: School) -> School:
    """The school that a request is answered from under a fault of the stage SCHOOL."""
    if fault.name == "empty_list":
        return replace(school, students=())
    if fault.name == "roll_down_60":
        return world.drop_students(school.code, 60).schools[school.code]
    return next(s for code, s in world.schools.items() if code != school.code and s.mis == school.mis)


def change_rows(fault: ActiveFault, school: School, entity: EntityTable, found: Rows) -> Rows:
    """The rows of an answer under a fault of the stage ROWS."""
    return _ROW_CHANGES[fault.name](school, entity, found)


def _half(_school: School, _entity: EntityTable, found: Rows) -> Rows:
    return found[: len(found) // 2]


def _duplicate(_school: School, _entity: EntityTable, found: Rows) -> Rows:
    return [*found, *found[:1]]


def _conflict(_school: School, entity: EntityTable, found: Rows) -> Rows:
    place = entity.place("LastName")
    if place is None:
        place = next((n for n, column in enumerate(entity.columns) if column.type == "string"), len(entity.columns) - 1)
    return [*found, *([*row[:place], "Otherwise", *row[place + 1 :]] for row in found[:1])]


def _over_share(school: School, entity: EntityTable, found: Rows) -> Rows:
    offered = {s.id for s in school.offered_students()}
    sent = {row[0] for row in found}
    extra = [row for row in all_rows(school, entity) if row[0] not in offered and row[0] not in sent]
    return [*found, *extra[:1]]


def _other_year(_school: School, entity: EntityTable, found: Rows) -> Rows:
    birth = entity.place("DateOfBirth")
    return [
        [v - timedelta(days=364) if isinstance(v, datetime) and n != birth else v for n, v in enumerate(row)]
        for row in found
    ]


def _other_code(_school: School, entity: EntityTable, found: Rows) -> Rows:
    told = {"EventID": 99, "EventName": "XQZ", "EventDescription": "Something else"}
    return [*found, [told.get(column.name) for column in entity.columns]]


def _twilight(school: School, entity: EntityTable, found: Rows) -> Rows:
    """Filters are over by now, so it comes whatever was asked for."""
    told = {"CalendarTypeName": "PERIOD", "PeriodDisplayName": "TWI"}
    return [
        *found,
        *([{"WeekNumber": week, "DayOfWeek": day, "CalendarModelID": 990 + week * 7 + number, **told}.get(column.name)
           for column in entity.columns]
          for week in range(1, school.cycle.weeks + 1) for number, day in enumerate(DAY_NAMES[:5])),
    ]  # fmt: skip


_ROW_CHANGES: Mapping[str, Callable[[School, EntityTable, Rows], Rows]] = {
    "half_the_pages": _half,
    "duplicate_row": _duplicate,
    "conflicting_row": _conflict,
    "over_share": _over_share,
    "other_year": _other_year,
    "unknown_behaviour_code": _other_code,
    "twilight_period": _twilight,
}

_BOMB = '<!DOCTYPE s [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
) + "]>"  # fmt: skip
_OUTSIDE = '<!DOCTYPE s [<!ENTITY j SYSTEM "file:///etc/hostname">]>'
_DEPTH = 50_000


def change_body(fault: ActiveFault, body: bytes) -> bytes:
    """The bytes of an answer under a fault of the stage BODY."""
    return _BODY_CHANGES[fault.name](body)


def _malformed(body: bytes) -> bytes:
    head, slash, tail = body.rpartition(b"</")
    return head + slash + b"x" + tail


def _with_entity(doctype: str) -> Callable[[bytes], bytes]:
    def change(body: bytes) -> bytes:
        text = body.decode()
        declaration, _, rest = text.partition("?>")
        return f"{declaration}?>{doctype}{re.sub(r'>[^<>]+<', '>&j;<', rest, count=1)}".encode()

    return change


def _deep(body: bytes) -> bytes:
    head, slash, tail = body.rpartition(b"</")
    return head + b"<a>" * _DEPTH + b"</a>" * _DEPTH + slash + tail


_BODY_CHANGES: Mapping[str, Callable[[bytes], bytes]] = {
    "malformed": _malformed,
    "windows_1252": lambda body: body.decode().encode("windows-1252", errors="xmlcharrefreplace"),
    "entity_bomb": _with_entity(_BOMB),
    "external_entity": _with_entity(_OUTSIDE),
    "deep_nesting": _deep,
    "half_body": lambda body: body[: len(body) // 2],
}


@cache
def gzip_bomb() -> bytes:
    """50 MB of spaces, about 50 kB on the wire."""
    return gzip.compress(b" " * 50_000_000)

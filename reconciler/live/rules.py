"""What of a school is compared, one rule a field: who says what, when it agrees, and what to do when it does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.connectors.live_protocol import LiveFact
from reconciler.live.side import Side
from reconciler.live.slots import consequences, cycle_difference, named, shape

_STRUCTURE_STEP = (
    "ask {contact} whether the timetable was changed on purpose; if so, change the period structure of partners.{code} "
    "and its period map to it, then plan and apply"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One field. `says` and `shows` make texts of what a side says and what is live; a side that says nothing is not
    compared. `tells` makes the sentence; `step` is what to do where the school's system is the odd one."""

    fact: LiveFact
    field: str
    address: Callable[[Side], str]
    says: Callable[[Side], str]
    shows: Callable[[Any], str]
    agrees: Callable[[Side, Any], bool]
    tells: Callable[[Side, Any], str]
    step: str


def _school(side: Side) -> str:
    return f"school.{side.code}"


def _partner(side: Side) -> str:
    return f"partner.{side.code}"


def _map(side: Side) -> str:
    return f"period_map.{side.code}.{side.year}"


def _alike(text: str) -> str:
    """A name as people hear it: without case, spaces and punctuation."""
    return "".join(c for c in text.casefold() if c.isalnum())


def _years(live: Any) -> str:
    return ", ".join(map(str, sorted(live)))


def _cycle(side: Side) -> str:
    return f"{side.structure.name}, {side.structure.shape}" if side.structure else ""


def _periods(side: Side, live: Any) -> str:
    if side.structure is None:
        return ""
    found, own = cycle_difference(side.structure, live), side.structure.slots()
    said = (
        f"{side.structure.name} does not have {named(found.more, live.slots)}" if found.more else "",
        f"the school does not have {named(found.less, own)}" if found.less else "",
        consequences(side.slots, found.more, found.less),
    )
    return "; ".join(part for part in said if part)


def _identity(fact: LiveFact, field: str, says: Callable[[Side], str], *, what: str, step: str,
              agrees: Callable[[str, str], bool] = str.__eq__) -> Rule:  # fmt: skip
    return Rule(
        fact=fact, field=field, address=_school, says=says, shows=str,
        agrees=lambda side, live: agrees(says(side), live),
        tells=lambda side, live: f"the address answers for {what} {live}, not {says(side)}", step=step,
    )  # fmt: skip


RULES: Sequence[Rule] = (
    _identity(
        LiveFact.SCHOOL_ID, "live.school_id", lambda side: side.school_id, what="the school with the id",
        step="import nothing from it: check url, school_id and account in schools.{code}.mis; if they are right, "
        "{contact} and the supplier must hear of it at once",
    ),
    _identity(
        LiveFact.URN, "live.urn", lambda side: side.urn, what="the school with URN",
        step="check schools.{code}: either its urn or the address in its mis entry is another school's",
    ),
    _identity(
        LiveFact.NAME, "live.name", lambda side: side.name, what="a school named",
        agrees=lambda a, b: _alike(a) == _alike(b),
        step="if the school was renamed, change schools.{code}.name; if not, check the address in its mis entry",
    ),
    Rule(
        fact=LiveFact.YEARS, field="live.academic_year", address=_partner, says=lambda side: str(side.year or ""),
        shows=_years, agrees=lambda side, live: side.year in live,
        tells=lambda side, live: f"the school's system holds {_years(live)}, not {side.year}",
        step="ask {contact} in which year the system is; nothing of another year is ever taken (VS, rule 6)",
    ),
    Rule(
        fact=LiveFact.STRUCTURE, field="live.weeks", address=_map, says=_cycle, shows=shape,
        agrees=lambda side, live: not (side.structure and cycle_difference(side.structure, live).weeks),
        tells=lambda side, live: f"the timetable repeats after {live.weeks} week{'s' if live.weeks != 1 else ''}, not "
        f"after {side.structure.weeks if side.structure else 0}",
        step=_STRUCTURE_STEP,
    ),
    Rule(
        fact=LiveFact.STRUCTURE, field="live.days", address=_map, says=_cycle, shows=shape,
        agrees=lambda side, live: not (side.structure and cycle_difference(side.structure, live).days),
        tells=lambda side, live: f"a week has {live.days} days, not {side.structure.days if side.structure else 0}",
        step=_STRUCTURE_STEP,
    ),
    Rule(
        fact=LiveFact.STRUCTURE, field="live.periods", address=_map, says=_cycle, shows=shape,
        agrees=lambda side, live: not (side.structure and cycle_difference(side.structure, live).periods),
        tells=_periods, step=_STRUCTURE_STEP,
    ),
)  # fmt: skip
"""Every field that is compared; a new one is one entry here."""

GRANTED = "live.granted"
EXCHANGE: Mapping[str, str] = {
    "exchange.key_rejected": "live.exchange.key", "academic_year": "live.exchange.academic_year",
    "school": "live.exchange.school",
}  # fmt: skip
"""Fields of the exchange's handshake, by its code or by what of it did not fit."""


def known_field(name: str) -> bool:
    """Whether an expectation of this field can ever fit anything."""
    return (
        name == GRANTED
        or name.startswith(f"{GRANTED}.")
        or name in {rule.field for rule in RULES} | {*EXCHANGE.values()}
    )

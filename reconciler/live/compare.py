"""One school: its facts against what the files and the store say of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from reconciler.connectors.live_protocol import LiveFact, LiveFacts, Unknown
from reconciler.diagnostics import Position
from reconciler.errors import RefusedSourceError
from reconciler.estate.catalogue import catalogue
from reconciler.live.difference import Difference, Note, Odd
from reconciler.live.rules import EXCHANGE, GRANTED, RULES, Rule
from reconciler.live.side import Side
from reconciler.vocabulary.codes import AcademicYear

NOT_APPLIED = "not applied yet"
_TICK = ("ask {contact} to tick {entity} for this account under Third Party Access Permissions, "
         "and to save")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One school on both sides; a side that does not know it is None. `places` are where the files declare things."""

    code: str
    declared: Side | None
    stored: Side | None
    places: Mapping[str, Position]
    following: AcademicYear | None = None  # the year that the hub announces

    @property
    def side(self) -> Side:
        """The side that speaks for the school: what is applied, before that what is declared."""
        found = self.stored or self.declared
        if found is None:
            raise ValueError(f"{self.code} is known to nobody")
        return found

    def contact(self) -> str:
        """Whom to ask at the school: its role mailbox."""
        return self.side.contact or f"the MIS manager of {self.code}"

    def step(self, text: str, **more: str) -> str:
        return text.format(code=self.code, contact=self.contact(), **more)

    def place(self, address: str) -> Position | None:
        """Where the files declare it, or the partner or school that it belongs to."""
        for known in (address, f"partner.{self.code}", f"school.{self.code}"):
            if known in self.places:
                return self.places[known]
        return None


def differences(this: Standing, facts: LiveFacts) -> Iterator[Difference]:
    """Every field that the school tells and in which one of the three differs; what is unknown is never compared."""
    for rule in RULES:
        live = getattr(facts, rule.fact.value)
        if isinstance(live, Unknown) or (rule.fact is LiveFact.YEARS and this.following in live):
            continue
        odd = _odd(*(_agrees(rule, side, live) for side in (this.declared, this.stored)))
        if odd is not None:
            yield _difference(this, rule, live, odd)


def _agrees(rule: Rule, side: Side | None, live: object) -> bool | None:
    return rule.agrees(side, live) if side and rule.says(side) else None


def _odd(declared: bool | None, stored: bool | None) -> Odd | None:
    """Which of the three is alone, None where nobody is; a side that says nothing (None) does not count."""
    match declared, stored:
        case (False, True):
            return Odd.DECLARED
        case (True, False):
            return Odd.STORED
        case (False, _) | (None, False):
            return Odd.LIVE
    return None


def _difference(this: Standing, rule: Rule, live: object, odd: Odd) -> Difference:
    says = [rule.says(side) if side else NOT_APPLIED for side in (this.declared, this.stored)]
    if odd is Odd.LIVE and this.declared and this.stored and says[0] != says[1]:
        odd = Odd.ALL
    side = this.declared if odd is Odd.DECLARED or this.stored is None else this.stored
    address = rule.address(this.side)
    return Difference(
        school=this.code, address=address, field=rule.field,
        message=rule.tells(side or this.side, live), declared=says[0], stored=says[1], live=rule.shows(live), odd=odd,
        next_step=_next(this, odd, this.step(rule.step)), position=this.place(address),
    )  # fmt: skip


def _next(this: Standing, odd: Odd, step: str) -> str:
    if odd is Odd.STORED:
        return "the files agree with the school: reconcile plan, then reconcile apply"
    if odd is Odd.DECLARED:
        return f"the store agrees with the school: take the change in the files back, or {step}"
    return step


def granted_differences(this: Standing, account: str, live: frozenset[str]) -> Iterator[Difference]:
    """One third-party account: entity by entity, what may be read against what is granted (PP, rules 80 and 84)."""
    may = {_plain(name) for name in live}
    sides = [side.accounts.get(account) if side and side.accounts else None for side in (this.declared, this.stored)]
    for entity in sorted(may.union(*(side for side in sides if side is not None))):
        here = entity in may
        agree = [None if side is None else (entity in side) == here for side in sides]
        odd = _odd(*agree)
        if odd is not None:
            address = f"entity_grant.{account}.{entity}"
            step = _TICK if not here else "ask {contact} to take the tick of {entity} away, or declare it with a reason"
            texts = [NOT_APPLIED if side is None else _granted(entity in side) for side in sides]
            yield Difference(
                school=this.code, address=address, field=GRANTED, live=_granted(here), odd=odd,
                declared=texts[0], stored=texts[1],
                message=f"the account {account} may {'' if here else 'not '}read {entity}",
                next_step=_next(this, odd, this.step(step, entity=entity)),
                position=this.place(f"third_party.{account}"),
            )  # fmt: skip


def _granted(here: bool) -> str:
    return "granted" if here else "not granted"


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    """Entities by every name that systems give them, in small letters: capitals differ between lists."""
    return {name.casefold(): entity for name, entity in catalogue().names.items()}


def _plain(name: str) -> str:
    return _names().get(name.casefold(), name)


def missing_entities(this: Standing, needed: frozenset[str], live: frozenset[str]) -> Iterator[Difference]:
    """Entities that the hub's own account needs for what is declared, and may not read."""
    may = {_plain(name) for name in live}
    for entity in sorted(needed):
        if _plain(entity) not in may:
            address = f"school.{this.code}"
            yield Difference(
                school=this.code, address=address, field=f"{GRANTED}.{entity}", live="not granted",
                declared="needed" if this.declared else NOT_APPLIED, stored="needed" if this.stored else NOT_APPLIED,
                message=f"the hub's account may not read {entity}, which is needed for what is declared", odd=Odd.LIVE,
                next_step=this.step(_TICK, entity=entity), position=this.place(address),
            )  # fmt: skip


def exchange_difference(this: Standing, error: RefusedSourceError) -> Difference | None:
    """What the partner's exchange refused at the handshake (VS, rule 31), None where it was something else."""
    name = EXCHANGE.get(error.code) or EXCHANGE.get(error.subject)
    if name is None:
        return None
    address = f"partner.{this.code}"
    says = [NOT_APPLIED if side is None else _said(name, side) for side in (this.declared, this.stored)]
    return Difference(
        school=this.code, address=address, field=name, message=error.message, odd=Odd.LIVE, live="another",
        declared=says[0], stored=says[1],
        next_step=this.step("compare short code, academic year and key with {contact}: "
                            "reconcile report partner-setup {code} says what they enter"),
        position=this.place(address),
    )  # fmt: skip


def _said(name: str, side: Side) -> str:
    return {"live.exchange.academic_year": str(side.year), "live.exchange.school": side.code}.get(name, "a key")


def notes(this: Standing, facts: LiveFacts, *, held: Mapping[str, int], imported: bool) -> Iterator[Note]:
    """What is worth knowing and nothing to mend: what an import would bring, a year that was announced, a name."""
    years = facts.years
    if not isinstance(years, Unknown) and this.following in years and this.side.year not in years:
        yield Note(school=this.code, message=f"the school's system has changed to {this.following}, as announced",
                   next_step="imports follow by themselves from the day under next_year.from")  # fmt: skip
    short = facts.short_code
    if isinstance(short, str) and this.side.partner and short != this.code:
        yield Note(
            school=this.code, message=f"the school's own system calls it {short}, the hub {this.code}",
            next_step="what counts is the short code that the partner enters for the hub (VS, rule 17)",
        )  # fmt: skip
    counted = [(name, offered, held.get(name, 0)) for name, offered in (("students", facts.students),
                                                                      ("classes", facts.classes))
               if isinstance(offered, int)]  # fmt: skip
    if this.side.partner and any(offered != count for _, offered, count in counted):
        by_hand = f"its first import is by hand: reconcile sync import --school {this.code} --first"
        said = ", ".join(f"{offered} {name} offered and {count} held" for name, offered, count in counted)
        yield Note(school=this.code, message=said,
                   next_step="the next import brings the difference" if imported else by_hand)  # fmt: skip

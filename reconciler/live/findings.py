"""All that follows from what one school answered: differences, notes, what stayed open, and what was judged at all."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.connectors.live_protocol import LiveFact, LiveFacts, Unknown
from reconciler.errors import ReconcileError, RefusedSourceError
from reconciler.estate.catalogue import catalogue
from reconciler.live.compare import (
    Standing,
    differences,
    exchange_difference,
    granted_differences,
    missing_entities,
    notes,
)
from reconciler.live.difference import WHOLE, Difference, Note, Unasked
from reconciler.live.rules import EXCHANGE, GRANTED, RULES

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What one school answered. `failure` says why nothing could be asked; `accounts` are the third-party accounts'.

    `exchange` is True for a handshake that fitted, an error for one that did not, None where there is none to make.
    """

    facts: LiveFacts = field(default_factory=LiveFacts)
    failure: ReconcileError | None = None
    exchange: ReconcileError | bool | None = None
    accounts: Mapping[str, frozenset[str] | ReconcileError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What follows for one school; `judged` are the fields, each with its address, that were told and compared."""

    differences: tuple[Difference, ...]
    notes: tuple[Note, ...]
    unasked: tuple[Unasked, ...]
    judged: frozenset[Key]


def findings(this: Standing, answers: Answers, *, needed: Collection[str], held: Mapping[str, int],
             imported: bool) -> Found:  # fmt: skip
    """`needed` are the entities that the hub reads there, `held` its live records by entity, `imported` whether a first
    import was made."""
    found = list(differences(this, answers.facts))
    granted = answers.facts.granted
    if not isinstance(granted, Unknown):
        found += missing_entities(this, frozenset(needed), granted)
    for account, entities in answers.accounts.items():
        if not isinstance(entities, ReconcileError):
            found += granted_differences(this, account, entities)
    refused = answers.exchange if isinstance(answers.exchange, RefusedSourceError) else None
    handshake = exchange_difference(this, refused) if refused else None
    found += [handshake] if handshake else []
    return Found(
        differences=tuple(found), notes=tuple(notes(this, answers.facts, held=held, imported=imported)),
        unasked=tuple(_unasked(this.code, answers, told=handshake is not None)),
        judged=frozenset(_judged(this, answers, needed, told=handshake is not None)),
    )  # fmt: skip


def _unasked(code: str, answers: Answers, *, told: bool) -> Iterator[Unasked]:
    if answers.failure:
        yield _failed(code, WHOLE, answers.failure)
    for fact, unknown in answers.facts.unknown():
        yield Unasked(school=code, what=fact.value, why=unknown.reason, code=unknown.code)
    if isinstance(answers.exchange, ReconcileError) and not told:
        yield _failed(code, "the exchange", answers.exchange)
    for account, entities in answers.accounts.items():
        if isinstance(entities, ReconcileError):
            yield _failed(code, f"the account {account}", entities)


def _failed(code: str, what: str, error: ReconcileError) -> Unasked:
    return Unasked(school=code, what=what, why=error.message, code=error.code, next_step=error.hint)


def _judged(this: Standing, answers: Answers, needed: Collection[str], *, told: bool) -> Iterator[Key]:
    for rule in RULES:
        value = getattr(answers.facts, rule.fact.value)
        if not isinstance(value, Unknown) and (this.side.partner or rule.fact not in _OF_PARTNERS):
            yield rule.address(this.side), rule.field
    if not isinstance(answers.facts.granted, Unknown):
        yield from ((f"school.{this.code}", f"{GRANTED}.{entity}") for entity in needed)
    if answers.exchange is True or told:
        yield from ((f"partner.{this.code}", name) for name in EXCHANGE.values())
    for account, entities in answers.accounts.items():
        if not isinstance(entities, ReconcileError):
            yield from ((f"entity_grant.{account}.{entity}", GRANTED) for entity in catalogue().entities)


_OF_PARTNERS = frozenset({LiveFact.YEARS, LiveFact.STRUCTURE})

"""What every connector must keep to, as checks that any test runner can call.

The author of a connector writes a harness, which prepares a source on loopback or on disk, and runs `CHECKS` over it:

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_conformance(check):
        with my_harness() as prepared:
            check(MyConnector(), prepared)

A check raises ConformanceFailure with the promise that was broken.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from reconciler.connectors.live_protocol import LiveFact, LiveFacts, LiveSession, Unknown
from reconciler.connectors.protocol import (
    Completeness,
    Connector,
    Fetched,
    Offer,
    RejectedRow,
    Row,
    SourceRequest,
    SourceRow,
)
from reconciler.errors import RefusedSourceError, SecretUnavailable, SourceError
from reconciler.records.entities import Entity, source_columns

_CODE = re.compile(r"[a-z][a-z_0-9]*(\.[a-z][a-z_0-9]*)+\Z")
_RANK = {Completeness.NONE: 0, Completeness.DECLARED: 1, Completeness.PROVEN: 2}


class ConformanceFailure(AssertionError):
    """A promise of the connector protocol that was broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A good source with at least two pupils, a class, a membership and a lesson, all offered by `request`.

    `cut` makes the pupils' payload end in the middle from now on; `refuse` makes the source refuse the credentials, and
    is None for a source without any. `private` are texts that no error may hold: passwords, pupils' names.
    """

    request: SourceRequest
    cut: Callable[[], None]
    refuse: Callable[[], None] | None
    private: tuple[str, ...]


Check = Callable[[Connector, Prepared], None]


def rows_have_keys_and_our_columns(connector: Connector, prepared: Prepared) -> None:
    """Every row has a key of its own within its entity, and holds our columns only, as text, date or None."""
    for entity, rows in _everything(connector, prepared.request).items():
        seen: set[str] = set()
        for row in rows:
            if isinstance(row, SourceRow):
                _require(bool(row.key), f"{entity} has a row without a key")
                _require(row.key not in seen, f"{entity} has two rows {row.key}")
                seen.add(row.key)
                _check_values(entity, row.values)
            elif isinstance(row, RejectedRow):
                _require(bool(_CODE.match(row.code)), f"{entity} rejects a row without a dotted code")
                _require(bool(row.message), f"{entity} rejects {row.key} without saying why")
            else:
                _require(bool(row.reason), f"{entity} leaves {row.key} out without saying why")


def entities_refer_backwards(connector: Connector, prepared: Prepared) -> None:
    """Memberships and lessons name classes and people that came before them."""
    found = {entity: list(_taken(rows)) for entity, rows in _everything(connector, prepared.request).items()}
    for entity in (Entity.STUDENTS, Entity.CLASSES, Entity.MEMBERSHIPS, Entity.LESSONS):
        _require(entity not in found or bool(found[entity]), f"the prepared source holds no {entity}")
    keys = {entity: {row.key for row in rows} for entity, rows in found.items()}
    people = keys.get(Entity.STUDENTS, set()) | keys.get(Entity.STAFF, set())
    for row in (*found.get(Entity.MEMBERSHIPS, ()), *found.get(Entity.LESSONS, ())):
        _require(row.values.get("class_id") in keys[Entity.CLASSES], f"{row.key} names a class that did not come")
        person = row.values.get("person_id") or row.values.get("staff_id")
        _require(person is None or person in people, f"{row.key} names a person who did not come")


def completeness_comes_with_the_last_row(connector: Connector, prepared: Prepared) -> None:
    """Nothing is said of completeness before the end, and never more than the capabilities promise."""
    with connector.open(prepared.request) as session:
        for entity in _entities(connector):
            fetched = session.fetch(entity)
            _unsure(fetched, f"{entity} before its first row")
            for number, _row in enumerate(fetched):
                if number == 0:
                    _unsure(fetched, f"{entity} after its first row")
            _require(fetched.completeness is not Completeness.NONE, f"a good source leaves {entity} incomplete")
            best = connector.capabilities.completeness
            _require(_RANK[fetched.completeness] <= _RANK[best], f"{entity} is surer than the capabilities say")


def an_interrupted_reading_is_never_complete(connector: Connector, prepared: Prepared) -> None:
    """Whoever stops early knows nothing about what did not come."""
    with connector.open(prepared.request) as session:
        for entity in _entities(connector):
            fetched = session.fetch(entity)
            if entity is Entity.STUDENTS:
                rows = iter(fetched)
                next(rows)
                if isinstance(rows, Iterator) and hasattr(rows, "close"):
                    rows.close()
                _unsure(fetched, "students, left after the first row")
                return
            for _row in fetched:
                pass


def a_cut_payload_raises(connector: Connector, prepared: Prepared) -> None:
    """A payload that ends in the middle is an error, never a short list, and the error holds nothing private."""
    prepared.cut()
    error = _failure(connector, prepared.request)
    _require(error is not None, "a payload that was cut read like a whole one")
    _require(isinstance(error, SourceError), f"a cut payload ended in {type(error).__name__}, not in a SourceError")
    _keeps_private(error, prepared)


def wrong_credentials_are_refused(connector: Connector, prepared: Prepared) -> None:
    """Refused credentials are told as such, and the error holds nothing private."""
    if prepared.refuse is None:
        return
    prepared.refuse()
    error = _failure(connector, prepared.request)
    _require(
        isinstance(error, RefusedSourceError | SecretUnavailable),
        f"refused credentials ended in {type(error).__name__}",
    )
    _keeps_private(error, prepared)


def two_readings_are_alike(connector: Connector, prepared: Prepared) -> None:
    """An unchanged source gives the same rows and fingerprints, so that a second run can change nothing."""
    first, second = _prints(connector, prepared.request), _prints(connector, prepared.request)
    for entity, told in first.items():
        _require(told == second[entity], f"{entity} differs between two readings of one source")


def only_the_offered_are_offered(connector: Connector, prepared: Prepared) -> None:
    """Of an explicit offer of one pupil, no other pupil comes as offered, in any entity (VS, rule 51)."""
    everyone = [row.key for row in _taken(_everything(connector, prepared.request)[Entity.STUDENTS])]
    _require(len(everyone) > 1, "the prepared source holds fewer than two pupils")
    one = everyone[len(everyone) // 2]
    narrow = replace(prepared.request, students=Offer(explicit=frozenset({one})))
    found = _everything(connector, narrow)
    _require({row.key for row in _taken(found[Entity.STUDENTS])} == {one}, "pupils outside the offer came as offered")
    others = frozenset(everyone) - {one}
    for row in _taken(found.get(Entity.MEMBERSHIPS, [])):
        _require(row.values.get("person_id") not in others, f"membership {row.key} is of a pupil who is not offered")


def facts_are_told_or_unknown_with_a_reason(connector: Connector, prepared: Prepared) -> None:
    """What the capabilities state is told by a good source; whatever else is unknown, and why; nobody is in it."""
    if not connector.capabilities.live:
        return
    facts = _look(connector, prepared.request)
    unknown = dict(facts.unknown())
    for fact in LiveFact:
        stated, told = fact in connector.capabilities.live, fact not in unknown
        _require(told or not stated, f"a good source leaves {fact} unknown, which the capabilities state")
        _require(stated or not told, f"{fact} is told, and the capabilities do not state it")
        _require(told or bool(unknown[fact].reason), f"{fact} is unknown without a reason")
    for text in prepared.private:
        _require(text not in repr(facts), "the facts hold a secret or a name")


def only_the_facts_wanted_are_asked(connector: Connector, prepared: Prepared) -> None:
    """Each fact alone is what it is among all, and no other comes with it."""
    everything = _look(connector, prepared.request) if connector.capabilities.live else LiveFacts()
    for fact in sorted(connector.capabilities.live):
        alone = _look(connector, prepared.request, fact)
        _require(getattr(alone, fact) == getattr(everything, fact), f"{fact} alone differs from {fact} among all")
        stray = [other for other in LiveFact if other != fact and not isinstance(getattr(alone, other), Unknown)]
        _require(not stray, f"{', '.join(stray)} came although only {fact} was asked for")


def a_fact_that_cannot_be_read_is_never_made_up(connector: Connector, prepared: Prepared) -> None:
    """A count from a payload that was cut is an error or unknown, never a number."""
    if LiveFact.STUDENTS not in connector.capabilities.live:
        return
    prepared.cut()
    try:
        told = _look(connector, prepared.request, LiveFact.STUDENTS).students
    except SourceError as error:
        _keeps_private(error, prepared)
        return
    _require(isinstance(told, Unknown), "a payload that was cut was counted like a whole one")


def looking_is_refused_like_reading(connector: Connector, prepared: Prepared) -> None:
    """With refused credentials no fact is told, not even an unknown one."""
    if prepared.refuse is None or not connector.capabilities.live:
        return
    prepared.refuse()
    try:
        _look(connector, prepared.request)
    except (RefusedSourceError, SecretUnavailable) as error:
        _keeps_private(error, prepared)
        return
    _require(False, "facts were told although the credentials are refused")


CHECKS: tuple[Check, ...] = (
    rows_have_keys_and_our_columns,
    entities_refer_backwards,
    completeness_comes_with_the_last_row,
    an_interrupted_reading_is_never_complete,
    a_cut_payload_raises,
    wrong_credentials_are_refused,
    two_readings_are_alike,
    only_the_offered_are_offered,
    facts_are_told_or_unknown_with_a_reason,
    only_the_facts_wanted_are_asked,
    a_fact_that_cannot_be_read_is_never_made_up,
    looking_is_refused_like_reading,
)


def _require(kept: bool, promise: str) -> None:
    if not kept:
        raise ConformanceFailure(promise)


def _entities(connector: Connector) -> list[Entity]:
    return [entity for entity in Entity if entity in connector.capabilities.entities]


def _look(connector: Connector, request: SourceRequest, *wanted: LiveFact) -> LiveFacts:
    with connector.open(request) as session:
        if not isinstance(session, LiveSession):
            raise ConformanceFailure("the capabilities state facts, and the session cannot tell any")
        return session.look(frozenset(wanted or LiveFact))


def _everything(connector: Connector, request: SourceRequest) -> dict[Entity, list[Row]]:
    with connector.open(request) as session:
        return {entity: list(session.fetch(entity)) for entity in _entities(connector)}


def _taken(rows: list[Row]) -> Iterator[SourceRow]:
    return (row for row in rows if isinstance(row, SourceRow) and row.offered)


def _prints(connector: Connector, request: SourceRequest) -> dict[Entity, tuple[list[Row], str]]:
    with connector.open(request) as session:
        found = {}
        for entity in _entities(connector):
            fetched = session.fetch(entity)
            rows = list(fetched)
            found[entity] = (rows, fetched.fingerprint)
        return found


def _check_values(entity: Entity, values: Mapping[str, str | date | None]) -> None:
    stray = set(values) - set(source_columns(entity))
    _require(not stray, f"{entity} has columns that are not ours: {', '.join(sorted(stray))}")
    for name, value in values.items():
        _require(value is None or isinstance(value, str | date), f"{name} of {entity} is a {type(value).__name__}")
        _require(value != "", f"{name} of {entity} is an empty text; nothing is None")


def _unsure(fetched: Fetched, when: str) -> None:
    _require(fetched.completeness is Completeness.NONE, f"{when} says that it is complete")


def _failure(connector: Connector, request: SourceRequest) -> Exception | None:
    """What reading the pupils ends in; what came of them before may not be called complete."""
    fetched: Fetched | None = None
    try:
        with connector.open(request) as session:
            for entity in _entities(connector):
                fetched = session.fetch(entity)
                for _row in fetched:
                    pass
    except Exception as error:  # noqa: BLE001 (which kind it is, is what the check is about)
        if fetched is not None:
            _unsure(fetched, "a reading that failed")
        return error
    return None


def _keeps_private(error: Exception | None, prepared: Prepared) -> None:
    told = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    for text in prepared.private:
        _require(text not in told, "an error holds a secret or a name")

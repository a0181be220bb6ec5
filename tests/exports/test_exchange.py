"""The exchange over real HTTP: what is sent, what is believed, what is never said (VS, rules 21, 31, 55, 58; C2)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from reconciler.connectors.export_protocol import (
    ALWAYS_NEEDED,
    Action,
    AssignmentFacts,
    EachSession,
    ExportRequest,
    ExportSession,
    GuestFacts,
    ItemKind,
    Message,
    Receipt,
    Rejection,
)
from reconciler.connectors.partner_exchange.connector import PartnerExchange
from reconciler.connectors.partner_exchange.token import accepts, token
from reconciler.connectors.partner_exchange.wire import reference
from reconciler.errors import MalformedSourceError, RefusedSourceError, SourceError, TransientSourceError
from reconciler.simulator.exchange.server import ExchangeServer
from reconciler.simulator.practice import NOW
from reconciler.simulator.world import World
from reconciler.vocabulary.codes import AcademicYear
from tests.conftest import ROOT

OPENAPI: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "exchange.openapi.yaml").read_text("utf-8"))
GUEST_KEY, PLACE_KEY = "g" + "1" * 32, "a" + "2" * 32
GUEST = GuestFacts(home_school="AVN", home_id="10233", forename="Idris", surname="Pellow",
                   birth_date=date(2010, 2, 14), year_group="12")  # fmt: skip
PLACE = AssignmentFacts(class_id="4501", first_day=date(2026, 11, 9), last_day=None, guest=GUEST_KEY)


def put(facts: GuestFacts | AssignmentFacts = GUEST, key: str = "", number: int = 0) -> Message:
    kind = ItemKind.GUEST if isinstance(facts, GuestFacts) else ItemKind.ASSIGNMENT
    return Message(kind=kind, key=key or (GUEST_KEY if kind is ItemKind.GUEST else PLACE_KEY), action=Action.PUT,
                   idempotency_key=f"{number or len(kind):064x}", facts=facts)  # fmt: skip


def end(kind: ItemKind = ItemKind.GUEST, key: str = GUEST_KEY, number: int = 9) -> Message:
    return Message(kind=kind, key=key, action=Action.END, idempotency_key=f"{number:064x}", on=date(2026, 11, 23))


def request(server: ExchangeServer, **more: Any) -> ExportRequest:
    told: dict[str, Any] = {
        "school": "BRK", "settings": {"url": "https://exchange.brk.example/v1"}, "hub": "ECV",
        "year": AcademicYear(2026), "now": NOW, "base": Path(), "schools": {}, "rehearsal": True, "deadline": 5.0,
        "key": lambda: server._world().secret("REC_KEY_BRK"),
        "endpoint": lambda url: url.replace("https://exchange.brk.example", server.base("BRK")),
    }  # fmt: skip
    return ExportRequest(**(told | more))


def talk(server: ExchangeServer, do: Callable[[EachSession], Any], **more: Any) -> Any:
    def each(session: ExportSession) -> EachSession:
        assert isinstance(session, EachSession)
        return session

    with PartnerExchange().open(request(server, **more)) as session:
        return do(each(session))


def says(server: ExchangeServer, *messages: Message) -> list[Receipt | Rejection]:
    return list(talk(server, lambda session: [session.send(message) for message in messages]))


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": OPENAPI["components"]})


@pytest.mark.requirement(55, 58)
def test_what_is_said_is_what_the_document_allows_and_no_more(exchange: ExchangeServer) -> None:
    """Every body fits its schema, which allows no other field."""
    says(exchange, put(), put(PLACE), end(ItemKind.ASSIGNMENT, PLACE_KEY), end())
    bodies = [call for call in exchange.calls if call.method == "PUT"]
    for call, schema in zip(bodies, ("Guest", "Assignment", "End", "End"), strict=True):
        validator(schema).validate(call.body)
    assert bodies[0].body == {
        "enrolment": "Guest", "home": {"school": "AVN", "id": "10233"}, "forename": "Idris", "surname": "Pellow",
        "birth_date": "2010-02-14", "year_group": "12",
    }  # fmt: skip


@pytest.mark.requirement(55, 58)
def test_the_document_knows_every_fact_and_one_enrolment() -> None:
    """A new field in the program is a new field in the document first."""
    schema = OPENAPI["components"]["schemas"]["Guest"]
    facts = {field for field in GuestFacts.__dataclass_fields__ if not field.startswith("home_")}
    assert set(schema["properties"]) == facts | {"enrolment", "home"}
    assert schema["properties"]["enrolment"]["const"] == "Guest"


def test_the_simulated_partner_answers_as_the_document_says(exchange: ExchangeServer) -> None:
    """Each operation of the document is answered, in the document's form."""
    says(exchange, put(), put(PLACE))
    brk = exchange.partners["BRK"]
    validator("Handshake").validate(brk.handshake({"school": "BRK", "year": "2026-2027"}).body)
    validator("HeldGuest").validate(json.loads(json.dumps(brk.get("guests", GUEST_KEY).body)))
    validator("HeldAssignment").validate(json.loads(json.dumps(brk.get("assignments", PLACE_KEY).body)))
    says(exchange, end(ItemKind.ASSIGNMENT, PLACE_KEY), end())
    said = {(call.method, "/" + call.path.replace(GUEST_KEY, "{key}").replace(PLACE_KEY, "{key}"))
            for call in exchange.calls}  # fmt: skip
    documented = {(method.upper(), path) for path, item in OPENAPI["paths"].items() for method in item
                  if method in ("get", "put")}  # fmt: skip
    assert documented == said | {("GET", "/guests/{key}"), ("GET", "/assignments/{key}")}


@pytest.mark.requirement(55)
def test_the_facts_come_back_as_they_were_said(exchange: ExchangeServer) -> None:
    """With the partner's own id."""
    says(exchange, put(), put(PLACE))
    held = talk(
        exchange, lambda s: [s.read_back(ItemKind.GUEST, GUEST_KEY), s.read_back(ItemKind.ASSIGNMENT, PLACE_KEY)]
    )
    assert [item.facts for item in held] == [GUEST, PLACE]
    assert all(item.reference and item.ended_on is None for item in held)
    says(exchange, end())
    assert talk(exchange, lambda s: s.read_back(ItemKind.GUEST, GUEST_KEY)).ended_on == date(2026, 11, 23)
    assert talk(exchange, lambda s: s.read_back(ItemKind.GUEST, "g" + "0" * 32)) is None


@pytest.mark.requirement(56)
def test_saying_it_twice_has_the_effect_of_once(exchange: ExchangeServer) -> None:
    """Under the same idempotency key."""
    first, second = says(exchange, put(), put())
    assert first == second
    assert isinstance(first, Receipt)
    assert first.created
    assert (exchange.partners["BRK"].effects, exchange.partners["BRK"].created) == (1, [GUEST_KEY])


@pytest.mark.parametrize(("told", "kept"), [
    ("X-17", "X-17"), (17, "17"), (None, ""), ("a\0b\nc", "abc"), ("9" * 500, "9" * 200),
    ({"no": "text"}, "{'no': 'text'}"),
])  # fmt: skip
def test_whatever_number_a_partner_gives_can_be_kept(told: object, kept: str) -> None:
    """It is for people who ask there: no control character of it reaches the store."""
    assert reference({"id": told}) == kept


@pytest.mark.requirement(21)
def test_the_key_never_travels(exchange: ExchangeServer) -> None:
    """Only a token of the day, which is worthless for another school and two days later."""
    key = exchange._world().secret("REC_KEY_BRK")
    today = NOW.date()
    made = token(key, school="BRK", day=today)
    assert key not in made
    for days, good in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        day = today + timedelta(days=days)
        assert accepts(token(key, school="BRK", day=day), key, school="BRK", day=day, today=today) is good
    assert not accepts(made, key, school="AVN", day=today, today=today)
    assert not accepts(made, key, school="BRK", day=today + timedelta(days=1), today=today)
    assert not accepts("é" + made[1:], key, school="BRK", day=today, today=today)


def test_the_documents_example_of_a_token_is_right() -> None:
    """Whoever implements it checks against this."""
    text = OPENAPI["components"]["securitySchemes"]["derivedKey"]["description"]
    assert token("correct-horse", school="BRK", day=date(2026, 11, 23)) in text


@pytest.mark.requirement(31)
@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"key": lambda: "another"}, "exchange.key_rejected"),
        ({"now": NOW + timedelta(days=3)}, "exchange.key_rejected"),
        ({"year": AcademicYear(2027)}, "exchange.mismatch"),
    ],
)
def test_key_and_year_are_compared_before_anything_is_said(
    exchange: ExchangeServer, more: Mapping[str, Any], code: str
) -> None:
    """Not tried again, and the verdict is in the words of the rule."""
    with pytest.raises(RefusedSourceError, match="key rejected by partner") as error:
        talk(exchange, lambda session: session.send(put()), **more)
    assert error.value.code == code
    assert [call.path for call in exchange.calls] == ["handshake"]


@pytest.mark.requirement(31)
def test_another_schools_server_is_noticed(exchange: ExchangeServer) -> None:
    """A token is made for one school code, so AVN's server does not take BRK's."""
    with pytest.raises(RefusedSourceError):
        talk(exchange, lambda session: None,
             endpoint=lambda url: url.replace("https://exchange.brk.example", exchange.base("AVN")))  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("wrong_key", RefusedSourceError),
        ("year_mismatch", RefusedSourceError),
        ("half", TransientSourceError),
        ("away", TransientSourceError),
    ],
)
def test_each_fault_of_a_partner_has_its_verdict(
    exchange: ExchangeServer, fault: str, error: type[SourceError]
) -> None:
    """And no message repeats the key or the token."""
    exchange.fault("BRK", fault)
    with pytest.raises(error) as raised:
        talk(exchange, lambda session: None, deadline=0.5)
    shown = raised.value.message + raised.value.hint
    assert exchange._world().secret("REC_KEY_BRK") not in shown
    assert "127.0.0.1" not in shown or isinstance(raised.value, TransientSourceError)


def test_a_partner_that_was_away_for_a_moment_is_asked_again(exchange: ExchangeServer) -> None:
    """Every request may be repeated."""
    exchange.fault("BRK", "away", times=1)
    assert isinstance(says(exchange, put())[0], Receipt)


@pytest.mark.requirement(56)
def test_a_lost_answer_creates_nothing_twice(exchange: ExchangeServer) -> None:
    """The partner did as told and broke off; the repeat under the same key is answered as the first."""
    exchange.fault("BRK", "lost_answer", times=1)
    assert isinstance(says(exchange, put())[0], Receipt)
    assert (exchange.partners["BRK"].effects, len(exchange.calls)) == (1, 3)


@pytest.mark.requirement(56)
def test_somebody_who_may_be_the_same_is_not_merged(exchange: ExchangeServer) -> None:
    """409, until a person at the school says that they differ."""
    school = exchange._world().schools["BRK"]
    twin = school.students[0]
    facts = GuestFacts(home_school="AVN", home_id="1", forename=twin.forename.upper(), surname=twin.surname,
                       birth_date=twin.birth_date)  # fmt: skip
    answer = says(exchange, put(facts))[0]
    assert isinstance(answer, Rejection)
    assert (answer.code, exchange.partners["BRK"].guests) == ("guest.possible_match", {})
    exchange.partners["BRK"].different.add(GUEST_KEY)
    assert isinstance(says(exchange, put(facts))[0], Receipt)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (AssignmentFacts(class_id="1", first_day=date(2026, 11, 9), last_day=None, guest=GUEST_KEY),
         "exchange.unknown_class"),
        (AssignmentFacts(class_id="4501", first_day=date(2026, 11, 9), last_day=None, own_student="1"),
         "exchange.unknown_student"),
        (GuestFacts(home_school="AVN", home_id="1", forename="A", surname="B", birth_date=None), "guest.missing_field"),
    ],
)  # fmt: skip
def test_what_a_partner_refuses_has_a_code_and_a_next_step(exchange: ExchangeServer, facts: Any, code: str) -> None:
    """The partner's own words are not repeated: they could name somebody."""
    answer = says(
        exchange, put(), put(facts, key="a" + "3" * 32 if code.startswith("e") else "g" + "3" * 32, number=2)
    )[1]
    assert isinstance(answer, Rejection)
    assert (answer.code, bool(answer.hint)) == (code, True)


@pytest.mark.requirement(55)
def test_the_partner_names_what_it_cannot_do_without(exchange: ExchangeServer) -> None:
    """At the handshake; names that mean nothing here are left out."""
    exchange.partners["BRK"].needs = frozenset({"upn", "shoe_size"})
    assert talk(exchange, lambda session: session.needs) == ALWAYS_NEEDED | {"upn"}


def test_an_end_of_what_is_not_there_is_done(exchange: ExchangeServer) -> None:
    """There is nothing to end."""
    assert isinstance(says(exchange, end(key="g" + "7" * 32))[0], Receipt)


def test_an_answer_that_is_no_guest_is_not_believed(exchange: ExchangeServer) -> None:
    """A partner that made it a main enrolment is told on."""
    says(exchange, put())
    held = exchange.partners["BRK"].guests[GUEST_KEY]
    held.item = {**held.item, "enrolment": "Main"}
    with pytest.raises(MalformedSourceError) as error:
        talk(exchange, lambda session: session.read_back(ItemKind.GUEST, GUEST_KEY))
    assert (error.value.code, "Pellow" in error.value.message) == ("exchange.answer", False)


def test_the_world_of_the_simulation_may_move_on(exchange: ExchangeServer) -> None:
    """A partner compares the day of the token with its own."""
    world: World = exchange._world()
    assert isinstance(world, World)
    exchange.checks_date = False
    assert isinstance(talk(exchange, lambda session: session.send(put()), now=NOW + timedelta(days=90)), Receipt)

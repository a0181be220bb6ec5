"""The exporter `exchange`: handshake first, then one message after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.connectors.exchange import HttpLimits
from reconciler.connectors.export_protocol import (
    ALWAYS_NEEDED,
    FACTS,
    Action,
    ExportRequest,
    HeldItem,
    ItemKind,
    Message,
    Receipt,
    Rejection,
)
from reconciler.connectors.http import HttpClient
from reconciler.connectors.partner_exchange.client import Answer, ExchangeClient
from reconciler.connectors.partner_exchange.wire import COLLECTIONS, body, held, reference, unreadable
from reconciler.errors import RefusedSourceError

_MATCH_CODE = "guest.possible_match"
_FIELD_CODE = "guest.missing_field"
_CLASS_CODE = "exchange.unknown_class"
_STUDENT_CODE = "exchange.unknown_student"
_OTHER_CODE = "exchange.rejected"


class PartnerExchange:
    """Partners that implement `docs/exchange.openapi.yaml`."""

    name = "exchange"
    shakes_hands = True

    @contextmanager
    def open(self, request: ExportRequest) -> Iterator[ExchangeSession]:
        """Compares key, academic year and school code with the partner's own before anything is said (VS, rule 31).

        Raises SecretUnavailable, RefusedSourceError (`exchange.key_rejected`, `exchange.mismatch`), other SourceErrors.
        """
        declared = str(request.settings["url"])
        client = ExchangeClient(
            http=HttpClient(
                limits=HttpLimits(deadline=request.deadline, budget=3 * request.deadline), rehearsal=request.rehearsal
            ),
            url=request.endpoint(declared), declared=declared, school=request.school, now=request.now,
            key=request.key(),
        )  # fmt: skip
        yield ExchangeSession(client, needs=shake_hands(client, request))


def shake_hands(client: ExchangeClient, request: ExportRequest) -> frozenset[str]:
    """Asks the partner who it is; gives the guest facts that it cannot do without."""
    answer = client.get("/handshake", school=request.school, year=str(request.year), hub=request.hub)
    told = answer.told
    if answer.status == 200:
        for what, ours in (("school", request.school), ("academic_year", str(request.year))):
            if told.get(what) != ours:
                raise _mismatch(client, what, request)
        named = told.get("guest_fields", [])
        if not isinstance(named, list):
            raise unreadable(client.origin)
        return ALWAYS_NEEDED | (FACTS & {str(name) for name in named})
    if answer.status == 409:
        raise _mismatch(client, answer.problem, request)
    raise unreadable(client.origin)


def _mismatch(client: ExchangeClient, what: str, request: ExportRequest) -> RefusedSourceError:
    ours = {"school": f"school {request.school}", "academic_year": f"academic year {request.year}"}
    about = ours.get(what, "what was asked")
    return RefusedSourceError(
        "exchange.mismatch",
        f"key rejected by partner: {client.origin} is not set up for {about}",
        hint="compare short code, academic year and key on both sides, then export again; nothing was sent",
        subject=what if what in ours else "",
    )


class ExchangeSession:
    """One partner, one run."""

    def __init__(self, client: ExchangeClient, *, needs: frozenset[str]) -> None:
        self._client = client
        self.needs = needs

    def send(self, message: Message) -> Receipt | Rejection:
        """Says one thing. Raises SourceError when the partner itself is at fault or away."""
        path = f"/{COLLECTIONS[message.kind]}/{message.key}"
        if message.action is Action.END:
            said = {"on": message.on.isoformat() if message.on else None}
            answer = self._client.put(f"{path}/end", said, idempotency_key=message.idempotency_key)
            if answer.status == 404:  # it holds no such item: there is nothing to end
                return Receipt()
        else:
            if message.facts is None:
                raise ValueError("a put says facts")
            answer = self._client.put(path, body(message.facts), idempotency_key=message.idempotency_key)
        if answer.status in (200, 201):
            return Receipt(created=answer.status == 201, reference=reference(answer.told))
        return self._rejection(message.kind, answer)

    def read_back(self, kind: ItemKind, key: str) -> HeldItem | None:
        """What the partner holds under a key, None for nothing."""
        answer = self._client.get(f"/{COLLECTIONS[kind]}/{key}")
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise unreadable(self._client.origin)
        return held(kind, answer.told, origin=self._client.origin)

    def _rejection(self, kind: ItemKind, answer: Answer) -> Rejection:
        match answer.problem:
            case "possible_match" if kind is ItemKind.GUEST:
                return Rejection(
                    code=_MATCH_CODE, message="the partner already has a person who may be the same; nobody was merged",
                    hint="ask the school: it links the two, or says that they differ; the next export asks again",
                )  # fmt: skip
            case "missing_field" if kind is ItemKind.GUEST:
                name = str(answer.told.get("field", ""))
                name = name if name in FACTS else "a field"
                return Rejection(
                    code=_FIELD_CODE, message=f"the partner needs {name}, which the home school does not give",
                    hint="let the home school fill it in, import, then export again", column=name,
                )  # fmt: skip
            case "unknown_class":
                return Rejection(
                    code=_CLASS_CODE, message="the partner does not know the class",
                    hint="import the partner again: the class may have gone or been made anew",
                )  # fmt: skip
            case "unknown_student":
                return Rejection(
                    code=_STUDENT_CODE, message="the partner does not know the student",
                    hint="import the partner again: the student may have left",
                )  # fmt: skip
            case "academic_year" | "school" | "key":
                raise RefusedSourceError(
                    "exchange.mismatch",
                    f"key rejected by partner: {self._client.origin} is no longer set up as at the handshake",
                    hint="compare short code, academic year and key on both sides, then export again",
                )
        return Rejection(
            code=_OTHER_CODE, message=f"the partner refused it ({answer.status}) without a reason that is known here",
            hint="ask the partner's administrator; the next export tries it again",
        )  # fmt: skip

"""Speaks the exchange API: requests and verdicts, not what they mean for the hub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from reconciler.connectors.exchange import HttpAnswer, HttpRequest
from reconciler.connectors.http import HttpClient
from reconciler.connectors.partner_exchange.token import DATE_HEADER, token
from reconciler.connectors.partner_exchange.wire import unreadable
from reconciler.errors import MalformedSourceError, RefusedSourceError
from reconciler.vocabulary.digests import canonical_json

_UNDERSTOOD = frozenset({200, 201, 401, 403, 404, 409, 422})
_MOST_BYTES = 64 * 1024
_REJECTED = "exchange.key_rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status and JSON object of an answer; `problem` is the partner's word for what is wrong, empty when nothing is."""

    status: int
    told: Mapping[str, Any]

    @property
    def problem(self) -> str:
        found = self.told.get("problem", "")
        return found if isinstance(found, str) else ""


@dataclass(slots=True, kw_only=True)
class ExchangeClient:
    """One partner. Every request may be repeated: a PUT says a state, and carries its idempotency key."""

    http: HttpClient
    url: str
    declared: str  # as the estate has it, to be named in messages
    school: str
    now: datetime
    key: str = field(repr=False)

    @property
    def origin(self) -> str:
        parts = urlsplit(self.declared)
        return f"{parts.scheme}://{parts.netloc}"

    def get(self, path: str, **query: str) -> Answer:
        """Raises SourceError; `exchange.key_rejected` for 401 and 403."""
        return self._ask("GET", path + (f"?{urlencode(query)}" if query else ""))

    def put(self, path: str, body: Mapping[str, Any], *, idempotency_key: str) -> Answer:
        """Raises SourceError; `exchange.key_rejected` for 401 and 403."""
        return self._ask("PUT", path, canonical_json(body), {"Idempotency-Key": idempotency_key})

    def _ask(self, method: str, path: str, body: bytes = b"", more: Mapping[str, str] | None = None) -> Answer:
        day = self.now.astimezone(UTC).date()
        headers = {
            "Authorization": f"Bearer {token(self.key, school=self.school, day=day)}",
            DATE_HEADER: day.isoformat(), "Accept": "application/json", **(more or {}),
        }  # fmt: skip
        if body:
            headers["Content-Type"] = "application/json"
        request = HttpRequest(
            method=method, url=self.url.rstrip("/") + path, headers=headers, body=body, repeatable=True,
            statuses=_UNDERSTOOD,
        )  # fmt: skip
        with self.http.exchange(request) as answer:
            return self._read(answer)

    def _read(self, answer: HttpAnswer) -> Answer:
        if answer.status in (401, 403):
            raise RefusedSourceError(
                _REJECTED,
                f"key rejected by partner: {self.origin} answered {answer.status} to {self.school}'s Data Exchange Key",
                hint="compare the key with the partner's own set-up, and the clocks of both; nothing was sent",
            )
        data = b""
        for chunk in answer.chunks():
            data += chunk
            if len(data) > _MOST_BYTES:
                raise unreadable(self.origin)
        try:
            told = orjson.loads(_utf8(data, self.origin) or "{}")
        except orjson.JSONDecodeError:
            raise unreadable(self.origin) from None
        if not isinstance(told, dict):
            raise unreadable(self.origin)
        return Answer(status=answer.status, told=told)


def _utf8(data: bytes, origin: str) -> str:
    """The answer as text; bytes of another encoding are never guessed at (C23)."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise MalformedSourceError(
            "exchange.encoding", f"{origin} answered with bytes that are not UTF-8",
            hint="JSON is always UTF-8: whoever runs the partner's server corrects it (mostly it is Windows-1252)",
        ) from None  # fmt: skip

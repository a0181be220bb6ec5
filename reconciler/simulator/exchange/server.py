"""The HTTP server: every partner with an exchange on one loopback port, each under its code."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from reconciler.connectors.partner_exchange.token import DATE_HEADER, accepts
from reconciler.simulator.exchange.partner import COLLECTIONS, Partner, Reply
from reconciler.simulator.invent import FIRST_AUTUMN
from reconciler.simulator.world import World

FAULTS = (
    "wrong_key", "year_mismatch", "too_many_requests", "server_error", "away", "slow", "refused", "half",
    "malformed", "windows_1252", "lost_answer",
)  # fmt: skip
_SECONDS = {"slow": 1}
_RETRY_AFTER = {"too_many_requests": "1"}
_SPOILT: Mapping[str, Callable[[bytes], bytes]] = {
    "malformed": lambda told: told[:-1] + b",",
    "windows_1252": lambda told: told[:-1] + ', "name": "Zoë"}'.encode("windows-1252"),
}
_MOST_BYTES = 64 * 1024
_PREFIX = "v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeCall:
    """One request, without its token; `body` is what was said, for tests that look at it."""

    school: str
    method: str
    path: str
    status: int
    idempotency_key: str = ""
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)


class ExchangeServer:
    """The exchange of every partner of a world. `world` gives keys, rolls and the date; it may be replaced.

    Faults: `wrong_key` (401), `year_mismatch` (409), `too_many_requests` (429 with Retry-After), `server_error` (500),
    `away` (503), `slow` (a second), `refused` (422 to what is put), `half` (a cut
    answer), `malformed` (no JSON), `windows_1252` (bytes that are no UTF-8), `lost_answer` (does as told, then breaks
    off).
    """

    def __init__(self, world: Callable[[], World], codes: Sequence[str]) -> None:
        self._world = world
        year = f"{FIRST_AUTUMN}-{FIRST_AUTUMN + 1}"
        self.partners = {code: Partner(school=self._school(code), year=year) for code in codes}
        self.calls: list[ExchangeCall] = []
        self.checks_date = True
        self._faults: dict[str, dict[str, int]] = {code: {} for code in codes}
        self._lock = Lock()
        self._http = _Http(self)
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, name="exchange")

    def _school(self, code: str) -> Callable[[], Any]:
        return lambda: self._world().schools[code]

    def base(self, code: str) -> str:
        """The address that stands for `https://exchange.CODE.example`; the path behind it stays."""
        return f"http://127.0.0.1:{self._http.server_port}/{code}"

    def fault(self, code: str, name: str, *, times: int = 1_000_000) -> None:
        """Switches a fault on for so many requests. Raises KeyError for an unknown one."""
        if name not in FAULTS:
            raise KeyError(f"no fault {name}; there are {', '.join(FAULTS)}")
        self._faults[code][name] = times

    def heal(self, code: str) -> None:
        """Switches every fault of a partner off."""
        self._faults[code].clear()

    def answer(self, code: str, request: Request) -> tuple[Reply, str]:
        """The reply to one request, and the fault that spoils its sending."""
        with self._lock:
            struck = self._strike(code, request)
            reply = self._reply(code, request, struck)
            self.calls.append(ExchangeCall(
                school=code, method=request.method, path=request.path, status=reply.status,
                idempotency_key=request.idempotency_key, body=request.body,
            ))  # fmt: skip
            return reply, struck

    def _strike(self, code: str, request: Request) -> str:
        for name, left in self._faults[code].items():
            if left and (name not in ("refused", "lost_answer") or request.method == "PUT"):
                self._faults[code][name] = left - 1
                return name
        return ""

    def _reply(self, code: str, request: Request, struck: str) -> Reply:
        early = {"wrong_key": Reply(401, {"problem": "key"}), "year_mismatch": Reply(409, {"problem": "academic_year"}),
                 "too_many_requests": Reply(429), "server_error": Reply(500), "away": Reply(503),
                 "refused": Reply(422, {"problem": "unknown_class"})}  # fmt: skip
        if struck in early:
            return early[struck]
        if not self._authorised(code, request):
            return Reply(401, {"problem": "key"})
        return _route(self.partners[code], request)

    def _authorised(self, code: str, request: Request) -> bool:
        try:
            day = date.fromisoformat(request.day)
        except ValueError:
            return False
        world = self._world()
        today = world.now.date() if self.checks_date else day
        key = world.secret(f"REC_KEY_{code}")
        return accepts(request.token, key, school=code, day=day, today=today)

    def start(self) -> ExchangeServer:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def __enter__(self) -> ExchangeServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:  # fmt: skip
        self.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as the server reads it; `path` is what follows the version."""

    method: str
    path: str
    query: Mapping[str, str]
    token: str = field(repr=False)
    day: str
    idempotency_key: str
    body: Mapping[str, Any] = field(repr=False)


def _route(partner: Partner, request: Request) -> Reply:
    parts = request.path.strip("/").split("/")
    match request.method, parts:
        case "GET", ["handshake"]:
            return partner.handshake(request.query)
        case "GET", [collection, key] if collection in COLLECTIONS:
            return partner.get(collection, key)
        case "PUT", [collection, key] if collection in COLLECTIONS and request.idempotency_key:
            return partner.put(collection, key, request.body, idempotency_key=request.idempotency_key)
        case "PUT", [collection, key, "end"] if collection in COLLECTIONS and request.idempotency_key:
            return partner.end(collection, key, request.body, idempotency_key=request.idempotency_key)
    return Reply(404)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, service: ExchangeServer) -> None:
        self.service = service
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "exchange"
    sys_version = ""
    timeout = 30

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the base class's)
        """Quiet: what is said is about people."""

    def do_GET(self) -> None:
        self._serve({})

    def do_PUT(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _MOST_BYTES:
            self.close_connection = True
            self._send(Reply(413), "")
            return
        try:
            body = json.loads(self.rfile.read(int(length)))
        except ValueError:
            body = None
        if isinstance(body, dict):
            self._serve(body)
        else:
            self._send(Reply(422, {"problem": "not_json"}), "")

    def _serve(self, body: Mapping[str, Any]) -> None:
        service: ExchangeServer = self.server.service  # type: ignore[attr-defined]  # socketserver knows only its base
        url = urlsplit(self.path)
        code, _, rest = url.path.strip("/").partition("/")
        version, _, path = rest.partition("/")
        if code not in service.partners or version != _PREFIX:
            self._send(Reply(404), "")
            return
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        request = Request(
            method=self.command, path=path, query=dict(parse_qsl(url.query)), token=token if scheme == "Bearer" else "",
            day=self.headers.get(DATE_HEADER, ""), idempotency_key=self.headers.get("Idempotency-Key", ""), body=body,
        )  # fmt: skip
        self._send(*service.answer(code, request))

    def _send(self, reply: Reply, struck: str) -> None:
        time.sleep(_SECONDS.get(struck, 0))
        if struck == "lost_answer":
            self.close_connection = True
            return
        data = json.dumps(reply.body).encode()
        if struck in _SPOILT:
            data = _SPOILT[struck](data)
        self.send_response(reply.status)
        if struck in _RETRY_AFTER:
            self.send_header("Retry-After", _RETRY_AFTER[struck])
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if struck == "half" else data)
        if struck == "half":
            self.close_connection = True

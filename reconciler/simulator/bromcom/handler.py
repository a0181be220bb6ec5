"""One HTTP request to a simulated school: finds the school and the binding, answers, and misbehaves where asked to."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from reconciler.simulator.bromcom import envelope, faults, wsdl
from reconciler.simulator.bromcom.calls import Call
from reconciler.simulator.bromcom.envelope import BadRequest, Binding, Request
from reconciler.simulator.bromcom.faults import ActiveFault, Stage
from reconciler.simulator.bromcom.operations import Desk, ServiceFault, Tables, answer

if TYPE_CHECKING:
    from reconciler.simulator.bromcom.server import BromcomServer

SERVICE_PATH = "/Nucleus/WebServices/ThirdParty/TPReadOnlyDataService.asmx"
STAFF_REFUSED = "Staff members: Members could not be read"  # the wording behind rule 174
LARGEST_REQUEST = 8_000_000  # bytes
_PIECE = 65_536
_ELSEWHERE = "http://127.0.0.2:9/elsewhere"
_LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>Please sign in</form></body></html>"


class Handler(BaseHTTPRequestHandler):
    """Speaks HTTP/1.1 with keep-alive; answers are streamed in chunks."""

    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-IIS/10.0"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 60

    @property
    def _service(self) -> BromcomServer:
        service: BromcomServer = self.server.service  # type: ignore[attr-defined]  # socketserver knows only its base
        return service

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the base class's)
        """Quiet: query strings carry passwords."""

    def do_GET(self) -> None:
        code, tail, query = self._place()
        if tail is None:
            self._send(404, "text/plain; charset=utf-8", "The resource cannot be found.\r\n")
        elif tail:
            self._plain(code, Binding.GET, tail, query)
        else:
            self._page(code, query)

    def do_POST(self) -> None:
        code, tail, _query = self._place()
        body = self._body()
        if body is None:
            return
        if tail is None:
            self._send(404, "text/plain; charset=utf-8", "The resource cannot be found.\r\n")
        elif tail:
            fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
            self._plain(code, Binding.POST, tail, fields)
        else:
            self._soap(code, body)

    def _place(self) -> tuple[str, str | None, Mapping[str, str]]:
        """(school code, what follows the service's path or None when it is not ours, query), whatever the capitals."""
        parts = urlsplit(self.path)
        _, _, after = parts.path.partition("/")
        code, _, rest = after.partition("/")
        code, rest = code.upper(), "/" + rest
        query = dict(parse_qsl(parts.query, keep_blank_values=True)) or {parts.query: ""}
        ours = rest.lower().startswith(SERVICE_PATH.lower()) and code in self._service.schools()
        tail = rest[len(SERVICE_PATH) :] if ours else None
        return code, tail.strip("/") if tail is not None else None, query

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LARGEST_REQUEST:
            self.close_connection = True
            self._send(413 if length.isdigit() else 411, "text/plain; charset=utf-8", "Length\r\n")
            return None
        return self.rfile.read(int(length))

    def _page(self, code: str, query: Mapping[str, str]) -> None:
        address = f"{self._service.base(code)}{SERVICE_PATH}"
        wanted = {name.lower(): value for name, value in query.items()}
        if "wsdl" in wanted:
            self._send(200, "text/xml; charset=utf-8", wsdl.wsdl(address))
        elif "disco" in wanted:
            self._send(200, "text/xml; charset=utf-8", wsdl.disco(address))
        elif (page := wsdl.help_page(address, wanted.get("op", ""))) is not None:
            self._send(200, "text/html; charset=utf-8", page)
        else:
            self._send(404, "text/plain; charset=utf-8", "No such operation.\r\n")

    def _plain(self, code: str, binding: Binding, name: str, values: Mapping[str, str]) -> None:
        try:
            request = envelope.plain_request(binding, name, values)
        except ServiceFault as fault:
            self._refuse(binding, fault)
            return
        self._answer(code, request)

    def _soap(self, code: str, body: bytes) -> None:
        try:
            request = envelope.soap_request(body, _action(self.headers))
        except BadRequest as problem:
            self._send(400, "text/plain; charset=utf-8", f"Bad request: {problem}\r\n")
            return
        except ServiceFault as fault:
            self._refuse(envelope.soap_binding(body), fault)
            return
        self._answer(code, request)

    def _refuse(self, binding: Binding, fault: ServiceFault) -> None:
        self._send(500, *envelope.render_fault(binding, fault))

    def _answer(self, code: str, request: Request) -> None:
        entity = request.values.get("entityName", "")
        struck = self._service.faults.take(code, entity)
        status, count = 200, 0
        whole = next((fault for fault in struck if fault.stage is Stage.RESPONSE), None)
        if whole:
            status = _STATUS.get(whole.name, 0)
        result: Tables | bool | ServiceFault | None = None
        if not whole:
            try:
                result = self._result(code, request, struck)
                count = len(result.rows) if isinstance(result, Tables) else 0
            except ServiceFault as fault:
                status, result = 500, fault
        # Noted before it is sent, so that a client that has its answer finds the call in the log.
        self._service.note(Call(school=code, binding=request.binding.value, operation=request.operation.name,
                                entity=entity, filter=request.values.get("entityFilter", ""), status=status,
                                rows=count, faults=tuple(fault.name for fault in struck)))  # fmt: skip
        if whole:
            self._misbehave(whole)
        elif isinstance(result, ServiceFault):
            self._refuse(request.binding, result)
        elif result is not None:
            self._deliver(request, result, struck)

    def _result(self, code: str, request: Request, struck: list[ActiveFault]) -> Tables | bool:
        service = self._service
        school = service.world.schools[code]
        for fault in struck:
            if fault.stage is Stage.REFUSAL:
                raise ServiceFault(STAFF_REFUSED)
        number = school.school_id
        for fault in struck:
            if fault.stage is Stage.SCHOOL:
                school = faults.change_school(fault, service.world, school)

        def change(entity: Any, found: Any) -> Any:
            for fault in struck:
                if fault.stage is Stage.ROWS:
                    found = faults.change_rows(fault, school, entity, found)
            return found

        account = service.account_of(code, request.values.get("username", ""))
        desk = Desk(school=school, school_id=number, account=account, style=service.refusals[code],
                    now=service.world.now, change_rows=change)  # fmt: skip
        return answer(desk, request.operation, request.values)

    def _deliver(self, request: Request, result: Tables | bool, struck: list[ActiveFault]) -> None:
        pieces = envelope.render(request, result)
        kind = request.binding.content_type
        spoilt = [fault for fault in struck if fault.stage is Stage.BODY]
        sending = next((fault for fault in struck if fault.stage is Stage.SENDING), None)
        if not spoilt and not sending and self.request_version != "HTTP/1.0":
            self._stream(kind, pieces)
            return
        body = "".join(pieces).encode()
        for fault in spoilt:
            body = faults.change_body(fault, body)
        if sending:
            self._send_badly(sending, kind, body)
        else:
            self._send(200, kind, body)

    def _send(self, status: int, kind: str, body: str | bytes, headers: Mapping[str, str] | None = None) -> None:
        data = body.encode() if isinstance(body, str) else body
        self._head(status, kind, {"Content-Length": str(len(data)), **(headers or {})})
        self.wfile.write(data)

    def _head(self, status: int, kind: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "private, max-age=0")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _stream(self, kind: str, pieces: Iterable[str]) -> None:
        self._head(200, kind, {"Transfer-Encoding": "chunked"})
        for piece in _gathered(pieces):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def _send_badly(self, fault: ActiveFault, kind: str, body: bytes) -> None:
        self.close_connection = True
        if fault.name == "gzip_bomb":
            bomb = faults.gzip_bomb()
            self._head(200, kind, {"Content-Encoding": "gzip", "Content-Length": str(len(bomb))})
            self.wfile.write(bomb)
        elif fault.name == "cut_chunk":
            self._head(200, kind, {"Transfer-Encoding": "chunked"})
            self.wfile.write(b"%x\r\n%s" % (len(body), body[: len(body) // 2]))
        elif fault.name == "short_body":
            self._head(200, kind, {"Content-Length": str(len(body))})
            self.wfile.write(body[: len(body) // 2])
        else:
            self._head(200, kind, {"Content-Length": str(len(body))})
            for number in range(len(body)):
                self.wfile.write(body[number : number + 1])
                self.wfile.flush()
                if self._service.stopping.wait(fault.seconds):
                    return

    def _misbehave(self, fault: ActiveFault) -> None:
        text, page = "text/plain; charset=utf-8", "text/html; charset=utf-8"
        status, wait = _STATUS.get(fault.name, 0), {"Retry-After": f"{fault.seconds:g}"}
        if fault.name == "login_page":
            self._send(status, page, _LOGIN_PAGE)
        elif fault.name == "redirect":
            self._send(status, text, "", {"Location": _ELSEWHERE})
        elif status:
            self._send(status, text, f"{status}\r\n", wait if fault.seconds else {})
        else:
            self.close_connection = True
            self._break_off(fault.name)

    def _break_off(self, name: str) -> None:
        if name == "garbage":
            self.wfile.write(b"\x00\x01\x02 not http at all\r\n\r\n")
        elif name == "silent":
            self._service.stopping.wait()
        else:  # lingering for no time makes the close a reset
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()


_STATUS = {"too_many_requests": 429, "server_error": 500, "unavailable": 503, "wrong_key": 401, "login_page": 200,
           "redirect": 302}  # fmt: skip


def _action(headers: Message) -> str:
    """The action from the SOAPAction header (1.1) or the content type (1.2)."""
    parameter = headers.get_param("action", "")
    return headers.get("SOAPAction", "") or (parameter if isinstance(parameter, str) else "")


def _gathered(pieces: Iterable[str]) -> Iterator[bytes]:
    """Pieces joined to about 64 kB, so that a chunk is worth its head."""
    held: list[str] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _PIECE:
            yield "".join(held).encode()
            held, size = [], 0
    if held:
        yield "".join(held).encode()

"""A client made of a socket: what it shows is what is really on the wire."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape

from lxml import etree

from reconciler.simulator.bromcom.handler import SERVICE_PATH
from reconciler.simulator.service import RunningSimulator
from reconciler.simulator.world import ACCOUNT

ENVELOPES = {"soap11": "http://schemas.xmlsoap.org/soap/envelope/", "soap12": "http://www.w3.org/2003/05/soap-envelope"}


@dataclass(frozen=True, slots=True)
class Answer:
    """`whole` says that the body came to its end as the headers promised."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool

    @property
    def text(self) -> str:
        return self.body.decode()

    def rows(self) -> list[dict[str, str]]:
        """The rows of a DataSet, by element name."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        tables = etree.fromstring(self.body, parser).iter("Table")
        return [{child.tag: child.text or "" for child in table} for table in tables]


@dataclass(frozen=True, slots=True)
class Wire:
    simulator: RunningSimulator
    code: str

    @property
    def school_id(self) -> int:
        return self.simulator.world.schools[self.code].school_id

    def entity(self, name: str, entity_filter: str = "", *, binding: str = "soap11", **changed: str) -> Answer:
        """getEntityDataBySchoolID with the right credentials, unless `changed` says otherwise."""
        values = {"schoolID": str(self.school_id), "entityName": name, "entityFilter": entity_filter, **self.login()}
        return self.call("getEntityDataBySchoolID", values | changed, binding=binding)

    def login(self) -> dict[str, str]:
        return {"username": ACCOUNT, "password": self.simulator.world.password(self.code)}

    def call(self, operation: str, values: dict[str, str], *, binding: str = "soap11") -> Answer:
        if binding == "get":
            return self.get(f"{SERVICE_PATH}/{operation}?{urlencode(values)}")
        if binding == "post":
            kind = "application/x-www-form-urlencoded"
            return self.post(f"{SERVICE_PATH}/{operation}", urlencode(values), {"Content-Type": kind})
        inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())
        body = (f'<s:Envelope xmlns:s="{ENVELOPES[binding]}"><s:Body><{operation} xmlns="http://tempuri.org/">{inside}'
                f"</{operation}></s:Body></s:Envelope>")  # fmt: skip
        action = f'"http://tempuri.org/{operation}"'
        headers = {"soap11": {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": action},
                   "soap12": {"Content-Type": f"application/soap+xml; charset=utf-8; action={action}"}}  # fmt: skip
        return self.post(SERVICE_PATH, body, headers[binding])

    def get(self, path: str) -> Answer:
        return self.send("GET", path, "", {})

    def post(self, path: str, body: str, headers: dict[str, str]) -> Answer:
        return self.send("POST", path, body, headers)

    def send(self, method: str, path: str, body: str, headers: dict[str, str]) -> Answer:
        data = body.encode()
        heads = {"Host": "127.0.0.1", "Connection": "close", "Content-Length": str(len(data)), **headers}
        lines = [f"{method} /{self.code}{path} HTTP/1.1", *(f"{name}: {value}" for name, value in heads.items())]
        return _parsed(self.exchange("\r\n".join(lines).encode() + b"\r\n\r\n" + data))

    def exchange(self, request: bytes, *, timeout: float = 20) -> bytes:
        """Sends bytes and reads until the server closes; raises ConnectionResetError, TimeoutError."""
        address = urlsplit(self.simulator.server.base(self.code))
        with socket.create_connection((address.hostname, address.port), timeout=timeout) as connection:
            connection.sendall(request)
            received = b""
            while piece := connection.recv(65_536):
                received += piece
            return received


def _parsed(received: bytes) -> Answer:
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    whole = True
    if headers.get("transfer-encoding") == "chunked":
        body, whole = _unchunked(body)
    elif "content-length" in headers:
        whole = len(body) == int(headers["content-length"])
    match = re.match(r"HTTP/1\.1 (\d{3})", first)
    return Answer(int(match[1]) if match else 0, headers, body, whole)


def _unchunked(body: bytes) -> tuple[bytes, bool]:
    joined = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            return joined, True
        joined, body = joined + rest[:length], rest[length + 2 :]
    return joined, False

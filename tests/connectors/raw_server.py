"""A loopback socket that answers with exact bytes, so that an answer can break HTTP in any way."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Sequence

Answer = bytes | Callable[[socket.socket, threading.Event], None]


def answer(body: bytes, *, status: str = "200 OK", media: str = "text/xml; charset=utf-8", headers: str = "",
           length: int | None = None) -> bytes:  # fmt: skip
    """A whole answer; `length` is what Content-Length says."""
    size = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {size}\r\n{headers}Connection: close\r\n\r\n"
    return head.encode() + body


def reset(connection: socket.socket, _stop: threading.Event) -> None:
    """Ends the connection with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silence(_connection: socket.socket, stop: threading.Event) -> None:
    """Accepts, and never answers."""
    stop.wait(20)


def dripping(data: bytes, pause: float = 0.05) -> Answer:
    """One byte at a time, each in time for a deadline between two reads."""

    def drip(connection: socket.socket, stop: threading.Event) -> None:
        for byte in data:
            if stop.wait(pause):
                return
            connection.sendall(bytes([byte]))

    return drip


class RawServer:
    """Gives the answers in turn, the last one for ever; `requests` holds what came in."""

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None) -> None:
        self._answers: Sequence[Answer] = answers
        self._tls = tls
        self._stop = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.requests: list[bytes] = []
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)
        self._open: list[threading.Thread] = []

    def url(self, path: str = "/data", host: str = "127.0.0.1") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def _serve(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(OSError):
                connection, _ = self._socket.accept()
                thread = threading.Thread(target=self._answer, args=(connection,))
                self._open.append(thread)
                thread.start()

    def _answer(self, plain: socket.socket) -> None:
        plain.settimeout(5)
        with contextlib.suppress(OSError), plain:
            if self._stop.is_set():
                return
            with self._tls.wrap_socket(plain, server_side=True) if self._tls else plain as connection:
                self.requests.append(_whole_request(connection))
                chosen = self._answers[min(len(self.requests), len(self._answers)) - 1]
                if callable(chosen):
                    chosen(connection, self._stop)
                else:
                    connection.sendall(chosen)

    def __enter__(self) -> RawServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            pass  # wakes accept
        self._thread.join()
        for thread in self._open:
            thread.join()
        self._socket.close()


def _whole_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            wanted = int(line.split(b":")[1])
            while len(body) < wanted:
                body += connection.recv(65536)
    return head + b"\r\n\r\n" + body

"""The HTTP server: all simulated Bromcom schools on one loopback port, each under its code."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable
from dataclasses import replace
from http.server import ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any

from reconciler.simulator.bromcom.calls import Call
from reconciler.simulator.bromcom.catalogue import catalogue
from reconciler.simulator.bromcom.faults import FAULTS, FaultBoard
from reconciler.simulator.bromcom.handler import Handler
from reconciler.simulator.bromcom.operations import Account
from reconciler.simulator.world import ACCOUNT, World

STYLES = ("fault", "empty-dataset")


class BromcomServer:
    """The read service of every Bromcom school of a world.

    `world` may be replaced while the server runs; the next request is answered from the new one. `refusals` says for
    each school how a refusal looks: `fault` or `empty-dataset` (which of the two the real service does is not public).
    """

    def __init__(self, world: World, *, refusal: str = "fault") -> None:
        self.world = world
        self.faults = FaultBoard()
        self.calls: list[Call] = []
        codes = [code for code, school in world.schools.items() if school.mis == "bromcom"]
        self.refusals = dict.fromkeys(codes, refusal)
        self._accounts = {
            code: Account(username=ACCOUNT, password=world.password(code), entities=frozenset(catalogue()))
            for code in codes
        }
        self._others: dict[tuple[str, str], Account] = {}
        self.stopping = Event()
        self._lock = Lock()
        self._http = _Http(self)
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, name="bromcom")

    @property
    def port(self) -> int:
        return self._http.server_port

    def base(self, code: str) -> str:
        """The address that stands for `https://mis.CODE.example`; the path behind it stays."""
        return f"http://127.0.0.1:{self.port}/{code}"

    def schools(self) -> Iterable[str]:
        return self._accounts.keys()

    def account(self, code: str) -> Account:
        return self._accounts[code]

    def add_account(self, code: str, account: Account) -> None:
        """Another third-party account at a school."""
        self._others[code, account.username] = account

    def account_of(self, code: str, username: str) -> Account:
        """The account that a request names, the hub's where there is no such one."""
        return self._others.get((code, username), self._accounts[code])

    def grant(self, code: str, *entities: str, username: str = ACCOUNT) -> None:
        """Ticks entities for an account at the school."""
        self._set_entities(code, username, self.account_of(code, username).entities | set(entities))

    def revoke(self, code: str, *entities: str, username: str = ACCOUNT) -> None:
        """Takes entities away; they are missing from the list of entities and refused when asked for."""
        self._set_entities(code, username, self.account_of(code, username).entities - set(entities))

    def _set_entities(self, code: str, username: str, entities: frozenset[str]) -> None:
        changed = replace(self.account_of(code, username), entities=entities)
        if (code, username) in self._others:
            self._others[code, username] = changed
        else:
            self._accounts[code] = changed

    def fault(
        self, code: str, name: str, *, entity: str | None = None, times: int | None = None,
        seconds: float | None = None,
    ) -> None:  # fmt: skip
        """Switches a fault on at a school; what is left out is the fault's own default. Raises KeyError."""
        if code not in self._accounts:
            raise KeyError(f"no simulated read service for {code}; there are {', '.join(self._accounts)}")
        self.faults.switch_on(code, name, entity=entity, times=times, seconds=seconds)

    @staticmethod
    def fault_names() -> tuple[str, ...]:
        """Every fault that can be switched on; `faults.FAULTS` says what each does."""
        return tuple(FAULTS)

    def heal(self, code: str = "") -> None:
        """Switches every fault of a school off, or of all schools."""
        self.faults.heal(code)

    def note(self, call: Call) -> None:
        with self._lock:
            self.calls.append(call)

    def start(self) -> BromcomServer:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends open connections and waits for their threads."""
        self.stopping.set()
        self._http.shutdown()
        self._http.end_connections()
        self._thread.join()
        self._http.server_close()

    def __enter__(self) -> BromcomServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:  # fmt: skip
        self.stop()


class _Http(ThreadingHTTPServer):
    """Keeps its open connections, so that stopping does not wait for clients that keep theirs."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 64

    def __init__(self, service: BromcomServer) -> None:
        self.service = service
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__(("127.0.0.1", 0), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:  # the client was quicker
                    continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

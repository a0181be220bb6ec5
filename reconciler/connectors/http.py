"""The one module that speaks HTTP as a client; a change of HTTP library is a change of one import here.

The API blocks; asyncio stands inside because only a deadline around a whole exchange stops a server that sends a byte
at a time (`reliability.md` R8). Not to be called from a running event loop: call it from a thread there. Every failure
leaves as a SourceError that names the origin and nothing else: no path, no query, no header, no body.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import httpx

from reconciler.connectors.addresses import networks, refusal
from reconciler.connectors.exchange import HttpAnswer, HttpLimits, HttpRequest
from reconciler.connectors.spool import Inflater, Spool, short_body, too_large
from reconciler.connectors.verdicts import verdict
from reconciler.errors import MalformedSourceError, RefusedSourceError, SourceError, TransientSourceError

for _name in ("httpx", "httpcore"):  # they log URLs and headers, which hold credentials
    logging.getLogger(_name).setLevel(logging.WARNING)

_CANDIDATES = 4  # addresses of one name that are tried

Resolve = Callable[[str, int], Iterable[str]]


def system_resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system gives them; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@lru_cache(maxsize=1)
def _verifying() -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()  # an authority of the school's own is installed in the system, not in Python
    return context


@dataclass(slots=True, kw_only=True)
class HttpClient:
    """Asks one school's system. Clock, waiting, chance and name service are arguments, for tests.

    In a rehearsal, plain http and loopback are allowed, for loopback only. `listed` names private addresses or
    networks that an operator allows. Raises RefusedSourceError `http.url` when these cannot be read.
    """

    limits: HttpLimits = field(default_factory=HttpLimits)
    rehearsal: bool = False
    listed: tuple[str, ...] = ()
    tls: ssl.SSLContext | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    resolve: Resolve = system_resolve
    _last: dict[str, float] = field(default_factory=dict)

    def exchange(self, request: HttpRequest, *, check: Callable[[HttpAnswer], None] | None = None) -> HttpAnswer:
        """Asks until there is a whole answer.

        Transient failures of a repeatable request are tried again within attempts and budget, also those that `check`
        raises after looking at the answer. Raises TransientSourceError, MalformedSourceError or RefusedSourceError.
        """
        began = self.clock()
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._checked(request, check)
            except TransientSourceError as error:
                wait = self._wait(error, attempt)
                spent = self.clock() - began
                last = attempt >= self.limits.attempts or spent + wait > self.limits.budget
                if not request.repeatable or last:
                    raise _tried(error, attempt) from None
            self.sleep(wait)

    def _wait(self, error: TransientSourceError, attempt: int) -> float:
        """Full jitter, so that forty schools do not come back in step; never sooner than the source asked for."""
        ceiling = min(self.limits.longest_wait, self.limits.first_wait * 2 ** (attempt - 1))
        return float(max(self.chance() * ceiling, error.retry_after or 0.0))

    def _checked(self, request: HttpRequest, check: Callable[[HttpAnswer], None] | None) -> HttpAnswer:
        answer = self._once(request)
        if check:
            try:
                check(answer)
            except BaseException:
                answer.close()
                raise
        return answer

    def _once(self, request: HttpRequest) -> HttpAnswer:
        url, origin = self._target(request.url)
        self._keep_pace(origin)
        began = self.clock()
        addresses = self._addresses(url, origin)
        left = max(self.limits.deadline - (self.clock() - began), 0.001)
        spool = Spool(most=self.limits.body_bytes, origin=origin)
        outcome: HttpAnswer | SourceError
        try:
            outcome = asyncio.run(self._within(left, request, url, addresses, spool))
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            outcome = _wrapped(error, origin)
        except BaseException:
            spool.close()
            raise
        if isinstance(outcome, SourceError):  # raised out here, so that no library error hangs on it as context
            spool.close()
            raise outcome
        return outcome

    def _target(self, text: str) -> tuple[httpx.URL, str]:
        try:
            url = httpx.URL(text)
        except httpx.InvalidURL:
            raise _bad_url("the declared address is not a URL") from None
        origin = f"{url.scheme}://{url.host}" + (f":{url.port}" if url.port else "")
        if url.userinfo:
            raise _bad_url(f"the address of {url.host} holds credentials; name them as secrets instead")
        if not url.host or url.scheme not in ("https", "http"):
            raise _bad_url(f"{origin} is not an https address")
        if url.scheme == "http" and not self.rehearsal:
            raise _bad_url(f"{origin} is not https; credentials and pupils' data never travel in the clear")
        return url, origin

    def _keep_pace(self, origin: str) -> None:
        if self.limits.pace:
            gap = self._last.get(origin, float("-inf")) + self.limits.pace - self.clock()
            if gap > 0:
                self.sleep(gap)
            self._last[origin] = self.clock()

    def _addresses(self, url: httpx.URL, origin: str) -> list[str]:
        """The addresses to connect to: resolved once, every one checked, and no second look-up after that."""
        try:
            listed = networks(self.listed)
        except ValueError:
            raise _bad_url("the list of private addresses holds something that is no address or network") from None
        found = self._resolved(url, origin)
        for address in found:
            reason = refusal(address, loopback_allowed=self.rehearsal, listed=listed)
            if not reason and url.scheme == "http" and refusal(address, loopback_allowed=False) != "a loopback address":
                reason = "not loopback, and plain http is for loopback only"
            if reason:
                raise RefusedSourceError(
                    "http.address_refused",
                    f"{origin} resolves to an address that is refused: {reason}",
                    hint="check the declared URL; a system inside your own network is listed under private_addresses",
                )
        return found[:_CANDIDATES]

    def _resolved(self, url: httpx.URL, origin: str) -> list[str]:
        answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()
        port = url.port or (443 if url.scheme == "https" else 80)

        def look_up() -> None:
            try:
                answers.put(list(self.resolve(url.host, port)))
            except OSError as error:
                answers.put(error)
            except UnicodeError:
                answers.put(OSError("not a host name"))

        threading.Thread(target=look_up, daemon=True).start()  # the system's resolver cannot be interrupted
        try:
            found = answers.get(timeout=self.limits.deadline)
        except queue.Empty:
            raise TransientSourceError("http.timeout", f"the name of {origin} was not resolved in time") from None
        if isinstance(found, OSError) or not found:
            raise TransientSourceError(
                "http.unresolved", f"the name of {origin} does not resolve", hint="check the host name and the network"
            )
        return found

    async def _within(
        self, seconds: float, request: HttpRequest, url: httpx.URL, addresses: list[str], spool: Spool
    ) -> HttpAnswer | SourceError:
        """One address after the other until one lets us connect, all within the deadline."""
        # a little less than its share: a handshake that the deadline itself interrupts would leave its socket open
        limits = httpx.Timeout(None, connect=0.9 * seconds / len(addresses))
        async with asyncio.timeout(seconds):
            for address in addresses[:-1]:
                try:
                    return await self._asked(request, url, address, spool, limits)
                except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                    if _tls_error(error):
                        raise
            return await self._asked(request, url, addresses[-1], spool, limits)

    async def _asked(
        self, request: HttpRequest, url: httpx.URL, address: str, spool: Spool, limits: httpx.Timeout
    ) -> HttpAnswer | SourceError:
        host = url.netloc.decode("ascii")
        origin = f"{url.scheme}://{host}"
        headers = {"User-Agent": "reconcile", **request.headers, "Host": host, "Accept-Encoding": "gzip"}
        transport = httpx.AsyncHTTPTransport(verify=self.tls or _verifying(), trust_env=False)
        async with (
            httpx.AsyncClient(transport=transport, trust_env=False, timeout=limits) as client,
            client.stream(
                request.method, url.copy_with(host=address), headers=headers, content=request.body or None,
                follow_redirects=False, extensions={"sni_hostname": url.host},
            ) as response,
        ):  # fmt: skip
            refused = verdict(request, response.status_code, _small(response.headers), origin)
            if refused:
                return refused
            try:
                await self._receive(response, spool, origin)
            except SourceError as error:
                return error
            return HttpAnswer(status=response.status_code, headers=_small(response.headers), spool=spool)

    async def _receive(self, response: httpx.Response, spool: Spool, origin: str) -> None:
        packed = response.headers.get("content-encoding", "identity").strip().lower()
        if packed not in ("identity", "", "gzip", "x-gzip"):
            raise MalformedSourceError("http.encoding", f"{origin} sent a body in an encoding that was not asked for")
        inflater = Inflater(spool, origin, ratio=self.limits.ratio) if "gzip" in packed else None
        received = 0
        async for chunk in response.aiter_raw():  # no chunk size: a size would buffer, and hide a drip
            received += len(chunk)
            if received > self.limits.wire_bytes:
                raise too_large(origin, self.limits.wire_bytes)
            (inflater or spool).write(chunk)
        if inflater and received:
            inflater.finish()


def _small(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _wrapped(error: Exception, origin: str) -> SourceError:
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return TransientSourceError("http.timeout", f"{origin} did not finish its answer within the deadline")
    tls = _tls_error(error)
    if tls:
        return RefusedSourceError(
            "http.tls",
            f"the encrypted connection to {origin} is not trusted: {_tls_reason(tls)}",
            hint="the certificate must be valid, for this name, from an authority that this machine trusts",
        )
    if isinstance(error, httpx.RemoteProtocolError):
        return _half_said(str(error), origin)
    if isinstance(error, httpx.TransportError) and not isinstance(error, httpx.UnsupportedProtocol):
        return _broken_off(origin)
    return _bad_url(f"{origin} cannot be asked: the request is not valid HTTP")


def _half_said(what: str, origin: str) -> SourceError:
    if "complete message body" in what or "incomplete chunked read" in what:
        return short_body(origin)
    if "without sending a response" in what:
        return _broken_off(origin)
    return TransientSourceError("http.protocol", f"{origin} answered with something that is not HTTP")


def _broken_off(origin: str) -> TransientSourceError:
    return TransientSourceError(
        "http.connection", f"the connection to {origin} failed or broke off",
        hint="the next run tries again; if it stays so, ask whether the server is up and reachable from here",
    )  # fmt: skip


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """The broken trust behind a failure; None where the connection merely broke off."""
    while error is not None:
        if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return None
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return (error.reason or "the handshake failed").replace("_", " ").lower()


def _bad_url(message: str) -> RefusedSourceError:
    return RefusedSourceError("http.url", message, hint="an address is written like https://mis.school.example/path")


def _tried(error: TransientSourceError, attempts: int) -> TransientSourceError:
    times = f" (tried {attempts} times)" if attempts > 1 else ""
    return TransientSourceError(error.code, error.message + times, hint=error.hint, subject=error.subject,
                                retry_after=error.retry_after)  # fmt: skip

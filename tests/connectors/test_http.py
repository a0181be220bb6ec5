"""The HTTP client: deadlines, retries, bounds, trust and silence about secrets (R8, T10, T11)."""

from __future__ import annotations

import gzip
import logging
import socket
import ssl
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import trustme

from reconciler.connectors.exchange import HttpAnswer, HttpLimits, HttpRequest
from reconciler.connectors.http import HttpClient
from reconciler.errors import (
    MalformedSourceError,
    RefusedSourceError,
    SourceError,
    TransientSourceError,
)
from tests.connectors.raw_server import Answer, RawServer, answer, dripping, reset, silence

GOOD = answer(b"<a/>")
XML = ("text/xml",)
SECRET = "canary-7f3c"


@dataclass
class Clock:
    """A clock that only moves when somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def quick(**limits: float) -> HttpLimits:
    return HttpLimits(**({"deadline": 0.5, "attempts": 2, "first_wait": 0.001} | limits))  # type: ignore[arg-type]


def client(limits: HttpLimits | None = None, **more: object) -> HttpClient:
    return HttpClient(limits=limits or quick(), rehearsal=True, **more)  # type: ignore[arg-type]


def get(server: RawServer, **more: object) -> HttpRequest:
    return HttpRequest(method="GET", url=server.url(), repeatable=True, media=XML, **more)  # type: ignore[arg-type]


def error_of(first: Answer, *, limits: HttpLimits | None = None) -> tuple[SourceError, int]:
    """The error that a behaviour ends in, and how often the server was asked."""
    with RawServer(first) as server:
        with pytest.raises(SourceError) as caught:
            client(limits).exchange(get(server))
        return caught.value, len(server.requests)


def test_a_whole_answer_comes_with_status_headers_and_bytes() -> None:
    """The plain case."""
    with RawServer(answer(b"<a/>", headers="ETag: x1\r\n")) as server, client().exchange(get(server)) as found:
        assert (found.status, found.headers["etag"], b"".join(found.chunks())) == (200, "x1", b"<a/>")


@pytest.mark.requirement(66)
@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (answer(b"", status="500 Internal Server Error"), "http.server_error"),
        (answer(b"", status="503 Service Unavailable"), "http.server_error"),
        (answer(b"", status="429 Too Many Requests"), "http.too_many_requests"),
        (reset, "http.connection"),
        (b"\x00\x01\x02 not http at all\r\n\r\n", "http.protocol"),
        (answer(b"<a>" * 50, length=1000), "http.short_body"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n12c\r\n<a>\r\n",
         "http.short_body"),
        (answer(gzip.compress(b"<a/>" * 500)[:-20], headers="Content-Encoding: gzip\r\n"), "http.short_body"),
        (silence, "http.timeout"),
    ],
)  # fmt: skip
def test_what_passes_is_tried_again(behaviour: Answer, code: str) -> None:
    """Trouble that may be over in a moment is transient, and was tried as often as allowed."""
    error, asked = error_of(behaviour)
    assert isinstance(error, TransientSourceError)
    assert (error.code, asked) == (code, 2)
    assert "tried 2 times" in error.message


@pytest.mark.parametrize(
    ("behaviour", "kind", "code"),
    [
        (answer(b"", status="401 Unauthorized"), RefusedSourceError, "http.unauthorised"),
        (answer(b"", status="403 Forbidden"), RefusedSourceError, "http.unauthorised"),
        (answer(b"", status="302 Found", headers="Location: http://127.0.0.1:9/x\r\n"), RefusedSourceError,
         "http.redirect"),
        (answer(b"", status="404 Not Found"), MalformedSourceError, "http.status"),
        (answer(b"", status="501 Not Implemented"), MalformedSourceError, "http.status"),
        (answer(b"<html>Please sign in</html>", media="text/html"), MalformedSourceError, "http.not_xml"),
        (answer(b"x", headers="Content-Encoding: br\r\n"), MalformedSourceError, "http.encoding"),
        (answer(b"not gzip", headers="Content-Encoding: gzip\r\n"), MalformedSourceError, "http.encoding"),
    ],
)  # fmt: skip
def test_what_does_not_pass_is_asked_once(behaviour: Answer, kind: type[SourceError], code: str) -> None:
    """Refusals and answers of the wrong kind are final: asking again could lock an account."""
    error, asked = error_of(behaviour)
    assert isinstance(error, kind)
    assert (error.code, asked) == (code, 1)


@pytest.mark.parametrize("dripped", [GOOD, answer(b"<a>" + b" " * 400 + b"</a>")], ids=["in the head", "in the body"])
def test_a_drip_hits_the_total_deadline(dripped: bytes) -> None:
    """A byte now and then beats every timeout between reads, but not the deadline around the exchange."""
    cut = dripped if len(dripped) < 300 else dripped[-420:]
    quick_head = dripped[: -len(cut)]

    def behave(connection: socket.socket, stop: object) -> None:
        connection.sendall(quick_head)
        dripping(cut)(connection, stop)  # type: ignore[operator, arg-type]

    began = time.monotonic()
    error, _ = error_of(behave, limits=quick(attempts=1))
    assert error.code == "http.timeout"
    assert time.monotonic() - began < 3


def test_a_request_that_may_not_be_repeated_is_sent_once() -> None:
    """Only what has the effect of asking once is asked twice."""
    with RawServer(answer(b"", status="503 Busy"), GOOD) as server:
        with pytest.raises(TransientSourceError):
            client().exchange(HttpRequest(method="POST", url=server.url(), body=b"x"))
        assert len(server.requests) == 1


def test_a_server_that_recovers_is_read() -> None:
    """500, then fine."""
    with RawServer(answer(b"", status="500 No"), GOOD) as server, client().exchange(get(server)) as found:
        assert found.status == 200


@pytest.mark.requirement(66)
def test_a_second_try_waits_as_long_as_the_server_asks() -> None:
    """Retry-After in seconds is the least wait."""
    clock = Clock()
    busy = answer(b"", status="429 Too Many Requests", headers="Retry-After: 7\r\n")
    with RawServer(busy, GOOD) as server:
        client(clock=clock.read, sleep=clock.sleep, chance=lambda: 1.0).exchange(get(server)).close()
    assert clock.slept == [7.0]


def test_retry_after_may_be_a_date() -> None:
    """Taken against the server's own Date, so that its clock and ours need not agree."""
    clock = Clock()
    headers = "Date: Mon, 23 Nov 2026 08:40:00 GMT\r\nRetry-After: Mon, 23 Nov 2026 08:40:09 GMT\r\n"
    with RawServer(answer(b"", status="503 Busy", headers=headers), GOOD) as server:
        client(clock=clock.read, sleep=clock.sleep).exchange(get(server)).close()
    assert clock.slept == [9.0]


def test_a_date_that_is_none_is_no_wait() -> None:
    """A zone of any length is what a broken server may send; it is tried again as if it had said nothing."""
    clock = Clock()
    headers = f"Date: Mon, 23 Nov 2026 08:40:00 GMT\r\nRetry-After: Mon, 23 Nov 2026 08:40:09 +{'9' * 17}\r\n"
    with RawServer(answer(b"", status="503 Busy", headers=headers), GOOD) as server:
        client(clock=clock.read, sleep=clock.sleep, chance=lambda: 0.0).exchange(get(server)).close()
    assert clock.slept == [0.0]


def test_a_wait_beyond_the_budget_ends_the_tries() -> None:
    """Retry-After of an hour is not waited for; the error says how long it would be."""
    clock = Clock()
    busy = answer(b"", status="429 Too Many Requests", headers="Retry-After: 3600\r\n")
    with RawServer(busy) as server:
        with pytest.raises(TransientSourceError) as caught:
            client(quick(budget=60, attempts=9), clock=clock.read, sleep=clock.sleep).exchange(get(server))
        assert (len(server.requests), caught.value.retry_after, clock.slept) == (1, 3600.0, [])


def test_waits_double_up_to_a_ceiling_with_full_jitter() -> None:
    """Chance decides between nothing and the ceiling, so that many schools do not come back in step."""
    clock = Clock()
    limits = quick(attempts=6, first_wait=1, longest_wait=5, budget=1000)
    for chance, expected in ((1.0, [1.0, 2.0, 4.0, 5.0, 5.0]), (0.0, [0.0] * 5)):
        clock.slept.clear()
        with RawServer(answer(b"", status="503 Busy")) as server, pytest.raises(TransientSourceError):
            client(limits, clock=clock.read, sleep=clock.sleep, chance=lambda c=chance: c).exchange(get(server))
        assert clock.slept == expected


def test_requests_to_one_host_keep_their_pace() -> None:
    """Two questions to a host are never closer than the pace allows."""
    clock = Clock()
    with RawServer(GOOD) as server:
        asking = client(quick(pace=3), clock=clock.read, sleep=clock.sleep)
        for _ in range(3):
            asking.exchange(get(server)).close()
    assert clock.slept == [3.0, 3.0]


@pytest.mark.parametrize(
    "body",
    [answer(b"x" * 3000), answer(gzip.compress(b"x" * 50_000_000), headers="Content-Encoding: gzip\r\n")],
    ids=["plain", "gzip bomb"],
)
def test_a_body_is_bounded_before_and_after_unpacking(body: bytes) -> None:
    """Reading stops at the bound, and a bomb never unfolds in memory."""
    tracemalloc.start()
    error, asked = error_of(body, limits=quick(wire_bytes=60_000, body_bytes=2000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (error.code, asked) == ("http.too_large", 1)
    assert peak < 5_000_000


def test_a_bomb_stops_long_before_the_bound() -> None:
    """By how much it grows, since a whole school's data may be large as well."""
    bomb = answer(gzip.compress(b"x" * 50_000_000), headers="Content-Encoding: gzip\r\n")
    error, _ = error_of(bomb, limits=quick(deadline=5))
    assert error.code == "http.too_large"


def test_the_wire_is_bounded_too() -> None:
    """Packed bytes count before they are unpacked."""
    error, _ = error_of(answer(b"x" * 3000), limits=quick(wire_bytes=1000))
    assert error.code == "http.too_large"


def test_memory_stays_flat_however_long_the_answer_is() -> None:
    """Thirty megabytes pass through without being held."""
    with RawServer(answer(b"x" * 30_000_000)) as server:
        tracemalloc.start()
        with client(quick(deadline=20)).exchange(get(server)) as found:
            size = sum(len(chunk) for chunk in found.chunks())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert size == 30_000_000
    assert peak < 12_000_000


def test_packed_answers_are_unpacked() -> None:
    """gzip is asked for and understood."""
    packed = answer(gzip.compress(b"<a/>"), headers="Content-Encoding: gzip\r\n")
    with RawServer(packed) as server, client().exchange(get(server)) as found:
        assert b"".join(found.chunks()) == b"<a/>"
        assert b"accept-encoding: gzip" in server.requests[0].lower()


def test_what_a_check_finds_passing_is_tried_again() -> None:
    """An answer can look whole and still say, inside, that it is not one."""
    seen: list[int] = []

    def check(found: HttpAnswer) -> None:
        seen.append(found.status)
        if len(seen) == 1:
            raise TransientSourceError("bromcom.fault", "once more")

    with RawServer(GOOD) as server:
        client().exchange(get(server), check=check).close()
        assert len(server.requests) == 2


# -- addresses (T10) --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["169.254.169.254", "10.0.0.7", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"])
def test_addresses_of_our_own_network_are_refused(host: str) -> None:
    """No request leaves for cloud metadata, a private network or this machine."""
    with pytest.raises(RefusedSourceError) as caught:
        HttpClient(limits=quick()).exchange(HttpRequest(method="GET", url=f"https://{host}/x"))
    assert caught.value.code == "http.address_refused"


def test_one_refused_address_among_many_refuses_the_name() -> None:
    """A name that answers with a public and a private address is not given the choice."""
    asking = HttpClient(limits=quick(), resolve=lambda _host, _port: ["93.184.216.34", "192.168.1.1"])
    with pytest.raises(RefusedSourceError) as caught:
        asking.exchange(HttpRequest(method="GET", url="https://mis.school.example/x"))
    assert caught.value.code == "http.address_refused"


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    """A name that changes between the check and the connection gains nothing: it is looked up once."""
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.7"]

    with RawServer(GOOD) as server:
        url = server.url(host="mis.school.example")
        request = HttpRequest(method="GET", url=url)
        client(resolve=resolve).exchange(request).close()
        assert asked == ["mis.school.example"]
        assert f"Host: mis.school.example:{server.port}".lower().encode() in server.requests[0].lower()


def test_a_listed_network_may_be_called() -> None:
    """An operator can allow a system inside their own network; the rest of it stays refused."""
    asking = HttpClient(limits=quick(attempts=1), listed=("127.0.0.0/8",), resolve=lambda _h, _p: ["127.0.0.1"])
    with RawServer(GOOD) as server, pytest.raises(SourceError) as caught:
        asking.exchange(HttpRequest(method="GET", url=f"https://mis.school.example:{server.port}/x"))
    assert caught.value.code != "http.address_refused"


def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    """A host whose first address is dead is still reached."""
    with RawServer(GOOD) as server:
        request = HttpRequest(method="GET", url=server.url(host="mis.school.example"))
        found = client(resolve=lambda _h, _p: ["127.0.0.2", "127.0.0.1"]).exchange(request)
        with found:
            assert found.status == 200


def test_a_name_that_does_not_resolve_is_transient() -> None:
    """Name servers fail and recover."""

    def resolve(_host: str, _port: int) -> list[str]:
        raise socket.gaierror("no such name")

    with pytest.raises(TransientSourceError) as caught:
        client(resolve=resolve).exchange(HttpRequest(method="GET", url="https://mis.school.example/x"))
    assert caught.value.code == "http.unresolved"


def test_a_name_server_that_hangs_hits_the_deadline() -> None:
    """Looking up the name is part of the exchange."""
    asking = client(resolve=lambda _h, _p: time.sleep(3) or [])  # type: ignore[func-returns-value]
    began = time.monotonic()
    with pytest.raises(TransientSourceError) as caught:
        asking.exchange(HttpRequest(method="GET", url="https://mis.school.example/x"))
    assert caught.value.code == "http.timeout"
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "url",
    ["http://mis.school.example/x", f"https://reconcile:{SECRET}@mis.school.example/x", "ftp://mis.school.example/x",
     "no url", "https://[::1/x"],
)  # fmt: skip
def test_only_https_without_credentials_is_an_address(url: str) -> None:
    """Refused before a name is looked up, and the credentials in it are not repeated."""
    with pytest.raises(RefusedSourceError) as caught:
        HttpClient(limits=quick()).exchange(HttpRequest(method="GET", url=url))
    assert caught.value.code == "http.url"
    assert SECRET not in str(caught.value)


def test_plain_http_is_for_loopback_even_in_a_rehearsal() -> None:
    """A rehearsal store opens loopback and nothing else."""
    asking = HttpClient(limits=quick(), rehearsal=True, resolve=lambda _h, _p: ["93.184.216.34"])
    with pytest.raises(RefusedSourceError) as caught:
        asking.exchange(HttpRequest(method="GET", url="http://mis.school.example/x"))
    assert caught.value.code == "http.address_refused"


# -- trust ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def serve_tls(authority: trustme.CA) -> Callable[..., RawServer]:
    def build(*names: str, by: trustme.CA | None = None) -> RawServer:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (by or authority).issue_cert(*names).configure_cert(context)
        return RawServer(GOOD, tls=context)

    return build


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_a_certificate_for_the_name_is_trusted(authority: trustme.CA, serve_tls: Callable[..., RawServer]) -> None:
    """The name in the URL is what the certificate must carry, not the address that we connect to."""
    with serve_tls("mis.school.example") as server:
        request = HttpRequest(method="GET", url=server.url(host="mis.school.example"))
        asking = client(tls=trusting(authority), resolve=lambda _h, _p: ["127.0.0.1"])
        with asking.exchange(request) as found:
            assert found.status == 200


def test_a_certificate_for_another_name_is_refused(authority: trustme.CA, serve_tls: Callable[..., RawServer]) -> None:
    """Refused, not tried again, and said in words."""
    with serve_tls("other.school.example") as server:
        asking = client(tls=trusting(authority), resolve=lambda _h, _p: ["127.0.0.1"])
        with pytest.raises(RefusedSourceError) as caught:
            asking.exchange(HttpRequest(method="GET", url=server.url(host="mis.school.example"), repeatable=True))
        assert caught.value.code == "http.tls"


def test_an_unknown_authority_is_refused(serve_tls: Callable[..., RawServer]) -> None:
    """The certificates that this machine trusts are the only ones."""
    with serve_tls("mis.school.example", by=trustme.CA()) as server:
        asking = client(resolve=lambda _h, _p: ["127.0.0.1"])
        with pytest.raises(RefusedSourceError) as caught:
            asking.exchange(HttpRequest(method="GET", url=server.url(host="mis.school.example")))
        assert caught.value.code == "http.tls"


# -- secrets (T11) ----------------------------------------------------------------------------------------------------


def test_errors_and_logs_hold_no_part_of_a_request(caplog: pytest.LogCaptureFixture) -> None:
    """Not the query, not a header, not the body; also not in what hangs on the error as its cause."""
    caplog.set_level(logging.DEBUG)
    for behaviour in (answer(b"", status="500 No"), reset, b"garbage\r\n\r\n", silence, answer(b"<a/>")):
        with RawServer(behaviour) as server:
            request = HttpRequest(method="POST", url=server.url(f"/data?password={SECRET}"), body=SECRET.encode(),
                                  headers={"Authorization": f"Bearer {SECRET}"}, repeatable=True)  # fmt: skip
            assert SECRET not in repr(request).replace(request.url, "")
            try:
                client(quick(attempts=1)).exchange(request).close()
            except SourceError as error:
                told = f"{error!r} {vars(error)} {error.__cause__!r} {error.__context__!r}"
                assert SECRET not in told
    assert SECRET not in caplog.text

"""Each named fault, seen through a plain socket; without a fault everything is well again."""

from __future__ import annotations

import gzip
import socket
import time
from urllib.parse import urlsplit

import pytest
from lxml import etree

from reconciler.simulator.bromcom.faults import FAULTS
from reconciler.simulator.bromcom.handler import SERVICE_PATH
from reconciler.simulator.service import start
from reconciler.simulator.world import World
from tests.simulator.wire import Answer, Wire


def struck(wire: Wire, name: str, *, entity: str = "Students", query: str = "", **options: float) -> Answer:
    """The answer for an entity right after a fault was switched on."""
    wire.simulator.server.fault(wire.code, name, **options)
    return wire.entity(entity, query)


def offered(wire: Wire) -> int:
    """How many pupils the school's group Outplaced has, as a client counts them."""
    return len(wire.entity("CollectionAssociates", "CollectionID = 1001").rows())


@pytest.mark.parametrize(
    ("name", "status", "retry_after"),
    [("too_many_requests", 429, "1"), ("unavailable", 503, "1"), ("server_error", 500, None), ("wrong_key", 401, None)],
)
def test_a_status_fault_answers_with_its_status(wire: Wire, name: str, status: int, retry_after: str | None) -> None:
    """429 and 503 say when to come again."""
    answer = struck(wire, name)
    assert (answer.status, answer.headers.get("retry-after")) == (status, retry_after)


@pytest.mark.parametrize("name", ["too_many_requests", "unavailable", "server_error"])
def test_a_passing_fault_passes_after_so_many_requests(wire: Wire, name: str) -> None:
    """Once by default, or as often as asked for; then all is fine."""
    wire.simulator.server.fault("AVN", name, times=2, seconds=3)
    statuses = [wire.entity("Schools").status for _ in range(3)]
    assert statuses[0] == statuses[1] != statuses[2] == 200


def test_a_wrong_key_stays_wrong_until_it_is_healed(wire: Wire) -> None:
    """Nothing but a person mends credentials."""
    wire.simulator.server.fault("AVN", "wrong_key")
    assert [wire.entity("Schools").status for _ in range(3)] == [401, 401, 401]
    wire.simulator.server.heal("AVN")
    assert wire.entity("Schools").status == 200


def test_a_login_page_comes_with_status_200(wire: Wire) -> None:
    """The commonest way in which a proxy answers for a service."""
    answer = struck(wire, "login_page")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Please sign in" in answer.text


def test_a_redirect_points_to_another_host(wire: Wire) -> None:
    """A client that followed it would carry credentials there."""
    answer = struck(wire, "redirect")
    assert answer.status == 302
    assert answer.headers["location"].startswith("http://127.0.0.2:9/")


def test_a_reset_connection_is_reset(wire: Wire) -> None:
    """The client sees no orderly end."""
    wire.simulator.server.fault("AVN", "reset")
    with pytest.raises(ConnectionResetError):
        wire.entity("Students")


def test_a_silent_server_never_answers(wire: Wire) -> None:
    """Only the client's own deadline ends it; stopping the simulator does not wait for the client."""
    wire.simulator.server.fault("AVN", "silent")
    request = f"GET /AVN{SERVICE_PATH}/testDatabaseConnection?schoolID=20001 HTTP/1.1\r\nHost: x\r\n\r\n"
    with pytest.raises(TimeoutError):
        wire.exchange(request.encode(), timeout=0.3)


def test_garbage_is_not_http(wire: Wire) -> None:
    """Not even the status line can be read."""
    assert struck(wire, "garbage").status == 0


def test_an_empty_list_is_a_well_formed_school_without_pupils(wire: Wire) -> None:
    """Pupils and memberships are gone alike, everything else is there."""
    answer = struck(wire, "empty_list")
    assert (answer.status, answer.rows()) == (200, [])
    assert offered(wire) == 0
    assert len(wire.entity("SubjectClasses", "Outplaced = 1").rows()) == 9


def test_a_roll_down_60_percent_is_consistent(wire: Wire) -> None:
    """The offered pupils fall with the roll, in every entity, and come back when it is healed."""
    assert len(struck(wire, "roll_down_60").rows()) == pytest.approx(1141 * 0.4, abs=1)
    assert offered(wire) == 64 - 38
    wire.simulator.server.heal()
    assert offered(wire) == 64


def test_another_schools_data_comes_under_this_schools_address(wire: Wire) -> None:
    """The credentials and the number asked for are right; the rows are another's."""
    (row,) = struck(wire, "other_school", entity="Schools").rows()
    assert row["SchoolID"] != "20001"
    assert {r["SchoolID"] for r in wire.entity("StudentEnrolments").rows()} == {row["SchoolID"]}


def test_a_refused_staff_list_leaves_the_rest_readable(wire: Wire) -> None:
    """The fault has the words behind rule 174."""
    answer = struck(wire, "staff_refused", entity="Staff")
    assert answer.status == 500
    assert "Staff members: Members could not be read" in answer.text
    assert wire.entity("Students").status == 200


def test_half_the_pages_look_like_a_whole_answer(wire: Wire) -> None:
    """Well formed and complete to every reader but one who remembers yesterday."""
    answer = struck(wire, "half_the_pages")
    assert (answer.status, answer.whole, len(answer.rows())) == (200, True, 570)


def test_a_duplicate_row_repeats_a_row_and_a_conflicting_one_contradicts_it(wire: Wire) -> None:
    """The same key twice in one payload, with equal and with other content."""
    same = struck(wire, "duplicate_row", query="StudentID < 10004").rows()
    assert len(same) == 4
    assert same[0] == same[3]
    wire.simulator.server.heal()
    other = struck(wire, "conflicting_row", query="StudentID < 10004").rows()
    assert other[0]["StudentID"] == other[3]["StudentID"]
    assert other[0]["LastName"] != other[3]["LastName"] == "Otherwise"


def test_an_over_share_sends_a_pupil_who_is_not_offered(wire: Wire) -> None:
    """One row that the filter did not ask for and the school does not offer."""
    rows = struck(wire, "over_share", query="StudentID IN (10233, 10501)").rows()
    extra = [int(row["StudentID"]) for row in rows if row["StudentID"] not in {"10233", "10501"}]
    assert len(extra) == 1
    assert extra[0] not in {s.id for s in wire.simulator.world.schools["AVN"].offered_students()}


def test_the_other_year_is_a_year_early_but_for_birth_dates(wire: Wire) -> None:
    """Dates of enrolment and of lessons fall into the year before."""
    pupil = wire.entity("Students", "StudentID = 10233").rows()[0]
    early = struck(wire, "other_year", query="StudentID = 10233").rows()[0]
    assert early["StartDate"] < pupil["StartDate"]
    assert early["DateOfBirth"] == pupil["DateOfBirth"]
    lessons = wire.entity("Timetable", "ClassID = 4501").rows()
    assert max(row["PeriodStartDate"] for row in lessons) < "2026-08-01"


@pytest.mark.parametrize("name", ["malformed", "half_body"])
def test_a_spoilt_body_keeps_a_length_that_agrees(wire: Wire, name: str) -> None:
    """Only a parser can tell that something is wrong."""
    answer = struck(wire, name)
    assert (answer.status, answer.whole) == (200, True)
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(answer.body)


@pytest.mark.parametrize("name", ["short_body", "cut_chunk"])
def test_a_cut_transfer_shows_in_the_transfer(wire: Wire, name: str) -> None:
    """Fewer bytes come than were promised, or the last chunk is missing."""
    answer = struck(wire, name)
    assert (answer.status, answer.whole) == (200, False)


def test_windows_1252_bytes_are_not_utf_8(wire: Wire) -> None:
    """They are declared as UTF-8 all the same."""
    answer = struck(wire, "windows_1252", query="StudentID = 10501")
    assert answer.headers["content-type"].endswith("utf-8")
    assert "Zoë".encode("windows-1252") in answer.body
    with pytest.raises(UnicodeDecodeError):
        answer.body.decode()


@pytest.mark.parametrize(
    ("name", "words"), [("entity_bomb", b'ENTITY i "&h;'), ("external_entity", b"file:///etc/hostname")]
)
def test_entities_are_declared_and_used(wire: Wire, name: str, words: bytes) -> None:
    """A reader that expands them runs out of memory, or reads a local file."""
    answer = struck(wire, name)
    assert words in answer.body
    assert b"&j;" in answer.body


def test_deep_nesting_is_deep(wire: Wire) -> None:
    """Recursive readers overflow their stack."""
    assert struck(wire, "deep_nesting").body.count(b"<a>") == 50_000


def test_a_gzip_bomb_is_small_on_the_wire(wire: Wire) -> None:
    """50 MB come out of about 50 kB."""
    answer = struck(wire, "gzip_bomb")
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.body) < 100_000
    assert len(gzip.decompress(answer.body)) == 50_000_000


def test_a_slow_answer_drips(wire: Wire) -> None:
    """Every byte beats a timeout of its own; only a deadline around the whole holds."""
    wire.simulator.server.fault("AVN", "slow", seconds=0.02)
    address = urlsplit(wire.simulator.server.base("AVN"))
    request = f"GET /AVN{SERVICE_PATH}/testDatabaseConnection?schoolID=20001 HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(request.encode())
        received, began = b"", time.monotonic()
        while not received.endswith(b"</boolean>"):
            received += connection.recv(65_536)
    body = received.partition(b"\r\n\r\n")[2]
    assert time.monotonic() - began > 0.02 * (len(body) - 10)


def test_a_fault_strikes_its_school_and_its_entity_only(wire: Wire) -> None:
    """Others answer as ever, and `entity` moves a fault elsewhere."""
    wire.simulator.server.fault("AVN", "half_the_pages", entity="Staff")
    assert len(wire.entity("Staff").rows()) == 40
    assert len(wire.entity("Students").rows()) == 1141
    assert len(Wire(wire.simulator, "BRK").entity("Staff").rows()) == 70


def test_faults_add_up(wire: Wire) -> None:
    """Two faults may strike one request."""
    wire.simulator.server.fault("AVN", "half_the_pages")
    wire.simulator.server.fault("AVN", "windows_1252")
    answer = wire.entity("Students")
    assert answer.body.count(b"<Table ") == 570
    with pytest.raises(UnicodeDecodeError):
        answer.body.decode()


def test_an_unknown_fault_or_school_is_named_with_those_there_are(wire: Wire) -> None:
    """A typing error must not look like a healthy school."""
    with pytest.raises(KeyError, match="roll_down_60"):
        wire.simulator.server.fault("AVN", "roll_up")
    with pytest.raises(KeyError, match="no simulated read service for DNE"):
        wire.simulator.server.fault("DNE", "reset")


def test_stopping_does_not_wait_for_clients(world: World) -> None:
    """An idle connection and a silent answer end with the server."""
    with start(world) as running:
        running.server.fault("AVN", "silent")
        address = urlsplit(running.server.base("AVN"))
        idle = socket.create_connection((address.hostname, address.port), timeout=5)
        waiting = socket.create_connection((address.hostname, address.port), timeout=5)
        waiting.sendall(f"GET /AVN{SERVICE_PATH}/testDatabaseConnection?schoolID=20001 HTTP/1.1\r\n\r\n".encode())
        while not running.calls:
            time.sleep(0.01)
        began = time.monotonic()
    assert time.monotonic() - began < 3
    idle.close()
    waiting.close()


def test_the_log_names_the_faults_that_struck(wire: Wire) -> None:
    """A test can show that its fault was really met."""
    struck(wire, "too_many_requests")
    (call,) = wire.simulator.calls
    assert (call.status, call.faults) == (429, ("too_many_requests",))
    assert wire.simulator.server.fault_names() == tuple(FAULTS)

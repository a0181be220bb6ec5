"""What a running simulation tells the program: addresses, secrets, folders, and what was asked."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

from reconciler.simulator.bromcom.faults import FAULTS
from reconciler.simulator.service import RunningSimulator, start
from reconciler.simulator.world import World
from tests.simulator.wire import Wire

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "simulator.md"


def test_endpoints_map_declared_origins_to_loopback(simulator: RunningSimulator) -> None:
    """A read service for each Bromcom school, an exchange for each of them that is a partner; the path stays."""
    endpoints = simulator.endpoints()
    partners = ("avn", "brk", "cst", "fgt", "ghl")
    assert set(endpoints) == {
        *(f"https://mis.{code}.example" for code in (*partners, "elm")),
        *(f"https://exchange.{code}.example" for code in partners),
    }
    address = urlsplit(endpoints["https://mis.avn.example"])
    assert (address.scheme, address.hostname, address.path) == ("http", "127.0.0.1", "/AVN")


def test_the_environment_has_every_secret_of_the_example_estate(simulator: RunningSimulator) -> None:
    """MIS passwords, data exchange keys, third-party passwords and the mail server's, no two alike."""
    environment = simulator.environment()
    assert set(environment) == {
        *(f"{code}_MIS_PASSWORD" for code in ("AVN", "BRK", "CST", "FGT", "GHL", "ELM")),
        *(f"REC_KEY_{code}" for code in ("AVN", "BRK", "CST", "DNE", "FGT", "GHL", "HRT")),
        *(f"{code}_PP_PASSWORD" for code in ("ELM", "AVN", "BRK", "CST")),
        "SMTP_PASSWORD",
    }
    assert len(set(environment.values())) == len(environment)
    assert environment["AVN_MIS_PASSWORD"] == simulator.world.password("AVN")


def test_the_log_of_calls_holds_no_credentials(simulator: RunningSimulator, wire: Wire) -> None:
    """Neither over SOAP nor in a query string, and not when they are wrong."""
    wire.entity("Students", "StudentID = 10233")
    wire.entity("Students", binding="get", password="mistyped-word")
    logged = repr(list(simulator.calls))
    assert "StudentID = 10233" in logged
    assert all(word not in logged for word in (wire.login()["password"], "mistyped-word", "reconcile"))


def test_a_new_world_answers_the_next_request(simulator: RunningSimulator, wire: Wire) -> None:
    """Changes take effect while the server runs."""
    simulator.world = simulator.world.rename("AVN:10233", surname="Renamed")
    assert wire.entity("Students", "StudentID = 10233").rows()[0]["LastName"] == "Renamed"


def test_drops_are_written_for_the_schools_without_a_read_service(simulator: RunningSimulator, tmp_path: Path) -> None:
    """Dunescar and Harthill, under in/."""
    written = simulator.write_drops(tmp_path)
    assert written == [tmp_path / "in" / "DNE", tmp_path / "in" / "HRT"]
    assert all((folder / "manifest.csv").exists() for folder in written)


def test_two_simulations_run_beside_each_other(world: World) -> None:
    """Each takes a free port of its own."""
    with start(world) as one, start(world) as other:
        assert one.server.port != other.server.port
        assert json.dumps(one.endpoints()) != json.dumps(other.endpoints())


def test_the_guide_names_every_fault() -> None:
    """Docs and code cannot drift apart."""
    text = GUIDE.read_text("utf-8")
    missing = [name for name in FAULTS if f"`{name}`" not in text]
    assert missing == []

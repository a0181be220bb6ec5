"""A good source for each registered connector, and the ways in which it can go bad."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from reconciler.connectors.protocol import Offer, SourceRequest
from reconciler.simulator.bromcom.server import BromcomServer
from reconciler.simulator.world import World, build_world
from reconciler.testing.conformance import Prepared
from reconciler.vocabulary.codes import AcademicYear
from tests.connectors.deliveries import SMALL, write_folder

NOW = datetime(2026, 11, 23, 8, 40, tzinfo=UTC)
YEAR = AcademicYear(2026)
PATH = "/Nucleus/WebServices/ThirdParty/TPReadOnlyDataService.asmx"
EVERYONE = Offer(all=True)

Harness = Callable[[Path], AbstractContextManager[Prepared]]


@lru_cache(maxsize=1)
def small_world() -> World:
    return build_world(scale=0.1, now=NOW.replace(tzinfo=None))


def bromcom_request(server: BromcomServer, code: str = "AVN", *, students: Offer = EVERYONE,
                    classes: Offer = EVERYONE, **settings: object) -> SourceRequest:  # fmt: skip
    """A request at a simulated school, as a sync makes it in a rehearsal store."""
    declared = f"https://mis.{code.lower()}.example"
    return SourceRequest(
        school=code,
        settings={"connector": "bromcom", "url": declared + PATH, "school_id": server.world.schools[code].school_id,
                  "username": "reconcile", "password": {"env": f"{code}_MIS_PASSWORD"}} | settings,
        year=YEAR, students=students, classes=classes, now=NOW, base=Path(),
        secret=lambda reference: server.world.secret(str(reference["env"])),
        endpoint=lambda url: url.replace(declared, server.base(code)),
        rehearsal=True, deadline=5.0,
    )  # fmt: skip


def files_request(drop: Path, *, students: Offer = EVERYONE, classes: Offer = EVERYONE, year: AcademicYear = YEAR,
                  **settings: object) -> SourceRequest:  # fmt: skip
    """A request for files in a folder."""

    def no_secret(_reference: Mapping[str, object]) -> str:
        raise AssertionError("files need no secret")

    return SourceRequest(
        school="DNE", settings={"connector": "oneroster-csv", "drop": str(drop)} | settings, year=year,
        students=students, classes=classes, now=NOW, base=Path(), secret=no_secret, endpoint=lambda url: url,
    )  # fmt: skip


@contextmanager
def bromcom(_folder: Path) -> Iterator[Prepared]:
    world = small_world()
    with BromcomServer(world) as server:
        yield Prepared(
            request=bromcom_request(server),
            cut=lambda: server.fault("AVN", "half_body", entity="Students"),
            refuse=lambda: server.fault("AVN", "wrong_key"),
            private=(world.password("AVN"), "Pellow", "Idris"),
        )


@contextmanager
def oneroster_csv(folder: Path) -> Iterator[Prepared]:
    drop = write_folder(folder / "drop", SMALL)

    def cut() -> None:
        users = drop / "users.csv"
        users.write_bytes(users.read_bytes()[:-30])

    yield Prepared(request=files_request(drop, complete=True), cut=cut, refuse=None,
                   private=("Abernath", "Quern", "hunter2-canary"))  # fmt: skip


HARNESSES: Mapping[str, Harness] = {"bromcom": bromcom, "oneroster-csv": oneroster_csv}

"""Starts the whole simulation: read services and exchanges on loopback, folders of the schools that drop files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler.estate.catalogue import catalogue
from reconciler.simulator import oneroster
from reconciler.simulator.blueprint import schools
from reconciler.simulator.bromcom.calls import Call
from reconciler.simulator.bromcom.operations import Account
from reconciler.simulator.bromcom.server import BromcomServer
from reconciler.simulator.exchange.server import ExchangeServer
from reconciler.simulator.world import World

PARTNERS = ("AVN", "BRK", "CST", "DNE", "FGT", "GHL", "HRT")
SUPPLIER = "parentpay"  # the account name of ParentPay in the example estate
PARENTPAY_SCHOOLS = ("ELM", "AVN", "BRK", "CST")


@dataclass(slots=True)
class RunningSimulator:
    """A simulation that runs; `server` takes faults and new worlds, `exchange` shows what the partners were told."""

    server: BromcomServer
    exchange: ExchangeServer

    @property
    def world(self) -> World:
        return self.server.world

    @world.setter
    def world(self, world: World) -> None:
        self.server.world = world

    @property
    def calls(self) -> Sequence[Call]:
        """Every request so far, without credentials."""
        return self.server.calls

    def endpoints(self) -> dict[str, str]:
        """Declared origin -> loopback base, as RECONCILE_ENDPOINTS wants it; the path behind the origin stays."""
        systems = {f"https://mis.{code.lower()}.example": self.server.base(code) for code in self.server.schools()}
        return systems | {
            f"https://exchange.{c.lower()}.example": self.exchange.base(c) for c in self.exchange.partners
        }

    def environment(self) -> dict[str, str]:
        """The secret variables that the example estate names, with the values that the simulation accepts."""
        names = [f"{school.code}_MIS_PASSWORD" for school in schools() if school.mis == "bromcom"]
        names += [f"REC_KEY_{code}" for code in PARTNERS]
        names += [f"{code}_PP_PASSWORD" for code in PARENTPAY_SCHOOLS]
        return {name: self.world.secret(name) for name in [*names, "SMTP_PASSWORD"]}

    def write_drops(self, folder: Path) -> list[Path]:
        """Writes `in/DNE` and `in/HRT` under a folder; each is wholly old or wholly new at any moment."""
        return [oneroster.write_school(school, folder / "in" / school.code, now=self.world.now)
                for school in self.world.schools.values() if school.mis == "sims"]  # fmt: skip


@contextmanager
def start(world: World, *, refusal: str = "fault") -> Iterator[RunningSimulator]:
    """Runs the partner schools of a world on a free loopback port until the block ends.

    `refusal` is how the read service refuses: `fault` or `empty-dataset`.
    """
    with BromcomServer(world, refusal=refusal) as server:
        codes = [code for code in PARTNERS if code in server.schools()]
        _add_suppliers(server)
        with ExchangeServer(lambda: server.world, codes) as exchange:
            yield RunningSimulator(server, exchange)


def _add_suppliers(server: BromcomServer) -> None:
    """The accounts of ParentPay as the schools really ticked them: the college left one tick too many."""
    asked = catalogue().preset_for("parentpay")
    for code in PARENTPAY_SCHOOLS:
        if asked and code in server.schools():
            server.add_account(code, Account(username=SUPPLIER, password=server.world.secret(f"{code}_PP_PASSWORD"),
                                             entities=frozenset(asked.entities)))  # fmt: skip

"""Where processes are killed: one prepared folder with its store, copied for each crash, and partners put back."""

from __future__ import annotations

import copy
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, inspect, text

from reconciler.documents.read import read_document
from reconciler.settings import Settings, read_settings
from reconciler.shipped import shipped
from reconciler.simulator.exchange.partner import Partner
from reconciler.simulator.practice import Practice, practice
from reconciler.simulator.world import World
from reconciler.testing.fixtures import PostgresDatabases

# what tells the story of runs differs by the run that was cut off; the chain of the audit is verified instead
TOLD_BY_RUNS = {"run", "transfer_count", "rejected_row", "transfer_note", "lock_holder", "audit"}
_KEPT = ("version", "estate_id", "organisation", "operators", "calendars", "period_structures")
_OF_A_PARTNER = ("guests", "assignments", "created", "effects", "_replies", "_next")


@contextmanager
def swift_folder() -> Iterator[Path]:
    """A folder in memory where there is one: a thousand stores are copied, and each commit is synced."""
    memory = Path("/dev/shm")  # a folder of our own is made in it
    place = str(memory) if os.access(memory, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="reconcile-crash-", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def small_schools(*, scale: float) -> Iterator[Practice]:
    """Schools that answer over HTTP in this process, whatever becomes of its children."""
    with swift_folder() as folder, practice({}, into=str(folder / "practice"), scale=scale) as made:
        yield made


def cut(*partners: str, **hub: Any) -> str:
    """The example estate with some of its partners, as text; `hub` changes what the Virtual School declares."""
    whole = read_document(shipped("examples") / "estate.yaml").value
    small = {name: whole[name] for name in _KEPT}
    for name in ("schools", "partners", "period_maps"):
        small[name] = {code: whole[name][code] for code in partners}
    small["virtual_school"] = {**whole["virtual_school"], **hub}
    return json.dumps(small | {"class_assignments": {"from": {"file": "assignments.csv"}}})


def through_july(world: World, code: str) -> World:
    """The school's groups and classes last to the end of the academic year, as they do where nobody ends them."""
    school, end = world.schools[code], date(2027, 7, 31)
    calendar = school.cycle.calendar
    terms = (*calendar.terms[:-1], (calendar.terms[-1][0], end))
    classes = tuple(replace(one, end=end) for one in school.classes)
    cycle = replace(school.cycle, calendar=replace(calendar, terms=terms))
    return replace(world, schools={**world.schools, code: replace(school, classes=classes, cycle=cycle)})


class Bench:
    """An estate, its folder and its store, made ready once; `copy` gives another one and puts the partners back.

    A copy takes the place of the one before, which is removed: a thousand of them would fill the memory.
    """

    def __init__(self, made: Practice, folder: Path, postgres: PostgresDatabases | None) -> None:
        self.made, self.postgres, self._folder = made, postgres, folder
        self.engine = "postgresql" if postgres else "sqlite"
        self.place = folder / "prepared"
        shutil.copytree(made.folder, self.place)
        self.url = self._url(postgres.empty() if postgres else "")
        self._prepared = (self.place, self.url)
        self._partners: dict[str, dict[str, Any]] = {}

    def _url(self, database: str) -> str:
        return database or f"sqlite:///{self.base / 'store.db'}"

    @property
    def base(self) -> Path:
        """What drop folders and the table of assignments are relative to: in a rehearsal the store's folder."""
        return self.place / ".reconcile"

    @property
    def partners(self) -> Mapping[str, Partner]:
        return self.made.simulator.exchange.partners

    def settings(self, now: datetime | None = None) -> Settings:
        told = {"RECONCILE_ESTATE": str(self.place / "estate.yaml"), "RECONCILE_STORE": self.url}
        return read_settings(
            {**self.made.environment, **told, **({"RECONCILE_NOW": now.isoformat()} if now else {})}
        )  # fmt: skip

    def prepared(self) -> Bench:
        """From here on this is what is copied, and what the partners hold now is what they are put back to."""
        self._partners = {code: self._held(partner) for code, partner in self.partners.items()}
        return self

    def copy(self) -> Bench:
        """The prepared folder and store again, in another place, and the partners as they were then."""
        for code, held in self._partners.items():
            for name, value in held.items():
                setattr(self.partners[code], name, copy.deepcopy(value))
            self.partners[code].created.clear()
        (source, url), old = self._prepared, (self.place, self.url)
        self.place = Path(tempfile.mkdtemp(prefix="copy-", dir=self._folder))
        shutil.copytree(source, self.place, dirs_exist_ok=True)
        self.url = self._url(self.postgres.copy_of(url) if self.postgres else "")
        if old != self._prepared:
            shutil.rmtree(old[0])
            if self.postgres:
                self.postgres.drop(old[1])
        return self

    @staticmethod
    def _held(partner: Partner) -> dict[str, Any]:
        return {name: copy.deepcopy(getattr(partner, name)) for name in _OF_A_PARTNER}


def picture(url: str, *, without: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """Every row of every table that is not merely the story of runs; run numbers and ids are left out."""
    engine = create_engine(url)
    names = sorted(set(inspect(engine).get_table_names()) - TOLD_BY_RUNS)
    try:
        with engine.connect() as connection:
            return {name: sorted(str(_steady(row, without)) for row in _rows(connection, name)) for name in names}
    finally:
        engine.dispose()


def _rows(connection: Any, table: str) -> Any:
    return connection.execute(text(f'SELECT * FROM "{table}"')).mappings()  # noqa: S608 (names of our own tables)


def _steady(row: Any, without: frozenset[str]) -> list[tuple[str, str]]:
    """A row without numbers that a sequence gave it: PostgreSQL leaves gaps where a transaction was rolled back."""
    moving = ("load", "run", "number", "hash", "sequence")
    return [(key, str(value)) for key, value in row.items()
            if key != "id" and key not in without and not any(word in key for word in moving)]  # fmt: skip

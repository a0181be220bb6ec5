"""Reads what the simulated schools are made of: `data/schools.toml`, `data/people.toml`, `data/names.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from reconciler.simulator.calendar import Calendar, Cycle


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPerson:
    """A person whom the example estate counts on; `ref` is `CODE:id`, for staff the code alone."""

    ref: str
    forename: str
    surname: str
    year: str = ""
    tutor: str = ""
    admission_number: str = ""
    enrolment: str = "C"
    offered: bool = False
    temporary: bool = False
    upn_of: str = ""
    former_upn_of: str = ""
    start: date | None = None
    end: date | None = None
    code: str = ""
    title: str = ""

    @property
    def school(self) -> str:
        return self.ref.partition(":")[0]

    @property
    def id(self) -> int:
        return int(self.ref.partition(":")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolBlueprint:
    """How to invent one school at scale 1; `years` maps year groups to head counts."""

    code: str
    name: str
    mis: str
    school_id: int
    urn: str
    establishment: str
    offered_students: int
    offered_classes: int
    offer_years: tuple[str, ...]
    first_student: int
    admission: int
    tutor_names: str
    years: Mapping[str, int]
    cycle: Cycle

    @property
    def roll(self) -> int:
        return sum(self.years.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Words to invent people and classes from."""

    forenames: tuple[str, ...]
    surnames: tuple[str, ...]
    titles: tuple[str, ...]
    tutor_words: tuple[str, ...]
    subjects: Mapping[str, str]
    sixth_form: Mapping[str, str]


@cache
def schools() -> tuple[SchoolBlueprint, ...]:
    """The eight schools of the example estate, in its order."""
    data = _load("schools.toml")
    calendar = Calendar(
        terms=tuple((first, last) for first, last in data["calendar"]["terms"]),
        closed=frozenset(data["calendar"]["closed"]),
        week_1_starts=tuple(data["calendar"]["week_1_starts"]),
    )
    return tuple(_school(code, dict(entry), calendar) for code, entry in data["schools"].items())


def _school(code: str, entry: dict[str, Any], calendar: Calendar) -> SchoolBlueprint:
    usual, exceptions = entry.pop("periods"), entry.pop("except", {})
    days = tuple(tuple(exceptions.get(day, usual)) for day in ("Mon", "Tue", "Wed", "Thu", "Fri"))
    cycle = Cycle(weeks=entry.pop("weeks"), periods=days, calendar=calendar)
    entry["offer_years"] = tuple(entry["offer_years"])
    return SchoolBlueprint(code=code, cycle=cycle, **entry)


@cache
def named_students() -> tuple[NamedPerson, ...]:
    return tuple(NamedPerson(**entry) for entry in _load("people.toml")["students"])


@cache
def named_staff() -> tuple[NamedPerson, ...]:
    return tuple(NamedPerson(**entry) for entry in _load("people.toml")["staff"])


@cache
def names() -> Names:
    data = _load("names.toml")
    lists = {key: tuple(value) for key, value in data.items() if isinstance(value, list)}
    return Names(**lists, subjects=data["subjects"], sixth_form=data["sixth_form"])


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads(files("reconciler.simulator").joinpath("data", name).read_text(encoding="utf-8"))

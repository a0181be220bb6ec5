"""What behaviour events and assessments are called at the hub and at a school, and where the two differ (VS, rule 60).

A structure is a map from code to meaning. Two structures match when their fingerprints are equal, which leaves
capitals and spacing out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from reconciler.records.academic import AcademicEntity
from reconciler.vocabulary.digests import digest

_TYPE, _GRADE = "assessment type ", "grade "


@dataclass(frozen=True, slots=True)
class Structure:
    """The codes of one kind with their meanings; the meaning is empty where the code says it all."""

    codes: Mapping[str, str]

    @property
    def fingerprint(self) -> str:
        """Equal for structures that mean the same."""
        return digest(sorted(_plain(self.codes).items()))

    def first_difference(self, school: Structure) -> str:
        """The first code, in order, in which a school's structure differs from this one; empty when they match."""
        if self.fingerprint == school.fingerprint:
            return ""
        ours, theirs = _plain(self.codes), _plain(school.codes)
        named = {_fold(code): code for code in (*school.codes, *self.codes)}
        first = min(code for code in {*ours, *theirs} if ours.get(code) != theirs.get(code))
        if first not in ours:
            return f"{named[first]!r} is used at the school and not at the hub"
        if first not in theirs:
            return f"{named[first]!r} is used at the hub and not at the school"
        return f"{named[first]!r} means something else at the school"

    def __contains__(self, code: object) -> bool:
        return code in self.codes


def behaviour(events: Mapping[str, str]) -> Structure:
    """Event codes with their descriptions."""
    return Structure(dict(events))


def assessment(types: Iterable[str], grade_sets: Mapping[str, Iterable[str]]) -> Structure:
    """Assessment types, and the grades of each grade set."""
    codes = {type_code(name): "" for name in types}
    return Structure(codes | {f"{_GRADE}{name}/{grade}": "" for name, grades in grade_sets.items() for grade in grades})


def type_code(name: str) -> str:
    """The code that stands for an assessment type."""
    return f"{_TYPE}{name}"


def grades(structure: Structure) -> frozenset[str]:
    """Every grade of any set."""
    return frozenset(code.partition("/")[2] for code in structure.codes if code.startswith(_GRADE))


def hub_structures(declared: Mapping[str, Any] | None) -> Mapping[AcademicEntity, Structure]:
    """The hub's own structures: those that the estate declares, else those that ship with the program.

    They are never learnt from the partner that happens to be imported first.
    """
    told = {**_shipped(), **(declared or {})}
    marks = told["assessment"]
    return {
        AcademicEntity.BEHAVIOUR_EVENTS: behaviour(told["behaviour"]),
        AcademicEntity.ASSESSMENT_RESULTS: assessment(marks.get("types", ()), marks.get("grade_sets", {})),
    }


def _plain(codes: Mapping[str, str]) -> dict[str, str]:
    return {_fold(code): _fold(meaning) for code, meaning in codes.items()}


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())


@cache
def _shipped() -> Mapping[str, Any]:
    return tomllib.loads(files(__package__).joinpath("academic_structure.toml").read_text(encoding="utf-8"))

"""jsonschema and jsonschema-rs give the same verdict: on the examples, and on thousands of broken copies of them.

The program decides with the fast one and explains with the other; where they differed, a mistake would have no
explanation.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.schemas.conftest import changed
from tests.schemas.files import Judge

STRANGERS: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2.5,
    10**20,
    "",
    " ",
    "x",
    "ÄÖ",
    "0",
    [],
    ["x"],
    {},
    {"x": 1},
)
PER_SECTION = 250
"""Broken copies of each section; every place and kind of break is reached over the 23 sections."""

SECTIONS = (
    "organisation", "operators", "virtual_school", "calendars", "blackouts", "period_structures", "schools", "partners",
    "period_maps", "class_assignments", "recipients", "lawful_bases", "third_parties", "import_strategies", "inbound",
    "retention", "reports", "choices", "manual_members", "manual_groups", "expected_drift", "expected_changes",
    "removed",
)  # fmt: skip


def places(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every place in a JSON value except the top."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, found in inner:
        yield (*path, str(key)), found
        yield from places(found, (*path, str(key)))


def breaks(value: Any, rng: random.Random) -> Iterator[Any]:
    """Copies of a value, each with one place broken: taken away, of another type, with a stranger's key or spelling."""
    for path, found in places(value):
        way = list(path)
        yield changed(value, way, ...)
        yield changed(value, way, rng.choice(STRANGERS))
        if isinstance(found, str):
            yield changed(value, way, found + rng.choice((" ", "x", ".", "é", "\n")))
            yield changed(value, way, found.swapcase())
        if isinstance(found, dict):
            yield changed(value, way, {**found, "stranger": 1})
        if isinstance(found, list) and found:
            yield changed(value, way, [*found, found[0]])


@pytest.mark.parametrize("section", SECTIONS)
def test_on_broken_copies(judge: Judge, estate: dict[str, Any], section: str) -> None:
    """The judge asks both, and fails where they differ."""
    rng = random.Random(section)
    place = f"sections/{section}.schema.json"
    copies = list(breaks(estate[section], rng))
    verdicts = [judge.accepts(place, copy) for copy in rng.sample(copies, min(PER_SECTION, len(copies)))]
    assert judge.accepts(place, estate[section])
    assert False in verdicts, "no break of this section is refused"


def test_every_section_of_the_example_is_tried(estate: dict[str, Any]) -> None:
    """A new section is broken too."""
    assert set(estate) - {"version", "estate_id"} == set(SECTIONS)


def test_an_unknown_key_is_refused_at_any_depth(judge: Judge, estate: dict[str, Any]) -> None:
    """Wherever keys are fixed, a stranger's key is a mistake; where keys are names, its value is."""
    for path, found in places(estate):
        if isinstance(found, dict):
            place = f"sections/{path[0]}.schema.json"
            broken = changed({path[0]: estate[path[0]]}, list(path), {**found, "no such key!": 1})
            assert not judge.accepts(place, broken[path[0]]), path

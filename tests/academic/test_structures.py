"""Structures of behaviour and assessment, and where a school's differs from the hub's (VS, rule 60)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.records.academic import AcademicEntity
from reconciler.records.structures import Structure, assessment, behaviour, hub_structures
from reconciler.simulator.academic import assessment_types, event_types, grade_sets
from reconciler.simulator.world import build_world
from tests.academic.scripted import TODAY

HUB = behaviour({"ACH": "Achievement", "LAT": "Late"})
CODES = st.dictionaries(st.text("ABCxyz", min_size=1, max_size=3), st.sampled_from(["", "Late", "Uniform"]), max_size=5)


@pytest.mark.requirement(60)
@pytest.mark.parametrize(
    ("school", "said"),
    [
        ({"ACH": "Achievement", "LAT": "Late", "XQZ": "Else"}, "'XQZ' is used at the school and not at the hub"),
        ({"ACH": "Achievement"}, "'LAT' is used at the hub and not at the school"),
        ({"ACH": "Assault", "LAT": "Late"}, "'ACH' means something else at the school"),
        ({"BBB": "B", "AAA": "A"}, "'AAA' is used at the school and not at the hub"),
    ],
)
def test_the_first_code_that_differs_is_named(school: dict[str, str], said: str) -> None:
    """In the order of the codes, so that the same difference is told the same way each time."""
    assert HUB.first_difference(behaviour(school)) == said


@pytest.mark.requirement(60)
def test_capitals_and_spacing_are_no_difference() -> None:
    """Fingerprints are taken of one spelling."""
    school = behaviour({"ach ": " ACHIEVEMENT", "Lat": "late"})
    assert HUB.first_difference(school) == ""
    assert HUB.fingerprint == school.fingerprint


@given(ours=CODES, theirs=CODES)
def test_two_structures_match_when_their_fingerprints_do(ours: dict[str, str], theirs: dict[str, str]) -> None:
    """A difference is named if and only if there is one, from either side."""
    one, two = Structure(ours), Structure(theirs)
    assert (one.first_difference(two) == "") == (one.fingerprint == two.fingerprint)
    assert (one.first_difference(two) == "") == (two.first_difference(one) == "")


@pytest.mark.requirement(60)
def test_a_grade_of_its_own_is_a_difference() -> None:
    """Types and the grades of their sets are compared alike."""
    hub = assessment(["Mock"], {"GCSE": ["9", "8"]})
    assert hub.first_difference(assessment(["Mock"], {"GCSE": ["9", "8", "7"]})).startswith("'grade GCSE/7' is used")
    assert hub.first_difference(assessment(["Mock", "Final"], {"GCSE": ["9", "8"]})).startswith("'assessment type F")


@pytest.mark.requirement(60)
def test_the_hub_takes_its_structure_from_the_estate_else_from_the_program() -> None:
    """Never from the partner that was imported first."""
    shipped = hub_structures(None)
    declared = hub_structures({"behaviour": {"OWN": "Own"}})
    assert declared[AcademicEntity.BEHAVIOUR_EVENTS].codes == {"OWN": "Own"}
    assert declared[AcademicEntity.ASSESSMENT_RESULTS] == shipped[AcademicEntity.ASSESSMENT_RESULTS]


def test_the_simulated_schools_begin_with_the_structure_that_is_shipped() -> None:
    """So that a rehearsal brings behaviour and assessment until a fault or a change makes a school differ."""
    school = build_world(scale=0.05, now=TODAY).schools["AVN"]
    shipped = hub_structures(None)
    assert shipped[AcademicEntity.BEHAVIOUR_EVENTS].first_difference(behaviour(dict(event_types(school)))) == ""
    theirs = assessment(assessment_types(), grade_sets())
    assert shipped[AcademicEntity.ASSESSMENT_RESULTS].first_difference(theirs) == ""

"""The estate as desired resources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.documents.read import read_document
from reconciler.estate.addresses import SECTIONS, is_declared, split
from reconciler.estate.build import build_estate
from reconciler.estate.catalogue import catalogue
from reconciler.estate.model import Estate
from reconciler.resources.registry import KINDS, desired
from reconciler.resources.resource import Resource
from reconciler.vocabulary.digests import digest
from tests.conftest import ROOT
from tests.estate.conftest import EVERY_PERIOD, CheckSmall

EXAMPLE = ROOT / "examples" / "estate.yaml"


@pytest.fixture(scope="module")
def example() -> Estate:
    return build_estate(read_document(EXAMPLE))


@pytest.fixture(scope="module")
def resources(example: Estate) -> dict[str, Resource]:
    return {resource.address: resource for resource in desired(example)}


def test_every_kind_has_a_module_a_line_and_an_address() -> None:
    """Registry and addresses know the same kinds, and each module is named after its kind."""
    assert set(KINDS) == set(SECTIONS)
    modules = {path.stem for path in (ROOT / "reconciler" / "resources").glob("*.py")}
    assert modules - {"__init__", "registry", "resource", "references"} == set(KINDS)
    assert all(function.__module__ == f"reconciler.resources.{kind}" for kind, function in KINDS.items())


def test_the_example_estate_has_a_resource_of_every_kind(resources: dict[str, Resource]) -> None:
    """So that whatever is built on resources meets each kind."""
    assert {resource.kind for resource in resources.values()} == set(KINDS)


def test_every_address_is_unique_readable_and_declared(example: Estate, resources: dict[str, Resource]) -> None:
    """What a resource is called is what `removed:` and `moved:` may call it."""
    assert len(desired(example)) == len(resources)
    for address, resource in resources.items():
        kind, name = split(address)
        assert kind == resource.kind
        assert is_declared(kind, name, example, catalogue())


def test_every_reference_is_to_a_resource_and_none_goes_round(resources: dict[str, Resource]) -> None:
    """An order in which everything exists before it is used can always be found."""
    done: set[str] = set()
    while len(done) < len(resources):
        ready = {address for address, r in resources.items() if address not in done and done >= set(r.depends_on)}
        assert ready, sorted(set(resources) - done)
        done |= ready


def test_digest_and_place_belong_to_the_spec(resources: dict[str, Resource]) -> None:
    """The digest is of the canonical spec; the place is where the name is declared."""
    assert all(resource.digest == digest(resource.spec) for resource in resources.values())
    lines = EXAMPLE.read_text("utf-8").splitlines()
    avn = resources["partner.AVN"].position
    assert avn is not None
    assert lines[avn.line - 1][avn.column - 1 :].startswith("AVN:")


@pytest.mark.requirement(80)
def test_a_preset_is_spelt_out_entity_by_entity(resources: dict[str, Resource]) -> None:
    """21 grants, one line each; 20 where one was left out for a reason."""
    grants = [r for r in resources.values() if r.kind == "entity_grant"]
    counts = {name: sum(r.spec["third_party"] == name for r in grants) for name in ("elm-parentpay", "cst-parentpay")}
    assert counts == {"elm-parentpay": 21, "cst-parentpay": 20}
    assert "entity_grant.cst-parentpay.PersonMedicalConditions" not in resources
    students = resources["entity_grant.elm-parentpay.Students"]
    assert students.spec == {"third_party": "elm-parentpay", "entity": "Students", "recipient": "parentpay"}
    assert set(students.depends_on) == {"third_party.elm-parentpay", "recipient.parentpay"}


@pytest.mark.requirement(35, 37)
def test_a_period_map_is_spelt_out_slot_by_slot(resources: dict[str, Resource]) -> None:
    """Every hub slot stands in the spec; null is *not selected*."""
    spec = resources["period_map.FGT.2026-2027"].spec
    assert {key: spec[key] for key in spec if key != "slots"} == {
        "school": "FGT", "year": "2026-2027", "attachment": 1, "week_offset": 0, "structure": "FGT-ragged",
    }  # fmt: skip
    assert len(spec["slots"]) == 60
    assert spec["slots"]["W2Mon.P1"] == "W1Mon.P1"
    assert spec["slots"]["W1Fri.P3"] is None


@pytest.mark.requirement(37)
def test_shorthand_and_explicit_slots_are_one_resource(check_small: CheckSmall) -> None:
    """Writing a map another way plans nothing."""
    address = "period_map.AVN.2026-2027"

    def of(*changes: dict[str, Any]) -> Resource:
        return next(r for r in desired(check_small(*changes).estate) if r.address == address)

    slots = {
        f"W{week}{day}.{period}": "not_selected" if period == "P6" else f"W1{day}.{period}"
        for week in (1, 2)
        for day in ("Mon", "Tue", "Wed", "Thu", "Fri")
        for period in EVERY_PERIOD
    }
    explicit = {"period_maps": {"AVN": {"2026-2027": {"repeat": None, "periods": None, "slots": slots}}}}
    assert of(explicit).digest == of().digest
    other = {"period_maps": {"AVN": {"2026-2027": {"attachment": 2}}}}
    assert of(other).digest != of().digest


def test_the_same_estate_in_a_folder_is_the_same_resources(example: Estate) -> None:
    """How files are cut, and in which order they are read, changes nothing."""
    folder = desired(build_estate(read_document(ROOT / "examples" / "estate")))
    assert [(r.address, r.digest, r.depends_on) for r in folder] == [
        (r.address, r.digest, r.depends_on) for r in desired(example)
    ]


@given(data=st.data())
def test_the_order_of_keys_in_the_file_changes_nothing(data: st.DataObject, tmp_path_factory: Any) -> None:
    """Sections and names may be moved about freely."""
    text = (ROOT / "tests" / "estates" / "valid" / "two-partners" / "estate.yaml").read_text("utf-8")
    whole = yaml.safe_load(text)
    keys = data.draw(st.permutations(list(whole)))
    shuffled = {key: whole[key] for key in keys}
    shuffled["partners"] = dict(data.draw(st.permutations(list(whole["partners"].items()))))
    path: Path = tmp_path_factory.mktemp("shuffled") / "estate.yaml"
    path.write_text(yaml.safe_dump(shuffled, sort_keys=False), "utf-8")
    expected = desired(
        build_estate(read_document(ROOT / "tests" / "estates" / "valid" / "two-partners" / "estate.yaml"))
    )
    found = desired(build_estate(read_document(path)))
    assert [(r.address, r.digest) for r in found] == [(r.address, r.digest) for r in expected]


@pytest.mark.requirement(21)
def test_no_spec_holds_more_of_a_secret_than_its_reference(resources: dict[str, Resource]) -> None:
    """A partner's key is the name of a variable, nothing else."""
    assert resources["partner.AVN"].spec["data_exchange_key"] == {"env": "REC_KEY_AVN"}


def test_defaults_stand_in_the_spec(check_small: CheckSmall) -> None:
    """A changed default shows in the plan as a change, since the spec holds it."""
    spec = next(r.spec for r in desired(check_small().estate) if r.kind == "virtual_school")
    assert spec["guards"]["max_drop_percent"] == 5
    assert spec["identifiers"] == {"admission_numbers_unique": False, "staff_codes_unique": False, "separator": ""}


def test_a_list_section_is_one_resource(resources: dict[str, Resource]) -> None:
    """Blackouts, drift and announced changes have no names of their own."""
    assert len(resources["blackouts"].spec["entries"]) == 2
    assert "school.CST" in resources["blackouts"].depends_on


def test_an_emptied_list_is_a_change_and_no_removal(check_small: CheckSmall) -> None:
    """`blackouts: []` leaves a resource without entries; only a section that is not written has none."""
    emptied = {r.address: r.spec for r in desired(check_small({"blackouts": []}).estate)}
    assert emptied["blackouts"] == {"entries": []}
    assert "blackouts" not in {r.address for r in desired(check_small().estate)}

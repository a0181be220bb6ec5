"""`defaults:` by section, and the defaults of the schema."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.documents.document import Document
from tests.documents.conftest import Read, codes, only

GUARDS = {
    "type": "object",
    "properties": {"drop": {"type": "integer", "minimum": 0}, "gain": {"type": "integer"}},
    "additionalProperties": False,
}
SCHEMA = {
    "type": "object",
    "properties": {
        "partners": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "guards": GUARDS,
                    "tags": {"type": "array"},
                    "export": {"type": "object"},
                    "key": {"type": "object", "x-secret": True},
                    "version": {"type": "string"},
                },
                "required": ["version"],
                "additionalProperties": False,
            },
        },
        "blackouts": {"type": "array", "items": {"type": "object"}},
        "defaults": {"type": "object"},
    },
}


def test_an_entry_takes_what_it_does_not_say(read: Read) -> None:
    """Maps merge to any depth, lists and values are replaced, and what the entry says wins."""
    document = read(
        "defaults: {partners: {guards: {drop: 1, gain: 2}, tags: [a], version: 9.10}}\n"
        "partners: {AVN: {guards: {drop: 5}}, BRK: {tags: [b], version: 1}}\n",
        schema=SCHEMA,
    )
    assert not document.findings
    assert document.value == {
        "partners": {
            "AVN": {"guards": {"drop": 5, "gain": 2}, "tags": ["a"], "version": "9.10"},
            "BRK": {"guards": {"drop": 1, "gain": 2}, "tags": ["b"], "version": "1"},
        }
    }


def test_entries_do_not_share_what_they_took(read: Read) -> None:
    """A change to one must not reach the others."""
    entries = read("defaults: {partners: {tags: [a], version: x}}\npartners: {A: {}, B: {}}\n").value["partners"]
    assert entries["A"]["tags"] == entries["B"]["tags"]
    assert entries["A"]["tags"] is not entries["B"]["tags"]


def test_items_of_a_list_take_defaults_too(read: Read) -> None:
    """Sections that are lists have entries as well."""
    document = read("defaults: {blackouts: {why: holidays}}\nblackouts: [{from: x}, {why: y}]\n", schema=SCHEMA)
    assert document.value == {"blackouts": [{"from": "x", "why": "holidays"}, {"why": "y"}]}


def test_a_null_in_the_entry_wins(read: Read) -> None:
    """Saying nothing on purpose is saying something."""
    assert read("defaults: {partners: {tags: [a]}}\npartners: {A: {tags: null}}\n").value == {
        "partners": {"A": {"tags": None}}
    }


def test_what_is_of_another_kind_shares_nothing(read: Read) -> None:
    """An export by another connector, or a key from another place, does not inherit the keys of the default's."""
    document = read(
        "defaults: {partners: {export: {connector: exchange, url: u}, key: {env: A}, version: x}}\n"
        "partners: {A: {export: {connector: csv}, key: {file: B}}, B: {export: {retries: 2}}}\n"
    )
    assert document.value["partners"] == {
        "A": {"export": {"connector": "csv"}, "key": {"file": "B"}, "version": "x"},
        "B": {"export": {"retries": 2, "connector": "exchange", "url": "u"}, "key": {"env": "A"}, "version": "x"},
    }


def test_a_mistake_in_a_default_is_told_once_and_where_it_stands(read: Read) -> None:
    """Not once for each entry that it reaches."""
    document = read(
        "defaults:\n  partners: {guards: {drop: -1}, version: x}\npartners: {A: {}, B: {}, C: {}}\n", schema=SCHEMA
    )
    assert str(only(document).position) == "estate.yaml:2:29"


def test_a_mistake_in_a_default_is_told_of_the_default(example: Callable[[str, str], Document]) -> None:
    """Its own schema finds it too, and its words name the place where it can be mended."""
    document = example("\npartners:", "\ndefaults: {partners: {guards: {max_drop_percent: 500}}}\npartners:")
    assert only(document).message.startswith("defaults.partners.guards.max_drop_percent is 500")


def test_a_default_that_is_no_map_is_left_to_the_schema(read: Read) -> None:
    """Nothing breaks on the way there."""
    assert read("defaults: [1]\npartners: {A: {}}\n").value == {"partners": {"A": {}}}
    assert read("defaults: {partners: 5, schools: {x: 1}}\npartners: {A: {}}\n").value == {"partners": {"A": {}}}


def test_defaults_may_be_spread_over_files(read: Read) -> None:
    """Section by section and key by key, but no key twice."""
    files = {
        "estate/a.yaml": "defaults: {partners: {tags: [a]}}\npartners: {A: {}}\n",
        "estate/b.yaml": "defaults: {partners: {version: x}}\n",
    }
    assert read(files=files, path="estate").value == {"partners": {"A": {"tags": ["a"], "version": "x"}}}


def test_many_defaults_times_many_entries_are_refused_before_they_are_filled(read: Read) -> None:
    """Two thousand values for each of two thousand entries are four million."""
    given = ", ".join(f"k{n}: {n}" for n in range(2000))
    entries = ", ".join(f"p{n}: {{}}" for n in range(2000))
    document = read(f"defaults: {{partners: {{{given}}}}}\npartners: {{{entries}}}\n")
    assert codes(document) == ["yaml.too_many_nodes"]


FILLED = {
    "type": "object",
    "properties": {
        "timezone": {"type": "string", "default": "Europe/London"},
        "guards": {
            "type": "object",
            "default": {},
            "properties": {"drop": {"type": "integer", "default": 25}, "list": {"type": "array", "default": []}},
        },
        "quiet": {"type": "object", "properties": {"drop": {"default": 1}}},
        "accounts": {
            "type": "object",
            "additionalProperties": {
                "oneOf": [
                    {"properties": {"kind": {"const": "a"}, "x": {"default": 1}}, "required": ["kind"]},
                    {"properties": {"kind": {"const": "b"}, "y": {"default": 2}}, "required": ["kind"]},
                ]
            },
        },
    },
}


def test_the_schemas_defaults_are_filled(read: Read) -> None:
    """Also inside a map that is itself a default; a map that is left out without one stays out."""
    assert read("guards: {drop: 7}\n", schema=FILLED).value == {
        "timezone": "Europe/London",
        "guards": {"drop": 7, "list": []},
    }
    assert read("a: 1\n", schema=FILLED).value["guards"] == {"drop": 25, "list": []}


def test_each_kind_takes_its_own_defaults(read: Read) -> None:
    """The discriminator decides."""
    value = read("accounts: {one: {kind: a}, two: {kind: b, y: 5}}\n", schema=FILLED).value
    assert value["accounts"] == {"one": {"kind": "a", "x": 1}, "two": {"kind": "b", "y": 5}}


def test_what_is_filled_in_is_placed_at_what_it_completes(read: Read) -> None:
    """A finding about a default points at the entry that lacks the key."""
    document = read("a: 1\nguards:\n  drop: 7\n", schema=FILLED)
    assert str(document.position(["guards", "list"])) == "estate.yaml:2:1"
    assert str(document.position(["guards", "drop"])) == "estate.yaml:3:9"
    assert str(document.position(["guards", "drop"], key=True)) == "estate.yaml:3:3"

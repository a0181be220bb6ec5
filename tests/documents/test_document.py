"""Digest, places and findings of a document that was read."""

from __future__ import annotations

from reconciler.diagnostics import Severity
from tests.documents.conftest import Read

SCHEMA = {
    "type": "object",
    "properties": {"zone": {"type": "string", "default": "Europe/London"}, "id": {"type": "string"}},
    "additionalProperties": True,
}


def test_the_digest_follows_the_meaning_not_the_spelling(read: Read) -> None:
    """Order, comments, quotes and a default that is written out change nothing."""
    spellings = (
        "id: 5\nlist: [1, 2]\n",
        "# the same\nlist:\n  - 1\n  - 2\nid: '5'\n",
        'list: &l [1, 2]\nid: "5"\nzone: Europe/London\n',
    )
    assert len({read(text, schema=SCHEMA).digest for text in spellings}) == 1
    others = (
        "id: 6\nlist: [1, 2]\n",
        "id: 5\nlist: [2, 1]\n",
        "id: 5\nlist: [1, 2]\nzone: UTC\n",
        "id: 5\nlist: ['1', 2]\n",
    )
    assert len({read(text, schema=SCHEMA).digest for text in (spellings[0], *others)}) == 5


def test_a_digest_covers_what_defaults_give(read: Read) -> None:
    """A changed default is a changed estate, although no entry was touched."""
    one, two = (read(f"defaults: {{s: {{x: {n}}}}}\ns: {{A: {{}}}}\n").digest for n in (1, 2))
    assert one != two


def test_a_document_with_errors_has_no_digest(read: Read) -> None:
    """So that nothing can be planned from it by accident."""
    assert read("a: 1\na: 2\n").digest == ""
    assert read("id: [1]\n", schema=SCHEMA).digest == ""


def test_every_key_and_value_has_a_place(read: Read) -> None:
    """Counted from 1, in characters; accents count one."""
    document = read('one:\n  två: [x, {three: "y"}]\n  "four" : 5\n')
    places = {
        ("one",): "2:3",
        ("one", "två"): "2:8",
        ("one", "två", 0): "2:9",
        ("one", "två", 1, "three"): "2:20",
        ("one", "four"): "3:12",
    }
    for path, place in places.items():
        assert str(document.position(path)) == f"estate.yaml:{place}", path
    assert str(document.position(["one", "två"], key=True)) == "estate.yaml:2:3"
    assert str(document.position(["one", "four"], key=True)) == "estate.yaml:3:3"


def test_what_no_file_holds_is_placed_at_the_nearest_thing_around_it(read: Read) -> None:
    """The key of the map that lacks it."""
    document = read("a: 1\nschools:\n  AVN:\n    name: x\n")
    assert str(document.position(["schools", "AVN", "mis", "url"])) == "estate.yaml:3:3"
    assert str(document.position(["partners"])) == "estate.yaml:1:1"
    assert str(document.position([])) == "estate.yaml:1:1"


def test_a_finding_carries_place_source_line_and_related_places(read: Read) -> None:
    """What the rules of the estate say looks like what reading says."""
    document = read("a:\n  b: 1\n  c: 2\n")
    finding = document.finding(
        "x.y",
        "why",
        ["a", "c"],
        hint="do",
        severity=Severity.WARNING,
        related=(("there", document.position(["a", "b"])),),
    )
    assert (str(finding.position), finding.source_line, finding.severity) == (
        "estate.yaml:3:6",
        "  c: 2",
        Severity.WARNING,
    )
    assert [str(place) for _, place in finding.related] == ["estate.yaml:2:6"]


def test_other_line_ends_are_counted_as_the_parser_counts_them(read: Read) -> None:
    """Windows line ends and the rarer breaks of YAML."""
    document = read("a: 1\r\nb: 'x\u2028  y'\r\nc: 3\r\n")
    assert str(document.position(["c"])) == "estate.yaml:4:4"
    assert document.finding("x.y", "m", ["c"]).source_line == "c: 3"

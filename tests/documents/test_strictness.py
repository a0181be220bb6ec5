"""What is refused although other YAML tools read it, and slips that get a hint of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.diagnostics import Severity
from reconciler.documents import parse
from reconciler.documents.read import read_document
from tests.documents.conftest import ANYTHING, Read, codes, only


def test_a_duplicate_key_names_both_places(read: Read) -> None:
    """Neither of the two is silently preferred."""
    finding = only(read("a: {x: 1, y: 2,\n    x: 3}\n"))
    assert (finding.code, str(finding.position)) == ("yaml.duplicate_key", "estate.yaml:2:5")
    assert [str(place) for _, place in finding.related] == ["estate.yaml:1:5"]


def test_keys_that_look_alike_to_others_are_different_keys(read: Read) -> None:
    """NO, no and "no" with a capital are three texts; only equal texts are duplicates."""
    assert read("NO: 1\nno: 2\nNo: 3\n").value == {"NO": 1, "no": 2, "No": 3}
    assert codes(read('no: 1\n"no": 2\n')) == ["yaml.duplicate_key"]


def test_a_merge_key_is_refused_and_a_quoted_one_is_text(read: Read) -> None:
    """`<<` merges nothing."""
    finding = only(read("x: &x {p: 1}\ny:\n  <<: *x\n  q: 2\n"))
    assert finding.code == "yaml.merge_key"
    assert "defaults:" in finding.hint
    assert read('"<<": 1\n').value == {"<<": 1}


@pytest.mark.parametrize("key", ["1", "1.5", "null", "true", "~", "[a]", "{a: b}", "-3"])
def test_a_key_that_is_no_text_is_refused(read: Read, key: str) -> None:
    """Other tools would make a number, a boolean or nothing of it."""
    assert codes(read(f"? {key}\n: 1\n")) == ["yaml.key_not_text"]


@pytest.mark.parametrize("key", ["2026-2027", "NO", "on", "007", "1:5", '"1"', "13:00"])
def test_a_key_that_reads_as_text_needs_no_quotes(read: Read, key: str) -> None:
    """Academic years and period names are keys as they stand."""
    assert read(f"{key}: 1\n").value == {key.strip('"'): 1}


@pytest.mark.parametrize("tag", ["!year", "!!python/object/apply:os.getcwd", "!!timestamp", "!!binary", "!<x>"])
def test_a_tag_is_refused(read: Read, tag: str) -> None:
    """No tag makes the reader do anything."""
    assert codes(read(f"a: {tag} [x]\n")) == ["yaml.tag"]
    assert codes(read(f"a: {tag} x\n")) == ["yaml.tag"]


def test_a_tag_that_contradicts_its_value_is_refused(read: Read) -> None:
    """`!!int` in front of a word is a mistake, not a conversion."""
    assert codes(read("a: !!int twelve\nb: !!int 012\n")) == ["yaml.tag", "yaml.tag"]


def test_aliases_are_followed_without_sharing(read: Read) -> None:
    """What is changed in one place must not change in the other."""
    value = read("a: &a {x: [1]}\nb: *a\n*k : 1\n".replace("*k : 1\n", "")).value
    assert value == {"a": {"x": [1]}, "b": {"x": [1]}}
    assert value["a"] is not value["b"]
    assert value["a"]["x"] is not value["b"]["x"]


def test_an_unquoted_colour_is_an_error_of_its_own(read: Read) -> None:
    """The value is empty, and the schema has nothing to add."""
    schema = {"properties": {"colour": {"type": "string"}}}
    finding = only(read("colour: #1f6feb\n", schema=schema))
    assert (finding.code, str(finding.position)) == ("yaml.unquoted_hash", "estate.yaml:1:9")
    assert '"#1f6feb"' in finding.hint


def test_an_unquoted_colour_in_braces_is_found_although_the_rest_breaks(read: Read) -> None:
    """The comment swallows the rest of the line; the error is told where it began."""
    finding = only(read("AVN: {name: Ashvale, colour: #1f6feb, period: W1,\n      offers: all}\n"))
    assert (finding.code, str(finding.position)) == ("yaml.unquoted_hash", "estate.yaml:1:30")


def test_a_value_that_a_hash_cuts_short_is_a_warning(read: Read) -> None:
    """`Room #4` is read as `Room`."""
    document = read("room: Room #4\nother: x # a comment\nlast: '#4'\n")
    assert [(f.code, f.severity) for f in document.findings] == [("yaml.unquoted_hash", Severity.WARNING)]
    assert document.digest, "a warning does not stop anything"


@pytest.mark.parametrize("text", ["a: # to be decided\n", "a: #\n", "# comment\na: 1\n", "a: 1 #! x\n", "#only\n", ""])
def test_a_real_comment_is_no_slip(read: Read, text: str) -> None:
    """A comment has a space after its sign."""
    assert not read(text).findings


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("a: {b: 1 c: 2}\n", "yaml.comma", "commas"),
        ("a: [x, y\nb: 1\n", "yaml.comma", "commas"),
        ("a: {b: 1,, c: 2}\n", "yaml.comma", "too many"),
        ("a: {b:1}\n", "yaml.flow_entry", "space after the colon"),
        ("a: {b: 1, c}\n", "yaml.flow_entry", "comma"),
        ("a:\n\tb: 1\n", "yaml.tab", "spaces"),
        ("a: b\n\tc: 1\n", "yaml.tab", "spaces"),
        ("a: @x\n", "yaml.syntax", "quote"),
        ('a: "x\nb: 1\n', "yaml.syntax", "closing quote"),
        ("a:1\nb: 2\n", "yaml.syntax", "colon"),
    ],
)
def test_a_slip_has_a_hint_of_its_own(read: Read, text: str, code: str, hint: str) -> None:
    """What to change, not what the parser expected."""
    finding = only(read(text))
    assert finding.code == code
    assert hint in finding.hint


def test_a_missing_bracket_shows_where_it_was_opened(read: Read) -> None:
    """The place where reading stops is lines away from the slip."""
    finding = only(read("a: {b: 1,\n    c: 2\nd: 3\n"))
    assert [(label, str(place)) for label, place in finding.related] == [("`{` opened here", "estate.yaml:1:4")]


def test_text_that_is_not_utf8_is_refused_with_its_place(folder: Path) -> None:
    """Latin-1 accents and UTF-16 files are found at their first byte."""
    (folder / "estate.yaml").write_bytes("version: 1\nname: Zoë\n".encode("latin-1"))
    finding = only(read_document(Path("estate.yaml"), schema=ANYTHING))
    assert (finding.code, str(finding.position)) == ("yaml.not_utf8", "estate.yaml:2:9")
    (folder / "estate.yaml").write_bytes("version: 1\n".encode("utf-16"))
    assert only(read_document(Path("estate.yaml"), schema=ANYTHING)).code == "yaml.not_utf8"


def test_a_byte_order_mark_is_no_part_of_the_first_key(folder: Path) -> None:
    """Some editors write one; columns do not count it."""
    (folder / "estate.yaml").write_bytes(b"\xef\xbb\xbfversion: 1\n")
    document = read_document(Path("estate.yaml"), schema=ANYTHING)
    assert document.value == {"version": 1}
    assert document.position(["version"], key=True).column == 1


def test_several_documents_in_a_file_are_refused(read: Read) -> None:
    """A leading `---` is fine, a second is not, nor is `...` with more behind it."""
    assert not read("---\na: 1\n").findings
    assert codes(read("a: 1\n---\nb: 2\n")) == ["yaml.many_documents"]
    assert codes(read("a: 1\n...\nb: 2\n")) == ["yaml.many_documents"]


def test_all_findings_are_told_at_once(read: Read) -> None:
    """One run shows every mistake of every file, sorted by place."""
    files = {
        "estate/a.yaml": "x: 1\nx: 2\ny: !t z\n",
        "estate/b.yaml": "b: {c: 1 d: 2}\n",
        "estate/c.yaml": "1: x\n",
    }
    assert codes(read(files=files, path="estate")) == [
        "yaml.duplicate_key", "yaml.tag", "yaml.comma", "yaml.key_not_text",
    ]  # fmt: skip


@pytest.mark.parametrize("parser", [0, -1], ids=["libyaml", "python"])
def test_an_escape_of_half_a_character_is_refused(read: Read, parser: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a text could be neither stored nor sent."""
    monkeypatch.setattr(parse, "_PARSERS", (parse._PARSERS[parser],))
    finding = only(read('a: "x\\ud800"\n'))
    assert finding.code == "yaml.syntax"
    assert finding.message == "this escape does not name a character"


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x7f", "\ufeff", "\uffff"])
def test_a_control_character_is_refused_with_its_place(read: Read, character: str) -> None:
    """It mostly comes in by copying."""
    finding = only(read(f"a: 1\nb: x{character}y\n"))
    assert (finding.code, str(finding.position)) == ("yaml.character", "estate.yaml:2:5")

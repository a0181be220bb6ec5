"""What unquoted values mean, with libyaml and with PyYAML's own parser."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.documents import parse
from tests.documents.conftest import Read

SCALARS: dict[str, Any] = {
    "13:00": "13:00", "08:00": "08:00", "1:5": "1:5", "012345": "012345", "7E1": "7E1", "1e5": "1e5", "NO": "NO",
    "no": "no", "on": "on", "Yes": "Yes", "True": "True", "NULL": "NULL",
    "2026-09-01": "2026-09-01", "2026-2027": "2026-2027",
    "0o17": "0o17", "0x1f": "0x1f", "1_000": "1_000", "+5": "+5", "-0": "-0", ".5": ".5", "5.": "5.", ".inf": ".inf",
    ".nan": ".nan", "301/4001": "301/4001", "9.7A": "9.7A", "=": "=", "12345678901234567890": "12345678901234567890",
    "null": None, "~": None, "": None, "true": True, "false": False,
    "0": 0, "5": 5, "-17": -17, "20001": 20001, "123456789012345678": 123456789012345678,
    "9.10": 9.1, "0.5": 0.5, "-2.25": -2.25, "00.5": "00.5",
    '"5"': "5", "'true'": "true", '""': "", "!!str 9.10": "9.10", "!!int 5": 5, "!!bool true": True,
}  # fmt: skip


@pytest.fixture(params=["libyaml", "python"])
def either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The parser in C, and the one that PyYAML has where libyaml is missing."""
    if request.param == "python":
        monkeypatch.setattr(parse, "_PARSERS", parse._PARSERS[-1:])
    return str(request.param)


@pytest.mark.parametrize("text", SCALARS)
@pytest.mark.usefixtures("either_parser")
def test_a_value_is_what_it_looks_like(read: Read, text: str) -> None:
    """Only null, true, false, plain integers and decimals are anything but text."""
    value = read(f"a: {text}\nb: [{text}]\n" if text else "a:\nb: [null]\n").value
    assert value == {"a": SCALARS[text], "b": [SCALARS[text]]}
    assert type(value["a"]) is type(SCALARS[text])


TYPED = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "choice": {"enum": ["1", "R"]},
        "list": {"type": "array", "items": {"type": "string"}},
        "either": {"oneOf": [{"type": "string"}, {"type": "object"}]},
        "number": {"type": "number"},
        "count": {"type": "integer"},
        "both": {"type": ["string", "integer"]},
    },
    "additionalProperties": {"$ref": "#/properties/text"},
}


@pytest.mark.parametrize("text", ["9.10", "20001", "5.0", "true", "0", "-17"])
def test_a_text_field_takes_the_text_of_the_file(read: Read, text: str) -> None:
    """A version 9.10 is not 9.1, and an id typed as text needs no quotes."""
    document = read(f"text: {text}\nlist: [{text}]\neither: {text}\nother: {text}\n", schema=TYPED)
    assert not document.findings
    assert document.value == {"text": text, "list": [text], "either": text, "other": text}


def test_a_choice_of_texts_takes_the_text_of_the_file(read: Read) -> None:
    """Year groups R, 1 and 2 are texts in every spelling."""
    assert read("choice: 1\n", schema=TYPED).value == {"choice": "1"}


def test_a_field_that_may_be_either_keeps_the_number(read: Read) -> None:
    """Text is only taken where a number could not stand."""
    assert read("both: 5\nnumber: 9.10\n", schema=TYPED).value == {"both": 5, "number": 9.1}


def test_a_whole_decimal_in_a_count_is_an_integer(read: Read) -> None:
    """JSON Schema accepts 5.0 as an integer; the rest of the program is given an int."""
    value = read("count: 5.0\n", schema=TYPED).value["count"]
    assert (value, type(value)) == (5, int)


def test_an_empty_text_field_is_not_the_empty_text(read: Read) -> None:
    """Nothing was written, so nothing is made up."""
    document = read("text:\n", schema=TYPED)
    assert [finding.code for finding in document.findings] == ["schema.wrong_type"]


def test_a_value_through_an_alias_is_fitted_where_it_stands(read: Read) -> None:
    """One anchor in a text field and in a number field gives a text and a number."""
    document = read("number: &n 9.10\ntext: *n\nlist: [*n]\n", schema=TYPED)
    assert document.value == {"number": 9.1, "text": "9.10", "list": ["9.10"]}

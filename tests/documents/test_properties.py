"""Whatever is written in JSON's terms is read back, and whatever else is written ends in findings."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diagnostics import render_text
from reconciler.documents import parse as parsing
from reconciler.documents.findings import Findings
from reconciler.documents.limits import Spent
from reconciler.documents.parse import parse
from reconciler.documents.read import read_document
from reconciler.documents.source import Source
from tests.documents.conftest import ANYTHING

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**18) + 1, 10**18 - 1)
    | st.integers(-(10**12), 10**12).map(lambda number: number / 100)
    | TEXTS
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=20
)
TRICKY = st.text(st.sampled_from(list("ab1#:-,[]{}&*!|>'\"%@`?~<. \n\t\\=\u2028é")), max_size=60)


class Quoted(yaml.SafeDumper):
    """Writes every text in double quotes."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


Quoted.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def read_text(text: str) -> tuple[Any, Findings]:
    """The value of one text without any schema, and the findings."""
    findings, source = Findings(), Source("estate.yaml", text)
    findings.sources.append(source)
    part = parse(source, findings, Spent())
    return (part[0] if part else None), findings


@given(value=st.dictionaries(TEXTS, VALUES, max_size=4), flow=st.booleans(), unicode=st.booleans())
def test_any_json_value_with_quoted_texts_reads_back_equal(value: dict[str, Any], flow: bool, unicode: bool) -> None:
    """In block and flow style, with and without escapes."""
    text = yaml.dump(value, Dumper=Quoted, default_flow_style=flow, allow_unicode=unicode, sort_keys=False)
    read, findings = read_text(text)
    assert not findings.found, render_text(findings.found)
    assert read == value
    assert repr(read) == repr(value), "types too: 1 is not 1.0 and not true"


@given(value=st.dictionaries(TEXTS, VALUES, max_size=4))
def test_both_parsers_read_the_same(value: dict[str, Any]) -> None:
    """Values and places; without libyaml the program is slower, not different."""
    text = yaml.dump(value, Dumper=Quoted, allow_unicode=True)
    sources = [Source("estate.yaml", text)]
    fast, slow = (_places(parsing._PARSERS[index], sources) for index in (0, -1))
    assert fast == slow


def _places(parser: Any, sources: list[Source]) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parsing, "_PARSERS", (parser,))
        part = parse(sources[0], Findings(sources=sources), Spent())
    assert part is not None
    return part[0], _plain(part[1])


def _plain(places: Any) -> Any:
    if hasattr(places, "keys"):
        return places.place, places.keys, {key: _plain(inner) for key, inner in places.values.items()}
    if hasattr(places, "items"):
        return places.place, [_plain(inner) for inner in places.items]
    return places if isinstance(places, int) else (places.place, places.source)


@given(text=TRICKY)
def test_any_text_ends_in_a_value_or_in_findings_with_a_place(text: str) -> None:
    """Never in a traceback, never in silence."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "estate.yaml")
        path.write_bytes(text.encode())
        document = read_document(path, schema=ANYTHING)
    assert document.digest or document.findings.has_errors
    for finding in document.findings:
        assert finding.position is not None
        assert finding.position.line <= len(Source("", text).lines) + 1
    render_text(document.findings)

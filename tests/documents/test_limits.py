"""Hostile and broken files end in an ordinary finding, quickly and within bounds."""

from __future__ import annotations

import gc
import time
import tracemalloc
from typing import Any

import pytest

from reconciler.documents import limits, parse
from reconciler.documents import read as reading
from tests.documents.conftest import Read, codes, only

MEGABYTE = 2**20


def bomb(levels: int = 9, width: int = 9) -> str:
    """Lists of aliases to the list before: width to the power of levels values in a few hundred bytes."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels + 1)]
    return "\n".join(lines)


def test_an_alias_bomb_is_refused_before_it_goes_off(read: Read) -> None:
    """Under a second and 100 MB, with the place of the alias that goes too far."""
    tracemalloc.start()
    start = time.perf_counter()
    document = read(bomb())
    taken, (_, peak) = time.perf_counter() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    finding = only(document)
    assert (finding.code, finding.position.line if finding.position else 0) == ("yaml.too_many_nodes", 8)
    assert taken < 1
    assert peak < 100 * MEGABYTE


def test_a_bomb_spread_over_files_is_one_bomb(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is for the whole estate."""
    monkeypatch.setattr("reconciler.documents.builder.MAX_NODES", 100)
    text = "{}: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]\n"
    files = {f"estate/{name}.yaml": text.format(name) for name in "abcdef"}
    assert codes(read(files=files, path="estate")) == ["yaml.too_many_nodes"] * 2


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "&x [", "[{a: ", "[{a: [["])
@pytest.mark.parametrize("parser", [0, -1], ids=["libyaml", "python"])
def test_deep_nesting_is_an_ordinary_error(
    read: Read, opening: str, parser: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """100,000 openings end at the 51st level, not in the C parser's stack nor after minutes."""
    monkeypatch.setattr(parse, "_PARSERS", (parse._PARSERS[parser],))
    start = time.perf_counter()
    document = read("top:" + ("\n" if opening == "- " else " ") + opening * 100_000)
    assert codes(document) == ["yaml.too_deep"]
    assert time.perf_counter() - start < 5


def test_fifty_levels_are_fine_and_one_more_is_not(read: Read) -> None:
    """The document is the first level."""
    fifty = "top: " + "[" * (limits.MAX_LEVELS - 1)
    assert not read(fifty + "]" * (limits.MAX_LEVELS - 1)).findings
    assert codes(read(fifty + "[" + "]" * limits.MAX_LEVELS)) == ["yaml.too_deep"]


def test_levels_are_counted_through_aliases(read: Read) -> None:
    """Thirty levels inside thirty others are sixty."""
    inside = f"a: &a {'[' * 30}{']' * 30}\n"
    assert not read(inside + "b: *a\n").findings
    assert codes(read(inside + f"b: {'[' * 30}*a{']' * 30}\n")) == ["yaml.too_deep"]


def test_levels_add_up_over_several_anchors(read: Read) -> None:
    """Each anchor holds the one before, so the height grows although no line is deep."""
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 60))]
    assert codes(read("\n".join(lines))) == ["yaml.too_deep"]


def test_a_file_over_the_limit_is_not_read_to_its_end(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte more than allowed is all that is ever read."""
    monkeypatch.setattr(reading, "MAX_BYTES", 2_000_000)
    assert not read("a: " + "x" * 1_999_996 + "\n").findings
    assert only(read("a: " + "x" * 1_999_997 + "\n")).code == "yaml.too_large"


def test_more_than_a_hundred_files_are_refused_once(read: Read) -> None:
    """Told once, not for each file beyond the hundredth."""
    files = {f"more/{n:03}.yaml": f"k{n}: 1\n" for n in range(105)}
    document = read(files={"estate.yaml": "include: [more/*.yaml]\n", **files})
    assert only(document).code == "include.too_many"


def test_collector_is_left_as_it_was(read: Read) -> None:
    """It pauses only while reading, also when reading fails."""
    read("a: [\n")
    assert gc.isenabled()
    gc.disable()
    try:
        read("a: 1\n")
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_collector_pauses_while_reading(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is read is garbage, and looking for it takes longer than reading."""
    seen: list[bool] = []
    parse_one = reading.parse

    def watched(*arguments: Any) -> Any:
        seen.append(gc.isenabled())
        return parse_one(*arguments)

    monkeypatch.setattr(reading, "parse", watched)
    read("a: 1\n")
    assert seen == [False]

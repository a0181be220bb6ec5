"""One file -> its value, its places and its findings."""

from __future__ import annotations

import re
from typing import Any

import yaml

from reconciler.documents import slips
from reconciler.documents.builder import Builder, StopReading
from reconciler.documents.findings import Findings
from reconciler.documents.limits import Spent
from reconciler.documents.places import MapPlaces, pack
from reconciler.documents.source import Source

_PARSERS: tuple[Any, ...] = (yaml.SafeLoader,)
try:
    from yaml.cyaml import CSafeLoader

    _PARSERS = (CSafeLoader, *_PARSERS)
except ImportError:  # PyYAML without libyaml: the same events, slower
    pass

# What libyaml refuses too, found here so that both parsers give one answer with one place.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")

# libyaml refuses these escapes; the Python parser would make a text of them that no other program can read.
_HALF_ESCAPE = re.compile(r"\\(?:u|U0000)[dD][89a-fA-F]")


def parse(source: Source, findings: Findings, spent: Spent) -> tuple[dict[str, Any], MapPlaces] | None:
    """Reads one file, whose place among `findings.sources` is the last.

    None where the file cannot be read to its end or is not a map; the findings then say why.
    """
    file = len(findings.sources) - 1
    if _holds_bad_character(source, file, findings):
        return None
    builder = Builder(source, file, findings, spent)
    try:
        _drive(source.text, builder)
    except StopReading:
        return None
    except yaml.YAMLError as error:
        slips.explain(error, source, file, findings)
        return None
    value, places = builder.value, builder.places
    if value is None:
        return {}, MapPlaces(pack(file, 0, 0))
    if not isinstance(places, MapPlaces):
        findings.error(
            "yaml.not_a_map",
            "a file of the estate is a map of sections, such as `schools:`",
            pack(file, 0, 0),
            hint="begin with `version: 1`",
        )
        return None
    return (written_out(value) if builder.has_aliases else value), places


def _drive(text: str, builder: Builder) -> None:
    parser = _PARSERS[0](text)
    handlers = builder.handlers
    get_event = parser.get_event
    try:
        while (event := get_event()) is not None:
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)
    finally:
        parser.dispose()


def _holds_bad_character(source: Source, file: int, findings: Findings) -> bool:
    """Whether a character, or an escape that stands for half of one, keeps the file from being read."""
    found = _UNPRINTABLE.search(source.text)
    if found:
        findings.error(
            "yaml.character",
            f"the invisible character U+{ord(found[0]):04X} does not belong into a text file",
            _place_at(source, file, found.start()),
            hint="delete it and type the line again",
        )
        return True
    found = None if _PARSERS[0] is not yaml.SafeLoader else _HALF_ESCAPE.search(source.text)
    if found:
        place = _place_at(source, file, found.start())
        findings.error("yaml.syntax", "this escape does not name a character", place, hint="use single quotes")
    return bool(found)


def _place_at(source: Source, file: int, index: int) -> int:
    before = Source("", source.text[:index]).lines
    return pack(file, len(before) - 1, len(before[-1]))


def written_out(value: Any) -> Any:
    """A copy in which nothing is shared, as if every alias were written out; at most 50 levels deep."""
    if isinstance(value, dict):
        return {key: written_out(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [written_out(inner) for inner in value]
    return value

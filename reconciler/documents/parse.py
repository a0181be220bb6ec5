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


def parse(source: Source, findings: Findings, spent: Spent) -> tuple[dict[str, Any], MapPlaces] | None:
    """Reads one file, whose place among `findings.sources` is the last.

    None where the file cannot be read to its end or is not a map; the findings then say why.
    """
    file = len(findings.sources) - 1
    unprintable = _UNPRINTABLE.search(source.text)
    if unprintable:
        _refuse_character(source, file, unprintable.start(), findings)
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


def _refuse_character(source: Source, file: int, index: int, findings: Findings) -> None:
    before = source.text[:index]
    line = len(Source("", before).lines) - 1
    column = len(Source("", before).lines[-1])
    findings.error(
        "yaml.character",
        f"the invisible character U+{ord(source.text[index]):04X} does not belong into a text file",
        pack(file, line, column),
        hint="delete it and type the line again",
    )


def written_out(value: Any) -> Any:
    """A copy in which nothing is shared, as if every alias were written out; at most 50 levels deep."""
    if isinstance(value, dict):
        return {key: written_out(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [written_out(inner) for inner in value]
    return value

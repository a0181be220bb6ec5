"""What a YAML parser's complaint means for the person who wrote the file.

libyaml and the pure Python parser word the same complaint differently; both are recognised by their telling part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from reconciler.documents.findings import Findings
from reconciler.documents.places import pack
from reconciler.documents.source import Source


@dataclass(frozen=True, slots=True)
class _Slip:
    """`telling` is looked for in the complaint; `at_start` shows where the thing begins that never ends."""

    telling: str
    code: str
    message: str
    hint: str
    at_start: bool = False


_QUOTE = 'quote a text that holds `: `, or that starts with a sign: "..."'
_SLIPS = (
    _Slip("',' or '}'", "yaml.comma", "a comma or the closing `}` is missing before this",
          "entries in braces are parted by commas: {a: 1, b: 2}"),
    _Slip("',' or ']'", "yaml.comma", "a comma or the closing `]` is missing before this",
          "items in brackets are parted by commas: [a, b]"),
    _Slip("mapping values are not allowed", "yaml.syntax", "a second `key: value` cannot start here",
          "quote a text that holds `: `; or look at the line above: its indentation, and the space after its colon"),
    _Slip("unexpected end of stream", "yaml.syntax", "this quoted text is never closed",
          "write the closing quote", at_start=True),
    _Slip("document indicator", "yaml.syntax", "this quoted text is never closed",
          "write the closing quote", at_start=True),
    _Slip("could not find expected ':'", "yaml.syntax", "this line is neither `key: value` nor an item of a list",
          "write `key: value`, or `- item`, with a space after `:` and `-`", at_start=True),
    _Slip("sequence entries are not allowed", "yaml.syntax", "a list cannot start here",
          "put `- item` on a line of its own, or write [a, b]"),
    _Slip("expected '-' indicator", "yaml.syntax", "every line of this list must start with `- `",
          "mend the indentation"),
    _Slip("expected key", "yaml.syntax", "this does not belong to the map around it",
          "keys of one map start in the same column; a quoted text ends at its closing quote"),
    _Slip("expected <block end>", "yaml.syntax", "this does not belong to the map or list around it",
          "keys of one map start in the same column; a quoted text ends at its closing quote"),
    _Slip("node content", "yaml.comma", "a value is missing before this",
          "look for a comma or a bracket too many"),
    _Slip("unknown escape", "yaml.syntax", "in double quotes `\\` starts an escape, and this is none",
          "use single quotes, or write `\\\\`"),
    _Slip("escape code", "yaml.syntax", "this escape does not name a character", "use single quotes, or write `\\\\`"),
    _Slip("tag", "yaml.tag", "tags such as `!name` are not allowed here", 'remove the tag, or quote the value: "..."'),
    _Slip("alphabetic", "yaml.syntax", "`*` and `&` must be followed by a name", _QUOTE),
    _Slip("<document start>", "yaml.many_documents", "a file of the estate holds one document",
          "remove the line `...`"),
    _Slip("directive", "yaml.syntax", "directives (`%`) are not needed here", "remove the line"),
    _Slip("incompatible", "yaml.syntax", "this version of YAML is not known", "remove the line `%YAML`"),
)  # fmt: skip
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_HASH = re.compile(r"[:{\[]\s*(#[^\s#!])")


def explain(error: yaml.YAMLError, source: Source, file: int, findings: Findings) -> None:
    """Adds the finding for a complaint of the parser."""
    problem = str(getattr(error, "problem", "") or "")
    mark = getattr(error, "problem_mark", None)
    start = getattr(error, "context_mark", None)
    if "cannot start any token" in problem or "tab" in problem:
        _bad_start(source, file, mark, findings)
        return
    slip = next((s for s in _SLIPS if s.telling in problem), None)
    if slip is None:
        findings.error("yaml.syntax", "this is not YAML", _place(file, mark), hint=_QUOTE)
        return
    place = _place(file, start if slip.at_start and start else mark)
    opened = _opened(slip, source, file, start, mark)
    swallowed = _hash_before(source, file, start, mark) if slip.code == "yaml.comma" else None
    if swallowed is not None:
        message = "unquoted `#` starts a comment, so the rest of this line is lost"
        hint = 'quote the value, like "#1f6feb"'
        findings.error("yaml.unquoted_hash", message, swallowed, hint=hint, related=opened)
        return
    findings.error(slip.code, slip.message, place, hint=slip.hint, related=opened)


def _place(file: int, mark: Any) -> int:
    return pack(file, mark.line, mark.column) if mark else pack(file, 0, 0)


def _opened(slip: _Slip, source: Source, file: int, start: Any, mark: Any) -> tuple[tuple[str, int], ...]:
    if slip.code != "yaml.comma" or start is None or start.line == mark.line:
        return ()
    bracket = source.line(start.line)[start.column : start.column + 1]
    return ((f"`{bracket}` opened here", _place(file, start)),) if bracket and bracket in "[{" else ()


def _bad_start(source: Source, file: int, mark: Any, findings: Findings) -> None:
    line = source.line(mark.line)
    character = line[mark.column : mark.column + 1]
    if "\t" in (character, line[:1]) or "\t" in line[: mark.column]:
        column = line.index("\t") if "\t" in line[: mark.column + 1] else mark.column
        findings.error("yaml.tab", "a tab is used for indentation", pack(file, mark.line, column),
                       hint="indent with spaces")  # fmt: skip
        return
    findings.error("yaml.syntax", f"a value cannot start with `{character}`", _place(file, mark),
                   hint='quote the value: "..."')  # fmt: skip


def _hash_before(source: Source, file: int, start: Any, mark: Any) -> int | None:
    """Where `{colour: #1f6feb, ...}` loses the rest of its line, between an opening bracket and the complaint."""
    if start is None or mark is None:
        return None
    for number in range(start.line, min(mark.line + 1, start.line + 200)):
        line = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), source.line(number))
        found = _HASH.search(line, start.column if number == start.line else 0)
        if found:
            return pack(file, number, found.start(1))
    return None

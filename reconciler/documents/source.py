"""The text of a file, its lines, and what of them may be shown.

A line that could hold a secret is never shown, not even beside an error that has nothing to do with the secret.
"""

from __future__ import annotations

import re
from functools import cached_property

# The breaks that YAML counts as the end of a line.
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_NAME = r"(?:password|passwd|passphrase|pwd|secret|token|api_?key|(?:exchange|private|access)_?key)\w{0,20}"
_REFERENCE = r"\{\s*['\"]?(?:env|file|sops|keyring|exec)\b"
_LITERAL_SECRET = re.compile(rf"(?i){_NAME}['\"]?[ \t]*[:=](?!\s*(?:{_REFERENCE}|#\s|[|>][-+0-9]{{0,2}}\s*$|$))")
_OPEN_SECRET = re.compile(rf"(?i){_NAME}['\"]?[ \t]*:[ \t]*[|>&]?[-+\w]{{0,20}}[ \t]*$")
_GLUED_HASH = re.compile(r"(?<=[\s\[{,])#[^\s#!]")
_LONGEST_SHOWN = 300  # characters; a longer line helps nobody
_HARMLESS = re.compile(r"\s*(?:(?:env|file|sops|keyring|exec|replaces)\s*:\s|[{}#]|$)")


class Source:
    """One file: the name that findings show, and its text without a byte-order mark."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._hidden: set[int] = set()

    @cached_property
    def lines(self) -> list[str]:
        return _BREAK.split(self.text)

    def hide(self, line: int) -> None:
        """Never show this line (counted from 0): it holds a secret."""
        self._hidden.add(line)

    def line(self, line: int) -> str:
        """A line counted from 0; empty past the end."""
        return self.lines[line] if 0 <= line < len(self.lines) else ""

    def shown(self, line: int) -> str:
        """The line as a finding may show it: empty where it holds, or could hold, a secret."""
        text = self.line(line)
        if len(text) > _LONGEST_SHOWN or line in self._hidden or _LITERAL_SECRET.search(text):
            return ""
        before = self.line(line - 1)
        continued = _LITERAL_SECRET.search(before) and _indent(text) > _indent(before)
        return "" if continued or (_OPEN_SECRET.search(before) and not _HARMLESS.match(text)) else text

    @cached_property
    def glued_hashes(self) -> frozenset[int]:
        """Lines (from 0) with a ` #` that text follows without a space: mostly a value that should be quoted."""
        if not _GLUED_HASH.search(self.text):
            return frozenset()
        return frozenset(number for number, line in enumerate(self.lines) if _GLUED_HASH.search(line))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))

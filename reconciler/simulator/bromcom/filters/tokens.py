"""Cuts a filter into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class FilterError(ValueError):
    """A filter that cannot be used; the text is what the service answers with."""


class Kind(StrEnum):
    NAME = "name"  # also keywords and function names
    TEXT = "text"
    NUMBER = "number"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is the value without quotes or brackets; `quoted` is a name in brackets, which is never a keyword."""

    kind: Kind
    text: str
    quoted: bool = False

    def is_word(self, *words: str) -> bool:
        return self.kind is Kind.NAME and not self.quoted and self.text.upper() in words

    def is_sign(self, *signs: str) -> bool:
        return self.kind is Kind.SIGN and self.text in signs


_TOKEN = re.compile(
    r"""\s*(?:
      [Nn]?'(?P<text>(?:[^']|'')*)'
    | (?P<number>[-+]?\d+(?:\.\d+)?)(?![\w.])
    | \[(?P<bracket>[^\]]+)\]
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign><>|!=|<=|>=|<|>|=|\(|\)|,)
    )""",
    re.VERBOSE,
)


def tokenize(text: str) -> list[Token]:
    """The tokens of a filter with an END behind them; raises FilterError."""
    tokens: list[Token] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place, end)
        if not match:
            rest = text[place:end].lstrip()
            if rest.startswith("'"):
                raise FilterError("Unclosed quotation mark after the character string.")
            raise FilterError(f"Incorrect syntax near '{rest[:1]}'.")
        tokens.append(_token(match))
        place = match.end()
    return [*tokens, Token(Kind.END, "")]


def _token(match: re.Match[str]) -> Token:
    if (text := match["text"]) is not None:
        return Token(Kind.TEXT, text.replace("''", "'"))
    if match["number"]:
        return Token(Kind.NUMBER, match["number"])
    if match["bracket"]:
        return Token(Kind.NAME, match["bracket"], quoted=True)
    if match["name"]:
        return Token(Kind.NAME, match["name"])
    return Token(Kind.SIGN, match["sign"])

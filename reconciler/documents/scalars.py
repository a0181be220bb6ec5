"""What a plain scalar means: our own few rules instead of YAML 1.1's many.

Null is `null`, `~` or nothing; `true` and `false` are themselves; plain integers without a leading zero and decimals
with a dot are numbers. Everything else is text: `13:00`, `1:5`, `012345`, `7E1`, `NO`, `on`, dates, and numbers too
long for 64 bits, which would not survive being written down again.
"""

from __future__ import annotations

import re
from typing import TypeAlias

Plain: TypeAlias = str | int | float | bool | None

_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]{0,17})\Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]+\Z")
_WORDS: dict[str, Plain] = {"": None, "~": None, "null": None, "true": True, "false": False}
_MAY_BE_MORE = frozenset("~ntf-0123456789")

_CORE = "tag:yaml.org,2002:"
CORE_TAGS: dict[str, tuple[type, ...]] = {
    f"{_CORE}str": (str,),
    f"{_CORE}int": (int,),
    f"{_CORE}float": (float, int),
    f"{_CORE}bool": (bool,),
    f"{_CORE}null": (type(None),),
}
"""The tags of YAML itself, which only repeat what a value is; any other tag is refused."""


def resolve(text: str) -> Plain:
    """The value of an unquoted scalar."""
    if text and text[0] not in _MAY_BE_MORE:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _DECIMAL.match(text) else text

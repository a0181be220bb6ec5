"""Unique pupil numbers: check letter and the temporary form (`protocols.md` 6.6)."""

from __future__ import annotations

import re

_ALPHABET = "ABCDEFGHJKLMNPQRTUVWXYZ"
_SHAPE = re.compile(r"[A-Z]\d{11}[0-9A-Z]\Z")


def check_letter(tail: str) -> str:
    """The letter that belongs in front of the other twelve characters.

    The last may be a letter of the alphabet (a temporary UPN). Raises ValueError on any other character.
    """
    total = sum(weight * _value(character) for weight, character in enumerate(tail, start=2))
    return _ALPHABET[total % len(_ALPHABET)]


def _value(character: str) -> int:
    return int(character) if character.isdigit() else _ALPHABET.index(character)


def is_valid(upn: str) -> bool:
    """Whether shape and check letter agree."""
    if not _SHAPE.match(upn):
        return False
    try:
        return check_letter(upn[1:]) == upn[0]
    except ValueError:
        return False


def is_temporary(upn: str) -> bool:
    """A temporary UPN ends in a letter and by itself never merges two people (C3)."""
    return bool(_SHAPE.match(upn)) and upn[-1].isalpha()

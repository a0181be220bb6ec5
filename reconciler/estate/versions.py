"""Versions of the Schoolcomms client: a number, then a letter (SC, rule 164)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_VERSION = re.compile(r"(\d+(?:\.\d+)*)([A-Z]?)\Z")


@dataclass(frozen=True, slots=True, order=True)
class ClientVersion:
    """Compares by number, then by letter: 9.6D < 9.6E < 9.10A."""

    numbers: tuple[int, ...]
    letter: str

    @classmethod
    def parse(cls, text: str) -> ClientVersion:
        """Reads `9.6D`; raises ValueError."""
        match = _VERSION.match(text)
        if not match:
            raise ValueError(f"a client version is written like 9.6D, not {text!r}")
        return cls(tuple(int(part) for part in match[1].split(".")), match[2])

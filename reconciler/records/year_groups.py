"""Year groups as schools write them, and the one that follows (C26)."""

from __future__ import annotations

import re

_NUMBERED = re.compile(r"(?:year|yr|y)?\s*0*(\d{1,2})\Z", re.IGNORECASE)
_RECEPTION = frozenset({"r", "rec", "reception"})
_PHASE = re.compile(r"\s*\d{1,2}\s*-\s*(\d{1,2})\s*\Z")
LAST = 13  # the last year group of any school in England


def year_number(text: str | None) -> int | None:
    """Reception is 0, year 7 is 7, written `7`, `07`, `Y7` or `Year 7`; None for nothing and for anything else."""
    if not text:
        return None
    if text.casefold() in _RECEPTION:
        return 0
    match = _NUMBERED.match(text)
    return int(match[1]) if match and 1 <= int(match[1]) <= LAST else None


def last_of_phase(phase: str) -> int | None:
    """The last year group of a school for these ages: 11 of `11-16`, 13 of `11-18`; None where the text is another."""
    match = _PHASE.match(phase)
    return min(int(match[1]) - 5, LAST) if match and int(match[1]) >= 6 else None

"""Edits of the practice's estate file, as a data manager would make them by hand."""

from __future__ import annotations

import re
from pathlib import Path

_REMOVED = "removed:"


class EstateFile:
    """The practice's estate. Edits add to each other until `as_shipped` undoes them all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._shipped = path.read_text("utf-8")

    @property
    def _text(self) -> str:
        return self._path.read_text("utf-8")

    def as_shipped(self) -> None:
        """Undoes every edit."""
        self._path.write_text(self._shipped, "utf-8")

    def without_partner(self, code: str, *, reason: str) -> None:
        """Takes a partner and its map out, and says so under `removed:` (VS, rule 25)."""
        text = _cut(self._text, rf"(?m)^  {code}: \{{colour.*\n(?:        .*\n)*")
        text = _cut(text, rf"(?m)^  {code}: \{{2026-2027.*\n")
        entry = f"  - {{address: partner.{code}, data: keep, reason: {reason}}}\n"
        place = text.index("\n", text.index(f"\n{_REMOVED}") + 1) + 1
        self._path.write_text(text[:place] + entry + text[place:], "utf-8")

    def map_again(self, code: str, *, attachment: int) -> None:
        """Declares the partner's map anew, for its next attachment (VS, rule 29)."""
        self._replace(rf"(?m)^  {code}: \{{2026-2027: \{{", f"  {code}: {{2026-2027: {{attachment: {attachment}, ")

    def claim_unique_admission_numbers(self) -> None:
        """Claims what is not true in the example: 004512 is a number at two schools (VS, rules 10 and 11)."""
        self._replace(r"admission_numbers_unique: false", "admission_numbers_unique: true")

    def _replace(self, pattern: str, by: str) -> None:
        text, found = re.subn(pattern, by, self._text, count=1)
        if not found:
            raise ValueError(f"the example estate has no {pattern}")
        self._path.write_text(text, "utf-8")


def _cut(text: str, pattern: str) -> str:
    shorter, found = re.subn(pattern, "", text, count=1)
    if not found:
        raise ValueError(f"the example estate has no {pattern}")
    return shorter

"""What one estate may cost to read, whoever wrote it (bounds against hostile or broken files)."""

from __future__ import annotations

from dataclasses import dataclass

MAX_LEVELS = 50
"""Maps and lists inside each other, counted after aliases are followed."""

MAX_NODES = 2_000_000
"""Keys, values, maps and lists of the whole estate, counted after aliases are followed."""

MAX_BYTES = 50_000_000
"""Bytes of all files of the estate together."""

MAX_FILES = 100
"""Files that one estate may consist of."""


@dataclass(slots=True)
class Spent:
    """What the files read so far have used up; shared by all files of one estate."""

    nodes: int = 0
    bytes: int = 0
    files: int = 0

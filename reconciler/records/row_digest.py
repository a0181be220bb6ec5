"""The 64-bit digest of a canonical row, salted with the version of the mapping that made it."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

import orjson

CanonicalRow = tuple[object, ...]


def digester(mapping_version: str) -> Callable[[CanonicalRow], int]:
    """A function from a row to its signed 64-bit digest, equal for equal rows under one mapping version."""
    salted = blake2b(mapping_version.encode(), digest_size=8)

    def digest(row: CanonicalRow) -> int:
        state = salted.copy()
        state.update(orjson.dumps(row))
        return int.from_bytes(state.digest(), "big", signed=True)

    return digest

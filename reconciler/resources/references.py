"""Addresses that a resource stands on."""

from __future__ import annotations

from collections.abc import Iterable


def needs(*references: tuple[str, str]) -> tuple[str, ...]:
    """The addresses of (kind, name) pairs, sorted and each once; a pair without a name is none."""
    return tuple(sorted({f"{kind}.{name}" for kind, name in references if name}))


def schools_of(ids: Iterable[object]) -> tuple[tuple[str, str], ...]:
    """The (kind, name) pairs of the schools that ids like `AVN:10233` belong to; `manual:G1` belongs to none."""
    codes = {str(text).partition(":")[0] for text in ids if ":" in str(text)}
    return tuple(("school", code) for code in sorted(codes - {"manual"}))

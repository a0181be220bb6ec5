"""The nearest of known names, for "did you mean"."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """Up to `most` known names near `word`, best first; case is forgiven before spelling is."""
    names = sorted(set(known))
    folded = {name.casefold(): name for name in names}
    if word.casefold() in folded:
        return [folded[word.casefold()]]
    near = get_close_matches(word.casefold(), folded, n=most, cutoff=0.6)
    return [folded[n] for n in near]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x' or 'y'?`, or the empty text where nothing is near."""
    found = nearest(word, known)
    return "did you mean " + " or ".join(repr(name) for name in found) + "?" if found else ""

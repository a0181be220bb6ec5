"""How findings list names and suggest others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.vocabulary.suggestions import did_you_mean


def listed(names: Iterable[str], *, most: int = 3) -> str:
    """`AVN`, `AVN and BRK`, `AVN, BRK, CST and 4 more`."""
    every = list(names)
    shown = every[:most]
    if len(every) > most:
        return f"{', '.join(shown)} and {len(every) - most} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def choose(word: str, known: Iterable[str], *, where: str) -> str:
    """The hint for an unknown name: the nearest, else what there is, else where to declare it."""
    names = sorted(known)
    near = did_you_mean(word, names)
    if near:
        return near
    return f"{where} declares {listed(names, most=6)}" if names else f"declare it under {where}"


def plural(count: int, singular: str, several: str = "") -> str:
    """`1 slot`, `3 slots`."""
    return f"{count} {singular if count == 1 else several or singular + 's'}"


def first_few(items: Sequence[object], *, most: int = 3) -> str:
    """The first of many, as text."""
    return listed((str(item) for item in items), most=most)

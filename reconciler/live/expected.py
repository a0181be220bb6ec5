"""Differences that somebody answers for until a day: listed apart while they last, drift again afterwards."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

from reconciler.live.difference import Difference, Expectation
from reconciler.live.rules import known_field


@dataclass(frozen=True, slots=True)
class Sorted:
    """The differences, told apart; `unused` are expectations that fit nothing although it was asked for."""

    found: tuple[Difference, ...]
    expected: tuple[tuple[Difference, Expectation], ...]
    unused: tuple[Expectation, ...]


def sort_out(differences: Sequence[Difference], expectations: Sequence[Expectation], *, today: date,
             judged: Collection[tuple[str, str]]) -> Sorted:  # fmt: skip
    """`until` is the last day that counts. `judged` are the fields that were asked for and told: an expectation of
    anything else is neither used nor unused, unless no such field is ever compared."""
    by_key = {expectation.key: expectation for expectation in expectations}
    found, expected = [], []
    for one in differences:
        expectation = by_key.get(one.key)
        if expectation is None:
            found.append(one)
        elif expectation.until < today:
            found.append(replace(one, lapsed=_lapsed(expectation)))
        else:
            expected.append((one, expectation))
    met = {one.key for one in differences}
    unused = tuple(e for e in expectations if e.key not in met and (e.key in judged or not known_field(e.field)))
    return Sorted(tuple(found), tuple(expected), unused)


def _lapsed(expectation: Expectation) -> str:
    return f"was expected until {expectation.until} ({expectation.why}); {expectation.owner} answers for it"

"""The benchmarks, in the order of the table. Another one is a module with `run` and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks import documents, plan
from benchmarks.measure import Row

Bench = Callable[..., Iterator[Row]]

BENCHES: dict[str, Bench] = {
    "documents": documents.run,
    "plan": plan.run,
}
"""Each takes `runs` (medians of so many) and `sizes` (resources of the estate) and yields its rows."""

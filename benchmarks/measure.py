"""Timing that two runs on a noisy machine agree on: turns taken in one process, medians told."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: seconds, how many times the yardstick that is, and the goal where there is one."""

    bench: str
    name: str
    seconds: float
    ratio: float | None = None
    goal: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """Whether the goal is met; empty without a goal."""
        if self.goal is None or self.ratio is None:
            return ""
        return "met" if self.ratio <= self.goal else "MISSED"


def medians(jobs: Mapping[str, Callable[[], object]], *, runs: int) -> dict[str, float]:
    """Median seconds of each job; the jobs take turns, each starts with a clean heap and the collector on."""
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(runs):
        for name, job in jobs.items():
            gc.collect()
            start = time.perf_counter()
            result = job()
            taken[name].append(time.perf_counter() - start)
            del result
    return {name: statistics.median(seconds) for name, seconds in taken.items()}

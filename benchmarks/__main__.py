"""`python -m benchmarks [NAME]... [--runs N] [--sizes 1000,10000] [--strict]`."""

from __future__ import annotations

import argparse
import sys

from benchmarks.measure import Row
from benchmarks.registry import BENCHES

_HEAD = f"{'bench':<20} {'what':<28} {'seconds':>9} {'ratio':>7} {'goal':>6}"


def main() -> int:
    """Runs the benchmarks named, or all; with --strict a missed goal is exit code 1."""
    options = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed as ratios to a yardstick.")
    options.add_argument("names", nargs="*", help=f"which to run: {', '.join(BENCHES)}")
    options.add_argument("--runs", type=int, default=3, help="medians of so many runs (default 3)")
    options.add_argument("--sizes", default="1000,10000", help="resources of the estate (default 1000,10000)")
    options.add_argument("--strict", action="store_true", help="exit 1 when a goal is missed")
    chosen = options.parse_args()
    unknown = [name for name in chosen.names if name not in BENCHES]
    if unknown:
        options.error(f"no benchmark is called {unknown[0]}; there are {', '.join(BENCHES)}")
    print(_HEAD)
    missed = False
    for name in chosen.names or BENCHES:
        for row in BENCHES[name](runs=chosen.runs, sizes=tuple(int(size) for size in chosen.sizes.split(","))):
            print(_line(row), flush=True)
            missed = missed or row.verdict == "MISSED"
    return 1 if missed and chosen.strict else 0


def _line(row: Row) -> str:
    ratio = f"{row.ratio:.3f}" if row.ratio is not None else ""
    goal = f"{row.goal:g}" if row.goal is not None else ""
    return f"{row.bench:<20} {row.name:<28} {row.seconds:>9.4f} {ratio:>7} {goal:>6} {row.verdict} {row.note}".rstrip()


if __name__ == "__main__":
    sys.exit(main())

"""The whole command `reconcile plan`, start-up included, beside `yaml.load` with CSafeLoader of the same text."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.estate import estate_text
from benchmarks.measure import Row

NO_OP_GOAL = 1.5
CREATE_GOAL = 1.2  # times the no-op plan
LARGE = 10_000  # resources from which on the goals hold
_COMMAND = (sys.executable, "-c", "from reconciler.cli.main import main; main()")
_YARDSTICK = """
import sys, time, yaml
text = open(sys.argv[1], encoding="utf-8").read()
start = time.perf_counter(); yaml.load(text, Loader=yaml.CSafeLoader); print(time.perf_counter() - start)
"""


def run(*, runs: int, sizes: tuple[int, ...]) -> Iterator[Row]:
    """Each in a process of its own, in turns: the yardstick, a plan that creates all, a plan with nothing to do."""
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            yield from _one_size(size, runs, Path(folder))


def _one_size(size: int, runs: int, folder: Path) -> Iterator[Row]:
    path = folder / "estate.yaml"
    path.write_text(estate_text(size), "utf-8")
    for store in ("empty", "applied"):
        _reconcile(folder, store, "state", "init")
    _reconcile(folder, "applied", "apply", "--auto-approve")
    taken: dict[str, list[float]] = {"yaml.load": [], "plan, all to create": [], "plan, nothing to do": []}
    for _ in range(runs):
        taken["yaml.load"].append(float(_output(sys.executable, "-c", _YARDSTICK, str(path))))
        taken["plan, all to create"].append(_seconds(folder, "empty"))
        taken["plan, nothing to do"].append(_seconds(folder, "applied"))
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    yardstick, no_op = medians["yaml.load"], medians["plan, nothing to do"]
    goals = {"plan, nothing to do": NO_OP_GOAL, "plan, all to create": CREATE_GOAL * no_op / yardstick}
    if size < LARGE:  # start-up is most of a small plan, and no YAML is read meanwhile: shown, not judged
        goals = {}
    for name, seconds in medians.items():
        yield Row(bench=f"plan {size:,}", name=name, seconds=seconds, ratio=seconds / yardstick, goal=goals.get(name))


def _seconds(folder: Path, store: str) -> float:
    start = time.perf_counter()
    _reconcile(folder, store, "plan")
    return time.perf_counter() - start


def _reconcile(folder: Path, store: str, *words: str) -> None:
    environment = {**os.environ, **_keys(folder), "RECONCILE_ACTOR": "dpo",
                   "RECONCILE_ESTATE": str(folder / "estate.yaml"),
                   "RECONCILE_STORE": f"sqlite:///{folder / store / 'store.db'}"}  # fmt: skip
    subprocess.run([*_COMMAND, *words], env=environment, stdout=subprocess.DEVNULL, check=True)


def _keys(folder: Path) -> dict[str, str]:
    """A Data Exchange Key for every partner of the generated estate."""
    names = set(re.findall(r"REC_KEY_[A-Z]+", (folder / "estate.yaml").read_text("utf-8")))
    return {name: f"key of {name}" for name in names}


def _output(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout

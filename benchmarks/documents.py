"""Reading an estate, beside `yaml.load` with CSafeLoader (collector on) of the same text."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from benchmarks.estate import estate_text
from benchmarks.measure import Row, medians
from reconciler.documents.findings import Findings
from reconciler.documents.limits import Spent
from reconciler.documents.parse import parse
from reconciler.documents.read import read_document
from reconciler.documents.schemas import estate_schema
from reconciler.documents.source import Source

PLAN_GOAL = 1.5
SCHEMA_GOAL = 0.1


def run(*, runs: int, sizes: tuple[int, ...]) -> Iterator[Row]:
    """Parsing alone, the schema check alone, and the whole of `read_document`, for each size."""
    for size in sizes:
        yield from _one_size(size, runs)


def _one_size(size: int, runs: int) -> Iterator[Row]:
    text = estate_text(size)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "estate.yaml")
        path.write_text(text, encoding="utf-8")
        document = read_document(path)
        assert document.digest, "the generated estate must be valid"
        value, schema = document.value, estate_schema()
        taken = medians(
            {
                "yaml.load": lambda: yaml.load(text, Loader=yaml.CSafeLoader),
                "parse with positions": lambda: _parse(text),
                "schema check": lambda: schema.is_valid(value),
                "read_document": lambda: read_document(path),
            },
            runs=runs,
        )
    yardstick = taken["yaml.load"]
    goals = {"schema check": (SCHEMA_GOAL, ""), "read_document": (PLAN_GOAL, "(the goal is the whole plan's)")}
    for name, seconds in taken.items():
        goal, note = goals.get(name, (None, ""))
        ratio = seconds / yardstick
        yield Row(bench=f"documents {size:,}", name=name, seconds=seconds, ratio=ratio, goal=goal, note=note)


def _parse(text: str) -> object:
    findings, source = Findings(), Source("estate.yaml", text)
    findings.sources.append(source)
    return parse(source, findings, Spent())

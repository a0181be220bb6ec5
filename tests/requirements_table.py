"""`make requirements`: every numbered rule with the tests that carry it, as pytest itself collects them."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
RULES = 233
_SHOWN = 6  # tests that are listed of one rule; the rest are counted


class _Collector:
    """Gathers the marks of every test that pytest finds, parametrised ones included."""

    def __init__(self) -> None:
        self.found: dict[int, dict[str, None]] = defaultdict(dict)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for mark in item.iter_markers("requirement"):
                for number in mark.args:
                    self.found[int(number)][re.sub(r"\[.*\]\Z", "", item.nodeid)] = None


def carried() -> dict[int, list[str]]:
    """Rule number -> tests that are marked with it. Exits when the tests cannot be collected."""
    collector = _Collector()
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = pytest.main(["--collect-only", "-q", "-n", "0", str(TESTS)], plugins=[collector])
    if code:
        sys.exit(f"the tests cannot be collected:\n{said.getvalue()}")
    return {number: list(tests) for number, tests in collector.found.items()}


def main() -> None:
    found = carried()
    for number in range(1, RULES + 1):
        tests = found.get(number, [])
        print(f"{number:>4}  {len(tests):>2}  {tests[0] if tests else '-'}")
        for test in tests[1:_SHOWN]:
            print(f"          {test}")
        if len(tests) > _SHOWN:
            print(f"          and {len(tests) - _SHOWN} more")
    print(f"{sum(bool(found.get(n)) for n in range(1, RULES + 1))} of {RULES} rules have a test")
    strange = sorted(n for n in found if not 1 <= n <= RULES)
    if strange:
        sys.exit(f"no such rule: {strange}")


if __name__ == "__main__":
    main()

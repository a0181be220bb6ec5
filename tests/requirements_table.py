"""`make requirements`: every numbered rule with the tests that carry it."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parent
RULES = 233


def carried() -> dict[int, list[str]]:
    """Rule number -> ids of the tests that are marked with it, read from the sources without running them."""
    found: dict[int, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        module_wide = [n for node in tree.body if isinstance(node, ast.Assign) for n in _numbers(node.value)]
        for name, node in _tests(tree):
            numbers = [n for decorator in node.decorator_list for n in _numbers(decorator)]
            for number in {*numbers, *module_wide}:
                found[number].append(f"{path.relative_to(TESTS.parent)}::{name}")
    return found


def _tests(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            yield node.name, node


def _numbers(node: ast.AST) -> list[int]:
    return [
        argument.value
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "requirement"
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, int)
    ]


def main() -> None:
    found = carried()
    for number in range(1, RULES + 1):
        tests = found.get(number, [])
        print(f"{number:>4}  {len(tests):>2}  {tests[0] if tests else '-'}")
        for test in tests[1:]:
            print(f"          {test}")
    print(f"{sum(bool(found.get(n)) for n in range(1, RULES + 1))} of {RULES} rules have a test")
    strange = sorted(n for n in found if not 1 <= n <= RULES)
    if strange:
        sys.exit(f"no such rule: {strange}")


if __name__ == "__main__":
    main()

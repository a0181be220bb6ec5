"""The evaluator agrees with a naive one, written from the truth tables, on random filters over random rows."""

# ruff: noqa: DTZ001 (the service speaks in school-local wall clock)
from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.simulator.bromcom.catalogue import Column, EntityTable
from reconciler.simulator.bromcom.filters.evaluate import compile_filter
from reconciler.simulator.bromcom.filters.parse import parse

NOW = datetime(2026, 11, 23, 8, 40)
COLUMNS = (Column("Num", "int", "seen"), Column("Txt", "string", "seen"), Column("Day", "dateTime", "seen"),
           Column("Flag", "boolean", "seen"))  # fmt: skip
ENTITY = EntityTable(name="T", columns=COLUMNS, by_name={c.name.lower(): n for n, c in enumerate(COLUMNS)})

Tree = tuple[Any, ...]

numbers = st.integers(-3, 3)
texts = st.text(alphabet="aB'é%_ ", max_size=4)
days = st.sampled_from([datetime(2026, 11, day) for day in (21, 22, 23, 24)])
flags = st.booleans()
_VALUES: list[st.SearchStrategy[Any]] = [numbers, texts, days, flags]
rows = st.tuples(*(st.none() | values for values in _VALUES))


def _literal(draw: st.DrawFn, value: Any) -> str:
    if isinstance(value, bool):
        return draw(st.sampled_from([f"'{value}'", str(int(value))]))
    if isinstance(value, int):
        return draw(st.sampled_from([str(value), f"'{value}'"]))
    if isinstance(value, datetime):
        return f"'{value:{draw(st.sampled_from(['%Y%m%d', '%Y-%m-%d', '%Y-%m-%dT%H:%M:%S']))}}'"
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


@st.composite
def conditions(draw: st.DrawFn) -> tuple[str, Tree]:
    """One test of a column as text, and the same as a tree with the literal's value."""
    place = draw(st.integers(0, 3))
    name = draw(st.sampled_from([COLUMNS[place].name, COLUMNS[place].name.upper(), f"[{COLUMNS[place].name}]"]))
    value = draw(_VALUES[place])
    literal = _literal(draw, value)
    kind = draw(st.sampled_from(["compare", "null", "in", "between", *(["like"] if place == 1 else [])]))
    negative = draw(st.booleans())
    no = "NOT " if negative else ""
    if kind == "compare":
        sign = draw(st.sampled_from(["=", "<>", "<", "<=", ">", ">="]))
        if draw(st.booleans()):
            return f"{name} {sign} {literal}", ("compare", place, sign, value)
        turned = sign.translate(str.maketrans("<>", "><")) if sign != "<>" else sign
        return f"{literal} {turned} {name}", ("compare", place, sign, value)
    if kind == "null":
        return f"{name} IS {no}NULL", ("not", ("null", place)) if negative else ("null", place)
    if kind == "like":
        return f"{name} {no}LIKE {literal}", _maybe_not(negative, ("like", place, value))
    other = draw(_VALUES[place])
    second = _literal(draw, other)
    if kind == "in":
        return f"{name} {no}IN ({literal}, {second})", _maybe_not(negative, ("in", place, [value, other]))
    return f"{name} {no}BETWEEN {literal} AND {second}", _maybe_not(negative, ("between", place, value, other))


def _maybe_not(negative: bool, tree: Tree) -> Tree:
    return ("not", tree) if negative else tree


@st.composite
def joined(draw: st.DrawFn, children: st.SearchStrategy[tuple[str, Tree]]) -> tuple[str, Tree]:
    """Two conditions under AND or OR, or one under NOT, in parentheses."""
    word = draw(st.sampled_from(["and", "or", "not"]))
    text, tree = draw(children)
    if word == "not":
        return f"NOT ({text})", ("not", tree)
    other_text, other = draw(children)
    return f"({text}) {word.upper()} ({other_text})", (word, tree, other)


filters = st.recursive(conditions(), joined, max_leaves=6)


def _truth(tree: Tree, row: tuple[Any, ...]) -> int:
    """Kleene's logic as numbers: 0 false, 1 unknown, 2 true."""
    kind = tree[0]
    if kind == "and":
        return min(_truth(tree[1], row), _truth(tree[2], row))
    if kind == "or":
        return max(_truth(tree[1], row), _truth(tree[2], row))
    if kind == "not":
        return 2 - _truth(tree[1], row)
    value = row[tree[1]]
    if kind == "null":
        return 2 if value is None else 0
    return 1 if value is None else 2 * _holds(tree, value)


def _holds(tree: Tree, value: Any) -> bool:
    kind, rest = tree[0], tree[2:]
    if kind == "like":
        return _like(value.rstrip(" ").lower(), rest[0].lower())
    one = _plain(value)
    if kind == "in":
        return any(one == _plain(option) for option in rest[0])
    if kind == "between":
        return bool(_plain(rest[0]) <= one <= _plain(rest[1]))
    sign, other = rest[0], _plain(rest[1])
    order = (one > other) - (one < other)
    return order in {"=": [0], "<>": [-1, 1], "<": [-1], "<=": [-1, 0], ">": [1], ">=": [0, 1]}[sign]


def _plain(value: Any) -> Any:
    return value.rstrip(" ").lower() if isinstance(value, str) else value


def _like(text: str, pattern: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(_like(text[start:], pattern[1:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in {"_", text[0]} and _like(text[1:], pattern[1:])


@given(filters, rows)
def test_the_evaluator_agrees_with_the_truth_tables(made: tuple[str, Tree], row: tuple[Any, ...]) -> None:
    """A row passes exactly when the naive evaluation of the same condition is true, not merely unknown."""
    text, tree = made
    assert compile_filter(parse(text), ENTITY, now=NOW)(row) is (_truth(tree, row) == 2)

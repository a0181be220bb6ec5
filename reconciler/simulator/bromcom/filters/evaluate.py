"""Turns a filter's tree into a predicate over rows, with SQL's three-valued logic and type precedence.

Each part is compiled once to a closure that answers True, False or None (unknown); literals are converted once. Where
types differ, both sides become the higher of: dateTime, number, boolean, text. Text compares without regard to
capitals and to trailing spaces, as the usual collation does.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.simulator.bromcom.catalogue import EntityTable
from reconciler.simulator.bromcom.filters import parse as tree
from reconciler.simulator.bromcom.filters.tokens import FilterError

Row = tuple[Any, ...]
Predicate = Callable[[Row], bool]
_Logic = Callable[[Row], bool | None]
_Read = Callable[[Row], Any]

_RANK = {"dateTime": 3, "number": 2, "boolean": 1, "string": 0, "null": -1}
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_EPOCH = datetime(1900, 1, 1)  # noqa: DTZ001 (wall clock; what an empty text becomes as a date)
_COMPACT = re.compile(r"\d{8}\Z")


@dataclass(frozen=True, slots=True)
class _Scalar:
    """A value with its type; `fixed` when it is the same for every row."""

    type: str
    read: _Read
    fixed: bool = False


def compile_filter(condition: tree.Condition | None, entity: EntityTable, *, now: datetime) -> Predicate:
    """A predicate over the entity's rows; `now` is what GETDATE() answers. Raises FilterError.

    The predicate itself raises FilterError where a row's text cannot be converted, as a database would.
    """
    if condition is None:
        return lambda _row: True
    logic = _Compiler(entity, now).logic(condition)
    return lambda row: logic(row) is True


@dataclass(frozen=True, slots=True)
class _Compiler:
    entity: EntityTable
    now: datetime

    def logic(self, node: tree.Node) -> _Logic:
        match node:
            case tree.And(parts):
                return _and([self.logic(part) for part in parts])
            case tree.Or(parts):
                return _or([self.logic(part) for part in parts])
            case tree.Not(condition):
                return _not(self.logic(condition))
            case _:
                return self._test(node)

    def _test(self, node: tree.Node) -> _Logic:
        match node:
            case tree.IsNull(value):
                read = self.scalar(value).read
                return lambda row: read(row) is None
            case tree.Compare(sign, left, right):
                return self._compare(sign, left, right)
            case tree.Between(value, low, high):
                return _and([self._compare(">=", value, low), self._compare("<=", value, high)])
            case tree.Like(value, pattern):
                return self._like(value, pattern)
            case tree.In(value, options):
                return self._in(value, options)
            case _:
                raise FilterError("An expression of non-boolean type specified where a condition is expected.")

    def scalar(self, node: tree.Node) -> _Scalar:
        match node:
            case tree.Literal(value):
                return _Scalar(_type_of(value), lambda _row: value, fixed=True)
            case tree.Name(column):
                place = self.entity.place(column)
                if place is None:
                    raise FilterError(f"Invalid column name '{column}'.")
                kind = self.entity.columns[place].type
                return _Scalar("number" if kind == "int" else kind, operator.itemgetter(place))
            case tree.Call("GETDATE"):
                return _Scalar("dateTime", lambda _row: self.now, fixed=True)
            case tree.Call("ISNULL", (value, otherwise)):
                return self._isnull(value, otherwise)
            case tree.Call("CONVERT", (value,), kind):
                return self._convert(value, date_only=kind == "DATE")
            case _:
                raise FilterError("Incorrect syntax near the keyword.")

    def _isnull(self, value: tree.Node, otherwise: tree.Node) -> _Scalar:
        """ISNULL answers in the type of its first argument."""
        first = self.scalar(value)
        if first.type == "null":
            return self.scalar(otherwise)
        second = _as(self.scalar(otherwise), first.type)
        read, default = first.read, second.read

        def answer(row: Row) -> Any:
            found = read(row)
            return default(row) if found is None else found

        return _Scalar(first.type, answer, fixed=first.fixed and second.fixed)

    def _convert(self, value: tree.Node, *, date_only: bool) -> _Scalar:
        moment = _as(self.scalar(value), "dateTime")
        if not date_only:
            return moment
        read = moment.read

        def midnight(row: Row) -> Any:
            found = read(row)
            return None if found is None else found.replace(hour=0, minute=0, second=0, microsecond=0)

        return _Scalar("dateTime", midnight, fixed=moment.fixed)

    def _pair(self, left: tree.Node, right: tree.Node) -> tuple[_Read, _Read]:
        a, b = self.scalar(left), self.scalar(right)
        kind = max(a.type, b.type, key=_RANK.__getitem__)
        return _comparable(_as(a, kind)), _comparable(_as(b, kind))

    def _compare(self, sign: str, left: tree.Node, right: tree.Node) -> _Logic:
        (read_a, read_b), test = self._pair(left, right), _COMPARE[sign]

        def answer(row: Row) -> bool | None:
            a, b = read_a(row), read_b(row)
            return None if a is None or b is None else test(a, b)

        return answer

    def _like(self, value: tree.Node, pattern: tree.Node) -> _Logic:
        subject, mask = _as(self.scalar(value), "string"), _as(self.scalar(pattern), "string")
        read, read_mask = subject.read, mask.read
        fixed = _pattern(read_mask(())) if mask.fixed else None

        def answer(row: Row) -> bool | None:
            text = read(row)
            compiled = fixed if mask.fixed else _pattern(read_mask(row))
            return None if text is None or compiled is None else compiled.match(text.rstrip(" ")) is not None

        return answer

    def _in(self, value: tree.Node, options: tuple[tree.Node, ...]) -> _Logic:
        kind = self.scalar(value).type
        scalars = [self.scalar(option) for option in options]
        if not all(s.fixed and _RANK[s.type] <= _RANK[kind] for s in scalars):
            return _or([self._compare("=", value, option) for option in options])
        read = _comparable(self.scalar(value))
        found = {_comparable(_as(s, kind))(()) for s in scalars}
        has_null = None in found

        def answer(row: Row) -> bool | None:  # a set, since clients list a thousand ids
            subject = read(row)
            if subject is None:
                return None
            return True if subject in found else (None if has_null else False)

        return answer


def _and(parts: list[_Logic]) -> _Logic:
    def answer(row: Row) -> bool | None:
        unknown = False
        for part in parts:
            found = part(row)
            if found is False:
                return False
            unknown = unknown or found is None
        return None if unknown else True

    return answer


def _or(parts: list[_Logic]) -> _Logic:
    def answer(row: Row) -> bool | None:
        unknown = False
        for part in parts:
            found = part(row)
            if found is True:
                return True
            unknown = unknown or found is None
        return None if unknown else False

    return answer


def _not(part: _Logic) -> _Logic:
    def answer(row: Row) -> bool | None:
        found = part(row)
        return None if found is None else not found

    return answer


def _type_of(value: str | int | float | None) -> str:
    if value is None:
        return "null"
    return "string" if isinstance(value, str) else "number"


def _as(scalar: _Scalar, kind: str) -> _Scalar:
    """The scalar converted to a type; a fixed one is converted now, so that what cannot be is refused at once."""
    if kind in {scalar.type, "null"}:
        return scalar
    if scalar.type == "null":
        return _Scalar(kind, scalar.read, fixed=True)
    convert, read = _TO[kind], scalar.read
    if scalar.fixed:
        value = convert(read(()))
        return _Scalar(kind, lambda _row: value, fixed=True)

    def converted(row: Row) -> Any:
        found = read(row)
        return None if found is None else convert(found)

    return _Scalar(kind, converted)


def _comparable(scalar: _Scalar) -> _Read:
    if scalar.type != "string":
        return scalar.read
    read = scalar.read
    if scalar.fixed:
        value = read(())
        folded = None if value is None else _fold(value)
        return lambda _row: folded

    def answer(row: Row) -> Any:
        found = read(row)
        return None if found is None else _fold(found)

    return answer


def _fold(text: str) -> str:
    return text.rstrip(" ").casefold()


def _pattern(text: str | None) -> re.Pattern[str] | None:
    if text is None:
        return None
    parts = {"%": ".*", "_": "."}
    return re.compile("".join(parts.get(c, re.escape(c)) for c in text) + r"\Z", re.IGNORECASE | re.DOTALL)


def _to_moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise FilterError("Operand type clash: a number is incompatible with datetime.")
    text = value.strip()
    if not text:
        return _EPOCH
    try:
        if _COMPACT.match(text):
            return datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007 (school-local wall clock)
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise FilterError("Conversion failed when converting date and/or time from character string.") from None


def _to_number(value: Any) -> float:
    if isinstance(value, bool | int | float):
        return value
    text = str(value).strip()
    try:
        return int(text or "0")
    except ValueError:
        try:
            return float(text)
        except ValueError:
            raise FilterError("Conversion failed when converting the varchar value to data type int.") from None


def _to_truth(value: Any) -> bool:
    if isinstance(value, bool | int | float):
        return bool(value)
    word = str(value).strip().lower()
    if word in {"true", "1"}:
        return True
    if word in {"false", "0", ""}:
        return False
    raise FilterError("Conversion failed when converting the varchar value to data type bit.")


def _to_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S")
    return str(int(value)) if isinstance(value, bool) else str(value)


_TO: Mapping[str, Callable[[Any], Any]] = {
    "dateTime": _to_moment, "number": _to_number, "boolean": _to_truth, "string": _to_text,
}  # fmt: skip

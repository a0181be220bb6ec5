"""Parses a filter into a tree.

    either    := both (OR both)*
    both      := negated (AND negated)*
    negated   := NOT negated | test
    test      := value [ comparison value | [NOT] LIKE value | [NOT] IN (value, ...)
                         | [NOT] BETWEEN value AND value | IS [NOT] NULL ]
    value     := text | number | NULL | name | GETDATE() | ISNULL(value, value) | CONVERT(type, value) | ( either )

A parenthesis may hold a condition or a value; which one it was is settled afterwards, so nothing is read twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.simulator.bromcom.filters.tokens import FilterError, Kind, Token, tokenize

DEEPEST = 60  # nested parentheses and NOTs
COMPARISONS = ("=", "<>", "!=", "<", "<=", ">", ">=")
TYPES = ("DATE", "DATETIME")


@dataclass(frozen=True, slots=True)
class Literal:
    value: str | int | float | None


@dataclass(frozen=True, slots=True)
class Name:
    column: str


@dataclass(frozen=True, slots=True)
class Call:
    """GETDATE(), ISNULL(a, b) or CONVERT(type, x); `function` in capitals, `type` only for CONVERT."""

    function: str
    arguments: tuple[Node, ...]
    type: str = ""


@dataclass(frozen=True, slots=True)
class Compare:
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Like:
    value: Node
    pattern: Node


@dataclass(frozen=True, slots=True)
class In:
    value: Node
    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Between:
    value: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class IsNull:
    value: Node


@dataclass(frozen=True, slots=True)
class Not:
    condition: Node


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Node, ...]


Value = Literal | Name | Call
Condition = Compare | Like | In | Between | IsNull | Not | And | Or
Node = Value | Condition


def parse(text: str) -> Condition | None:
    """The tree of a filter, None for an empty one; raises FilterError."""
    tokens = tokenize(text)
    if len(tokens) == 1:
        return None
    parser = _Parser(tokens)
    tree = parser.condition(parser.either())
    parser.expect_end()
    return tree


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._next
        self._place += 1
        return token

    def _word(self, *words: str) -> bool:
        if self._next.is_word(*words):
            self._place += 1
            return True
        return False

    def _sign(self, sign: str) -> None:
        if not self._next.is_sign(sign):
            raise self._wrong()
        self._place += 1

    def _wrong(self) -> FilterError:
        near = self._next.text if self._next.kind is not Kind.END else "end of filter"
        return FilterError(f"Incorrect syntax near '{near}'.")

    def expect_end(self) -> None:
        if self._next.kind is not Kind.END:
            raise self._wrong()

    def condition(self, node: Node) -> Condition:
        """The node as a condition; a bare value is none."""
        if isinstance(node, Literal | Name | Call):
            raise FilterError("An expression of non-boolean type specified in a context where a condition is expected.")
        return node

    def _value(self, node: Node) -> Value:
        if isinstance(node, Literal | Name | Call):
            return node
        raise self._wrong()

    def either(self) -> Node:
        first = self._both()
        if not self._next.is_word("OR"):
            return first
        parts = [self.condition(first)]
        while self._word("OR"):
            parts.append(self.condition(self._both()))
        return Or(tuple(parts))

    def _both(self) -> Node:
        first = self._negated()
        if not self._next.is_word("AND"):
            return first
        parts = [self.condition(first)]
        while self._word("AND"):
            parts.append(self.condition(self._negated()))
        return And(tuple(parts))

    def _negated(self) -> Node:
        if not self._word("NOT"):
            return self._test()
        self._deeper()
        node = Not(self.condition(self._negated()))
        self._depth -= 1
        return node

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise FilterError("Some part of your filter is nested too deeply.")

    def _test(self) -> Node:
        left = self._operand()
        if self._next.is_sign(*COMPARISONS):
            operator = self._take().text
            return Compare("<>" if operator == "!=" else operator, self._value(left), self._value(self._operand()))
        if self._word("IS"):
            negative = self._word("NOT")
            if not self._word("NULL"):
                raise self._wrong()
            return _negate(IsNull(self._value(left)), negative)
        if self._next.is_word("NOT", "LIKE", "IN", "BETWEEN"):
            negative = self._word("NOT")
            return _negate(self._word_test(self._value(left)), negative)
        return left

    def _word_test(self, left: Value) -> Condition:
        if self._word("LIKE"):
            return Like(left, self._value(self._operand()))
        if self._word("BETWEEN"):
            low = self._value(self._operand())
            if not self._word("AND"):
                raise self._wrong()
            return Between(left, low, self._value(self._operand()))
        if self._word("IN"):
            self._sign("(")
            return In(left, self._arguments())
        raise self._wrong()

    def _arguments(self) -> tuple[Value, ...]:
        found = [self._value(self._operand())]
        while self._next.is_sign(","):
            self._place += 1
            found.append(self._value(self._operand()))
        self._sign(")")
        return tuple(found)

    def _operand(self) -> Node:
        token = self._next
        if token.is_sign("("):
            self._place += 1
            self._deeper()
            node = self.either()
            self._sign(")")
            self._depth -= 1
            return node
        if token.kind not in {Kind.TEXT, Kind.NUMBER, Kind.NAME}:
            raise self._wrong()
        if token.is_word("AND", "OR", "NOT", "LIKE", "IN", "BETWEEN", "IS"):
            raise self._wrong()
        self._place += 1
        if token.kind is Kind.TEXT:
            return Literal(token.text)
        if token.kind is Kind.NUMBER:
            return Literal(float(token.text) if "." in token.text else int(token.text))
        if token.is_word("NULL"):
            return Literal(None)
        return self._call(token.text) if self._next.is_sign("(") and not token.quoted else Name(token.text)

    def _call(self, name: str) -> Call:
        function = name.upper()
        self._sign("(")
        self._deeper()
        if function == "GETDATE":
            self._sign(")")
            call = Call(function, ())
        elif function == "ISNULL":
            call = Call(function, self._arguments())
            if len(call.arguments) != 2:
                raise FilterError("The isnull function requires 2 argument(s).")
        elif function == "CONVERT":
            kind = self._take().text.upper()
            if kind not in TYPES:
                raise FilterError(f"Type {kind} is not a defined system type.")
            self._sign(",")
            call = Call(function, (self._value(self._operand()),), type=kind)
            self._sign(")")
        else:
            raise FilterError(f"'{name}' is not a recognized built-in function name.")
        self._depth -= 1
        return call


def _negate(condition: Condition, negative: bool) -> Condition:
    return Not(condition) if negative else condition


def pinned(tree: Condition | None, column: str) -> frozenset[int] | None:
    """The whole numbers that a filter narrows a column to, None when it does not pin it."""
    parts = tree.parts if isinstance(tree, And) else (tree,)
    for part in parts:
        options: tuple[Node, ...] = ()
        if isinstance(part, In) and part.value == _like_named(part.value, column):
            options = part.options
        elif isinstance(part, Compare) and part.operator == "=" and part.left == _like_named(part.left, column):
            options = (part.right,)
        numbers = [o.value for o in options if isinstance(o, Literal) and type(o.value) is int]
        if options and len(numbers) == len(options):
            return frozenset(numbers)
    return None


def _like_named(node: Node, column: str) -> Name | None:
    return node if isinstance(node, Name) and node.column.lower() == column.lower() else None

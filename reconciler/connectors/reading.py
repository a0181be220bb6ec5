"""One entity being read: what every connector's answer has in common.

Rows pass through once. On their way each is checked for a key of its own and taken into the fingerprint; only a reading
that came to its end has a fingerprint or a completeness.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import orjson

from reconciler.connectors.protocol import Completeness, RejectedRow, Row, SourceRow, Tolerance

_REPLACEMENT = "\ufffd"


@dataclass(slots=True)
class ToleranceLog:
    """What was forgiven so far, by code and message."""

    _counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def forgive(self, code: str, message: str, count: int = 1) -> None:
        self._counts[code, message] = self._counts.get((code, message), 0) + count

    def include(self, other: ToleranceLog) -> None:
        for (code, message), count in other._counts.items():
            self.forgive(code, message, count)

    def listed(self) -> tuple[Tolerance, ...]:
        """In the order in which they were first met."""
        return tuple(Tolerance(code, message, count) for (code, message), count in self._counts.items())


@dataclass(slots=True)
class Reading:
    """A `Fetched` over any rows. `best` says, once they have ended, how sure it is that they were all."""

    rows: Iterable[Row]
    best: Callable[[], Completeness]
    log: ToleranceLog = field(default_factory=ToleranceLog)
    completeness: Completeness = Completeness.NONE
    fingerprint: str = ""

    @property
    def tolerances(self) -> tuple[Tolerance, ...]:
        return self.log.listed()

    def __iter__(self) -> Iterator[Row]:
        digest = hashlib.sha256()
        seen: dict[str, bytes] = {}
        for row in self.rows:
            told = self._unique(row, seen) if isinstance(row, SourceRow) else row
            if told is not None:
                digest.update(orjson.dumps([type(told).__name__, told]))
                yield told
        self.fingerprint = digest.hexdigest()
        self.completeness = self.best()

    def _unique(self, row: SourceRow, seen: dict[str, bytes]) -> Row | None:
        """The row, its rejection, or None for a repetition word for word (systems send those, `protocols.md` 2)."""
        if not row.key:
            return RejectedRow("", "source.no_key", "a row has no id, so it can never be told from others")
        body = hashlib.blake2b(orjson.dumps(row), digest_size=16).digest()
        before = seen.setdefault(row.key, body)
        if before is not body:
            if before == body:
                self.log.forgive("source.duplicate_row", "rows were sent more than once, word for word")
                return None
            return RejectedRow(
                row.key, "source.duplicate_key",
                f"id {row.key} was sent again with other values; the first row was taken",
                hint="one of the two belongs to another record: the school mends its data",
            )  # fmt: skip
        if any(isinstance(value, str) and _REPLACEMENT in value for value in row.values.values()):
            self.log.forgive("source.replacement_mark", "values hold the replacement mark of a lost character")
        return row

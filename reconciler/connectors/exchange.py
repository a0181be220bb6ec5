"""One HTTP exchange as values: what is asked, within which bounds, and what came back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType

from reconciler.connectors.spool import Spool


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """Bounds of an exchange: times in seconds, sizes in bytes.

    `deadline` bounds one attempt from resolving the name to the last byte, `budget` all attempts and waits together;
    `pace` is the least time between two attempts at one host.
    """

    deadline: float = 60.0
    budget: float = 240.0
    attempts: int = 4
    first_wait: float = 0.5
    longest_wait: float = 20.0
    pace: float = 0.0
    wire_bytes: int = 256 * 1024 * 1024
    body_bytes: int = 1024 * 1024 * 1024
    ratio: int = 200  # unpacked to packed; a DataSet packs 10 to 40 times


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One question. `repeatable` says that asking twice has the effect of asking once.

    An answer is accepted with one of `statuses` and, where `media` names any, one of these media types.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    repeatable: bool = False
    statuses: frozenset[int] = frozenset({200})
    media: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class HttpAnswer:
    """A whole answer. Close it, or use it as a context, to let its bytes go."""

    status: int
    headers: Mapping[str, str]  # names in small letters
    spool: Spool

    def chunks(self) -> Iterator[bytes]:
        """The body, unpacked, from its start."""
        return self.spool.chunks()

    def close(self) -> None:
        self.spool.close()

    def __enter__(self) -> HttpAnswer:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

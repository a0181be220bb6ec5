"""Where an answer waits until it is whole: in memory while small, then in a nameless file that only we can read.

An exchange is repeated when its body was cut, so nothing is handed on before the last byte has come; a large answer
still takes little memory, and a slow reader never holds a school's connection open.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from reconciler.errors import MalformedSourceError, SourceError, TransientSourceError

_IN_MEMORY = 4 * 1024 * 1024
_STEP = 64 * 1024
_HARMLESS = 1024 * 1024  # below this a high ratio proves nothing


class Spool:
    """Bytes written once and read once, bounded by `most` bytes."""

    def __init__(self, *, most: int, origin: str) -> None:
        self._file = cast("IO[bytes]", SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115 (closed by close)
        self._most = most
        self._origin = origin
        self.size = 0

    def write(self, data: bytes) -> None:
        """Raises MalformedSourceError `http.too_large`, SourceError `http.no_space`."""
        self.size += len(data)
        if self.size > self._most:
            raise too_large(self._origin, self._most)
        try:
            self._file.write(data)
        except OSError as error:
            raise SourceError(
                "http.no_space",
                f"an answer of {self._origin} cannot be kept while it is read: {error.strerror}",
                hint="free room in the temporary folder (TMPDIR) and run again; nothing was changed",
            ) from None

    def chunks(self) -> Iterator[bytes]:
        """The bytes from the start, 64 KB at a time."""
        self._file.seek(0)
        while chunk := self._file.read(_STEP):
            yield chunk

    def close(self) -> None:
        self._file.close()


class Inflater:
    """Unpacks gzip into a spool step by step.

    A bomb stops at the spool's bound, or as soon as it has grown to `ratio` times what came over the wire.
    """

    def __init__(self, spool: Spool, origin: str, *, ratio: int) -> None:
        self._spool = spool
        self._origin = origin
        self._ratio = ratio
        self._received = 0
        self._unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)

    def write(self, data: bytes) -> None:
        """Raises MalformedSourceError `http.encoding` on bytes that are not gzip."""
        self._received += len(data)
        try:
            while data:
                if self._unpack.eof:  # several members in a row are one valid file
                    self._unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
                self._grow(self._unpack.decompress(data, _STEP))
                data = self._unpack.unconsumed_tail or self._unpack.unused_data
        except zlib.error:
            raise MalformedSourceError(
                "http.encoding", f"{self._origin} sent a body that says gzip but cannot be unpacked"
            ) from None

    def finish(self) -> None:
        """Raises TransientSourceError `http.short_body` when the packed stream was cut."""
        while not self._unpack.eof:
            rest = self._unpack.decompress(b"", _STEP)
            if not rest:
                raise short_body(self._origin)
            self._grow(rest)

    def _grow(self, data: bytes) -> None:
        self._spool.write(data)
        if self._spool.size > max(_HARMLESS, self._ratio * self._received):
            raise too_large(self._origin, self._ratio * self._received)


def too_large(origin: str, most: int) -> MalformedSourceError:
    return MalformedSourceError(
        "http.too_large",
        f"{origin} sent more than {most:,} bytes in one answer",
        hint="narrow what is asked for; an answer of this size is never right for one school",
    )


def short_body(origin: str) -> TransientSourceError:
    return TransientSourceError("http.short_body", f"{origin} closed the connection before its answer was whole")

"""Runs something as a user whom file modes bind, whoever runs the tests."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_VERSION_3 = 0x20080522


def unprivileged(do: Callable[[], T]) -> T:
    """What `do` gives in a thread without any capability: for it, a file of mode 0400 cannot be written."""
    with ThreadPoolExecutor(max_workers=1, initializer=_drop) as pool:
        return pool.submit(do).result()


def _drop() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    header, none = (ctypes.c_uint32 * 2)(_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    if libc.capset(header, none):
        raise OSError(ctypes.get_errno(), "capabilities cannot be dropped")

"""Progress on work that takes longer than a second; nothing at all when nobody watches."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_AFTER_SECONDS = 1.0


@contextmanager
def progress(what: str, *, quiet: bool = False) -> Iterator[Callable[[str, int], None]]:
    """Yields `report(label, rows)`. On a terminal a line appears after a second and is gone at the end."""
    if quiet or not sys.stderr.isatty():
        yield lambda label, rows: None
        return
    from rich.console import Console

    status = Console(stderr=True).status(what)
    timer = threading.Timer(_AFTER_SECONDS, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda label, rows: status.update(f"{what}: {label}, {rows:,} rows")
    finally:
        timer.cancel()
        timer.join()
        status.stop()

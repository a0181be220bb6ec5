"""This process, as others that wait for it are told."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.apply.ports import LockHolder
from reconciler.errors import StoreError

if TYPE_CHECKING:
    from reconciler.app.context import Context


def holder(since: datetime, command: str) -> LockHolder:
    """The holder of a lock that this process takes at `since`."""
    return LockHolder(host=socket.gethostname(), pid=os.getpid(), since=since, command=command)


@contextmanager
def told_when_stopped(context: Context, run: str) -> Iterator[None]:
    """Within the block Ctrl-C and SIGTERM end the run in the transfer log as `interrupted`, and go on their way."""
    try:
        yield
    except KeyboardInterrupt:
        with suppress(StoreError):  # then the log tells it as soon as the process is gone
            context.store.interrupt(run, at=context.now)
        raise

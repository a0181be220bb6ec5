"""This process, as others that wait for it are told."""

from __future__ import annotations

import os
import socket
from datetime import datetime

from reconciler.apply.ports import LockHolder


def holder(since: datetime, command: str) -> LockHolder:
    """The holder of a lock that this process takes at `since`."""
    return LockHolder(host=socket.gethostname(), pid=os.getpid(), since=since, command=command)

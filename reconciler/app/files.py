"""Files that the program leaves behind: whole or not at all, private by default."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from reconciler.errors import Refused


def write_whole(path: Path, content: bytes) -> None:
    """Writes beside the target, syncs, renames: a reader sees the old file or the new one, mode 0600.

    What exists and is no regular file (a device, a pipe, a folder) is never replaced. Raises Refused when the folder is
    missing or cannot be written.
    """
    if path.is_dir():
        raise Refused("file.unwritable", f"{path} is a folder", hint="name a file in it")
    if path.exists() and not path.is_file():
        _write_through(path, content)
        return
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _refused(path, error) from None
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise _refused(path, error) from None


def _write_through(path: Path, content: bytes) -> None:
    try:
        with path.open("wb", buffering=0) as target:
            target.write(content)
    except OSError as error:
        raise _refused(path, error) from None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refused(path: Path, error: OSError) -> Refused:
    return Refused(
        "file.unwritable",
        f"{path} cannot be written ({error.strerror or type(error).__name__}); nothing was left behind",
        hint="check that the folder exists, is yours and has room",
    )

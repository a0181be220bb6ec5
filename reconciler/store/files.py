"""The SQLite file: made private, and refused when others can read it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from reconciler.errors import StoreError


def make_private(path: Path) -> None:
    """Makes the file (0600) and its folder (0700), whatever the umask; a file that exists is left as it is.

    Raises StoreError when the place cannot be written.
    """
    try:
        made = [f for f in path.parents if not f.exists()]
        for folder in reversed(made):
            folder.mkdir(mode=0o700)
            folder.chmod(0o700)  # a umask may have taken bits away
        if made:  # a folder of our own holds records of children: git must never see it
            _ignored_by_git(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(
            "store.unreachable",
            f"the store {path} cannot be made: {error.strerror}",
            hint="check that the folder exists and that you may write there",
        ) from error
    os.close(descriptor)


def _ignored_by_git(folder: Path) -> None:
    descriptor = os.open(folder / ".gitignore", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("*\n")


def check_private(path: Path) -> None:
    """Raises StoreError when the file is missing or its owner is not the only one who may read it."""
    try:
        mode = path.stat().st_mode
    except OSError:
        raise StoreError(
            "store.missing",
            f"there is no store at {path}",
            hint="make one with `reconcile state init`, or name the right one with --store",
        ) from None
    if not stat.S_ISREG(mode):
        raise StoreError("store.foreign", f"{path} is not a file", hint="name the store's file with --store")
    if mode & 0o077:
        raise StoreError(
            "store.open_to_others",
            f"the store {path} can be read or written by others on this machine (mode {stat.S_IMODE(mode):04o})",
            hint=f"it holds personal data: run `chmod 600 {path}`, then find out who could read it",
        )

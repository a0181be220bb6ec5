"""Which files an estate consists of, and that none of them lies outside the repository.

A folder means its `*.yaml` files; `include:` names further ones, relative to the file that says so. What is refused is
refused by its name alone: no file outside the repository is opened, and none of its content is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath, PureWindowsPath

from reconciler.documents.limits import MAX_FILES

_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class BadInclude(Exception):
    """Why a pattern is refused; `secret` when even the line that holds it should not be shown."""

    code: str
    message: str
    hint: str
    secret: bool = False


def repository_root(estate: Path) -> Path:
    """The nearest folder upwards with `.git`, else the folder of the estate."""
    folder = (estate if estate.is_dir() else estate.parent).resolve()
    return next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), folder)


def estate_files(folder: Path) -> list[Path]:
    """The files of a folder estate, by name; hidden and SOPS-encrypted files are not part of it."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix in _ENDINGS and not path.name.startswith(".") and ".sops." not in path.name and path.is_file()
    )


def is_inside(path: Path, root: Path) -> bool:
    """Whether the file really lies under the root, symbolic links followed."""
    return path.resolve().is_relative_to(root)


def matches(pattern: str, folder: Path, root: Path) -> list[Path]:
    """The files that a pattern in a file of `folder` names, sorted. Raises BadInclude."""
    _check_shape(pattern)
    parts = PurePosixPath(pattern).parts
    fixed = next((index for index, part in enumerate(parts[:-1]) if _is_wild(part)), len(parts) - 1)
    start = folder.joinpath(*parts[:fixed])
    if ".." in parts[fixed:] or not is_inside(start, root):
        raise _outside()
    if not _is_wild("/".join(parts[fixed:])):
        found = [start / parts[-1]] if (start / parts[-1]).is_file() else []
    else:
        found = sorted(islice((path for path in start.glob("/".join(parts[fixed:])) if path.is_file()), MAX_FILES + 1))
    if not all(is_inside(path, root) for path in found):
        raise _outside()
    if not found:
        raise BadInclude("include.no_match", "no file matches this pattern",
                         "patterns are relative to the folder of the file that includes")  # fmt: skip
    return found


def _check_shape(pattern: str) -> None:
    if "://" in pattern:
        raise BadInclude("include.url", "an include names files of this repository, not an address on the network",
                         "copy the file into the repository", secret=True)  # fmt: skip
    if PurePosixPath(pattern).is_absolute() or PureWindowsPath(pattern).drive or pattern[:1] in ("~", "\\"):
        raise BadInclude("include.absolute", "an include is relative to the file that says it",
                         "write it like partners/*.yaml")  # fmt: skip
    if not pattern.endswith(_ENDINGS):
        raise BadInclude("include.not_yaml", "only files whose name ends in .yaml or .yml can be included",
                         "write it like partners/*.yaml")  # fmt: skip


def _outside() -> BadInclude:
    return BadInclude("include.outside", "this leads out of the repository; nothing there was read",
                      "move the file into the repository")  # fmt: skip


def _is_wild(part: str) -> bool:
    return any(sign in part for sign in "*?[")

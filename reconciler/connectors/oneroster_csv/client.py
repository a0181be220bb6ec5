"""Opens what a school delivered: a folder or a zip, read in place, nothing ever unpacked to disk.

The files of one delivery are bounded in number and size before and while they are read (a zip bomb stops at the bound),
and a delivery that is replaced meanwhile is noticed, so that two of them are never mixed.
"""

from __future__ import annotations

import io
import lzma
import os
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, TypeVar, cast

from reconciler.errors import MalformedSourceError, RefusedSourceError, TransientSourceError
from reconciler.formats.oneroster.decoder import Forgive
from reconciler.formats.oneroster.headers import OTHER_FILES, TABLES
from reconciler.vocabulary.suggestions import nearest

T = TypeVar("T")

MOST_FILES = 200
MOST_BYTES = 1024 * 1024 * 1024  # of all files together, unpacked
MOST_RATIO = 200  # unpacked to packed; CSV packs 5 to 20 times
_KNOWN = frozenset(TABLES) | OTHER_FILES
# What the standard library raises on bytes that are no whole zip: it foresees only some of them itself.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, EOFError, OSError, ValueError, IndexError,
)  # fmt: skip


class Delivery(ABC):
    """The files of one delivery by their standard names, without `.csv`."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def has(self, name: str) -> bool:
        return name in self._names

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._names)

    def opener(self, name: str) -> Callable[[], BinaryIO]:
        """A function that opens a file for reading from its start."""
        return lambda: self._open(self._names[name])

    def read(self, name: str) -> bytes:
        with self.opener(name)() as stream:
            return stream.read()

    @abstractmethod
    def _open(self, inside: str) -> BinaryIO: ...

    @abstractmethod
    def close(self) -> None:
        """Lets go of what is held open."""


class FolderDelivery(Delivery):
    """Loose files. Each is compared with how it was found at the start."""

    def __init__(self, folder: Path, forgive: Forgive) -> None:
        self._folder = folder
        self._seen = {name: _print(folder / name) for name in _loose(folder, forgive)}
        _bounded((size for _, _, size in self._seen.values()), len(self._seen))
        super().__init__(standard_names(self._seen, forgive))

    def _open(self, inside: str) -> BinaryIO:
        try:
            stream = os.fdopen(os.open(self._folder / inside, os.O_RDONLY | os.O_NOFOLLOW), "rb")
        except OSError:
            raise _replaced() from None
        found = os.fstat(stream.fileno())
        if (found.st_ino, found.st_mtime_ns, found.st_size) != self._seen[inside]:
            stream.close()
            raise _replaced()
        return stream

    def close(self) -> None:
        """Holds nothing open."""


class ZipDelivery(Delivery):
    """A zip, kept open, so that a new one beside it changes nothing."""

    def __init__(self, path: Path, forgive: Forgive) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except _DAMAGE:
            raise MalformedSourceError(
                "oneroster.zip", "the delivered zip is damaged or cut off", hint="let the school deliver it again"
            ) from None
        try:
            names = self._check(forgive)
        except BaseException:
            self._zip.close()
            raise
        super().__init__(names)

    def _check(self, forgive: Forgive) -> Mapping[str, str]:
        entries = [entry for entry in self._zip.infolist() if not entry.filename.endswith("/")]
        _bounded((entry.file_size for entry in entries), len(entries))
        for entry in entries:
            if _unsafe(entry.filename) or (entry.external_attr >> 16) & 0o170000 == 0o120000:
                raise MalformedSourceError(
                    "oneroster.unsafe_name", "the delivered zip holds a file whose name points outside of it",
                    hint="nothing was read; ask the school where this zip comes from",
                )  # fmt: skip
            if entry.flag_bits & 1:
                raise RefusedSourceError(
                    "oneroster.encrypted", "the delivered zip is encrypted",
                    hint="let the school deliver it without a password, over a safe way",
                )  # fmt: skip
            if entry.file_size > MOST_RATIO * max(entry.compress_size, 1) and entry.file_size > 1024 * 1024:
                raise _too_large()
        inside = [entry.filename for entry in entries if _is_csv(entry.filename)]
        folders = {str(PurePosixPath(name).parent) for name in inside}
        if len(folders) > 1:
            raise MalformedSourceError("oneroster.zip", "the delivered zip holds CSV files in several folders",
                                       hint="one zip holds one school, its files side by side")  # fmt: skip
        if folders - {"."}:
            forgive("oneroster.nested", "the files stand in a folder inside the zip")
        short = {PurePosixPath(name).name: name for name in inside}
        return {name: short[found] for name, found in standard_names(short, forgive).items()}

    def _open(self, inside: str) -> BinaryIO:
        return cast("BinaryIO", io.BufferedReader(_Unpacked(self._zip, inside)))

    def close(self) -> None:
        self._zip.close()


class _Unpacked(io.RawIOBase):
    """One file of a zip, unpacked as it is read; damage is told in our words. A zip never gives more bytes than its
    directory says, and that was bounded before."""

    def __init__(self, archive: zipfile.ZipFile, inside: str) -> None:
        super().__init__()
        self._name = PurePosixPath(inside).name
        self._stream = self._told(lambda: archive.open(inside))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._told(lambda: self._stream.seek(offset, whence))

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, buffer: Any) -> int:
        data = self._told(lambda: self._stream.read(len(buffer)))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()

    def _told(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except _DAMAGE:
            raise MalformedSourceError(
                "oneroster.zip", f"{self._name} in the delivered zip is damaged",
                hint="let the school deliver it again",
            ) from None  # fmt: skip


def open_delivery(place: Path, forgive: Forgive) -> Delivery:
    """What stands at a declared place: a zip, a folder of files, or a folder that holds one zip.

    The place itself may be a link, since the hub declares it; what a school puts there may not. Raises
    TransientSourceError `oneroster.nothing_delivered` where there is nothing yet, MalformedSourceError
    `oneroster.unsafe_name` for a link, and RefusedSourceError `oneroster.unreadable`.
    """
    try:
        return _found(place, forgive)
    except OSError as error:
        raise RefusedSourceError(
            "oneroster.unreadable", f"the declared place cannot be read ({error.strerror or type(error).__name__})",
            hint="check drop: and whether this account may read the folder",
        ) from None  # fmt: skip


def _found(place: Path, forgive: Forgive) -> Delivery:
    if place.is_file():
        return ZipDelivery(place, forgive)
    if not place.is_dir():
        raise _nothing()
    zips = sorted(path for path in place.iterdir() if path.suffix.lower() == ".zip" and path.is_file())
    loose = any(path.suffix.lower() == ".csv" for path in place.iterdir())
    if len(zips) > 1 and not loose:
        raise MalformedSourceError("oneroster.several", f"there are {len(zips)} zips in the drop folder",
                                   hint="leave only the one to be read")  # fmt: skip
    if zips and not loose:
        return ZipDelivery(_no_link(zips[0]), forgive)
    if not loose:
        inner = [path for path in place.iterdir() if path.is_dir() and any(path.glob("*.[cC][sS][vV]"))]
        if len(inner) != 1:
            raise _nothing()
        forgive("oneroster.nested", "the files stand in a folder inside the drop folder")
        place = _no_link(inner[0])
    return FolderDelivery(place, forgive)


def standard_names(found: Iterable[str], forgive: Forgive) -> dict[str, str]:
    """Standard name -> file name as it is. Other spellings are forgiven where the right one is not there too."""
    stems = {name[: -len(".csv")]: name for name in sorted(found)}
    names = {stem: stems.pop(stem) for stem in list(stems) if stem in _KNOWN}
    for stem, name in stems.items():
        near = nearest(stem, _KNOWN - names.keys(), most=1)
        if near and near[0].casefold() == stem.casefold():
            forgive("oneroster.file_case", f"{name} is spelt {near[0]}.csv")
        elif near and abs(len(near[0]) - len(stem)) <= 1:
            forgive("oneroster.file_name", f"{name} was read as {near[0]}.csv")
        else:
            continue
        names[near[0]] = name
    return names


def _loose(folder: Path, forgive: Forgive) -> list[str]:
    names = []
    for path in sorted(folder.iterdir()):
        if not _is_csv(path.name):
            continue
        if not _no_link(path).is_file():
            raise _unsafe_file(path.name, "no file")
        names.append(path.name)
    return names


def _no_link(path: Path) -> Path:
    """A link in a drop folder could lead to what another school delivered. Raises MalformedSourceError."""
    if path.is_symlink():
        raise _unsafe_file(path.name, "a link, not a file")
    return path


def _unsafe_file(name: str, what: str) -> MalformedSourceError:
    return MalformedSourceError("oneroster.unsafe_name", f"{name} in the drop folder is {what}",
                                hint="nothing was read; let the files themselves be delivered")  # fmt: skip


def _print(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        raise _replaced() from None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _is_csv(name: str) -> bool:
    inner = PurePosixPath(name)
    return inner.suffix.lower() == ".csv" and not inner.name.startswith(".") and "__MACOSX" not in inner.parts


def _unsafe(name: str) -> bool:
    return name.startswith(("/", "\\")) or ":" in name or ".." in name.replace("\\", "/").split("/")


def _bounded(sizes: Iterable[int], count: int) -> None:
    if count > MOST_FILES or sum(sizes) > MOST_BYTES:
        raise _too_large()


def _too_large() -> MalformedSourceError:
    return MalformedSourceError("oneroster.too_large", "the delivery is far larger than one school's files can be",
                                hint="nothing was read; ask the school where it comes from")  # fmt: skip


def _nothing() -> TransientSourceError:
    return TransientSourceError("oneroster.nothing_delivered", "there are no files at the declared place",
                                hint="check drop: and whether the school has delivered")  # fmt: skip


def _replaced() -> TransientSourceError:
    return TransientSourceError("oneroster.replaced", "the files were replaced while they were read",
                                hint="run again; nothing was changed")  # fmt: skip

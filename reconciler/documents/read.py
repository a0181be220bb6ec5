"""Reads an estate: one file or a folder, with all that it includes."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.documents import include
from reconciler.documents.document import Document
from reconciler.documents.findings import Findings
from reconciler.documents.limits import MAX_BYTES, MAX_FILES, Spent
from reconciler.documents.merge import fill_defaults, merge
from reconciler.documents.parse import parse
from reconciler.documents.places import ListPlaces, MapPlaces, pack, place_of
from reconciler.documents.schemas import Schema, estate_schema
from reconciler.documents.source import Source
from reconciler.errors import Refused


def read_document(path: Path, *, schema: Schema | None = None) -> Document:
    """Reads the estate at `path` strictly; everything wrong with its content is in the document's findings.

    `schema` stands in for the shipped one. Raises Refused where there is nothing to read.
    """
    with _collector_paused():
        reader = _Reader(root=include.repository_root(path))
        for file in _estate_files(path):
            reader.read(file, place=None)
        value, places = merge(reader.parts, reader.findings)
        fill_defaults(value, places, reader.findings, reader.spent)
        return Document.build(
            value=value,
            places=places,
            findings=reader.findings,
            schema=schema or estate_schema(),
            complete=reader.complete,
        )


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Nothing that is read is garbage yet; looking for it takes longer than reading."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _estate_files(path: Path) -> list[Path]:
    if path.is_dir():
        files = include.estate_files(path)
        if not files:
            raise Refused("estate.missing", f"the folder {path} holds no .yaml file",
                          hint="write one like examples/estate.yaml, or name the estate with --estate")  # fmt: skip
        return files
    if not path.is_file():
        raise Refused("estate.missing", f"there is no estate at {path}",
                      hint="write one like examples/estate.yaml, or name the estate with --estate")  # fmt: skip
    return [path]


@dataclass(slots=True)
class _Reader:
    """Reads file after file and keeps what they cost together."""

    root: Path
    findings: Findings = field(default_factory=Findings)
    parts: list[tuple[dict[str, Any], MapPlaces]] = field(default_factory=list)
    complete: bool = True
    spent: Spent = field(default_factory=Spent)
    _read: set[Path] = field(default_factory=set)
    _open: list[Path] = field(default_factory=list)

    def read(self, path: Path, *, place: int | None) -> None:
        """Reads one file and what it includes; `place` is where it is included, None for the estate itself."""
        real = path.resolve()
        if real in self._open:
            self._refuse_cycle(real, place)
            return
        if real in self._read:
            return
        self._read.add(real)
        self.spent.files += 1
        source = self._load(path, real, place)
        if source is None:
            self.complete = False
            return
        part = parse(source, self.findings, self.spent)
        if part is None:
            self.complete = False
            return
        self.parts.append(part)
        self._open.append(real)
        self._include(*part, folder=path.parent)
        self._open.pop()

    def _load(self, path: Path, real: Path, place: int | None) -> Source | None:
        """The text of a file, with its entry among the sources made; None where a finding says why not."""
        name = _shown(path)
        if self.spent.files > MAX_FILES:
            if self.spent.files == MAX_FILES + 1:
                self._refuse("include.too_many", f"the estate has more than {MAX_FILES} files", place, name)
            return None
        if place is None and self.spent.files > 1 and not include.is_inside(path, self.root):
            self._refuse("include.outside", "this file leads out of the repository and was not read", place, name)
            return None
        try:
            with real.open("rb") as file:
                data = file.read(MAX_BYTES - self.spent.bytes + 1)
        except OSError as error:
            reason = error.strerror or "it cannot be opened"
            raise Refused("estate.unreadable", f"{name} cannot be read: {reason}",
                          hint="check the file's permissions") from error  # fmt: skip
        self.spent.bytes += len(data)
        if self.spent.bytes > MAX_BYTES:
            self.findings.sources.append(Source(name, ""))
            self._refuse("yaml.too_large", f"the estate is larger than {MAX_BYTES // 10**6} MB", place, name)
            return None
        return self._decode(data, name)

    def _decode(self, data: bytes, name: str) -> Source | None:
        try:
            source = Source(name, data.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            before = data[: error.start].decode("utf-8", errors="replace")
            self.findings.sources.append(Source(name, before))
            lines = self.findings.sources[-1].lines
            self.findings.error(
                "yaml.not_utf8",
                "the file is not UTF-8 text from here on",
                pack(len(self.findings.sources) - 1, len(lines) - 1, len(lines[-1])),
                hint="save the file as UTF-8",
            )
            return None
        self.findings.sources.append(source)
        return source

    def _include(self, value: dict[str, Any], places: MapPlaces, *, folder: Path) -> None:
        patterns, listed = value.get("include"), places.values.get("include")
        if not isinstance(patterns, list) or not isinstance(listed, ListPlaces):
            return
        for pattern, where in zip(patterns, listed.items, strict=True):
            if not isinstance(pattern, str):
                continue  # the schema says that a pattern is text
            place = place_of(where)
            try:
                found = include.matches(pattern, folder, self.root)
            except include.BadInclude as bad:
                self._refuse_include(bad, place)
                continue
            for path in found:
                if len(found) == 1 or path.resolve() != self._open[-1]:  # `*.yaml` does not mean the file itself
                    self.read(path, place=place)

    def _refuse_include(self, bad: include.BadInclude, place: int) -> None:
        self.complete = False
        if bad.secret:
            self.findings.hide(place)
        self.findings.error(bad.code, bad.message, place, hint=bad.hint)

    def _refuse_cycle(self, real: Path, place: int | None) -> None:
        chain = [*self._open[self._open.index(real) :], real]
        names = " -> ".join(path.name for path in chain)
        self._refuse("include.cycle", f"files include each other: {names}", place, chain[0].name,
                     hint="take one of these includes out")  # fmt: skip

    def _refuse(self, code: str, message: str, place: int | None, name: str, *, hint: str = "") -> None:
        self.complete = False
        if place is None:
            self.findings.error_without_place(code, message, name)
        else:
            self.findings.error(code, message, place, hint=hint)


def _shown(path: Path) -> str:
    """The file as people name it from where they stand."""
    here = Path.cwd()
    plain = Path(os.path.normpath(path.absolute()))  # by name alone: a symbolic link keeps the name it is known by
    return str(plain.relative_to(here) if plain.is_relative_to(here) else plain)

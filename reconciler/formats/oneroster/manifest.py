"""What a package says of itself in `manifest.csv`."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.errors import MalformedSourceError

MODES = frozenset({"absent", "bulk", "delta"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`version` is 1.1 or 1.2, empty when not said; `files` gives `bulk`, `delta` or `absent` for each file."""

    version: str
    files: Mapping[str, str]

    def mode(self, file: str) -> str:
        """`absent` where the manifest does not name the file."""
        return self.files.get(file, "absent")


def read_manifest(data: bytes) -> Manifest:
    """Raises MalformedSourceError `oneroster.manifest`."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise _wrong("cannot be read") from None
    pairs = {row[0].strip(): row[1].strip() for row in rows[1:] if len(row) >= 2}
    files = {name.removeprefix("file."): value.lower() for name, value in pairs.items() if name.startswith("file.")}
    unknown = sorted(name for name, mode in files.items() if mode not in MODES)
    if unknown:
        raise _wrong(f"says something other than bulk, delta or absent of {unknown[0]}")
    return Manifest(version=pairs.get("oneroster.version", ""), files=files)


def _wrong(what: str) -> MalformedSourceError:
    return MalformedSourceError("oneroster.manifest", f"manifest.csv {what}",
                                hint="let the school's system write the package anew")  # fmt: skip

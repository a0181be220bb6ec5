"""Small deliveries of invented people, in each dialect."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

Files = Mapping[str, str]

PASSWORD = "hunter2-canary"

SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> Files:
    """The files of a sample by their names without `.csv`."""
    return {path.stem: path.read_text("utf-8") for path in sorted((SAMPLES / name).glob("*.csv"))}


# OneRoster 1.1: three pupils (two of them offered), two teachers, three classes (one of them offered, one offered but
# of last year), one tutor group, a parent.
SMALL = sample("oneroster-1.1")

# School Data Sync 2.1: two pupils (one of another year), a professor, an aide, a guardian, a person without a role.
SDS = sample("sds-2.1")


def write_folder(folder: Path, files: Files) -> Path:
    """Loose files with CRLF, as exports have it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_bytes(text.replace("\n", "\r\n").encode())
    return folder


def write_zip(path: Path, files: Files, *, inside: str = "") -> Path:
    """A zip, its files side by side or in the folder `inside`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            packed.writestr(f"{inside}{name}.csv", text.replace("\n", "\r\n"))
    return path


def changed(files: Files, **replacements: tuple[str, str] | str | None) -> dict[str, str]:
    """The files with one text replaced in one of them, a file exchanged, or a file taken out."""
    found = dict(files)
    for name, change in replacements.items():
        if change is None:
            del found[name]
        elif isinstance(change, str):
            found[name] = change
        else:
            assert change[0] in found[name], f"{change[0]!r} is not in {name}"
            found[name] = found[name].replace(*change)
    return found

"""Finds the files that ship with the program: schemas, templates, pages of codes, examples.

They stand at the top of the repository, where people look for them; a wheel carries them inside the package. One
function finds them in both, so that an editable install and a wheel behave alike.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(kind: str) -> Path:
    """The folder of `kind` (`schemas`, `templates`, `codes`, `examples`).

    Raises FileNotFoundError when the installation is broken.
    """
    in_wheel = _PACKAGE / "_shipped" / kind
    in_checkout = _PACKAGE.parent / {"codes": "docs/codes"}.get(kind, kind)
    for folder in (in_wheel, in_checkout):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"the installation lacks its {kind} folder; install the package again")

"""Every verb that a page, an example, a schema, a template or a hint names exists on the command line."""

from __future__ import annotations

import re
from pathlib import Path

import click

from reconciler.cli.main import cli
from tests.conftest import ROOT

_PLACES = ("docs", "examples", "schemas", "templates", "reconciler")
_SORTS = frozenset({".md", ".yaml", ".json", ".j2", ".py", ".toml"})
_CALL = re.compile(r"\breconcile (?P<verb>[a-z][a-z-]*)(?: (?P<under>[a-z][a-z-]*))?")


def files() -> list[Path]:
    found = [ROOT / "README.md", ROOT / "CHANGELOG.md"]
    for place in _PLACES:
        found += [path for path in sorted((ROOT / place).rglob("*")) if path.suffix in _SORTS]
    return found


def is_missing(verb: str, under: str | None) -> bool:
    """A group's next word is a verb of its own; after another verb comes an argument."""
    command = cli.commands.get(verb)
    return command is None or (isinstance(command, click.Group) and bool(under) and under not in command.commands)


def test_every_verb_that_is_named_exists() -> None:
    """So that nobody is sent to a command that is not there."""
    missing = [
        f"{path.relative_to(ROOT)}: {call[0]}"
        for path in files()
        for call in _CALL.finditer(path.read_text("utf-8"))
        if is_missing(call["verb"], call["under"])
    ]
    assert not missing


def test_a_verb_that_does_not_exist_would_be_found() -> None:
    """Alone, and under a group."""
    assert is_missing("doctor", None)
    assert is_missing("state", "backup")
    assert not is_missing("state", "list")
    assert not is_missing("status", None)

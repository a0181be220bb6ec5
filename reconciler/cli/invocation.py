"""One invocation of the command line: global options, the settings made of them, and where output goes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click

from reconciler.errors import ExitCode, Held
from reconciler.settings import Settings, read_settings

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True)
class Invocation:
    """Filled by the group, handed to every command; `format` is what a failure is rendered in as well."""

    estate: str = ""
    store: str = ""
    format: str = "text"
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    def settings(self) -> Settings:
        """Options and environment as one value. Raises Refused."""
        return read_settings(self.environment, estate=self.estate, store=self.store)


def emit(text: str, out: str | None = None) -> None:
    """Writes a result to stdout, or whole or not at all to the file `out` (0600: it may hold records of children)."""
    body = text if text.endswith("\n") else text + "\n"
    if out is None:
        click.echo(body, nl=False)
        return
    from reconciler.app.files import write_whole

    write_whole(Path(out), body.encode())
    note(f"written: {out}")


def note(text: str) -> None:
    """Says something to the person that is not part of the result: stderr."""
    click.echo(text, err=True)


def finish(code: ExitCode) -> None:
    """Ends the command with a code of the table."""
    if code is not ExitCode.DONE:
        raise click.exceptions.Exit(int(code))


def examples(*lines: str) -> str:
    """The first lines of a command's help: three things that people do with it, kept as typed."""
    return "\b\n" + "\n".join(f"  {line}" for line in lines)


def format_option(*formats: str) -> Callable[[F], F]:
    """`--format`, remembered for failures too."""

    def remember(ctx: click.Context, _: click.Parameter, value: str) -> str:
        ctx.ensure_object(Invocation).format = value
        return value

    return click.option("--format", "format_", type=click.Choice(formats), default=formats[0], show_default=True,
                        callback=remember, help="How the result is written.")  # fmt: skip


def out_option() -> Callable[[F], F]:
    """`--out FILE`."""
    return click.option("--out", metavar="FILE", help="Write the result to a file instead of stdout.")


def confirm(question: str) -> bool:
    """Asks a person on a terminal; without one nothing is guessed, and it waits for one (VS, rule 25). Raises Held."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Held(
            "apply.unconfirmed",
            "nobody is there to confirm, and no approved plan was named; nothing was changed",
            hint="give the saved plan, or --expect DIGEST, or --auto-approve",
        )
    return click.confirm(question, default=False, err=True)

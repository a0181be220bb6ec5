"""The command `reconcile`: the group, its verbs, and the one error boundary."""

from __future__ import annotations

import json
import signal
import sys
from types import FrameType
from typing import NoReturn

import click

from reconciler import __version__
from reconciler.cli import control, due, flows, looking, rehearsal, stored
from reconciler.cli.invocation import Invocation, examples
from reconciler.diagnostics import Diagnostic, Diagnostics, render_text
from reconciler.errors import ExitCode, ReconcileError


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Declares a multi-school data estate in YAML, plans and applies it, and moves the data.\n\n"
    + examples("reconcile demo                      the whole story on loopback, in a folder of its own",
               "reconcile validate                  check the files, offline",
               "reconcile plan                      what would change, changing nothing",
               "reconcile apply --expect DIGEST     apply exactly what was reviewed",
               "reconcile sync import               bring in what the partner schools offer"),
    epilog="Exit codes: 0 done, 1 error, 2 changes present, 3 held or waiting for a person, 4 partial, "
           "5 not permitted, 64 usage, 130 interrupted.",
)  # fmt: skip
@click.option("--estate", metavar="PATH", default="", help="The estate: a file or a folder. [env: RECONCILE_ESTATE]")
@click.option("--store", metavar="URL", default="", help="The store, without a password. [env: RECONCILE_STORE]")
@click.version_option(__version__, prog_name="reconcile")
@click.pass_context
def cli(ctx: click.Context, estate: str, store: str) -> None:
    invocation = ctx.ensure_object(Invocation)
    invocation.estate, invocation.store = estate, store


for _verbs in (control, stored, flows, due, looking, rehearsal):
    for _command in _verbs.COMMANDS:
        cli.add_command(_command)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Runs the command line and ends the process with a code of the table; SIGTERM ends it as Ctrl-C does."""
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(int(run(arguments)))


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def run(arguments: list[str] | None = None) -> ExitCode:  # noqa: PLR0911 (one return an outcome: the table of exit codes)
    """Runs one command; every failure becomes findings on stderr and a code."""
    invocation = Invocation()
    try:
        words = list(sys.argv[1:] if arguments is None else arguments)
        with cli.make_context("reconcile", words, obj=invocation) as context:
            cli.invoke(context)
    except click.exceptions.Exit as leaving:
        return ExitCode(leaving.exit_code)
    except click.ClickException as error:
        error.show(file=sys.stderr)
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; whatever was not committed was not done", err=True)
        return ExitCode.INTERRUPTED
    except ReconcileError as error:
        _show(error.diagnostics, invocation)
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        return ExitCode.ERROR
    except Exception as error:  # noqa: BLE001 (the last boundary: a person never sees a traceback, nor values in one)
        _show(_unforeseen(error), invocation)
        return ExitCode.ERROR
    return ExitCode.DONE


def _show(findings: Diagnostics, invocation: Invocation) -> None:
    if invocation.format == "json":
        click.echo(json.dumps(findings.to_json(), ensure_ascii=False, indent=2))
    click.echo(render_text(findings), err=True)


def _unforeseen(error: Exception) -> Diagnostics:
    """Names the place in the program and no value: an unforeseen message could quote a record."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = f"{frame.tb_frame.f_globals.get('__name__', '?')}:{frame.tb_lineno}" if frame else "?"
    return Diagnostics(
        [
            Diagnostic(
                code="internal.error",
                message=f"the program met a {type(error).__name__} at {place} that it does not know how to handle",
                hint="nothing that was not committed was done; please report this line with the command you ran",
            )
        ]
    )

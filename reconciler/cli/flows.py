"""The verbs of the data loop."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.invocation import Invocation, emit, examples, finish, format_option, out_option
from reconciler.cli.progress import progress

if TYPE_CHECKING:
    from reconciler.app.outcomes import FlowOutcome


@click.group(invoke_without_command=True,
             help="Runs data flows on the applied estate, never on the files. Without a kind: all that is due.\n\n"
             + examples("reconcile sync import --school AVN --first", "reconcile sync export --school BRK --first",
                        "reconcile sync --due"))  # fmt: skip
@click.option("--due", is_flag=True, help="Run what the schedule calls for now, each slot once; for a timer.")
@click.option("--dry-run", is_flag=True, help="Only say what is due.")
@format_option("text", "json")
@out_option()
@click.pass_context
def sync(ctx: click.Context, due: bool, dry_run: bool, format_: str, out: str | None) -> None:
    if ctx.invoked_subcommand is not None:
        if due or dry_run:
            raise click.UsageError("--due and --dry-run stand without a kind; give options of a kind behind it")
        return
    from reconciler.app import due as schedule

    settings = ctx.ensure_object(Invocation).settings()
    if dry_run:
        emit(schedule.list_due(settings, schedule.scheduled_flows(), format_=format_), out)
        return
    done = schedule.due_now(settings, schedule.scheduled_flows())
    emit(json.dumps(done.to_json(), indent=2, ensure_ascii=False) if format_ == "json" else done.to_text(), out)
    finish(done.exit_code)


def _flow(name: str, help_: str, run: Callable[..., FlowOutcome[Any]], *, first: str = "") -> click.Command:
    """One data flow as a command: the same options and the same two views for each."""

    @click.pass_obj
    def command(invocation: Invocation, /, schools: tuple[str, ...], dry_run: bool, format_: str, out: str | None,
                **more: Any) -> None:  # fmt: skip
        with progress(name.capitalize(), quiet=format_ == "json") as report:
            done = run(invocation.settings(), schools=schools, dry_run=dry_run, progress=report, **more)
        emit(json.dumps(done.to_json(), indent=2, ensure_ascii=False) if format_ == "json" else done.to_text(), out)
        finish(done.exit_code)

    decorated: Any = out_option()(format_option("text", "json")(command))
    decorated = click.option("--dry-run", is_flag=True,
                             help="The same run up to the write or the call.")(decorated)  # fmt: skip
    if first:
        decorated = click.option("--first", is_flag=True, help=first)(decorated)
    decorated = click.option(
        "--school", "schools", metavar="CODE", multiple=True, help="Only this partner. Repeatable."
    )(decorated)
    return click.command(name, help=help_)(decorated)


def _import(*arguments: Any, **options: Any) -> FlowOutcome[Any]:
    from reconciler.app.flows import run_imports

    return run_imports(*arguments, **options)


def _export(*arguments: Any, **options: Any) -> FlowOutcome[Any]:
    from reconciler.app.exports import run_exports

    return run_exports(*arguments, **options)


def _academic(*arguments: Any, **options: Any) -> FlowOutcome[Any]:
    from reconciler.app.academic import run_academic

    return run_academic(*arguments, **options)


sync.add_command(_flow("import", "Brings in what the partner schools offer.\n\n"
                       + examples("reconcile sync import --school AVN --first", "reconcile sync import",
                                  "reconcile sync import --school BRK --dry-run"), _import,
                       first="This is a first import, run by hand (VS, rule 45)."))  # fmt: skip
sync.add_command(_flow("export", "Tells the partner schools which students are assigned to their classes.\n\n"
                       + examples("reconcile sync export --school BRK --first", "reconcile sync export",
                                  "reconcile sync export --dry-run"), _export,
                       first="This is a first export, run by hand (VS, rule 46)."))  # fmt: skip

sync.add_command(_flow("academic", "Brings in attendance, behaviour and assessment of the students known here.\n\n"
                       + examples("reconcile sync academic", "reconcile sync academic --school BRK --dry-run"),
                       _academic))  # fmt: skip


@sync.command("undo", help="Takes an import or academic import back by its run id, latest first; it deletes nobody.\n\n"
              + examples("reconcile sync undo r1a2b3c4 --reason 'the wrong file was dropped'"))  # fmt: skip
@click.argument("run")
@click.option("--reason", required=True, help="Why; kept with the record. No names of children.")
@click.pass_obj
def undo(invocation: Invocation, run: str, reason: str) -> None:
    from reconciler.app.undo import undo as take_back

    emit(take_back(invocation.settings(), run, reason=reason))


COMMANDS = (sync,)

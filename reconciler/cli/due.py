"""The verbs of the schedule: status, run."""

from __future__ import annotations

import json

import click

from reconciler.cli.invocation import Invocation, emit, examples, finish, format_option, note, out_option


@click.command(help="Shows how every partner stands: what is missing, what ran last, what comes next.\n\n"
               "Ends with 4 when a school failed or missed a slot, 3 when a person is awaited, else 0.\n\n"
               + examples("reconcile status", "reconcile status --format json"))  # fmt: skip
@format_option("text", "json")
@out_option()
@click.pass_obj
def status(invocation: Invocation, format_: str, out: str | None) -> None:
    from reconciler.app import due, status_view
    from reconciler.app.status import status as stands

    found = stands(invocation.settings(), due.scheduled_flows())
    emit(json.dumps(status_view.to_json(found), indent=2, ensure_ascii=False) if format_ == "json"
         else status_view.to_text(found), out)  # fmt: skip
    finish(found.exit_code)


@click.command(help="Runs the schedule on this machine until it is stopped: one line for each slot of each school.\n\n"
               "Killed at any moment, it goes on where it was when it is started again. SIGTERM ends it between two "
               "schools. Only one runs on a store; more machines take turns with: reconcile sync --due.\n\n"
               + examples("reconcile run", "reconcile run --once",
                          "reconcile run --until 2026-11-25T09:00+00:00"))  # fmt: skip
@click.option("--once", is_flag=True, help="Run what is due now, then end.")
@click.option("--until", metavar="TIME", default="", help="End at this time, with its zone.")
@click.pass_obj
def run(invocation: Invocation, once: bool, until: str) -> None:
    from reconciler.app import due, running

    finish(running.run(invocation.settings(), due.scheduled_flows(), once=once, until=until, say=click.echo, warn=note))


COMMANDS = (status, run)

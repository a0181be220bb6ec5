"""The verbs of the data loop."""

from __future__ import annotations

import json

import click

from reconciler.cli.invocation import Invocation, emit, examples, finish, format_option, out_option
from reconciler.cli.progress import progress


@click.command(help="Runs data flows on the applied estate (never on unreviewed files).\n\n"
               + examples("reconcile sync import --school AVN --first", "reconcile sync import",
                          "reconcile sync import --school BRK --dry-run"))  # fmt: skip
@click.argument("kind", type=click.Choice(["import"]))
@click.option("--school", "schools", metavar="CODE", multiple=True, help="Only this partner. Repeatable.")
@click.option("--first", is_flag=True, help="This is a first import, run by hand (VS, rule 45).")
@click.option("--dry-run", is_flag=True, help="The same run up to the write: shows the change set, writes nothing.")
@format_option("text", "json")
@out_option()
@click.pass_obj
def sync(invocation: Invocation, kind: str, schools: tuple[str, ...], first: bool, dry_run: bool, format_: str,
         out: str | None) -> None:  # fmt: skip
    from reconciler.app import flows

    with progress(kind.capitalize(), quiet=format_ == "json") as report:
        done = flows.run_imports(invocation.settings(), schools=schools, first=first, dry_run=dry_run, progress=report)
    emit(json.dumps(done.to_json(), indent=2, ensure_ascii=False) if format_ == "json" else done.to_text(), out)
    finish(done.exit_code)


COMMANDS = (sync,)

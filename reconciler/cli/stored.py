"""The verbs of stored state."""

from __future__ import annotations

import json

import click

from reconciler.cli.invocation import Invocation, emit, examples, format_option, out_option


@click.group(help="Creates and shows the stored estate.\n\n"
             + examples("reconcile state init", "reconcile state list",
                        "reconcile state show partner.AVN"))  # fmt: skip
def state() -> None:
    pass


@state.command("init", help="Creates the store, empty. Refuses where one exists.\n\n"
               + examples("reconcile state init", "reconcile state init --rehearsal"))  # fmt: skip
@click.option(
    "--rehearsal", is_flag=True, help="A store to practise on: honours RECONCILE_NOW and RECONCILE_ENDPOINTS."
)
@click.pass_obj
def init(invocation: Invocation, rehearsal: bool) -> None:
    from reconciler.app import states

    emit(states.init(invocation.settings(), rehearsal=rehearsal))


@state.command("upgrade", help="Brings a store of an older program to this one's schema, in one transaction. Make a "
               "backup first.\n\n" + examples("reconcile state upgrade"))  # fmt: skip
@click.pass_obj
def upgrade(invocation: Invocation) -> None:
    from reconciler.app import states

    emit(states.upgrade(invocation.settings()))


@state.command(
    "list",
    help="Lists every stored resource.\n\n" + examples("reconcile state list", "reconcile state list 'partner.*'"),
)
@click.argument("pattern", default="*")
@format_option("text", "json")
@out_option()
@click.pass_obj
def list_(invocation: Invocation, pattern: str, format_: str, out: str | None) -> None:
    from reconciler.app import states

    rows = states.listing(invocation.settings(), pattern)
    emit(json.dumps(rows, indent=2) if format_ == "json" else states.listing_text(rows), out)


@state.command(
    "show",
    help="Shows one stored resource as it was last applied.\n\n"
    + examples("reconcile state show period_map.AVN.2026-2027"),
)
@click.argument("address")
@out_option()
@click.pass_obj
def show(invocation: Invocation, address: str, out: str | None) -> None:
    from reconciler.app import states

    emit(json.dumps(states.show(invocation.settings(), address), indent=2, ensure_ascii=False), out)


@state.command(
    "log",
    help="Lists the versions: who applied what, when and why.\n\n"
    + examples("reconcile state log", "reconcile state log --format json"),
)
@click.option("--limit", default=20, show_default=True, help="How many, the latest first.")
@format_option("text", "json")
@out_option()
@click.pass_obj
def log(invocation: Invocation, limit: int, format_: str, out: str | None) -> None:
    from reconciler.app import states

    rows = states.versions(invocation.settings(), limit)
    emit(json.dumps(rows, indent=2) if format_ == "json" else states.versions_text(rows), out)


COMMANDS = (state,)

"""The verbs of practice: simulate, demo."""

from __future__ import annotations

import click

from reconciler.cli.invocation import Invocation, examples, finish


@click.command(help="Runs the partner schools of the example estate on loopback until Ctrl-C.\n\n"
               "A folder of an earlier run goes on as it was left: stop, and start again with a fault.\n\n"
               + examples("reconcile simulate --into practice/",
                          "reconcile simulate --into practice/ --fault BRK:roll_down_60",
                          "reconcile simulate --scale 0.2 --seed 7"))  # fmt: skip
@click.option("--into", metavar="FOLDER", default="reconcile-practice", show_default=True,
              help="Where the estate, the endpoints file and the environment file are written.")  # fmt: skip
@click.option("--seed", default=2026, show_default=True, help="Another seed, other people.")
@click.option("--scale", default=1.0, show_default=True, help="Size of the schools; the named people are always there.")
@click.option("--fault", "faults", metavar="CODE:NAME", multiple=True, help="Make a school misbehave. Repeatable.")
@click.option("--fresh", is_flag=True, help="Make the folder anew; what was practised in it is gone.")
@click.pass_obj
def simulate(invocation: Invocation, into: str, seed: int, scale: float, faults: tuple[str, ...], fresh: bool) -> None:
    from reconciler.simulator import practice

    practice.simulate(
        invocation.environment, into=into, seed=seed, scale=scale, faults=faults, fresh=fresh, say=click.echo
    )


@click.command(help="Tells the whole story in one command, on loopback, in a folder of its own.\n\n"
               + examples("reconcile demo", "reconcile demo --into somewhere/ --scale 0.3"))  # fmt: skip
@click.option(
    "--into",
    metavar="FOLDER",
    default="reconcile-demo",
    show_default=True,
    help="Where everything is written; made anew each time.",
)
@click.option("--scale", default=1.0, show_default=True, help="Size of the schools.")
@click.pass_obj
def demo(invocation: Invocation, into: str, scale: float) -> None:
    from reconciler.simulator import demo as story

    finish(story.tell(invocation.environment, into=into, scale=scale, say=click.echo))


COMMANDS = (simulate, demo)

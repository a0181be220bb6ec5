"""The verbs that look: drift, log, issues (and the note that one was seen), report."""

from __future__ import annotations

import click

from reconciler.cli.invocation import Invocation, emit, examples, finish, format_option, note, out_option


@click.command(help="Shows the transfer log, the latest first.\n\n"
               + examples("reconcile log", "reconcile log --school AVN --outcome held",
                          "reconcile log --run r1a2b3c4"))  # fmt: skip
@click.option("--school", "schools", metavar="CODE", multiple=True, help="Only this school. Repeatable.")
@click.option("--kind", "kinds", multiple=True, help="Only this kind (import, export, academic, undo). Repeatable.")
@click.option("--direction", "directions", type=click.Choice(["in", "out"]), multiple=True, help="Only this direction.")
@click.option("--outcome", "outcomes", multiple=True, help="Only this outcome (done, held, failed, ...). Repeatable.")
@click.option("--since", metavar="DATE", default="", help="Only from this day on, like 2026-11-20.")
@click.option("--run", "run_id", default="", help="Only this run, with every rejected row.")
@click.option("--limit", default=50, show_default=True, help="How many entries.")
@format_option("text", "json")
@out_option()
@click.pass_obj
def log(invocation: Invocation, schools: tuple[str, ...], kinds: tuple[str, ...], directions: tuple[str, ...],
        outcomes: tuple[str, ...], since: str, run_id: str, limit: int, format_: str,
        out: str | None) -> None:  # fmt: skip
    from reconciler.app import logs

    emit(
        logs.log(invocation.settings(), format_, detail=bool(run_id), schools=schools, kinds=kinds,
                 directions=directions, outcomes=outcomes, since=since, run=run_id, limit=limit),
        out,
    )  # fmt: skip


@click.command(help="Compares files, store and the schools' own systems, three ways. Writes nothing, takes no lock.\n\n"
               + examples("reconcile drift", "reconcile drift --school GHL",
                          "reconcile drift --format json --out drift.json"))  # fmt: skip
@click.option("--school", "schools", metavar="CODE", multiple=True, help="Only this school. Repeatable.")
@format_option("text", "json")
@out_option()
@click.pass_obj
def drift(invocation: Invocation, schools: tuple[str, ...], format_: str, out: str | None) -> None:
    from reconciler.app.drift import drift as compare

    found = compare(invocation.settings(), schools=schools)
    emit(found.render(format_), out)
    finish(found.exit_code)


@click.group(help="Data issues: what schools must mend.\n\n"
             + examples("reconcile issues list", "reconcile issues list --school BRK",
                        "reconcile issues show 12", "reconcile issues ack 12 13"))  # fmt: skip
def issues() -> None:
    pass


@issues.command("list", help="Lists open issues, worst first.\n\n" + examples("reconcile issues list --severity error"))
@click.option("--school", "schools", metavar="CODE", multiple=True, help="Only this school. Repeatable.")
@click.option("--code", "codes", multiple=True, help="Only this code. Repeatable.")
@click.option(
    "--severity",
    "severities",
    type=click.Choice(["error", "warning", "info"]),
    multiple=True,
    help="Only this severity.",
)
@click.option(
    "--state",
    type=click.Choice(["open", "closed", "all"]),
    default="open",
    show_default=True,
    help="Open or closed ones.",
)
@format_option("text", "json", "csv")
@out_option()
@click.pass_obj
def list_(invocation: Invocation, schools: tuple[str, ...], codes: tuple[str, ...], severities: tuple[str, ...],
          state: str, format_: str, out: str | None) -> None:  # fmt: skip
    from reconciler.app import reporting

    emit(
        reporting.issues(
            invocation.settings(), format_, schools=schools, codes=codes, severities=severities, state=state
        ),
        out,
    )


@issues.command("show", help="Shows one issue and what to do next.\n\n" + examples("reconcile issues show 12"))
@click.argument("number", type=int)
@click.pass_obj
def show(invocation: Invocation, number: int) -> None:
    from reconciler.app import logs

    emit(logs.issue_text(invocation.settings(), number))


@issues.command("ack", help="Notes that somebody sees to these issues; they stay open until mended.\n\n"
                + examples("reconcile issues ack 12 13"))  # fmt: skip
@click.argument("numbers", metavar="NUMBER...", type=int, nargs=-1, required=True)
@click.pass_obj
def ack(invocation: Invocation, numbers: tuple[int, ...]) -> None:
    from reconciler.app import logs

    emit(logs.acknowledge(invocation.settings(), numbers))


@click.group(help="Reports of what moved and what is wrong.\n\n"
             + examples("reconcile report list", "reconcile report transfers --format html --out transfers.html",
                        "reconcile report issues --school BRK"))  # fmt: skip
def report() -> None:
    pass


@report.command("list", help="Lists the reports.")
def list_reports() -> None:
    from reconciler.reports.registry import REPORTS

    emit("\n".join(f"{name:<14} {known.title}" for name, known in REPORTS.items()))


def _one(name: str, help_: str) -> click.Command:
    @click.command(name, help=help_)
    @click.option("--school", "schools", metavar="CODE", multiple=True, help="Only this school. Repeatable.")
    @format_option("text", "html", "json", "csv")
    @out_option()
    @click.pass_obj
    def command(invocation: Invocation, schools: tuple[str, ...], format_: str, out: str | None) -> None:
        from reconciler.app import reporting

        if format_ == "html" and out is None:
            note("an HTML page on stdout; give --out FILE to keep it")
        emit(reporting.render(invocation.settings(), name, format_, schools=schools), out)

    return command


def _of_school(name: str, help_: str, *formats: str) -> click.Command:
    @click.command(name, help=help_)
    @click.argument("school", metavar="CODE")
    @format_option(*formats)
    @out_option()
    @click.pass_obj
    def command(invocation: Invocation, school: str, format_: str, out: str | None) -> None:
        from reconciler.app import reporting

        if format_ == "html" and out is None:
            note("an HTML page on stdout; give --out FILE to keep it")
        emit(reporting.render(invocation.settings(), name, format_, schools=(school,)), out)

    return command


report.add_command(_one("transfers", "Did every import run, and did everything arrive?\n\n"
                        + examples("reconcile report transfers",
                                   "reconcile report transfers --format html --out transfers.html")))  # fmt: skip
report.add_command(_one("issues", "What must be mended, where and by whom?\n\n"
                        + examples("reconcile report issues",
                                   "reconcile report issues --school BRK --format csv --out brk.csv")))  # fmt: skip

report.add_command(_one("retained", "What is kept of removed partners and old keys, and what brings it back?"
                        "\n\n" + examples("reconcile report retained",
                                          "reconcile report retained --format csv --out kept.csv")))  # fmt: skip

report.add_command(_of_school("period-map", "Which period of a partner is which of the hub, and on the next school "
                              "days?\n\n" + examples("reconcile report period-map AVN",
                                                     "reconcile report period-map DNE --format html --out dne.html"),
                              "text", "html", "json", "csv"))  # fmt: skip
report.add_command(_of_school("partner-setup", "What a school enters on its own side, as a partner and for its "
                              "accounts. No secret is in it.\n\n"
                              + examples("reconcile report partner-setup AVN",
                                         "reconcile report partner-setup ELM --format html --out elm.html"),
                              "text", "html", "markdown", "json", "csv"))  # fmt: skip


@report.command("academic", help="What of attendance, behaviour, assessment and aims is held, and what waits?\n\n"
                + examples("reconcile report academic", "reconcile report academic --school BRK --student 10021",
                           "reconcile report academic --format html --out academic.html"))  # fmt: skip
@click.option("--school", "schools", metavar="CODE", multiple=True, help="Only this school. Repeatable.")
@click.option("--student", default="", metavar="ID", help="Only this student, by the record number of the school.")
@format_option("text", "html", "json", "csv")
@out_option()
@click.pass_obj
def academic(invocation: Invocation, schools: tuple[str, ...], student: str, format_: str, out: str | None) -> None:
    from reconciler.app import reporting

    if format_ == "html" and out is None:
        note("an HTML page on stdout; give --out FILE to keep it")
    emit(reporting.academic(invocation.settings(), format_, schools=schools, student=student), out)


COMMANDS = (drift, log, issues, report)

"""The verbs of the control loop: validate, plan, apply, approve, reject."""

from __future__ import annotations

import json
import shlex

import click

from reconciler.cli.invocation import Invocation, confirm, emit, examples, finish, format_option, note, out_option
from reconciler.diagnostics import Severity, render_text
from reconciler.errors import ExitCode, Refused


@click.command(help="Checks the files: YAML, schema and whole-estate rules. Needs no secret, store or network.\n\n"
               + examples("reconcile validate", "reconcile --estate estate/ validate",
                          "reconcile validate --format json"))  # fmt: skip
@format_option("text", "json")
@out_option()
@click.pass_obj
def validate(invocation: Invocation, format_: str, out: str | None) -> None:
    from reconciler.app import estate_files

    settings = invocation.settings()
    findings = estate_files.validate(settings.estate)
    if format_ == "json":
        emit(json.dumps(findings.to_json(), ensure_ascii=False, indent=2), out)
    else:
        if findings:
            emit(render_text(findings) + "\n", out)
        errors, warnings = findings.count(Severity.ERROR), findings.count(Severity.WARNING)
        note(
            f"{settings.estate}: "
            + (f"{counted(errors, 'error')}, {counted(warnings, 'warning')}" if findings else "valid, nothing to say")
        )
    finish(ExitCode.ERROR if findings.has_errors else ExitCode.DONE)


@click.command(help="Shows what an apply would change. Writes nothing, takes no lock.\n\n"
               + examples("reconcile plan --refresh", "reconcile plan --save plan.json --detailed-exitcode",
                          "reconcile plan --target 'partner.AVN' --format markdown"))  # fmt: skip
@click.option("--save", metavar="PLANFILE", help="Save the plan for `apply PLANFILE`; it holds no secret.")
@click.option("--target", "targets", metavar="ADDRESS", multiple=True,
              help="Only this resource and what it depends on; a pattern such as 'partner.*'. Repeatable.")  # fmt: skip
@click.option("--refresh", is_flag=True, help="Ask the schools' own systems too, and say what they differ in.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there is something to change, 3 when held.")
@click.option("--full", is_flag=True, help="Show long lists whole.")
@format_option("text", "json", "markdown")
@out_option()
@click.pass_obj
def plan(invocation: Invocation, save: str | None, targets: tuple[str, ...], refresh: bool, detailed_exitcode: bool,
         full: bool, format_: str, out: str | None) -> None:  # fmt: skip
    from reconciler.app import control

    made = control.plan(invocation.settings(), targets=targets, save=save, refresh=refresh)
    if made.warnings:
        note(render_text(made.warnings))
    emit(made.render(format_, full=full), out)
    if save:
        apply_it = "" if made.plan.empty else f"; to apply just that plan: reconcile apply {shlex.quote(save)}"
        note(f"saved: {save}{apply_it}")
    finish(made.exit_code if detailed_exitcode else ExitCode.DONE)


@click.command(help="Makes the stored estate what the files say: all of the plan in one transaction, or nothing.\n\n"
               + examples("reconcile apply plan.json", "reconcile apply --expect 3f9a1c2e77b0",
                          "reconcile apply --allow rekey:virtual_school"))  # fmt: skip
@click.argument("planfile", required=False)
@click.option(
    "--expect", metavar="DIGEST", default=None, help="Apply only when the plan has this digest (12 or more characters)."
)
@click.option("--auto-approve", is_flag=True, help="Do not ask; for CI that applies what was merged.")
@click.option("--allow", "allowed", metavar="RISK:ADDRESS", multiple=True, help="Accept one named risk. Repeatable.")
@click.option(
    "--target", "targets", metavar="ADDRESS", multiple=True, help="Only this resource and what it depends on."
)
@click.option("--lock-timeout", default=10.0, show_default=True, help="Seconds to wait for another apply to end.")
@format_option("text", "json", "markdown")
@click.pass_obj
def apply(invocation: Invocation, planfile: str | None, expect: str | None, auto_approve: bool,
          allowed: tuple[str, ...], targets: tuple[str, ...], lock_timeout: float, format_: str) -> None:  # fmt: skip
    from reconciler.app import control

    if expect is not None and not expect.strip():
        raise Refused(
            "apply.empty_digest",
            "--expect was given without a digest, so nothing says which plan was reviewed; nothing was changed",
            hint="give the digest that the reviewed plan printed; in CI, check that its variable is set",
        )
    reviewed = bool(planfile or expect)

    def ask(text: str) -> bool:
        if reviewed or auto_approve:
            return True
        note(text)
        return confirm("Apply this?")

    done = control.apply(invocation.settings(), planfile=planfile, expect=expect or "", allowed=allowed,
                         targets=targets, lock_timeout=lock_timeout, confirm=ask)  # fmt: skip
    emit(done.render(format_))
    finish(done.exit_code)


@click.command(help="Lets a held run or plan go on: commits exactly what was held, within 24 hours.\n\n"
               + examples("reconcile approve r1a2b3c4 --reason 'the college closed its Tuesday group'",
                          "reconcile approve 3f9a1c2e --reason 'agreed with the DPO, ECV/DPIA/14'"))  # fmt: skip
@click.argument("held", metavar="RUN|DIGEST")
@click.option("--reason", required=True, help="Why; kept with the record. No names of children.")
@click.pass_obj
def approve(invocation: Invocation, held: str, reason: str) -> None:
    from reconciler.app import decisions

    emit(decisions.approve(invocation.settings(), held, reason=reason))


@click.command(help="Turns a held run or plan down: nothing of it is committed.\n\n"
               + examples("reconcile reject r1a2b3c4 --reason 'the school sent half a file'",
                          "reconcile reject 3f9a1c2e --reason 'not agreed yet'"))  # fmt: skip
@click.argument("held", metavar="RUN|DIGEST")
@click.option("--reason", required=True, help="Why; kept with the record. No names of children.")
@click.pass_obj
def reject(invocation: Invocation, held: str, reason: str) -> None:
    from reconciler.app import decisions

    emit(decisions.reject(invocation.settings(), held, reason=reason))


def counted(number: int, word: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number} {word}{'' if number == 1 else 's'}"


COMMANDS = (validate, plan, apply, approve, reject)

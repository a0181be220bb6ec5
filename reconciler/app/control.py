"""`plan` and `apply`: files and stored state come together."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reconciler import __version__
from reconciler.app.agenda import hub_scope, waits_for_first
from reconciler.app.applied import of_kind
from reconciler.app.context import Context, estate_folder, opened
from reconciler.app.estate_files import LoadedEstate, load
from reconciler.app.evidence import evidence
from reconciler.app.files import write_whole
from reconciler.app.process import holder
from reconciler.app.year_step import year_consequences
from reconciler.apply.engine import apply_plan
from reconciler.apply.outcome import Applied
from reconciler.diagnostics import Diagnostics
from reconciler.errors import ExitCode, Refused, SecretUnavailable, worst
from reconciler.plan.compare import make_plan
from reconciler.plan.json_view import to_json
from reconciler.plan.keys import KeyFact
from reconciler.plan.markdown import render_markdown
from reconciler.plan.saved import read_plan, save_plan
from reconciler.plan.state import StoredState
from reconciler.plan.text import render_text
from reconciler.plan.value import Plan
from reconciler.secrets.references import fingerprint
from reconciler.settings import Settings

_MOST_PLAN_BYTES = 50 * 1024 * 1024
_GIT_SECONDS = 5.0
EDITED = "+edited"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOutcome:
    """A plan with what `validate` had to say about the files."""

    plan: Plan
    warnings: Diagnostics

    @property
    def exit_code(self) -> ExitCode:
        """0 nothing to do, 2 changes present, 3 held, 4 where a school was asked in vain."""
        vain = any(note.code for note in self.plan.live or ())
        changes = ExitCode.DONE if self.plan.empty else ExitCode.CHANGES
        return worst(ExitCode.PARTIAL if vain else ExitCode.DONE, ExitCode.HELD if self.plan.waiting else changes)

    def render(self, format_: str, *, full: bool = False) -> str:
        """Text, JSON (`schemas/plan.schema.json`) or Markdown of the same value."""
        if format_ == "json":
            return json.dumps(to_json(self.plan), indent=2, ensure_ascii=False)
        return render_markdown(self.plan) if format_ == "markdown" else render_text(self.plan, full=full)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOutcome:
    """How an apply ended."""

    applied: Applied
    rehearsal: bool
    waiting: tuple[str, ...] = ()  # partners that wait for their first import, by hand

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.DONE

    def render(self, format_: str) -> str:
        """One line, or the same as JSON (`schemas/apply.schema.json`)."""
        version, plan = self.applied.version, self.applied.plan
        if format_ == "json":
            return json.dumps(
                {
                    "format_version": 1,
                    "rehearsal": self.rehearsal,
                    "applied": version is not None,
                    "version": version.serial if version else plan.serial,
                    "plan_digest": plan.digest,
                    "counts": plan.counts,
                },
                indent=2,
            )
        if version is None:
            return "Nothing to apply: the stored estate is what the files say."
        counts = ", ".join(f"{n} {what}" for what, n in version.counts.items())
        first = " --first" + "".join(f" --school {code}" for code in self.waiting) if self.waiting else ""
        done = f"Applied as version {version.serial} ({counts}), plan {plan.short_digest}."
        return f"{done}\nNext: reconcile sync import{first}"


def plan(settings: Settings, *, targets: Sequence[str] = (), save: str | None = None,
         refresh: bool = False) -> PlanOutcome:  # fmt: skip
    """What an apply would do; writes nothing but the plan file that `save` names, takes no lock.

    With `refresh` the schools' own systems are asked, which needs secrets and network, and the plan tells of it.
    Raises InvalidEstate, Refused, StoreError.
    """
    loaded = load(settings.estate)
    with opened(settings, read_only=True) as context:
        state = context.store.state.read_state()
        made = fresh_plan(context, loaded, state, targets, runs_programs=False)
        if refresh:
            from reconciler.app.refresh import live_notes  # HTTP is slow to import; a plan without it asks nobody

            made = replace(made, live=live_notes(context, state, loaded, targets=targets))
        if save:
            write_whole(Path(save), save_plan(made, key=context.store.state.plan_key()))
    return PlanOutcome(plan=made, warnings=loaded.findings)


def apply(settings: Settings, *, planfile: str | None = None, expect: str = "", allowed: Sequence[str] = (),
          targets: Sequence[str] = (), lock_timeout: float = 10.0,
          confirm: Callable[[str], bool] | None = None) -> ApplyOutcome:  # fmt: skip
    """Applies exactly the plan that was reviewed, or the one that `confirm` shows, or nothing.

    `confirm` gets the plan as text and answers whether to go on. Raises whatever `apply_plan` does.
    """
    loaded = load(settings.estate)
    with opened(settings) as context:
        store = context.store.state
        state = store.read_state()
        saved = read_plan(_content(planfile), key=store.plan_key(), state=state) if planfile else None
        made = fresh_plan(context, loaded, state, saved.targets if saved else targets)

        def ask(shown: Plan) -> bool:
            return confirm is None or confirm(render_text(shown))

        commit = git_commit(settings, loaded.document.files)
        applied = apply_plan(
            made, store=store, declared=loaded.resources, actor=settings.actor, git_commit=commit,
            now=context.now, holder=holder(context.now, "apply"), saved=saved, expect=expect, allowances=allowed,
            confirm=ask, lock_wait=lock_timeout,
        )  # fmt: skip
        waiting = _wait_for_first(context) if applied.version else ()
        return ApplyOutcome(applied=applied, rehearsal=context.store.rehearsal, waiting=waiting)


def _wait_for_first(context: Context) -> tuple[str, ...]:
    """Partners whose first import a person must run (VS, rule 45)."""
    state = context.store.state.read_state()
    return tuple(
        code for code in of_kind(state, "partner") if waits_for_first(context, "import", hub_scope(state, code))
    )


def fresh_plan(context: Context, loaded: LoadedEstate, state: StoredState, targets: Sequence[str], *,
               runs_programs: bool = True) -> Plan:  # fmt: skip
    """The plan of the files as they are now against a state.

    Without `runs_programs` no secret is asked of a program: a plan of files that nobody reviewed must not start one.
    """
    estate = loaded.estate
    return make_plan(
        loaded.resources, state, estate_id=estate.estate_id, config_digest=loaded.document.digest,
        tool_version=__version__, now=context.now, removed=estate.removed, moved=estate.moved,
        keys=_keys(context, loaded, runs_programs=runs_programs), targets=targets,
        evidence=evidence(context.store.across, loaded.resources, state),
        consequences=year_consequences(context.store.across, context.store.feeds, loaded.resources, state),
    )  # fmt: skip


def git_commit(settings: Settings, files: Sequence[str]) -> str:
    """The commit that the estate's folder is at; empty outside git, and where git does not answer.

    `+edited` follows where one of the estate's files is not as in that commit, or is not in it at all.
    """
    commit = _git(settings, "rev-parse", "HEAD").strip()
    named = [str(Path(name).resolve()) for name in files]  # findings name them from where the person stands
    listed = ("status", "--porcelain", "--ignored", "--untracked-files=all", "--", *named)
    return commit + EDITED if commit and _git(settings, "--no-optional-locks", *listed).strip() else commit


def _git(settings: Settings, *arguments: str) -> str:
    """What git answers about the estate's folder; nothing where it fails."""
    try:
        answer = subprocess.run(  # noqa: S603 (no shell; the arguments are ours and the estate's own file names)
            ["git", *arguments],  # noqa: S607 (whichever git the person uses)
            cwd=estate_folder(settings), capture_output=True, text=True, timeout=_GIT_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout if answer.returncode == 0 else ""


def _keys(context: Context, loaded: LoadedEstate, *, runs_programs: bool) -> dict[str, KeyFact]:
    """What is known here of each partner's Data Exchange Key; a plan needs none of them (VS, rule 21)."""
    key = context.store.state.plan_key()

    def known(reference: Mapping[str, Any] | None) -> str:
        if not reference or not (runs_programs or {"env", "file"} & reference.keys()):
            return ""
        try:
            return fingerprint(context.secret(reference), key)
        except SecretUnavailable:
            return ""

    return {
        code: KeyFact(fingerprint=known(partner.key), replaced=known(partner.key.get("replaces")))
        for code, partner in loaded.estate.partners.items()
    }


def _content(planfile: str) -> bytes:
    try:
        with Path(planfile).open("rb") as file:
            content = file.read(_MOST_PLAN_BYTES)
    except OSError as error:
        raise Refused(
            "plan.unreadable",
            f"the plan file {planfile} cannot be read ({error.strerror or type(error).__name__})",
            hint="make it with: reconcile plan --save PLANFILE",
        ) from None
    if not content.startswith(b"{"):
        raise Refused(
            "plan.unreadable",
            f"{planfile} is not a plan file",
            hint="make one with: reconcile plan --save PLANFILE; an estate is named with --estate",
        )
    return content

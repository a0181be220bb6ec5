"""Environment and options, read once into one frozen value."""

from __future__ import annotations

import getpass
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reconciler.errors import Refused
from reconciler.vocabulary.actor import Actor

# Control and direction characters: a name is recorded and printed, and must not steer a terminal.
_UNPRINTABLE = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]")

_GIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the estate and the store are, who acts and what time it is.

    `estate` is a file or a folder; `store_url` an SQLAlchemy URL without a literal password, empty when none was
    named; `now` overrides the clock and `endpoints` maps declared origins to loopback, both in rehearsal stores only.
    """

    estate: Path
    store_url: str
    actor: Actor
    in_ci: bool
    now: datetime | None
    endpoints: Path | None
    no_color: bool
    environment: Mapping[str, str]


def read_settings(
    environment: Mapping[str, str], *, estate: str = "", store: str = "", folder: Path | None = None
) -> Settings:
    """Options win over the environment, the environment over defaults. Raises Refused on a time that cannot be read."""
    here = folder or Path.cwd()
    chosen = estate or environment.get("RECONCILE_ESTATE", "")
    return Settings(
        estate=Path(chosen) if chosen else _default_estate(here),
        store_url=store or environment.get("RECONCILE_STORE", ""),
        actor=_cleaned(_actor(environment)),
        in_ci=bool(environment.get("CI")),
        now=_time(environment.get("RECONCILE_NOW", "")),
        endpoints=Path(environment["RECONCILE_ENDPOINTS"]) if environment.get("RECONCILE_ENDPOINTS") else None,
        no_color=bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb",
        environment=environment,
    )


def _default_estate(here: Path) -> Path:
    folder = here / "estate"
    return folder if folder.is_dir() and not (here / "estate.yaml").exists() else here / "estate.yaml"


def _time(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refused(
            "settings.now",
            f"RECONCILE_NOW is {text!r}, which is not a time with a zone",
            hint="write it like 2026-11-23T08:40:00+00:00",
        )
    return moment


def _cleaned(actor: Actor) -> Actor:
    return Actor(_UNPRINTABLE.sub("", actor.name).strip() or "unknown", actor.source)


def _actor(environment: Mapping[str, str]) -> Actor:
    if environment.get("RECONCILE_ACTOR"):
        return Actor(environment["RECONCILE_ACTOR"], "env")
    job = _ci_job(environment)
    if job:
        return job
    email = _git_email()
    return Actor(email, "git") if email else Actor(_system_user(), "system")


def _ci_job(environment: Mapping[str, str]) -> Actor | None:
    """The CI job as operators name it (`gitlab:eskmere/estate:protected`): project, and whether its branch is
    protected. Whoever pushed is no operator for that."""
    if environment.get("GITLAB_CI"):
        kind = (
            "merge_request"
            if environment.get("CI_MERGE_REQUEST_IID")
            else _branch(environment, "CI_COMMIT_REF_PROTECTED")
        )
        return Actor(f"{environment.get('CI_PROJECT_PATH', '')}:{kind}", "gitlab")
    if environment.get("GITHUB_ACTIONS"):
        pull = environment.get("GITHUB_EVENT_NAME", "").startswith("pull_request")
        kind = "merge_request" if pull else _branch(environment, "GITHUB_REF_PROTECTED")
        return Actor(f"{environment.get('GITHUB_REPOSITORY', '')}:{kind}", "github")
    return None


def _branch(environment: Mapping[str, str], variable: str) -> str:
    return "protected" if environment.get(variable) == "true" else "unprotected"


def _git_email() -> str:
    try:
        answer = subprocess.run(
            ["git", "config", "user.email"],  # noqa: S607 (whichever git the person uses)
            capture_output=True, text=True, timeout=_GIT_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip()


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"

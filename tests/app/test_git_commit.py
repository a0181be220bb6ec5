"""What is asked of git: who acts, and the commit that is kept with an applied version."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from reconciler import settings
from reconciler.app import control
from reconciler.app.states import versions_text
from reconciler.settings import read_settings


def test_a_git_that_does_not_answer_is_no_reason_to_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder on a slow disk: nobody is named, and the version has no commit, as outside git."""
    slow = tmp_path / "git"
    slow.write_text("#!/bin/sh\nexec sleep 30\n")
    slow.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    for module in (control, settings):
        monkeypatch.setattr(module, "_GIT_SECONDS", 0.1)
    read = read_settings({"RECONCILE_ESTATE": str(tmp_path)})
    assert read.actor.source == "system"
    assert control.git_commit(read, (str(tmp_path / "estate.yaml"),)) == ""


def git(folder: Path, *arguments: str) -> str:
    told = ("-c", "user.name=t", "-c", "user.email=t@example.org", *arguments)
    return subprocess.run(["git", *told], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def test_files_that_are_not_as_in_the_commit_are_marked(tmp_path: Path) -> None:
    """Edited, or never committed, even where git ignores them; another file of the folder is no matter."""
    git(tmp_path, "init", "-q")
    estate, part = tmp_path / "estate.yaml", tmp_path / "part.yaml"
    estate.write_text("a: 1\n")
    (tmp_path / ".gitignore").write_text("part.yaml\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    head = git(tmp_path, "rev-parse", "HEAD")
    read = read_settings({"RECONCILE_ESTATE": str(estate)})
    (tmp_path / "notes.txt").write_text("mine")
    assert control.git_commit(read, (str(estate),)) == head
    part.write_text("b: 2\n")
    assert control.git_commit(read, (str(estate), str(part))) == f"{head}+edited"
    estate.write_text("a: 2\n")
    assert control.git_commit(read, (str(estate),)) == f"{head}+edited"


def test_the_log_of_the_state_shows_the_mark() -> None:
    """Short enough for a line, and the mark is never cut off."""
    row = {"version": 1, "when": "", "actor": "", "git_commit": "abc1234def" * 4 + "+edited", "plan_digest": "",
           "reason": "", "counts": {}}  # fmt: skip
    assert "abc1234+edited" in versions_text([row])

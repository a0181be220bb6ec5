"""What is asked of git: who acts, and the commit that is kept with an applied version."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler import settings
from reconciler.app import control
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
    assert control.git_commit(read) == ""

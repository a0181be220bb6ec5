"""A partner that is merely left out of the files stays a partner, whoever runs apply and however."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.estate.conftest import SMALL, merged

MAIN = "from reconciler.cli.main import main; main()"
MANAGER = {"roles": ["viewer", "planner", "applier", "approver", "syncer"], "match": {"git_email": "a@eskmere.example"}}
BOTH = merged(SMALL, {"operators": {"data-manager": MANAGER}})
ONE = merged(BOTH, {"partners": {"BRK": None}, "period_maps": {"BRK": None}})
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Runs one command on the given estate, in a process of its own and without a terminal."""
    environment = {
        "PATH": os.environ["PATH"],
        "RECONCILE_STORE": f"sqlite:///{tmp_path / 'store' / 'store.db'}",
        "RECONCILE_ACTOR": "data-manager",
        "KEY_AVN": "key of AVN",
        "KEY_BRK": "key of BRK",
    }

    def run(estate: dict[str, Any], *words: str) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "estate.yaml"
        path.write_text(yaml.safe_dump(estate, sort_keys=False), "utf-8")
        return subprocess.run(
            [sys.executable, "-c", MAIN, *words], cwd=tmp_path, env={**environment, "RECONCILE_ESTATE": str(path)},
            capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    return run


def partners(command: Command) -> list[str]:
    listed = json.loads(command(BOTH, "state", "list", "--format", "json").stdout)
    return [row["address"] for row in listed if row["kind"] == "partner"]


@pytest.mark.requirement(24, 25)
def test_a_partner_that_is_left_out_is_held_with_3_until_somebody_says_so(command: Command) -> None:
    """Neither `--auto-approve` nor an allowance removes it; an approval does, and its rows are kept."""
    assert command(BOTH, "state", "init").returncode == 0
    assert command(BOTH, "apply", "--auto-approve").returncode == 0
    for words in (["--auto-approve"], ["--auto-approve", "--allow", "removal:partner.BRK"]):
        said = command(ONE, "apply", *words)
        assert said.returncode == 3, said.stderr
        assert "removed: [{address: partner.BRK" in said.stderr
        assert partners(command) == ["partner.AVN", "partner.BRK"]
    digest = json.loads(command(ONE, "plan", "--format", "json").stdout)["digest"]
    said = command(ONE, "approve", digest[:16], "--reason", "left the consortium")
    assert said.returncode == 0, said.stderr
    assert partners(command) == ["partner.AVN"]


@pytest.mark.requirement(18, 24)
def test_a_plan_shows_a_removal_with_what_it_keeps_and_stops_and_changes_nothing(command: Command) -> None:
    """With its entry in the files: forgotten, named, confirmed, and still there after the plan."""
    assert command(BOTH, "state", "init").returncode == 0
    assert command(BOTH, "apply", "--auto-approve").returncode == 0
    leaving = merged(
        ONE, {"removed": [{"address": "partner.BRK", "data": "keep", "reason": "left", "on": "2026-11-20"}]}
    )
    said = command(leaving, "plan")
    assert said.returncode == 0, said.stderr
    assert "forget partner.BRK: keeps 0 rows; no export stops" in said.stdout
    assert partners(command) == ["partner.AVN", "partner.BRK"]
    assert command(leaving, "apply", "--auto-approve").returncode == 0
    assert partners(command) == ["partner.AVN"]

"""The demo, whole and at its own size: it is the first command that a newcomer runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import ExitCode
from reconciler.simulator.demo import tell

TOLD_IN_ORDER = (
    "valid, 3 warnings",
    "Applied as version 1",
    "AVN import done: 277 added",
    "Harthill School is waiting for its first manual import",
    "Plan for eskmere-7f3c: nothing to do",
    "2 schools asked, 1 difference, 1 expected",
    "create guest BRK:20041",
    "The same again sends nothing",
    "AVN academic done",
    "Asked again at once, nothing is due",
    "60001 was sent although it is not offered",
    "31 of 51 students would leave (60.8 %)",
    "turned down by data-manager",
    "forget partner.CST: keeps",
    "plan.map_attachment",
    "re-attaches",
    "88 students of CST are live again; there were 88.",
    "plan.identity_clash",
    "transfers.html",
)


@pytest.mark.requirement(11, 27, 29, 45, 55, 67)
def test_the_story_is_told_to_its_end(tmp_path: Path) -> None:
    """Every step ends as it says, in this order, and what is left behind goes on from the story's last moment."""
    said: list[str] = []
    folder = tmp_path / "demo"
    code = tell({}, into=str(folder), scale=1.0, say=said.append)
    text = "\n".join(said)
    assert code is ExitCode.DONE, text[-2000:]
    places = [text.find(words) for words in TOLD_IN_ORDER]
    assert -1 not in places, [words for words, place in zip(TOLD_IN_ORDER, places, strict=True) if place < 0]
    assert places == sorted(places)
    assert "RECONCILE_NOW=2026-11-24T08:05" in (folder / "env.sh").read_text("utf-8")

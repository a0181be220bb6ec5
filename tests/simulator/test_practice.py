"""The folder to practise in: made once, left as the person left it, never another's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from reconciler.errors import Refused, UnknownName
from reconciler.simulator.practice import practice

SMALL = 0.05


def run(folder: Path, **options: object) -> dict[str, str]:
    """Runs the schools for a moment; the environment that a shell reads from the folder, in another folder."""
    with practice({}, into=str(folder), scale=SMALL, **options):  # type: ignore[arg-type]
        read = subprocess.run(
            ["/bin/sh", "-c", f". {folder}/env.sh && env"],
            env={"PATH": os.environ["PATH"]}, cwd="/", capture_output=True, text=True, check=True,
        )  # fmt: skip
    return dict(line.split("=", 1) for line in read.stdout.splitlines())


def test_a_practice_goes_on_as_it_was_left(tmp_path: Path) -> None:
    """Started again, perhaps with a fault, the schools find the edited estate, the store and the same secrets."""
    folder = tmp_path / "practice"
    first = run(folder, keep=True)
    estate, store = folder / "estate.yaml", folder / ".reconcile" / "store.db"
    estate.write_text("# edited\n", "utf-8")
    store.write_bytes(b"practised")
    again = run(folder, keep=True, faults=["BRK:roll_down_60"])
    assert (estate.read_text("utf-8"), store.read_bytes()) == ("# edited\n", b"practised")
    secrets = [name for name in first if name.endswith("_PASSWORD") or name.startswith("REC_KEY_")]
    assert secrets
    assert [first[name] for name in secrets] == [again[name] for name in secrets]


def test_a_practice_made_anew_forgets(tmp_path: Path) -> None:
    """Without `keep` the folder is made anew: the example estate and no store."""
    folder = tmp_path / "practice"
    run(folder)
    (folder / "estate.yaml").write_text("# edited\n", "utf-8")
    (folder / ".reconcile" / "store.db").write_bytes(b"practised")
    run(folder)
    assert "estate_id: eskmere-7f3c" in (folder / "estate.yaml").read_text("utf-8")
    assert not (folder / ".reconcile" / "store.db").exists()


def test_the_environment_file_serves_in_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder named relative to here is written whole into env.sh."""
    monkeypatch.chdir(tmp_path)
    with practice({}, into="practice", scale=SMALL):
        lines = (tmp_path / "practice" / "env.sh").read_text("utf-8")
    assert f"export RECONCILE_ESTATE={tmp_path}/practice/estate.yaml\n" in lines
    assert f"export RECONCILE_ENDPOINTS={tmp_path}/practice/endpoints.json\n" in lines


def test_an_unknown_fault_touches_nothing(tmp_path: Path) -> None:
    """A slip in --fault is said before a folder is made or made anew."""
    folder = tmp_path / "practice"
    for slip in ("BRK:nonsense", "ZZZ:slow", "slow"):
        with pytest.raises(UnknownName, match="fault"):
            run(folder, faults=[slip])
    assert not folder.exists()


def test_other_schools_do_not_go_on_in_the_same_folder(tmp_path: Path) -> None:
    """Another seed would answer with other people than the store holds: refused, and nothing is touched."""
    folder = tmp_path / "practice"
    run(folder, keep=True)
    with pytest.raises(Refused, match=r"seed 2026.*seed 7"):
        run(folder, keep=True, seed=7)


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """A folder with other files, or a file, is never taken over, also when made anew."""
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    for keep in (True, False):
        for place in (tmp_path, tmp_path / "mine.txt"):
            with pytest.raises(Refused, match="did not make"):
                run(place, keep=keep)
    assert (tmp_path / "mine.txt").read_text("utf-8") == "mine"

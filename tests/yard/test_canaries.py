"""No planted secret and no planted name of a pupil appears outside its own columns, whatever command is run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from reconciler.records.entities import COLUMNS
from reconciler.simulator.practice import Practice, practice

PUPIL = "Xqzcanarypupil"
INLINE = "inline-canary-Zq7"
PERSONAL = {(entity.value, column.name) for entity, columns in COLUMNS.items() for column in columns if column.personal}
OWN_COLUMNS = PERSONAL | {("change_journal", "before_image"), ("held_run", "change_set")}
COMMANDS = (
    "validate",
    "validate --format json",
    "state init --rehearsal",
    "plan",
    "plan --save {folder}/plan.json --format markdown",
    "plan --format json --full",
    "apply {folder}/plan.json",
    "apply {folder}/plan.json",
    "apply --expect 0123456789abcdef",
    "state list",
    "state show partner.AVN",
    "state show school.AVN",
    "state log --format json",
    "sync import --school AVN --dry-run --first",
    "sync import --first --format json",
    "sync import",
    "sync import --school NOPE",
    "log --format json",
    "issues list",
    "issues list --format json",
    "issues show 1",
    "report transfers --format html --out {folder}/transfers.html",
    "report transfers --format csv",
    "report issues --format json",
    "report issues --format text",
    "report period-map AVN",
    "report period-map BRK --format html --out {folder}/map.html",
    "report partner-setup AVN --format markdown",
    "report partner-setup ELM --format json",
    "state show nothing.here",
    "approve nothing --reason none",
)
FAULTS = ("wrong_key", "malformed", "roll_down_60", "windows_1252", "conflicting_row", "login_page", "over_share")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """A practice whose offered pupils and staff all bear the planted name."""
    folder = tmp_path_factory.mktemp("canary") / "practice"
    with practice({"PATH": os.environ["PATH"]}, into=str(folder), scale=0.05) as schools:
        world = schools.simulator.world
        for code, school in world.schools.items():
            for student in school.offered_students():
                world = world.rename(f"{code}:{student.id}", forename=PUPIL, surname=PUPIL)
        schools.simulator.world = world
        schools.simulator.write_drops(schools.folder / ".reconcile")
        yield schools


def run(made: Practice, command: str, **extra: str) -> str:
    """Everything that one command prints."""
    words = [word.format(folder=made.folder) for word in command.split()]
    answer = subprocess.run(
        [sys.executable, "-c", "from reconciler.cli.main import main; main()", *words],
        env={**made.environment, **extra}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in answer.stderr, answer.stderr
    return answer.stdout + answer.stderr


@pytest.mark.requirement(21, 75)
def test_no_canary_leaves_its_column(made: Practice) -> None:
    """Every command, success and failure, then every file and every column of the store."""
    secrets = list(made.simulator.environment().values())
    said = [run(made, command) for command in COMMANDS]
    said += [run(made, "sync import --school AVN"), *_with_faults(made), *_inline(made)]
    joined = "\n".join(said)
    for canary in (*secrets, PUPIL, INLINE):
        assert canary not in joined, _around(joined, canary)
    _check_files(made.folder, secrets)
    assert _check_columns(made.environment["RECONCILE_STORE"], secrets) > 0, (
        "the planted pupils should have been imported"
    )


def _with_faults(made: Practice) -> Iterator[str]:
    """Failing, held and odd imports print and store as little as good ones."""
    server = made.simulator.server
    for fault in FAULTS:
        assert fault in server.fault_names(), server.fault_names()
        server.fault("BRK", fault)
        yield run(made, "sync import --school BRK")
        server.heal("BRK")
    yield run(made, "log --outcome held")
    yield run(made, "sync import --school BRK", BRK_MIS_PASSWORD="wrong-" + INLINE)


def _inline(made: Practice) -> Iterator[str]:
    """A secret written into the files, or into the store's address, is refused without being repeated."""
    estate = made.folder / "inline.yaml"
    text_ = (made.folder / "estate.yaml").read_text("utf-8")
    estate.write_text(text_.replace("{env: AVN_MIS_PASSWORD}", INLINE), "utf-8")
    yield run(made, "validate", RECONCILE_ESTATE=str(estate))
    yield run(made, "validate --format json", RECONCILE_ESTATE=str(estate))
    yield run(made, "plan", RECONCILE_STORE=f"postgresql+psycopg://user:{INLINE}@127.0.0.1:1/none")
    yield run(made, "plan", RECONCILE_STORE="postgresql+psycopg://user@127.0.0.1:1/none")
    estate.unlink()


def _check_files(folder: Path, secrets: list[str]) -> None:
    """The environment file is the one place that is told the practice's secrets; drops and store hold the names."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        if path.name != "env.sh":
            for secret in (*secrets, INLINE):
                assert secret.encode() not in content, path
        if ".reconcile" not in path.parts:
            assert PUPIL.encode() not in content, path


def _check_columns(url: str, secrets: list[str]) -> int:
    """How often the planted name stands in its own columns; any other place fails."""
    found = 0
    engine = create_engine(url)
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            for row in connection.execute(text(f'SELECT * FROM "{table}"')).mappings():  # noqa: S608
                for column, value in row.items():
                    shown = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                    for secret in (*secrets, INLINE):
                        assert secret not in shown, (table, column)
                    if PUPIL in shown:
                        found += 1
                        assert (table, column) in OWN_COLUMNS, (table, column)
    engine.dispose()
    return found


def _around(text_: str, canary: str) -> str:
    place = text_.index(canary)
    return text_[max(0, place - 200) : place + 200]

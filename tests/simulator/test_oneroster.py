"""The folders that SIMS schools drop are OneRoster, and are never half written."""

from __future__ import annotations

import csv
import stat
from pathlib import Path

import pytest

from reconciler.simulator.oneroster import write_school
from reconciler.simulator.world import World
from reconciler.vocabulary.slots import Slot


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def dunescar(world: World, tmp_path: Path) -> Path:
    return write_school(world.schools["DNE"], tmp_path / "in" / "DNE", now=world.now)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_the_manifest_names_the_version_and_exactly_the_files_there_are(
    world: World, tmp_path: Path, version: str
) -> None:
    """Every file is `bulk` and present, or `absent` and not there."""
    folder = write_school(world.schools["HRT"], tmp_path / "HRT", now=world.now, version=version)
    manifest = {row["propertyName"]: row["value"] for row in read(folder, "manifest")}
    assert manifest["oneroster.version"] == version
    there = {name.removeprefix("file.") for name, value in manifest.items() if value == "bulk"}
    assert {path.stem for path in folder.iterdir()} == there | {"manifest"}
    assert ("roles" in there) is (version == "1.2")


@pytest.mark.parametrize(("code", "students", "classes"), [("DNE", 22, 3), ("HRT", 9, 0)])
def test_group_marks_count_what_is_offered(
    world: World, tmp_path: Path, code: str, students: int, classes: int
) -> None:
    """`metadata.groups` holds VS Outplaced for the offered pupils and classes only."""
    folder = write_school(world.schools[code], tmp_path / code, now=world.now)
    marked = [row for row in read(folder, "users") if row["metadata.groups"] == "VS Outplaced"]
    assert {row["role"] for row in marked} == {"student"}
    assert len(marked) == students
    assert len([row for row in read(folder, "classes") if row["metadata.groups"] == "VS Outplaced"]) == classes


def test_every_reference_leads_to_a_row(dunescar: Path) -> None:
    """Enrolments, classes and users name things that exist; ids are unique in their file."""
    ids = {}
    for name in ("orgs", "academicSessions", "courses", "classes", "users", "enrollments"):
        found = [row["sourcedId"] for row in read(dunescar, name)]
        assert len(found) == len(set(found)), name
        ids[name] = set(found)
    for row in read(dunescar, "enrollments"):
        assert row["classSourcedId"] in ids["classes"]
        assert row["userSourcedId"] in ids["users"]
    for row in read(dunescar, "classes"):
        assert not row["courseSourcedId"] or row["courseSourcedId"] in ids["courses"]
        assert row["termSourcedIds"] in ids["academicSessions"]
    assert {row["orgSourcedIds"] for row in read(dunescar, "users")} == ids["orgs"]


def test_a_class_tells_its_slots_and_its_room(dunescar: Path, world: World) -> None:
    """`periods` holds the partner's own slots, with weeks and days."""
    slots = set(world.schools["DNE"].cycle.slots())
    offered = [row for row in read(dunescar, "classes") if row["metadata.groups"]]
    for row in offered:
        parsed = [Slot.parse(text) for text in row["periods"].split(",")]
        assert len(parsed) == 8
        assert {(slot.week, slot.day, slot.period) for slot in parsed} <= slots
        assert row["location"]


def test_a_pupil_has_number_birth_date_and_tutor_group(dunescar: Path, world: World) -> None:
    """Rowan Tasker, whose other registration is at Foxgate."""
    rowan = world.student("DNE:24377")
    user = next(row for row in read(dunescar, "users") if row["sourcedId"] == "24377")
    assert user["userIds"] == f"{{UPN:{rowan.upn}}}"
    assert (user["grades"], user["metadata.enrolmentStatus"], user["identifier"]) == ("10", "M", rowan.admission_number)
    born = {row["sourcedId"]: row["birthDate"] for row in read(dunescar, "demographics")}
    assert born["24377"] == rowan.birth_date.isoformat()
    homerooms = {row["sourcedId"]: row["title"] for row in read(dunescar, "classes") if row["classType"] == "homeroom"}
    mine = {homerooms[row["classSourcedId"]] for row in read(dunescar, "enrollments")
            if row["userSourcedId"] == "24377" and row["classSourcedId"] in homerooms}  # fmt: skip
    assert mine == {rowan.tutor_group}


def test_version_1_2_moves_role_and_school_to_roles(world: World, tmp_path: Path) -> None:
    """users.csv has no role column there, and every user has a primary role."""
    folder = write_school(world.schools["HRT"], tmp_path / "HRT", now=world.now, version="1.2")
    users, roles = read(folder, "users"), read(folder, "roles")
    assert "role" not in users[0]
    assert {row["userSourcedId"] for row in roles} == {row["sourcedId"] for row in users}
    with pytest.raises(ValueError, match=r"OneRoster 2\.0 is not written"):
        write_school(world.schools["HRT"], tmp_path / "HRT", now=world.now, version="2.0")


def test_a_folder_is_replaced_whole(dunescar: Path, world: World) -> None:
    """Nothing of the old one stays, nothing half-made lies beside it, and only the owner can read it."""
    (dunescar / "stale.csv").write_text("left over")
    write_school(world.drop_students("DNE", 50).schools["DNE"], dunescar, now=world.now)
    assert not (dunescar / "stale.csv").exists()
    assert sum(row["role"] == "student" for row in read(dunescar, "users")) == 655
    assert [path.name for path in dunescar.parent.iterdir()] == ["DNE"]
    assert stat.S_IMODE(dunescar.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in dunescar.iterdir()} == {0o600}


def test_a_failed_write_leaves_the_old_folder(dunescar: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new files stand beside the folder until the last is written; what was begun is taken away."""
    before = {path.name: path.read_bytes() for path in dunescar.iterdir()}

    def full(*_arguments: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(csv.DictWriter, "writerows", full)
    with pytest.raises(OSError, match="no space left"):
        write_school(world.schools["DNE"], dunescar, now=world.now)
    assert {path.name: path.read_bytes() for path in dunescar.iterdir()} == before
    assert [path.name for path in dunescar.parent.iterdir()] == ["DNE"]

"""The OneRoster package for partners that take files (VS, rules 54, 55, 57 and 58; C2)."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from reconciler.connectors.export_protocol import (
    AssignmentFacts,
    ExportRequest,
    GuestFacts,
    ItemKind,
    PackageItem,
    WholeSession,
)
from reconciler.connectors.oneroster_csv.connector import OneRosterCsvConnector
from reconciler.connectors.oneroster_drop import PACKAGE, OneRosterDrop, encode
from reconciler.connectors.protocol import Offer, SourceRequest, SourceRow
from reconciler.errors import RefusedSourceError
from reconciler.records.entities import Entity
from reconciler.simulator.practice import NOW
from reconciler.vocabulary.codes import AcademicYear

GOLDEN = Path(__file__).parent / "golden"
GUEST_KEY, LEFT_KEY = "g" + "1" * 32, "g" + "2" * 32
ITEMS = (
    PackageItem(kind=ItemKind.GUEST, key=GUEST_KEY, facts=GuestFacts(
        home_school="FGT", home_id="50031", forename="Zoë", surname='O"Dea, Jr', birth_date=date(2010, 3, 1),
        year_group="11")),
    PackageItem(kind=ItemKind.GUEST, key=LEFT_KEY, ended_on=date(2026, 11, 20), facts=GuestFacts(
        home_school="AVN", home_id="10233", forename="Idris", surname="Pellow", birth_date=date(2010, 2, 14),
        upn="A123456789012")),
    PackageItem(kind=ItemKind.ASSIGNMENT, key="a" + "3" * 32, class_name="11B/Ph1", facts=AssignmentFacts(
        class_id="4502", first_day=date(2026, 11, 9), last_day=date(2027, 3, 25), guest=GUEST_KEY)),
    PackageItem(kind=ItemKind.ASSIGNMENT, key="a" + "4" * 32, class_name="11B/Ph1", ended_on=date(2026, 11, 20),
                facts=AssignmentFacts(class_id="4502", first_day=date(2026, 9, 7), last_day=None, guest=LEFT_KEY)),
    PackageItem(kind=ItemKind.ASSIGNMENT, key="a" + "6" * 32, class_name="11B/Ph1", ended_on=date(2026, 11, 20),
                facts=AssignmentFacts(class_id="4502", first_day=date(2026, 11, 30), last_day=None, guest=LEFT_KEY)),
    PackageItem(kind=ItemKind.ASSIGNMENT, key="a" + "5" * 32, class_name="10B/Ph1", facts=AssignmentFacts(
        class_id="4501", first_day=date(2026, 9, 7), last_day=None, own_student="C40117")),
)  # fmt: skip


def request(base: Path, **more: Any) -> ExportRequest:
    def no_key() -> str:
        raise AssertionError("a folder needs no key")

    told: dict[str, Any] = {
        "school": "DNE", "settings": {"connector": "oneroster-csv", "drop": "out/DNE"}, "hub": "ECV",
        "year": AcademicYear(2026), "now": NOW, "base": base, "key": no_key, "endpoint": lambda url: url,
        "schools": {"DNE": "Dunescar High School", "FGT": "Foxgate Alternative Provision Academy",
                    "AVN": "Ashvale North Academy"},
    }  # fmt: skip
    return ExportRequest(**(told | more))


def deliver(base: Path) -> Path:
    with OneRosterDrop().open(request(base)) as session:
        assert isinstance(session, WholeSession)
        session.deliver(ITEMS)
    return base / "out" / "DNE" / PACKAGE


def files(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name).decode() for name in sorted(package.namelist())}


@pytest.mark.requirement(54, 55, 57)
def test_the_package_is_as_it_was(tmp_path: Path, golden: Callable[[Path, str], None]) -> None:
    """Every file of it."""
    told = files(deliver(tmp_path))
    text = "".join(f"--- {name}\n{content}" for name, content in told.items()).replace("\r\n", "\n")
    golden(GOLDEN / "package.txt", text)


@pytest.mark.requirement(58)
def test_a_guest_is_enrolled_as_a_guest_and_nothing_else(tmp_path: Path) -> None:
    """By a constant, for whoever is in the package."""
    header, *users = files(deliver(tmp_path))["users.csv"].split("\r\n")[:-1]
    place = header.split(",").index("metadata.enrolmentStatus") - len(header.split(","))
    assert [user.split(",")[place] for user in users] == ["G", "G"]


def test_a_strict_reader_of_the_standard_takes_it(tmp_path: Path) -> None:
    """Our own, which forgives nothing in strict mode."""
    path = deliver(tmp_path)

    def no_secret(_reference: Mapping[str, object]) -> str:
        raise AssertionError("files need no secret")

    everyone = Offer(all=True)
    source = SourceRequest(
        school="DNE", settings={"connector": "oneroster-csv", "path": str(path), "mode": "strict"},
        year=AcademicYear(2026), students=everyone, classes=everyone, now=NOW, base=Path(), secret=no_secret,
        endpoint=lambda url: url,
    )  # fmt: skip
    with OneRosterCsvConnector().open(source) as session:
        found = {entity: list(session.fetch(entity)) for entity in Entity}
    students = [row for row in found[Entity.STUDENTS] if isinstance(row, SourceRow)]
    assert {row.values["surname"]: row.values["enrolment_status"] for row in students} == \
        {'O"Dea, Jr': "G", "Pellow": "G"}  # fmt: skip
    assert [row.values["name"] for row in found[Entity.CLASSES] if isinstance(row, SourceRow)] == ["10B/Ph1", "11B/Ph1"]


def test_equal_items_give_equal_bytes(tmp_path: Path) -> None:
    """Whatever their order, whenever they are written."""
    assert encode(ITEMS, request(tmp_path)) == encode(ITEMS[::-1], request(tmp_path, now=NOW.replace(year=2027)))


def test_the_package_is_put_in_place_whole_and_private(tmp_path: Path) -> None:
    """Nothing half written stays beside it."""
    deliver(tmp_path)
    path = deliver(tmp_path)
    assert [p.name for p in path.parent.iterdir()] == [PACKAGE]
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_folder_that_cannot_be_written_keeps_the_last_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And leaves nothing behind."""
    path = deliver(tmp_path)
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RefusedSourceError) as error:
        deliver(tmp_path)
    assert error.value.code == "export.drop_unwritable"
    assert [p.name for p in path.parent.iterdir()] == [PACKAGE]
    assert path.read_bytes() == before


def test_a_drop_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """Before anything is worked on."""
    (tmp_path / "out").write_text("not a folder", "utf-8")
    with pytest.raises(RefusedSourceError) as error:
        deliver(tmp_path)
    assert error.value.code == "export.drop_unwritable"

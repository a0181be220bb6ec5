"""Breaches of the format: forgiven and counted in tolerant mode, an error or a rejection in strict mode."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from reconciler.errors import MalformedSourceError
from reconciler.records.entities import Entity
from tests.connectors.deliveries import SDS, SMALL, Files, changed, write_folder, write_zip
from tests.connectors.harnesses import files_request
from tests.connectors.reading import Read, read

COMPLETE = {**SMALL, "courses": "sourcedId,status,dateLastModified,title\n"}
COMPLETE["manifest"] = COMPLETE["manifest"].replace("file.courses,absent", "file.courses,bulk")


def forgiven(found: dict[Entity, Read]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in found.values():
        for code, count in one.forgiven.items():
            counts[code] = counts.get(code, 0) + count
    return counts


def with_bom(drop: Path) -> None:
    (drop / "users.csv").write_bytes(b"\xef\xbb\xbf" + (drop / "users.csv").read_bytes())


def in_windows_1252(drop: Path) -> None:
    (drop / "users.csv").write_bytes((drop / "users.csv").read_text("utf-8").encode("cp1252"))


def header(wrong: str, right: str) -> Callable[[Path], None]:
    def change(drop: Path) -> None:
        text = (drop / "users.csv").read_bytes()
        (drop / "users.csv").write_bytes(text.replace(right.encode(), wrong.encode(), 1))

    return change


def renamed(old: str, new: str) -> Callable[[Path], None]:
    def change(drop: Path) -> None:
        (drop / old).rename(drop / new)

    return change


def without(name: str) -> Callable[[Path], None]:
    return lambda drop: (drop / name).unlink()


def one_folder_down(drop: Path) -> None:
    inner = drop / "export"
    inner.mkdir()
    for path in drop.glob("*.csv"):
        path.rename(inner / path.name)


STRUCTURE = [
    ("oneroster.bom", with_bom),
    ("oneroster.windows_1252", in_windows_1252),
    ("oneroster.header", header("FamilyName", "familyName")),
    ("oneroster.header", header("familyNmae", "familyName")),
    ("oneroster.header", header("sourcedID", "sourcedId")),
    ("oneroster.file_case", renamed("users.csv", "Users.CSV")),
    ("oneroster.file_name", renamed("enrollments.csv", "enrolments.csv")),
    ("oneroster.no_manifest", without("manifest.csv")),
    ("oneroster.manifest_file", without("demographics.csv")),
    ("oneroster.nested", one_folder_down),
]


@pytest.mark.parametrize(("code", "breach"), STRUCTURE)
def test_a_breach_of_the_form_is_forgiven_and_reported(
    code: str, breach: Callable[[Path], None], tmp_path: Path
) -> None:
    """The pupils are read all the same, and the report says what was forgiven."""
    breach(write_folder(tmp_path, COMPLETE))
    found = read(files_request(tmp_path))
    assert set(found[Entity.STUDENTS].taken) == {"s1", "s2", "s3"}
    assert found[Entity.STUDENTS].taken["s2"]["surname"] == "Ó Néill"
    assert set(forgiven(found)) == {code}


@pytest.mark.parametrize(("code", "breach"), STRUCTURE)
def test_strict_mode_refuses_it(code: str, breach: Callable[[Path], None], tmp_path: Path) -> None:
    """With the code under which the tolerant mode reports it."""
    breach(write_folder(tmp_path, COMPLETE))
    with pytest.raises(MalformedSourceError) as caught:
        read(files_request(tmp_path, mode="strict"))
    assert caught.value.code == code


def test_faultless_files_are_read_strictly(tmp_path: Path) -> None:
    """Nothing is forgiven, nothing is rejected."""
    found = read(files_request(write_folder(tmp_path, COMPLETE), mode="strict"))
    assert not any(one.forgiven or one.rejected for one in found.values())


def test_a_zip_with_its_folder_is_forgiven(tmp_path: Path) -> None:
    """As when a folder was packed instead of its files."""
    found = read(files_request(write_zip(tmp_path / "one.zip", SMALL, inside="export/")))
    assert forgiven(found) == {"oneroster.nested": 1}


@pytest.mark.parametrize("text", ["2010/02/14", "20100214", "14/02/2010", "14-02-2010", "14.02.2010", "14 Feb 2010",
                                  "2010-02-14T00:00:00"])  # fmt: skip
def test_other_dates_are_read_and_reported(text: str, tmp_path: Path) -> None:
    """Day before month."""
    files = changed(SMALL, demographics=("2010-02-14", text))
    found = read(files_request(write_folder(tmp_path, files)))
    assert found[Entity.STUDENTS].taken["s1"]["birth_date"] == date(2010, 2, 14)
    assert forgiven(found) == {"oneroster.date_format": 1}


@pytest.mark.parametrize("text", ["02/14/2010", "soon", "2010-02-30"])
def test_a_date_that_cannot_be_read_rejects_the_row(text: str, tmp_path: Path) -> None:
    """A month that only works the other way round is not turned round."""
    files = changed(SMALL, demographics=("2010-02-14", text))
    found = read(files_request(write_folder(tmp_path, files)))[Entity.STUDENTS]
    assert found.rejected == {"s1": "oneroster.date"}


CELLS: list[tuple[str, Files, Entity, str]] = [
    ("oneroster.date_format", changed(COMPLETE, demographics=("2010-02-14", "14/02/2010")), Entity.STUDENTS, "s1"),
    ("oneroster.case", changed(COMPLETE, users=("o1,student,u1", "o1,Student,u1")), Entity.STUDENTS, "s1"),
    ("oneroster.case", changed(COMPLETE, classes=("12B/Ph1,12,,,scheduled", "12B/Ph1,12,,,Scheduled")), Entity.CLASSES,
     "c1"),
    ("oneroster.reference", changed(COMPLETE, enrollments=("e3,,,c1,o1,s3", "e3,,,c1,o1,gone")), Entity.MEMBERSHIPS,
     "c1|student|gone"),
    ("oneroster.reference", changed(COMPLETE, classes=("o1,y26,Physics", "o1,y99,Physics")), Entity.CLASSES, "c1"),
    ("oneroster.role_from_enrollment", changed(COMPLETE, users=("o1,student,u1", "o1,,u1")), Entity.STUDENTS, "s1"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "files", "entity", "key"), CELLS)
def test_a_breach_in_a_row_is_forgiven_and_reported(
    code: str, files: Files, entity: Entity, key: str, tmp_path: Path
) -> None:
    """The row is taken where it can be, and nothing is rejected."""
    found = read(files_request(write_folder(tmp_path, files)))
    assert found[entity].rejected == {}
    assert (key in found[entity].taken) is (key != "c1|student|gone")
    assert set(forgiven(found)) == {code}


@pytest.mark.parametrize(("code", "files", "entity", "key"), CELLS)
def test_strict_mode_rejects_the_row_alone(code: str, files: Files, entity: Entity, key: str, tmp_path: Path) -> None:
    """Named by the id under which it would be held."""
    found = read(files_request(write_folder(tmp_path, files), mode="strict"))
    assert found[entity].rejected == {key: code}
    assert not forgiven(found)


@pytest.mark.parametrize(
    ("files", "entity", "key", "code"),
    [
        (changed(SMALL, users=("o1,student,u1", "o1,pupil-ish,u1")), Entity.STUDENTS, "s1", "oneroster.role"),
        (changed(SMALL, users=("s1,,,true", "s1,perhaps,,true")), Entity.STUDENTS, "s1", "oneroster.status"),
        (changed(SMALL, users=("o1,guardian,u6", "o1,,u6")), Entity.STUDENTS, "p1", "oneroster.no_role"),
        (changed(SMALL, classes=("W1Mon.P2", "third")), Entity.LESSONS, "c2|third", "oneroster.slot"),
        (changed(SDS, roles=("s1,1,student", "s1,1,wizard")), Entity.STUDENTS, "s1", "oneroster.role"),
        (changed(SDS, roles=("t2,1,aide", "t2,1,wizard")), Entity.STAFF, "t2", "oneroster.role"),
    ],
)
def test_what_cannot_be_understood_is_rejected_by_name(
    files: Files, entity: Entity, key: str, code: str, tmp_path: Path
) -> None:
    """In both modes; what is held under that id stays."""
    assert read(files_request(write_folder(tmp_path, files)))[entity].rejected[key] == code


def test_rows_marked_as_deleted_are_out_of_scope(tmp_path: Path) -> None:
    """So that, in a whole package, they count as absent."""
    files = changed(SMALL, users=("s1,,,true", "s1,tobedeleted,,true"), classes=("c2,,,", "c2,tobedeleted,,"))
    found = read(files_request(write_folder(tmp_path, files)))
    assert found[Entity.STUDENTS].outside["s1"] == "marked as deleted"
    assert found[Entity.CLASSES].outside["c2"] == "marked as deleted"


def test_a_file_under_the_wrong_name_is_told(tmp_path: Path) -> None:
    """The message says whose columns these are."""
    with pytest.raises(MalformedSourceError) as caught:
        read(files_request(write_folder(tmp_path, changed(SMALL, users=SMALL["enrollments"]))))
    assert caught.value.code == "oneroster.missing_column"
    assert "looks like enrollments.csv" in caught.value.message


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "oneroster.no_header"),
        (b"\r\n", "oneroster.no_header"),
        (b"sourcedId,givenName,familyName,familyName\r\n", "oneroster.header_twice"),
        ("sourcedId,givenName,familyName\r\n".encode("utf-16"), "oneroster.encoding"),
        (b'sourcedId,givenName,familyName\r\n1,"Greta"x,Abernath\r\n', "oneroster.csv"),
        (b'sourcedId,givenName,familyName\r\n1,"Greta,Abernath\r\n', "oneroster.cut"),
        (b"sourcedId;givenName;familyName\r\n1;Greta;Abernath\r\n", "oneroster.missing_column"),
    ],
)
def test_a_file_that_is_not_its_table_is_refused(content: bytes, code: str, tmp_path: Path) -> None:
    """And the message holds nothing of its rows."""
    drop = write_folder(tmp_path, SMALL)
    (drop / "users.csv").write_bytes(content)
    with pytest.raises(MalformedSourceError) as caught:
        read(files_request(drop))
    assert caught.value.code == code
    assert "Abernath" not in str(vars(caught.value))


@pytest.mark.parametrize("text", ["propertyName,value\nfile.users,sometimes\n", '"', "\x00\xff"])
def test_a_manifest_that_cannot_be_read_is_refused(text: str, tmp_path: Path) -> None:
    """It decides what absence means, so nothing of it is guessed."""
    drop = write_folder(tmp_path, SMALL)
    (drop / "manifest.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(MalformedSourceError) as caught:
        read(files_request(drop))
    assert caught.value.code == "oneroster.manifest"

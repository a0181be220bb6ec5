"""How files are delivered, what proves that they are whole, and what is refused."""

from __future__ import annotations

import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from reconciler.connectors.oneroster_csv import client
from reconciler.connectors.protocol import Completeness
from reconciler.connectors.registry import connector
from reconciler.errors import MalformedSourceError, RefusedSourceError, SourceError, TransientSourceError
from reconciler.records.entities import Entity
from tests.connectors.deliveries import SDS, SMALL, changed, write_folder, write_zip
from tests.connectors.harnesses import files_request
from tests.connectors.reading import read, read_one


def refusal(place: Path, **settings: object) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(files_request(place, **settings))
    return caught.value


def test_a_zip_and_a_folder_say_the_same(tmp_path: Path) -> None:
    """Rows and fingerprints are equal."""
    loose, packed = write_folder(tmp_path / "loose", SMALL), write_zip(tmp_path / "one.zip", SMALL)
    assert read(files_request(loose)) == read(files_request(packed))


def test_a_drop_folder_may_hold_one_zip(tmp_path: Path) -> None:
    """The usual way in which exports arrive."""
    write_zip(tmp_path / "export.zip", SMALL)
    assert len(read_one(files_request(tmp_path), Entity.STUDENTS).taken) == 3


def test_of_several_zips_none_is_guessed(tmp_path: Path) -> None:
    """The newest is not always the right one."""
    for name in ("a.zip", "b.zip"):
        write_zip(tmp_path / name, SMALL)
    assert refusal(tmp_path).code == "oneroster.several"


@pytest.mark.parametrize("place", ["absent", "empty"])
def test_nothing_delivered_is_worth_another_try(place: str, tmp_path: Path) -> None:
    """The school may just not have delivered yet."""
    (tmp_path / "empty").mkdir()
    error = refusal(tmp_path / place)
    assert isinstance(error, TransientSourceError)
    assert error.code == "oneroster.nothing_delivered"


def test_a_relative_drop_stands_on_the_base(tmp_path: Path) -> None:
    """`drop:` is relative to the estate or, in a rehearsal, to the store."""
    write_folder(tmp_path / "in" / "DNE", SMALL)
    request = files_request(Path("in/DNE"))
    object.__setattr__(request, "base", tmp_path)
    assert read_one(request, Entity.STUDENTS).taken


def test_an_entry_without_a_place_is_refused_before_anything_is_read() -> None:
    """Said when the session is opened."""
    request = files_request(Path())
    object.__setattr__(request, "settings", {"connector": "oneroster-csv"})
    with pytest.raises(RefusedSourceError) as caught, connector("oneroster-csv").open(request):
        pass
    assert caught.value.code == "source.settings"


# -- completeness (C13, C32) ------------------------------------------------------------------------------------------


def sureness(tmp_path: Path, files: dict[str, str]) -> dict[Entity, Completeness]:
    return {entity: one.completeness for entity, one in read(files_request(write_folder(tmp_path, files))).items()}


@pytest.mark.requirement(67)
def test_a_manifest_that_says_bulk_of_closed_files_proves_them(tmp_path: Path) -> None:
    """All bulk, all there, every reference finds its row."""
    assert set(sureness(tmp_path, dict(SMALL)).values()) == {Completeness.PROVEN}


def test_without_a_manifest_completeness_is_only_declared(tmp_path: Path) -> None:
    """The estate must say that the files hold everybody."""
    assert set(sureness(tmp_path, dict(SDS)).values()) == {Completeness.DECLARED}
    assert set(sureness(tmp_path / "x", changed(SMALL, manifest=None)).values()) == {Completeness.DECLARED}


@pytest.mark.requirement(67)
def test_a_delta_proves_nothing_about_absence(tmp_path: Path) -> None:
    """What is not in a delta has not left."""
    files = changed(SMALL, manifest=("file.users,bulk", "file.users,delta"))
    found = sureness(tmp_path, files)
    assert found[Entity.STUDENTS] is Completeness.NONE
    assert found[Entity.MEMBERSHIPS] is Completeness.NONE
    assert found[Entity.CLASSES] is Completeness.DECLARED


def test_an_open_reference_takes_the_proof_away(tmp_path: Path) -> None:
    """One of the files is older than the others."""
    files = changed(SMALL, enrollments=("e3,,,c1,o1,s3", "e3,,,c1,o1,gone"))
    found = read_one(files_request(write_folder(tmp_path, files)), Entity.MEMBERSHIPS)
    assert found.completeness is Completeness.DECLARED
    assert found.forgiven["oneroster.reference"] == 1
    assert found.outside["c1|student|gone"] == "refers to a row that is not in the files"


@pytest.mark.parametrize("name", ["users", "classes", "enrollments"])
def test_a_missing_file_is_an_error_not_an_empty_list(name: str, tmp_path: Path) -> None:
    """Whatever `complete:` says."""
    files = changed(SMALL, **{name: None})
    error = refusal(write_folder(tmp_path, files), complete=True)
    assert (error.code, name in error.message) == ("oneroster.missing_file", True)


@pytest.mark.parametrize("cut", [40, 300])
def test_a_cut_file_is_an_error(cut: int, tmp_path: Path) -> None:
    """A file that ends in the middle of a row is never a short file."""
    drop = write_folder(tmp_path, SMALL)
    (drop / "users.csv").write_bytes((drop / "users.csv").read_bytes()[:-cut])
    assert refusal(drop).code == "oneroster.cut"


def test_a_file_cut_in_its_header_is_not_a_file_without_rows(tmp_path: Path) -> None:
    """Zero rows need a header that was ended."""
    drop = write_folder(tmp_path, SMALL)
    (drop / "enrollments.csv").write_bytes(b"sourcedId,status,dateLastModified,classSourcedId,userSourcedId,role")
    assert refusal(drop).code == "oneroster.cut"


def test_a_rejected_row_without_an_id_is_named_by_its_line(tmp_path: Path) -> None:
    """Its cells cannot be told apart, so neither can its id."""
    files = changed(SMALL, users=("s2,,,true,o1", "s2,,true,o1"))
    for entity in (Entity.STUDENTS, Entity.STAFF):
        assert read_one(files_request(write_folder(tmp_path, files)), entity).rejected == {
            "users.csv:3": "oneroster.fields"
        }


def test_a_class_that_is_rejected_leaves_lessons_and_rooms_unsure(tmp_path: Path) -> None:
    """What the class would have led to is not known."""
    files = changed(SMALL, classes=("12A/Ma1,12,,,scheduled", "12A/Ma1,12,,,planned"))
    found = read(files_request(write_folder(tmp_path, files)))
    assert found[Entity.CLASSES].rejected == {"c2": "oneroster.class_type"}
    assert found[Entity.LESSONS].completeness is Completeness.NONE
    assert "c2|teacher|t2" in found[Entity.MEMBERSHIPS].taken


def test_files_that_are_replaced_meanwhile_are_noticed(tmp_path: Path) -> None:
    """Two deliveries are never mixed."""
    drop = write_folder(tmp_path, SMALL)
    with connector("oneroster-csv").open(files_request(drop)) as session:
        list(session.fetch(Entity.STAFF))
        write_folder(drop, changed(SMALL, users=("Greta", "Gretel")))
        with pytest.raises(TransientSourceError) as caught:
            list(session.fetch(Entity.STUDENTS))
    assert caught.value.code == "oneroster.replaced"


# -- hostile deliveries -----------------------------------------------------------------------------------------------


def test_a_zip_bomb_is_refused_unopened(tmp_path: Path) -> None:
    """A few kilobytes that unpack to hundreds of megabytes."""
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed, packed.open("users.csv", "w") as inside:
        for _ in range(40):
            inside.write(b"0" * 1_000_000)
    assert refusal(bomb).code == "oneroster.too_large"


def test_the_size_of_all_files_together_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loose files too."""
    drop = write_folder(tmp_path, SMALL)
    monkeypatch.setattr(client, "MOST_BYTES", 1000)
    assert refusal(drop).code == "oneroster.too_large"


@pytest.mark.parametrize(
    "name", ["../users.csv", "/etc/users.csv", "a/../../users.csv", "..\\users.csv", "C:\\users.csv"]
)
def test_names_that_point_outside_are_refused(name: str, tmp_path: Path) -> None:
    """Nothing is unpacked to disk, and such a zip is not trusted in anything else."""
    path = tmp_path / "one.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(zipfile.ZipInfo(name), "x")
    assert refusal(path).code == "oneroster.unsafe_name"


def test_links_are_refused(tmp_path: Path) -> None:
    """A link in the drop folder could point at any file of this machine."""
    drop = write_folder(tmp_path / "drop", changed(SMALL, users=None))
    outside = write_folder(tmp_path / "elsewhere", SMALL)
    (drop / "users.csv").symlink_to(outside / "users.csv")
    assert refusal(drop).code == "oneroster.unsafe_name"


def test_a_link_to_the_zip_of_another_school_is_refused(tmp_path: Path) -> None:
    """Whoever may write into one drop folder could otherwise bring another school's pupils in as their own."""
    theirs = write_zip(tmp_path / "theirs.zip", SMALL)
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "export.zip").symlink_to(theirs)
    assert refusal(drop).code == "oneroster.unsafe_name"


def test_a_link_to_the_folder_of_another_school_is_refused(tmp_path: Path) -> None:
    """The files themselves are no links there, so the folder is looked at too."""
    theirs = write_folder(tmp_path / "theirs", SMALL)
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "export").symlink_to(theirs)
    assert refusal(drop).code == "oneroster.unsafe_name"


def test_a_declared_place_may_itself_be_a_link(tmp_path: Path) -> None:
    """The hub declares it, not the school."""
    (tmp_path / "drop").symlink_to(write_folder(tmp_path / "mounted", SMALL))
    assert read_one(files_request(tmp_path / "drop"), Entity.STUDENTS).taken


def test_a_place_that_cannot_be_looked_at_is_said(tmp_path: Path) -> None:
    """A name that the file system refuses stands for a folder whose rights are missing."""
    error = refusal(tmp_path / ("d" * 300))
    assert error.code == "oneroster.unreadable"
    assert str(tmp_path) not in error.message


def test_no_damaged_byte_of_a_zip_ends_otherwise_than_in_a_refusal(tmp_path: Path) -> None:
    """The standard library raises more than it documents on such bytes; one school's zip never stops the others."""
    path = tmp_path / "one.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as packed:
        packed.writestr("users.csv", "sourcedId\n" * 40)
    whole = path.read_bytes()
    for place in range(len(whole)):
        for byte in (0, 128):
            path.write_bytes(whole[:place] + bytes((byte,)) + whole[place + 1 :])
            with suppress(SourceError):
                delivery = client.open_delivery(path, lambda _code, _message: None)
                for name in delivery.names:
                    with suppress(SourceError):
                        delivery.read(name)
                delivery.close()


@pytest.mark.parametrize("cut", [10, 1500])
def test_a_damaged_zip_is_refused(cut: int, tmp_path: Path) -> None:
    """Cut off, or with a member that does not unpack."""
    path = write_zip(tmp_path / "one.zip", SMALL)
    path.write_bytes(path.read_bytes()[:-cut])
    assert refusal(path).code == "oneroster.zip"


def test_a_member_that_does_not_unpack_is_refused(tmp_path: Path) -> None:
    """The directory of the zip is whole, its content is not."""
    path = write_zip(tmp_path / "one.zip", {"users": SMALL["users"], "classes": SMALL["classes"]} | dict(SMALL))
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as packed:
        start = packed.getinfo("users.csv").header_offset + 60
    data[start : start + 20] = b"\xff" * 20
    path.write_bytes(data)
    error = refusal(path)
    assert isinstance(error, MalformedSourceError)
    assert error.code == "oneroster.zip"


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    """No password is ever asked for."""
    path = write_zip(tmp_path / "one.zip", SMALL)
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 8] |= 1
    path.write_bytes(data)
    assert refusal(path).code == "oneroster.encrypted"

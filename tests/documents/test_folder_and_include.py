"""An estate of several files is one document, and none of its files lies outside the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.diagnostics import render_text
from reconciler.documents.read import read_document
from reconciler.errors import Refused
from tests.conftest import ROOT
from tests.documents.conftest import ANYTHING, Read, codes, only


def test_the_sections_of_a_folder_merge(read: Read) -> None:
    """Entries of one section may stand in several files; lists are joined in the order of the files."""
    files = {
        "estate/a.yaml": "version: 1\nschools: {AVN: {x: 1}}\nblackouts: [{why: one}]\n",
        "estate/b.yml": "schools: {BRK: {x: 2}}\nblackouts: [{why: two}]\nvirtual_school: {name: Hub}\n",
        "estate/c.yaml": "virtual_school: {short_code: ECV}\n",
    }
    document = read(files=files, path="estate")
    assert not document.findings
    assert document.value == {
        "version": 1,
        "schools": {"AVN": {"x": 1}, "BRK": {"x": 2}},
        "blackouts": [{"why": "one"}, {"why": "two"}],
        "virtual_school": {"name": "Hub", "short_code": "ECV"},
    }
    assert document.files == ("estate/a.yaml", "estate/b.yml", "estate/c.yaml")
    assert str(document.position(["blackouts", 1, "why"])) == "estate/b.yml:2:19"


def test_the_example_as_one_file_and_as_a_folder_is_the_same() -> None:
    """How the estate is spread over files changes nothing, not even the digest."""
    whole, spread = (read_document(ROOT / "examples" / name) for name in ("estate.yaml", "estate"))
    assert whole.value == spread.value
    assert whole.digest == spread.digest


def test_a_school_may_have_the_map_of_each_year_in_a_file_of_its_own(read: Read) -> None:
    """Maps merge year by year; the same year twice is an error."""
    this, following = "period_maps: {AVN: {2026-2027: {x: 1}}}\n", "period_maps: {AVN: {2027-2028: {x: 2}}}\n"
    files = {"estate/a.yaml": this, "estate/b.yaml": following}
    assert read(files=files, path="estate").value == {
        "period_maps": {"AVN": {"2026-2027": {"x": 1}, "2027-2028": {"x": 2}}}
    }
    finding = only(read(files={"estate/b.yaml": this}, path="estate"))
    assert (finding.code, finding.message) == (
        "estate.duplicate_key",
        "period_maps.AVN.2026-2027 is declared twice",
    )


@pytest.mark.parametrize("text", ["version: 1\n", "virtual_school: {name: Hub}\n", "schools: {AVN: {x: 1}}\n"])
def test_nothing_is_declared_in_two_files(read: Read, text: str) -> None:
    """A scalar, a key of a single section, an entry: both places are named."""
    finding = only(read(files={"estate/a.yaml": text, "estate/b.yaml": text}, path="estate"))
    assert finding.code == "estate.duplicate_key"
    assert finding.position is not None
    assert finding.position.file == "estate/b.yaml"
    assert [place.file for _, place in finding.related] == ["estate/a.yaml"]


def test_hidden_and_encrypted_files_of_a_folder_are_no_part_of_it(read: Read) -> None:
    """SOPS files hold people's details and are named where they are used."""
    files = {
        "estate/a.yaml": "a: 1\n",
        "estate/.b.yaml": "[",
        "estate/governors.sops.yaml": "[",
        "estate/c.txt": "[",
        "estate/deeper/d.yaml": "[",
    }
    document = read(files=files, path="estate")
    assert (document.value, codes(document)) == ({"a": 1}, [])


def test_an_include_is_relative_to_its_file_and_read_once(read: Read) -> None:
    """Two files may include a third."""
    files = {
        "estate.yaml": "include: [parts/*.yaml]\na: 1\n",
        "parts/b.yaml": "include: [../shared/x.yaml]\nb: 1\n",
        "parts/c.yaml": "include: [../shared/x.yaml]\nc: 1\n",
        "shared/x.yaml": "x: 1\n",
    }
    document = read(files=files)
    assert not document.findings
    assert document.value == {"a": 1, "b": 1, "c": 1, "x": 1}
    assert document.files == ("estate.yaml", "parts/b.yaml", "shared/x.yaml", "parts/c.yaml")


def test_a_pattern_does_not_mean_the_file_that_says_it(read: Read) -> None:
    """`*.yaml` includes the neighbours."""
    files = {"estate.yaml": "include: ['*.yaml']\na: 1\n", "more.yaml": "b: 1\n"}
    document = read(files=files)
    assert (document.value, codes(document)) == ({"a": 1, "b": 1}, [])


def test_a_circle_of_includes_is_refused_and_named(read: Read) -> None:
    """The message shows the way round."""
    files = {"estate.yaml": "include: [b.yaml]\n", "b.yaml": "include: [c.yaml]\n", "c.yaml": "include: [b.yaml]\n"}
    finding = only(read(files=files))
    assert (finding.code, str(finding.position)) == ("include.cycle", "c.yaml:1:11")
    assert "b.yaml -> c.yaml -> b.yaml" in finding.message


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("/etc/passwd.yaml", "include.absolute"),
        ("~/x.yaml", "include.absolute"),
        ("C:/x.yaml", "include.absolute"),
        ("\\\\server\\x.yaml", "include.absolute"),
        ("../outside.yaml", "include.outside"),
        ("parts/../../outside.yaml", "include.outside"),
        ("p*/../../outside.yaml", "include.outside"),
        ("https://estates.example/x.yaml", "include.url"),
        ("file:///etc/x.yaml", "include.url"),
        ("../../etc/passwd", "include.not_yaml"),
        (".env", "include.not_yaml"),
        ("nothing.yaml", "include.no_match"),
        ("parts/*.yaml", "include.no_match"),
    ],
)
def test_an_include_stays_inside_the_repository(read: Read, folder: Path, pattern: str, code: str) -> None:
    """Nothing outside is opened, and nothing of it is shown."""
    (folder.parent / "outside.yaml").write_text("planted: 4711\n", "utf-8")
    (folder / ".env").write_text("planted=4711\n", "utf-8")
    document = read(f"include: ['{pattern}']\n")
    assert codes(document) == [code]
    assert "4711" not in render_text(document.findings)
    assert "planted" not in document.value
    assert not document.digest


def test_a_symbolic_link_out_of_the_repository_is_not_followed(read: Read, folder: Path) -> None:
    """Neither as a file, nor as a folder, nor in the estate's own folder."""
    outside = folder.parent / "elsewhere"
    outside.mkdir()
    (outside / "secret.yaml").write_text("planted: [4711\n", "utf-8")
    (folder / "estate").mkdir()
    (folder / "file.yaml").symlink_to(outside / "secret.yaml")
    (folder / "dir").symlink_to(outside)
    (folder / "estate" / "linked.yaml").symlink_to(outside / "secret.yaml")
    texts = []
    for text in ("include: [file.yaml]\n", "include: [dir/secret.yaml]\n", "include: ['dir/*.yaml']\n"):
        document = read(text)
        assert codes(document) == ["include.outside"]
        texts.append(render_text(document.findings))
    document = read(files={"estate/a.yaml": "a: 1\n"}, path="estate")
    assert codes(document) == ["include.outside"]
    texts.append(render_text(document.findings))
    assert "4711" not in "".join(texts)
    assert "planted" not in "".join(texts)


def test_a_link_inside_the_repository_is_fine(read: Read, folder: Path) -> None:
    """What counts is where the file really lies."""
    (folder / "real").mkdir()
    (folder / "real" / "x.yaml").write_text("x: 1\n", "utf-8")
    (folder / "link").symlink_to(folder / "real")
    assert read("include: [link/x.yaml]\n").value == {"x": 1}


def test_without_git_the_estates_own_folder_is_the_border(tmp_path: Path) -> None:
    """A folder that is no repository includes nothing from above it."""
    (tmp_path / "above.yaml").write_text("x: 1\n", "utf-8")
    (tmp_path / "estate").mkdir()
    (tmp_path / "estate" / "a.yaml").write_text("include: [../above.yaml]\n", "utf-8")
    assert codes(read_document(tmp_path / "estate", schema=ANYTHING)) == ["include.outside"]


def test_a_broken_file_does_not_make_sections_missing(read: Read) -> None:
    """What a file that cannot be read would have held is no mistake of its own."""
    schema = {"type": "object", "required": ["schools"]}
    files = {"estate/a.yaml": "a: 1\n", "estate/b.yaml": "schools: {AVN: {x: 1\n"}
    assert codes(read(files=files, path="estate", schema=schema)) == ["yaml.comma"]


def test_no_estate_is_an_error_that_says_so(folder: Path) -> None:
    """A missing path and an empty folder are errors of the command, not findings."""
    (folder / "empty").mkdir()
    for path in ("nowhere.yaml", "empty"):
        with pytest.raises(Refused) as caught:
            read_document(Path(path), schema=ANYTHING)
        assert caught.value.code == "estate.missing"


def test_a_file_that_cannot_be_opened_is_an_error_that_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the reason, and without a traceback."""
    (folder / "estate.yaml").write_text("a: 1\n", "utf-8")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(Refused) as caught:
        read_document(Path("estate.yaml"), schema=ANYTHING)
    assert (caught.value.code, "Permission denied" in caught.value.message) == ("estate.unreadable", True)


def test_an_empty_file_of_a_folder_is_no_mistake(read: Read) -> None:
    """A file that holds only comments, or nothing yet."""
    files = {"estate/a.yaml": "a: 1\n", "estate/b.yaml": "# later\n", "estate/c.yaml": ""}
    document = read(files=files, path="estate")
    assert (document.value, codes(document)) == ({"a": 1}, [])

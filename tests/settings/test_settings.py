"""Environment and options, read once into one value."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import Refused
from reconciler.settings import read_settings


@pytest.mark.requirement(4)
@pytest.mark.parametrize(
    ("environment", "name", "source"),
    [
        ({"RECONCILE_ACTOR": "data-manager", "GITLAB_CI": "true"}, "data-manager", "env"),
        ({"GITLAB_CI": "true", "CI_PROJECT_PATH": "eskmere/estate", "CI_COMMIT_REF_PROTECTED": "true"},
         "eskmere/estate:protected", "gitlab"),
        ({"GITLAB_CI": "true", "CI_PROJECT_PATH": "eskmere/estate", "CI_MERGE_REQUEST_IID": "4",
          "CI_COMMIT_REF_PROTECTED": "true"}, "eskmere/estate:merge_request", "gitlab"),
        ({"GITLAB_CI": "true", "CI_PROJECT_PATH": "eskmere/estate"}, "eskmere/estate:unprotected", "gitlab"),
        ({"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "eskmere/estate", "GITHUB_REF_PROTECTED": "true"},
         "eskmere/estate:protected", "github"),
        ({"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "eskmere/estate", "GITHUB_EVENT_NAME": "pull_request"},
         "eskmere/estate:merge_request", "github"),
    ],
)  # fmt: skip
def test_who_acts_is_a_claim_with_its_source(environment: dict[str, str], name: str, source: str) -> None:
    """The named actor first, then the CI job by project and branch, never whoever happened to push."""
    actor = read_settings(environment).actor
    assert (actor.name, actor.source) == (name, source)


@pytest.mark.parametrize("name", ["data\x1b[2J-manager", "data\u202e-manager", "data\x85-manager\n"])
def test_a_name_cannot_steer_a_terminal(name: str) -> None:
    """Control and direction characters are taken out before anybody records or prints it."""
    actor = read_settings({"RECONCILE_ACTOR": name}).actor
    assert actor.name in ("data-manager", "data[2J-manager")


def test_an_estate_folder_is_found_where_there_is_no_file(tmp_path: Path) -> None:
    """`estate.yaml` wins over `estate/`."""
    (tmp_path / "estate").mkdir()
    assert read_settings({"RECONCILE_ACTOR": "x"}, folder=tmp_path).estate == tmp_path / "estate"
    (tmp_path / "estate.yaml").touch()
    assert read_settings({"RECONCILE_ACTOR": "x"}, folder=tmp_path).estate == tmp_path / "estate.yaml"


@pytest.mark.parametrize("text", ["Monday", "2026-11-23T08:40:00", "08:40"])
def test_a_clock_without_a_zone_is_refused(text: str) -> None:
    """A time that could be read two ways is none."""
    with pytest.raises(Refused) as caught:
        read_settings({"RECONCILE_ACTOR": "x", "RECONCILE_NOW": text})
    assert caught.value.code == "settings.now"


def test_options_win_over_the_environment() -> None:
    """Store and estate."""
    found = read_settings(
        {"RECONCILE_ACTOR": "x", "RECONCILE_STORE": "a", "RECONCILE_ESTATE": "b"}, store="c", estate="d"
    )
    assert (found.store_url, str(found.estate)) == ("c", "d")

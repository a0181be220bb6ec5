"""Secrets are references; what they resolve to never shows."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from reconciler.errors import SecretUnavailable
from reconciler.secrets.references import Secret, describe, fingerprint, resolve

CANARY = "canary-Zq9-secret"


@pytest.mark.requirement(21, 75)
def test_a_secret_never_renders() -> None:
    """Not by str, repr, formatting, and it cannot be pickled."""
    secret = Secret(CANARY)
    assert CANARY not in f"{secret} {secret!r} {secret:>40} {[secret]}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret.reveal() == CANARY


def test_an_environment_reference_resolves(tmp_path: Path) -> None:
    """Without the newline that a shell may have left."""
    assert resolve({"env": "KEY"}, environment={"KEY": CANARY + "\n"}, base=tmp_path).reveal() == CANARY


@pytest.mark.requirement(21)
def test_a_missing_variable_is_named_with_what_to_do(tmp_path: Path) -> None:
    """The name is shown, since it is no secret."""
    with pytest.raises(SecretUnavailable, match="REC_KEY_AVN") as caught:
        resolve({"env": "REC_KEY_AVN"}, environment={}, base=tmp_path)
    assert "REC_KEY_AVN" in caught.value.hint


def test_a_file_reference_must_be_private(tmp_path: Path) -> None:
    """A file that others can read is refused, and its content is not repeated."""
    path = tmp_path / "key"
    path.write_text(CANARY)
    path.chmod(0o644)
    with pytest.raises(SecretUnavailable) as caught:
        resolve({"file": "key"}, environment={}, base=tmp_path)
    assert caught.value.code == "secret.file_open_to_others"
    assert CANARY not in str(caught.value) + caught.value.hint
    path.chmod(0o600)
    assert resolve({"file": "key"}, environment={}, base=tmp_path).reveal() == CANARY


def test_a_program_gives_a_secret_without_a_shell(tmp_path: Path) -> None:
    """Words stay words: nothing is expanded."""
    assert resolve(
        {"exec": ["printf", "%s", "$HOME"]}, environment={"PATH": "/usr/bin:/bin"}, base=tmp_path
    ).reveal() == ("$HOME")


def test_a_failing_program_shows_neither_output_nor_complaint(tmp_path: Path) -> None:
    """Only its name and how it ended."""
    words = ["sh", "-c", f"echo {CANARY}; echo {CANARY} >&2; exit 3"]
    with pytest.raises(SecretUnavailable) as caught:
        resolve({"exec": words}, environment={"PATH": "/usr/bin:/bin"}, base=tmp_path)
    assert "ended with 3" in caught.value.message
    assert CANARY not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    "reference", [{"exec": ["printf", "canary\\351"]}, {"env": "LATIN"}, {"exec": ["printf", "a\0b"]}]
)
def test_what_is_no_text_is_said_without_showing_it(reference: dict[str, object], tmp_path: Path) -> None:
    """Bytes that are not UTF-8, from a program or the environment, and words that no program can be given."""
    environment = {"PATH": "/usr/bin:/bin", "LATIN": b"canary\xe9".decode("utf-8", "surrogateescape")}
    with pytest.raises(SecretUnavailable) as caught:
        resolve(reference, environment=environment, base=tmp_path)
    assert caught.value.code == "secret.unresolved"
    assert "canary" not in (caught.value.message + caught.value.hint).replace("printf canary", "")


def test_a_missing_program_says_which(tmp_path: Path) -> None:
    """As for sops where it is not installed."""
    with pytest.raises(SecretUnavailable, match="'sops'"):
        resolve({"sops": "keys.yaml#avn"}, environment={"PATH": str(tmp_path)}, base=tmp_path)


@pytest.mark.requirement(21)
def test_a_fingerprint_depends_on_value_and_store() -> None:
    """Equal within one store, different across stores, and not the value."""
    one, two = fingerprint(Secret(CANARY), b"a" * 32), fingerprint(Secret(CANARY), b"b" * 32)
    assert one == fingerprint(Secret(CANARY), b"a" * 32)
    assert one != two
    assert one != fingerprint(Secret(CANARY + "x"), b"a" * 32)
    assert CANARY not in one


def test_a_reference_reads_as_people_write_it() -> None:
    """For plans and errors."""
    assert describe({"env": "REC_KEY_AVN"}) == "env:REC_KEY_AVN"

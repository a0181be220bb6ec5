"""Resolves a reference to a secret: `env`, `file`, `exec`, `sops`, `keyring` (VS, rule 21; PP, rule 75).

What a reference names may be shown; what it resolves to never is. A `Secret` masks itself in every text form, so that
a value can only leave through `reveal`, at the last step before it is used.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from reconciler.errors import SecretUnavailable

_SECONDS = 20
_MOST_BYTES = 64 * 1024


class Secret:
    """A resolved value that never renders: `str`, `repr` and formatting show a mask; it cannot be pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never stored")


def describe(reference: Mapping[str, Any]) -> str:
    """The reference as people read it: `env:AVN_MIS_PASSWORD`."""
    kind, name = _parts(reference)
    return f"{kind}:{name if isinstance(name, str) else ' '.join(map(str, name))}"


def resolve(reference: Mapping[str, Any], *, environment: Mapping[str, str], base: Path) -> Secret:
    """The secret that `reference` names; `base` is the folder that a relative `file` or `sops` path starts from.

    Raises SecretUnavailable, naming the reference and the way to provide it, never a value.
    """
    kind, name = _parts(reference)
    value = _RESOLVERS[kind](name, environment, base).strip("\r\n")
    if not value:
        raise SecretUnavailable("secret.empty", f"{describe(reference)} is empty", hint="give it a value")
    if not value.isascii() and _is_no_text(value):
        raise SecretUnavailable(
            "secret.unresolved", f"{describe(reference)} is not text in UTF-8", hint="write it anew, in UTF-8"
        )
    return Secret(value)


def fingerprint(secret: Secret, key: bytes) -> str:
    """A keyed fingerprint, 64 hex characters: comparable within one store, worthless outside it."""
    return hmac.new(key, b"reconcile/secret\0" + secret.reveal().encode(), hashlib.sha256).hexdigest()


def _is_no_text(value: str) -> bool:
    """Whether bytes were not UTF-8: they travel as half surrogate pairs, as in the environment."""
    return any("\ud800" <= sign <= "\udfff" for sign in value)


def _parts(reference: Mapping[str, Any]) -> tuple[str, Any]:
    kinds = [kind for kind in _RESOLVERS if kind in reference]
    if len(kinds) != 1:
        raise SecretUnavailable(
            "secret.reference",
            "a secret is named by exactly one of " + ", ".join(_RESOLVERS),
            hint="write for example {env: AVN_MIS_PASSWORD}",
        )
    return kinds[0], reference[kinds[0]]


def _from_env(name: Any, environment: Mapping[str, str], base: Path) -> str:
    if name not in environment:
        raise SecretUnavailable(
            "secret.unresolved",
            f"the environment variable {name} is not set",
            hint=f"set {name} for this command, in CI as a protected variable",
        )
    return environment[name]


def _from_file(name: Any, environment: Mapping[str, str], base: Path) -> str:
    path = base / str(name)
    try:
        with path.open("rb") as handle:
            mode = stat.S_IMODE(os.fstat(handle.fileno()).st_mode)  # of the file that is read, not of a later one
            if mode & 0o077:
                raise SecretUnavailable(
                    "secret.file_open_to_others",
                    f"the secret file {name} can be read by others (mode {mode:04o})",
                    hint=f"chmod 600 {name}",
                )
            return handle.read(_MOST_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SecretUnavailable(
            "secret.unresolved",
            f"the secret file {name} cannot be read ({type(error).__name__})",
            hint="check the path; it is relative to the estate",
        ) from None


def _from_exec(name: Any, environment: Mapping[str, str], base: Path) -> str:
    words = [str(word) for word in name] if isinstance(name, list) else str(name).split()
    return _run(words, environment, base)


def _from_sops(name: Any, environment: Mapping[str, str], base: Path) -> str:
    path, _, key = str(name).partition("#")
    extract = ["--extract", f'["{key}"]'] if key else []
    return _run(["sops", "--decrypt", *extract, path], environment, base)


def _from_keyring(name: Any, environment: Mapping[str, str], base: Path) -> str:
    service, _, user = str(name).partition("/")
    return _run(["keyring", "get", service, user or "reconcile"], environment, base)


def _run(words: list[str], environment: Mapping[str, str], base: Path) -> str:
    """Runs a program without a shell; its output is the secret, its complaints are not shown."""
    program = words[0] if words else ""
    try:
        answer = subprocess.run(  # noqa: S603 (declared in the reviewed estate; no shell)
            words, cwd=base, env=dict(environment), capture_output=True, encoding="utf-8", errors="surrogateescape",
            timeout=_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise SecretUnavailable(
            "secret.unresolved",
            f"the program {program!r} that should give a secret did not ({type(error).__name__})",
            hint=f"install {program!r}, or name the secret by env or file",
        ) from None
    if answer.returncode != 0:
        raise SecretUnavailable(
            "secret.unresolved",
            f"the program {program!r} that should give a secret ended with {answer.returncode}",
            hint="run it by hand to see why; its output is not repeated here",
        )
    return answer.stdout


_RESOLVERS: dict[str, Callable[[Any, Mapping[str, str], Path], str]] = {
    "env": _from_env,
    "file": _from_file,
    "exec": _from_exec,
    "sops": _from_sops,
    "keyring": _from_keyring,
}

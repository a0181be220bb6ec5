"""One secret opens one door: references are compared, never resolved (VS, rules 21 and 30; PP, rule 75)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.estate.model import Estate, Path

if TYPE_CHECKING:
    from reconciler.documents.document import Document

_KINDS = ("env", "file", "sops", "keyring", "exec")


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """Two partners never share a Data Exchange Key; two schools' accounts had better not share a password."""
    keys: dict[bytes, str] = {}
    for code, partner in estate.partners.items():
        reference = _reference(partner.key)
        if reference is None:
            continue
        first = keys.setdefault(reference, code)
        if first != code:
            yield document.finding(
                "secret.shared_key",
                f"{first} and {code} have the same Data Exchange Key reference: the key says whose people they are",
                ("partners", code, "data_exchange_key"),
                hint="give each partner a key of its own",
                related=((f"{first} uses it here", document.position(("partners", first, "data_exchange_key"))),),
            )
    yield from _passwords(estate, document)


def _passwords(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    users: dict[bytes, tuple[str, str, Path]] = {}
    for name, account in estate.third_parties.items():
        reference = _reference(account.credentials.get("password") or {})
        if reference is None:
            continue
        path = (*account.path, "credentials", "password")
        first, school, place = users.setdefault(reference, (name, account.school, path))
        if school != account.school:
            yield document.finding(
                "secret.shared_password",
                f"{first} and {name} use one password reference for two schools",
                path,
                severity=Severity.WARNING,
                hint="give each school's account a password of its own",
                related=((f"{first} uses it here", document.position(place)),),
            )


def _reference(entry: Mapping[str, Any]) -> bytes | None:
    """A reference by what it names; what it replaces is another matter."""
    named = {kind: entry[kind] for kind in _KINDS if kind in entry}
    return orjson.dumps(named, option=orjson.OPT_SORT_KEYS) if named else None

"""School codes, colours and URNs identify one school each (VS, rules 17 and 22)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, Position, Severity
from reconciler.estate.model import Estate, Path
from reconciler.estate.rules.words import listed

if TYPE_CHECKING:
    from reconciler.documents.document import Document


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """Codes are prefix-free where they are written in front of ids; colours and URNs are used once."""
    yield from _prefixes(estate, document)
    yield from _colours(estate, document)
    yield from _urns(estate, document)


def _prefixes(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    separator = estate.virtual_school.separator
    written = {code + separator: code for code in estate.partners}
    for whole, code in written.items():
        for length in range(1, len(whole)):
            shorter = written.get(whole[:length])
            if shorter:
                rest = whole[length:]
                yield document.finding(
                    "id.code_clash",
                    f"{shorter} and {code} cannot be told apart in front of an id: "
                    f"{shorter} + {rest}123 and {code} + 123 are both {whole}123",
                    ("partners", code),
                    key=True,
                    hint='give the hub a separator, as in identifiers: {separator: "-"}, or one school another code',
                    related=_places(document, ("partners", shorter), shorter),
                )


def _colours(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    users: dict[str, list[tuple[str, Path]]] = defaultdict(list)
    for code, partner in estate.partners.items():
        if partner.colour:
            users[partner.colour.casefold()].append((code, ("partners", code, "colour")))
    for code, school in estate.schools.items():
        if school.colour and code not in estate.partners:
            users[school.colour.casefold()].append((code, ("schools", code, "colour")))
    for colour, places in users.items():
        for code, path in places[1:]:
            first, first_path = places[0]
            yield document.finding(
                "partner.colour_twice",
                f"{first} and {code} have the same colour {colour}: reports cannot tell them apart by it",
                path,
                severity=Severity.WARNING,
                hint="choose another colour; it is cosmetic and triggers nothing",
                related=_places(document, first_path, first),
            )


def _urns(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    users: dict[str, list[str]] = defaultdict(list)
    for code, school in estate.schools.items():
        if school.entry.get("urn"):
            users[str(school.entry["urn"])].append(code)
    for urn, codes in users.items():
        if len(codes) > 1:
            yield document.finding(
                "school.urn_twice",
                f"URN {urn} is given to {listed(codes)}",
                ("schools", codes[1], "urn"),
                severity=Severity.WARNING,
                hint="a URN names one school; two sites of one school may share it",
                related=_places(document, ("schools", codes[0], "urn"), codes[0]),
            )


def _places(document: Document, path: Path, label: str) -> tuple[tuple[str, Position], ...]:
    return ((f"{label} is declared here", document.position(path)),)

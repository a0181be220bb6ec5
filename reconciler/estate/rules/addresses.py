"""Resources named by address, under `removed:`, `moved:`, `expected_drift:` and `retention.purge`, fit what is declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic
from reconciler.estate.addresses import SECTIONS, SINGLE, is_declared, names_of, split
from reconciler.estate.catalogue import catalogue
from reconciler.estate.model import Estate, Path
from reconciler.estate.rules.words import choose
from reconciler.vocabulary.suggestions import did_you_mean

if TYPE_CHECKING:
    from reconciler.documents.document import Document


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """What is removed is gone, what moved is under its new address, drift is expected of something known."""
    yield from _removed(estate, document)
    yield from _moved(estate, document)
    yield from _drift(estate, document)
    for index, purge in enumerate((estate.retention.entry.get("purge") or ()) if estate.retention else ()):
        if not _reads(purge["address"]):
            yield _not_an_address(document, purge["address"], ("retention", "purge", index, "address"))


def _removed(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    for entry in estate.removed:
        path = (*entry.path, "address")
        if not _reads(entry.address):
            yield _not_an_address(document, entry.address, path)
        elif is_declared(*split(entry.address), estate, catalogue()):
            yield document.finding(
                "removed.still_declared",
                f"{entry.address} is removed and declared at once",
                path,
                hint="take it out of one place: a partner that comes back is declared, no longer removed",
            )


def _moved(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    for entry in estate.moved:
        ends = ((*entry.path, "from"), entry.from_address), ((*entry.path, "to"), entry.to_address)
        broken = [_not_an_address(document, address, path) for path, address in ends if not _reads(address)]
        yield from broken
        if broken:
            continue
        (from_kind, from_name), (to_kind, to_name) = split(entry.from_address), split(entry.to_address)
        if from_kind != to_kind:
            yield document.finding(
                "moved.other_kind",
                f"a {from_kind} cannot become a {to_kind}",
                ends[1][0],
                hint="remove the one and declare the other",
            )
            continue
        if is_declared(from_kind, from_name, estate, catalogue()):
            yield document.finding(
                "moved.still_declared",
                f"{entry.from_address} is said to have moved, and is still declared",
                ends[0][0],
                hint=f"declare it as {entry.to_address} only",
            )
        if not is_declared(to_kind, to_name, estate, catalogue()):
            yield _unknown(estate, document, to_kind, to_name, ends[1][0])


def _drift(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    known = catalogue()
    for declared in estate.expected_drift:
        address = declared.entry.get("address") or ""
        path = (*declared.path, "address")
        if not _reads(address):
            yield _not_an_address(document, address, path)
            continue
        kind, name = split(address)
        if kind == "entity_grant":
            # Drift may be that a left-out entity is still granted, so the grant need not be declared.
            account, _, entity = name.partition(".")
            if account not in estate.third_parties or known.canonical(entity) is None:
                yield _unknown(estate, document, kind, name, path)
        elif not is_declared(kind, name, estate, known):
            yield _unknown(estate, document, kind, name, path)


def _reads(address: str) -> bool:
    try:
        split(address)
    except ValueError:
        return False
    return True


def _not_an_address(document: Document, address: str, path: Path) -> Diagnostic:
    kind, _, _name = address.partition(".")
    near = "" if kind in SECTIONS else did_you_mean(kind, SECTIONS)
    usual = f"there is one {kind}: write {kind} alone" if kind in SINGLE else "write kind.name, like partner.AVN"
    return document.finding("reference.bad_address", f"{address!r} is not an address", path, hint=near or usual)


def _unknown(estate: Estate, document: Document, kind: str, name: str, path: Path) -> Diagnostic:
    hint = choose(name, names_of(kind, estate, catalogue()) if kind not in SINGLE else (), where=SECTIONS[kind])
    return document.finding("reference.unknown", f"there is no {kind.replace('_', ' ')} {name!r}", path, hint=hint)

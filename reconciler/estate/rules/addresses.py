"""Resources that are named by address (`removed:`, `moved:`, drift, purge) fit what is declared."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic
from reconciler.estate.addresses import SECTIONS, is_declared, names_of, split
from reconciler.estate.catalogue import catalogue
from reconciler.estate.model import Estate, Path
from reconciler.estate.rules.words import choose

if TYPE_CHECKING:
    from reconciler.documents.document import Document


def check(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    """What is removed is gone, what moved is under its new address, drift is expected of something known."""
    yield from _removed(estate, document)
    yield from _moved(estate, document)
    yield from _drift(estate, document)
    yield from _purged(estate, document)


def _removed(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    for entry in estate.removed:
        path = (*entry.path, "address")
        read = yield from _read(document, entry.address, path)
        if read and is_declared(*read, estate, catalogue()):
            yield document.finding(
                "removed.still_declared",
                f"{entry.address} is removed and declared at once",
                path,
                hint="take it out of one place: a partner that comes back is declared, no longer removed",
            )


def _moved(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    for entry in estate.moved:
        from_path, to_path = (*entry.path, "from"), (*entry.path, "to")
        old = yield from _read(document, entry.from_address, from_path)
        new = yield from _read(document, entry.to_address, to_path)
        if not old or not new:
            continue
        if old[0] != new[0]:
            yield document.finding(
                "moved.other_kind",
                f"a {old[0]} cannot become a {new[0]}",
                to_path,
                hint="remove the one and declare the other",
            )
            continue
        if is_declared(*old, estate, catalogue()):
            yield document.finding(
                "moved.still_declared",
                f"{entry.from_address} is said to have moved, and is still declared",
                from_path,
                hint=f"declare it as {entry.to_address} only",
            )
        if not is_declared(*new, estate, catalogue()):
            yield _unknown(document, new, names_of(new[0], estate, catalogue()), to_path)


def _drift(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    known = catalogue()
    for declared in estate.expected_drift:
        path = (*declared.path, "address")
        read = yield from _read(document, declared.entry["address"], path)
        if not read:
            continue
        if read[0] == "entity_grant":
            # Drift may be that an entity which was left out is still granted, so the grant need not be declared.
            names = {f"{account}.{entity}" for account in estate.third_parties for entity in known.entities}
        else:
            names = names_of(read[0], estate, known)
        if read[1] not in names:
            yield _unknown(document, read, names, path)


def _purged(estate: Estate, document: Document) -> Iterator[Diagnostic]:
    for index, purge in enumerate((estate.retention.entry.get("purge") or ()) if estate.retention else ()):
        yield from _read(document, purge["address"], ("retention", "purge", index, "address"))


def _read(document: Document, address: str, path: Path) -> Generator[Diagnostic, None, tuple[str, str] | None]:
    """Kind and name, or None after a finding that says how the address would be written."""
    try:
        return split(address)
    except ValueError as error:
        yield document.finding("reference.bad_address", f"{address!r} is not an address", path, hint=str(error))
        return None


def _unknown(document: Document, address: tuple[str, str], names: Collection[str], path: Path) -> Diagnostic:
    kind, name = address
    what = kind.replace("_", " ")
    message = f"there is no {what} {name!r}" if name else f"there is no {what}"
    return document.finding("reference.unknown", message, path, hint=choose(name, names, where=SECTIONS[kind]))

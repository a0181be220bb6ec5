"""Files -> document -> estate -> desired resources, with every finding (`validate`)."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler.diagnostics import Diagnostics
from reconciler.documents.document import Document
from reconciler.documents.read import read_document
from reconciler.errors import InvalidEstate
from reconciler.estate.build import build_estate
from reconciler.estate.model import Estate
from reconciler.estate.rules import check
from reconciler.resources.registry import desired
from reconciler.resources.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedEstate:
    """A valid estate with what is worth a warning."""

    document: Document
    estate: Estate
    resources: list[Resource]
    findings: Diagnostics


def validate(path: Path) -> Diagnostics:
    """Every finding about the files, complete offline. Raises ReconcileError when there is nothing to read."""
    with _collector_paused():
        return _read(path)[1]


def load(path: Path) -> LoadedEstate:
    """The estate ready for a plan. Raises InvalidEstate carrying all findings."""
    with _collector_paused():
        estate, findings, document = _read(path)
        if estate is None:
            raise InvalidEstate(findings)
        return LoadedEstate(document=document, estate=estate, resources=desired(estate), findings=findings)


def _read(path: Path) -> tuple[Estate | None, Diagnostics, Document]:
    document = read_document(path)
    findings = Diagnostics(list(document.findings.items))
    if findings.has_errors:
        return None, findings, document
    estate = build_estate(document)
    findings.extend(check(estate, document))
    return (None if findings.has_errors else estate), findings, document


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A large estate is one burst of objects that all live: collecting while it loads only costs time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

"""The unit that the control loop compares: an address with a canonical spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.diagnostics import Position
from reconciler.vocabulary.digests import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One declared thing.

    `address` is `kind` or `kind.name` or `kind.name.part` (`partner.AVN`, `entity_grant.elm-parentpay.Students`);
    `spec` is plain JSON with every default filled in and no secret, only references; `depends_on` are addresses that
    must exist first; `position` is where it is declared, None when it is read from the store.
    """

    address: str
    kind: str
    spec: Mapping[str, Any]
    digest: str
    depends_on: tuple[str, ...] = ()
    position: Position | None = None


def make(kind: str, name: str, spec: Mapping[str, Any], *, depends_on: tuple[str, ...] = (),
         position: Position | None = None) -> Resource:  # fmt: skip
    """A resource of `kind`; `name` is empty for kinds of which there is one."""
    return Resource(address=f"{kind}.{name}" if name else kind, kind=kind, spec=spec, digest=digest(spec),
                    depends_on=depends_on, position=position)  # fmt: skip

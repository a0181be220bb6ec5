"""How attendance, behaviour, assessment and post-16 facts are read: of known students, between two days.

A session is asked in portions, each some students and some days, so that neither side holds a year of marks at once. It
never asks for a student who is not named, and passes on what comes all the same: the sync decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from reconciler.connectors.protocol import Fetched, SourceRequest
from reconciler.records.academic import AcademicEntity
from reconciler.records.structures import Structure


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Days:
    """Days from `first` to `last`, both counted."""

    first: date
    last: date

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last


class AcademicSession(Protocol):
    """One school, one run."""

    def structure(self, entity: AcademicEntity) -> Structure:
        """What the school calls its behaviour events or its assessments. Raises SourceError."""

    def read(self, entity: AcademicEntity, students: Sequence[str], days: Days) -> Fetched:
        """Starts to read a portion; row keys are ours, values hold the entity's columns that are not derived.

        Errors come while iterating, as in `Session.fetch`. Post-16 aims come whatever their dates.
        """


class AcademicConnector(Protocol):
    """A system that academic data can be read from; `entities` are those that it knows of."""

    name: str
    entities: frozenset[AcademicEntity]

    def open(self, request: SourceRequest) -> AbstractContextManager[AcademicSession]:
        """A session; raises SecretUnavailable or RefusedSourceError before any data is asked for."""


AcademicConnectors = Mapping[str, AcademicConnector]

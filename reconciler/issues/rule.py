"""What a rule about data is: it sees the rows that stay, and speaks when the run is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import ClassVar

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue, Owner
from reconciler.records.entities import Entity
from reconciler.records.row_digest import CanonicalRow
from reconciler.transfers.entry import RejectedRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that stopped a run, an entity or a commit: a dotted code, one line, what to do next."""

    code: str
    message: str
    hint: str = ""
    entity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What one run found out, beside the rows: `standing` are the ids that are live after it, by entity.

    `judged` are the entities that were read completely; issues about others are neither confirmed nor closed.
    `over_shared` are (entity, id) that came although not offered; `unreached` the classes of each partner slot that
    no hub slot is mapped to.
    """

    school: str
    feed: str
    standing: Mapping[Entity, Set[str]] = field(default_factory=dict)
    judged: frozenset[Entity] = frozenset()
    over_shared: Sequence[tuple[Entity, str]] = ()
    rejected: Sequence[RejectedRecord] = ()
    incomplete: Sequence[Trouble] = ()
    refused: Sequence[Trouble] = ()
    held: Sequence[Trouble] = ()
    failure: Trouble | None = None
    unmapped: bool = False
    unreached: Mapping[str, Set[str]] = field(default_factory=dict)

    def issue(self, code: str, *, severity: Severity, entity: str, record: str, message: str, next_step: str,
              owner: Owner = Owner.SCHOOL, column: str = "") -> DataIssue:  # fmt: skip
        """An issue of this school and feed."""
        return DataIssue(code=code, severity=severity, school=self.school, feed=self.feed, entity=entity,
                         record=record, message=message, next_step=next_step, owner=owner, field=column)  # fmt: skip


class Rule:
    """One rule, made anew for each run. `reads` are the entities whose rows it is shown.

    Its issues are closed by a run that does not find them again, if all of `needs` were judged.
    """

    code: ClassVar[str]
    reads: ClassVar[frozenset[Entity]] = frozenset()
    needs: ClassVar[frozenset[Entity]] = frozenset()

    def see(self, entity: Entity, row: CanonicalRow) -> None:
        """Is shown each row in scope, once; keeps ids and never values that are not needed."""

    def found(self, facts: RunFacts) -> Iterator[DataIssue]:
        """The issues, once the run is over; rows that turned out not to stand are left out."""
        raise NotImplementedError

"""Compares what a school is about to hold with what the others hold, while uniqueness is claimed (VS, rules 11, 12)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue
from reconciler.issues.rule import Trouble
from reconciler.records.entities import Entity
from reconciler.records.identifiers import TUTOR_GROUP, Identifier, folded
from reconciler.records.row_digest import CanonicalRow
from reconciler.sharing.scope import at
from reconciler.syncs.cross_school import CrossSchoolStore, Holder
from reconciler.syncs.ports import EntityChanges, FeedScope, FeedStore

_TUTOR_GROUP_OF_STUDENT = at(Entity.STUDENTS, "tutor_group")
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityClash:
    """A record of this run and the records of other schools that carry the same identifier."""

    identifier: Identifier
    own: Holder
    others: tuple[Holder, ...]

    @property
    def message(self) -> str:
        """Both schools, both record ids and the number; never a name of a person."""
        named = " and ".join(other.told(self.identifier) for other in self.others)
        return (f"{self.identifier.noun} {self.own.value} of {self.own.told(self.identifier)} is also that of {named}, "
                f"and {self.identifier.flag} is claimed")  # fmt: skip

    def issue(self, feed: str) -> DataIssue:
        """The issue at the school whose import it holds."""
        there = " or ".join(sorted({other.school for other in self.others}))
        return DataIssue(
            code=self.identifier.code, severity=Severity.ERROR, school=self.own.school, feed=feed,
            entity=self.own.entity.value, record=self.own.record, field=self.identifier.hub_column,
            message=self.message,
            next_step=f"{self.own.school} or {there} changes the {self.identifier.noun} in its MIS, "
            f"or the hub sets {self.identifier.flag}: false",
        )  # fmt: skip


def clashes(claimed: Sequence[Identifier], scope: FeedScope, changes: Mapping[Entity, EntityChanges],
            store: FeedStore, across: CrossSchoolStore) -> list[IdentityClash]:  # fmt: skip
    """Every record that would be live after these changes and carries another school's identifier.

    All of them are compared, not only what is new: a school that was attached again brings its rows without an import.
    """
    if not claimed:
        return []
    others = [other for other in across.scopes() if other.school != scope.school]
    own = _Standing(scope, changes, store)
    return [clash for identifier in claimed for clash in _clashes(identifier, own, others, across)]


def reasons(found: Sequence[IdentityClash]) -> list[Trouble]:
    """One reason to hold for each identifier."""
    troubles = []
    for identifier in dict.fromkeys(clash.identifier for clash in found):
        named = [clash.message for clash in found if clash.identifier is identifier]
        more = f"; and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
        troubles.append(Trouble(
            code=identifier.code, entity=identifier.entity.value, message="; ".join(named[:_NAMED]) + more,
            hint=f"let one of the schools change the {identifier.noun}, or set {identifier.flag}: false and apply; "
            "this cannot be approved",
        ))  # fmt: skip
    return troubles


@dataclass(frozen=True, slots=True)
class _Standing:
    """The school's own rows as they will be."""

    scope: FeedScope
    changes: Mapping[Entity, EntityChanges]
    store: FeedStore

    def rows(self, entity: Entity) -> Iterator[CanonicalRow]:
        changes = self.changes.get(entity, EntityChanges())
        coming = [row for row, _ in (*changes.new, *changes.changed)]
        yield from coming
        replaced = {str(row[0]) for row in coming} | set(changes.left)
        yield from (row for row in self.store.rows(self.scope, entity) if str(row[0]) not in replaced)

    def holders(self, identifier: Identifier) -> Iterator[Holder]:
        yield from self._carrying(identifier.entity, at(identifier.entity, identifier.column))
        if identifier is TUTOR_GROUP:  # students carry the name, whether or not the group itself was sent
            yield from self._carrying(Entity.STUDENTS, _TUTOR_GROUP_OF_STUDENT)

    def _carrying(self, entity: Entity, place: int) -> Iterator[Holder]:
        for row in self.rows(entity):
            if row[place] is not None:
                yield Holder(school=self.scope.school, entity=entity, record=str(row[0]), value=str(row[place]))


def _clashes(identifier: Identifier, own: _Standing, others: Sequence[FeedScope],
             across: CrossSchoolStore) -> Iterator[IdentityClash]:  # fmt: skip
    mine = _by_value(own.holders(identifier), identifier)
    theirs = _by_value(across.holders(others, identifier, mine.keys()), identifier)
    for value in sorted(theirs):
        for holder in mine[value]:
            yield IdentityClash(identifier=identifier, own=holder, others=tuple(theirs[value]))


def _by_value(holders: Iterable[Holder], identifier: Identifier) -> dict[str, list[Holder]]:
    """Holders by folded value; of students who stand for a tutor group one a school, and none beside the group."""
    found: dict[str, list[Holder]] = {}
    for holder in holders:
        same = found.setdefault(folded(holder.value), [])
        stands_in = holder.entity is not identifier.entity
        if not (stands_in and any(other.school == holder.school for other in same)):
            same.append(holder)
    return found

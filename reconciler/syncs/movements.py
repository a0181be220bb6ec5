"""Counts what would move, and leaves out what merely follows from something else that is counted.

When a class ends, its memberships and lessons go with it, and so may its teacher and room; the class is what a guard
should speak about. A lesson that moves to another room is one lesson less and one more: no loss.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.records.entities import Entity
from reconciler.records.row_digest import CanonicalRow
from reconciler.sharing.scope import at
from reconciler.syncs.guards import Movement
from reconciler.syncs.intake import Intake
from reconciler.syncs.ports import EntityChanges
from reconciler.syncs.reading import Reading

_FOLLOWING = (Entity.MEMBERSHIPS, Entity.LESSONS)
_UNGUARDED_GAINS = (Entity.ROOMS, Entity.TUTOR_GROUPS)
_M_CLASS, _M_PERSON, _M_ROLE = (at(Entity.MEMBERSHIPS, c) for c in ("class_id", "person_id", "role"))
_L_CLASS, _L_SLOT = (at(Entity.LESSONS, c) for c in ("class_id", "partner_slot"))


def movements(reading: Reading, changes: Mapping[Entity, EntityChanges]) -> list[Movement]:
    """What would move of each entity that was held before; entities loaded for the first time are not guarded."""
    arrived = {entity: {str(row[0]) for row, _ in changes[entity].new} for entity in (Entity.STUDENTS, Entity.CLASSES)}
    found = []
    for entity, intake in reading.intakes.items():
        if not intake.held or not intake.asked:
            continue
        moved = changes[entity]
        if entity in _FOLLOWING:
            lost = sum(1 for row in _left_rows(reading, entity, moved.left) if not _follows_loss(reading, entity, row))
            come = sum(1 for row, _ in moved.new if not _follows_gain(entity, row, arrived))
            dropped, gained = max(lost - come, 0), max(come - lost, 0)
        else:
            dropped = sum(1 for source_id in moved.left if source_id not in intake.unreached)
            gained = 0 if entity in _UNGUARDED_GAINS else len(moved.new)
        found.append(_movement(intake, moved, dropped=dropped, gained=gained))
    return found


def _movement(intake: Intake, moved: EntityChanges, *, dropped: int, gained: int) -> Movement:
    held, left = len(intake.held), len(moved.left)
    return Movement(entity=intake.entity, held=held, left=left, rest=held - left + len(moved.new),
                    dropped=dropped, gained=gained)  # fmt: skip


def _left_rows(reading: Reading, entity: Entity, left: Iterable[str]) -> Iterable[CanonicalRow]:
    """The held rows that would leave; the store is read only when there are any."""
    ids = set(left)
    return (row for row in reading.store.rows(reading.job.scope, entity) if row[0] in ids) if ids else ()


def _follows_loss(reading: Reading, entity: Entity, row: CanonicalRow) -> bool:
    scope = reading.scope
    if entity is Entity.LESSONS:
        return row[_L_CLASS] not in scope.classes or row[_L_SLOT] not in (reading.job.mapping.slots or {})
    return row[_M_CLASS] not in scope.classes or (row[_M_ROLE] == "student" and row[_M_PERSON] not in scope.students)


def _follows_gain(entity: Entity, row: CanonicalRow, arrived: Mapping[Entity, set[str]]) -> bool:
    if entity is Entity.LESSONS:
        return row[_L_CLASS] in arrived[Entity.CLASSES]
    return row[_M_CLASS] in arrived[Entity.CLASSES] or row[_M_PERSON] in arrived[Entity.STUDENTS]

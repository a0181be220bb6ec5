"""Fetch and map: a school's entities in order, each row mapped, judged by the scope and compared with what is held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Set
from dataclasses import dataclass, field

from reconciler.connectors.protocol import (
    Completeness,
    Fetched,
    OutOfScopeRow,
    RejectedRow,
    Session,
    SourceRow,
)
from reconciler.errors import MalformedSourceError, RefusedSourceError
from reconciler.issues.rule import Trouble
from reconciler.issues.watch import Watch
from reconciler.records.entities import Entity
from reconciler.records.mapping import UnusableRow, mapper
from reconciler.records.row_digest import CanonicalRow, digester
from reconciler.sharing.scope import (
    DECIDED_BY,
    NARROWED,
    NOT_OFFERED,
    SLOT_NOT_REACHED,
    HubScope,
    at,
    name_of,
)
from reconciler.syncs.intake import Intake
from reconciler.syncs.job import ImportJob
from reconciler.syncs.ports import Cursor, FeedStore

Progress = Callable[[str, int], None]

# Codes with which a connector rejects a row and says more than that.
OTHER_SCHOOL = "record.other_school"  # the run is held
_CONFLICT = "source.duplicate_key"  # the run is held, and the row taken before is given back
_NO_KEY = "source.no_key"  # the row could be anyone's
_ABSENT = "source.offer_unknown"  # offered by id, and the school has no such id: what is held under it has left

_PROGRESS_EVERY = 500
_DECIDING = {Entity.MEMBERSHIPS: (Entity.STUDENTS, Entity.CLASSES), Entity.LESSONS: (Entity.CLASSES,)}
_REACHED_BY = {
    Entity.STAFF: (Entity.MEMBERSHIPS, Entity.LESSONS),
    Entity.ROOMS: (Entity.LESSONS,),
    Entity.TUTOR_GROUPS: (Entity.STUDENTS,),
}
_CLASS, _SLOT = at(Entity.LESSONS, "class_id"), at(Entity.LESSONS, "partner_slot")


@dataclass(slots=True, kw_only=True)
class Reading:
    """All that one run has read, before anything is concluded from it."""

    job: ImportJob
    store: FeedStore
    scope: HubScope
    watch: Watch = field(default_factory=Watch)
    intakes: dict[Entity, Intake] = field(default_factory=dict)
    over_shared: list[tuple[Entity, str]] = field(default_factory=list)
    foreign: Counter[str] = field(default_factory=Counter)
    refused: list[Trouble] = field(default_factory=list)
    unreached: dict[str, set[str]] = field(default_factory=dict)
    tolerances: list[str] = field(default_factory=list)

    @property
    def replayed(self) -> bool:
        """Whether every entity came byte for byte as last time, so that there is nothing to conclude."""
        return not self.refused and all(intake.replayed for intake in self.intakes.values() if intake.asked)

    def conclusive(self, entity: Entity) -> bool:
        """Whether rows of an entity that did not come may be taken to have left (C13)."""
        deciding = {entity} | DECIDED_BY[entity]
        return self.intakes[entity].asked and all(self.intakes[other].complete for other in deciding)


def skips_entity(error: RefusedSourceError) -> bool:
    """Whether a refusal is about one kind of record (`perm.staff`, `bromcom.not_granted`), not about the account."""
    return error.code.startswith("perm.") or error.code.endswith(".not_granted")


def read(job: ImportJob, session: Session, store: FeedStore, *, progress: Progress | None = None) -> Reading:
    """Reads every entity that the job asks for.

    Raises SourceError when the school cannot be read; a refusal of one entity is noted and the others go on (E6),
    unless every one is refused.
    """
    reading = Reading(job=job, store=store, scope=HubScope(job.year))
    refusal: RefusedSourceError | None = None
    for entity in Entity:
        intake = _open(job, store, entity)
        reading.intakes[entity] = intake
        intake.asked = entity in job.entities and not (entity is Entity.LESSONS and job.period_map is None)
        if intake.asked:
            try:
                _read_entity(reading, intake, session, progress or _silent)
            except RefusedSourceError as error:
                if not skips_entity(error):
                    raise
                refusal = error
                reading.intakes[entity] = _open(job, store, entity)  # nothing that came before the refusal counts
                reading.refused.append(
                    Trouble(code=error.code, message=error.message, hint=error.hint, entity=entity.value)
                )
        else:
            intake.complete = not intake.held
        reading.scope.stand(entity, reading.intakes[entity].standing)
    if refusal and len(reading.refused) == sum(intake.asked for intake in reading.intakes.values()):
        raise refusal
    if not reading.replayed:
        _recall(reading)
        _narrow(reading)
    return reading


def stamp(job: ImportJob, fingerprint: str) -> str:
    """What a cursor keeps of a payload's fingerprint: it says "nothing changed" only under the same offer and year."""
    return f"{fingerprint}:{job.offer_digest}" if fingerprint else ""


def _open(job: ImportJob, store: FeedStore, entity: Entity) -> Intake:
    version = job.mapping.version(entity)
    cursor = store.cursor(job.scope, entity)
    held = store.digests(job.scope, entity)
    moved = bool(held) and (cursor is None or cursor.mapping_version != version)
    if moved:  # digests of another mapping say nothing: take them anew of the rows that are held
        digest = digester(version)
        held = {str(row[0]): digest(row) for row in store.rows(job.scope, entity)}
    return Intake(entity=entity, mapping_version=version, held=held, redigested=moved,
                  first_load=cursor is None and not held)  # fmt: skip


def _read_entity(reading: Reading, intake: Intake, session: Session, progress: Progress) -> None:
    fetched = session.fetch(intake.entity)
    cursor = reading.store.cursor(reading.job.scope, intake.entity)
    if cursor and _unchanged(reading, intake, fetched, cursor):
        _drain(intake, fetched, cursor)
    else:
        _take_rows(reading, intake, fetched, progress)
    intake.completeness = fetched.completeness
    intake.complete = intake.completeness is Completeness.PROVEN or (
        intake.completeness is Completeness.DECLARED and reading.job.declared_complete
    )
    intake.fingerprint = fetched.fingerprint
    intake.finished = True
    for tolerance in fetched.tolerances:
        reading.tolerances.append(
            f"{intake.entity.value}: forgiven {tolerance.code} x{tolerance.count}: {tolerance.message}"
        )
    progress(intake.entity.value, intake.read)


def _unchanged(reading: Reading, intake: Intake, fetched: Fetched, cursor: Cursor) -> bool:
    """Whether the payload, the mapping and the rows that decide about these are all as they were."""
    return (
        bool(fetched.fingerprint)
        and cursor.fingerprint == stamp(reading.job, fetched.fingerprint)
        and cursor.mapping_version == intake.mapping_version
        and all(_same_ids(reading.intakes[other]) for other in _DECIDING.get(intake.entity, ()))
    )


def _same_ids(intake: Intake) -> bool:
    return intake.standing == intake.held.keys()


def _drain(intake: Intake, fetched: Fetched, cursor: Cursor) -> None:
    """Reads to the end without mapping: the session may need to have passed its rows."""
    count = sum(1 for _ in fetched)
    if count != cursor.rows or count != len(intake.held):
        raise MalformedSourceError(
            "import.fingerprint_mismatch",
            f"{intake.entity.value}: the source says that its payload is unchanged, and it held {cursor.rows} rows "
            f"before and {count} now",
            hint="report this to whoever wrote the connector; nothing was changed",
        )
    intake.replayed = True
    intake.read = count
    intake.seen = dict(intake.held)


def _take_rows(reading: Reading, intake: Intake, fetched: Fetched, progress: Progress) -> None:
    entity = intake.entity
    take = _taker(reading, intake)
    for row in fetched:
        intake.read += 1
        if intake.read % _PROGRESS_EVERY == 0:
            progress(entity.value, intake.read)
        if isinstance(row, SourceRow):
            if row.offered:
                take(row)
            else:
                intake.outside[NOT_OFFERED] += 1
                reading.over_shared.append((entity, row.key.strip()))
        elif isinstance(row, RejectedRow):
            _reject(reading, intake, row)
        elif isinstance(row, OutOfScopeRow):
            intake.leave_out(row.reason, row.place or row.key)


def _reject(reading: Reading, intake: Intake, row: RejectedRow) -> None:
    key = "" if row.code == _NO_KEY or row.key == row.place else row.key.strip()
    if row.code == _CONFLICT:
        intake.conflict(key, row.place)
        return
    if row.code == _ABSENT:
        intake.name(key, row.code, row.message, row.place)
        return
    if row.code == OTHER_SCHOOL:
        reading.foreign[intake.entity.value] += 1
    intake.reject(key, row.code, row.message, row.place or ("" if key else row.key))


def _taker(reading: Reading, intake: Intake) -> Callable[[SourceRow], None]:
    """Maps one row, asks the scope, compares and shows it to the rules."""
    entity = intake.entity
    map_row = mapper(entity, reading.job.mapping)
    digest = digester(intake.mapping_version)
    scope, watch = reading.scope, reading.watch

    def take(source: SourceRow) -> None:
        try:
            row = map_row(source.key, source.values)
        except UnusableRow as error:
            intake.reject(source.key.strip(), error.code, error.message)
            return
        reason = scope.outside(entity, row)
        if reason:
            intake.outside[reason] += 1
            if reason == SLOT_NOT_REACHED:
                reading.unreached.setdefault(str(row[_SLOT]), set()).add(str(row[_CLASS]))
        elif intake.take(row, digest(row)):
            _pass_on(intake, row, scope, watch)

    return take


def _pass_on(intake: Intake, row: CanonicalRow, scope: HubScope, watch: Watch) -> None:
    if intake.entity is Entity.TUTOR_GROUPS:
        intake.names[str(row[0])] = name_of(intake.entity, row)
    scope.reach(intake.entity, row)
    watch.see(intake.entity, row)


def _recall(reading: Reading) -> None:
    """Rows that were not mapped because their payload was unchanged still lead to others: the held ones stand in."""
    for entity, intake in reading.intakes.items():
        if intake.replayed:
            for row in reading.store.rows(reading.job.scope, entity):
                _pass_on(intake, row, reading.scope, reading.watch)


def _narrow(reading: Reading) -> None:
    """Keeps of staff, rooms and tutor groups what offered students and classes lead to (VS, rule 52)."""
    for entity in NARROWED:
        intake = reading.intakes[entity]
        unsure: Set[str] = frozenset()
        if any(reading.intakes[other].unread for other in _REACHED_BY[entity]):
            unsure = intake.held.keys()  # rows stand that were not read; they may lead to any of these

        def keeps(source_id: str, name: str, entity: Entity = entity, unsure: Set[str] = unsure) -> bool:
            return source_id in unsure or reading.scope.keeps(entity, source_id, name)

        intake.narrow(keeps)


def _silent(entity: str, rows: int) -> None:
    """Progress that nobody watches."""

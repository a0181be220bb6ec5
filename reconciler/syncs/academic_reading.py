"""Fetch, map and classify of one academic entity, portion by portion: memory holds one portion and no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from reconciler.connectors.academic_protocol import AcademicSession, Days
from reconciler.connectors.protocol import Completeness, OutOfScopeRow, RejectedRow, SourceRow
from reconciler.records.academic import AcademicEntity, academic_columns
from reconciler.records.academic_mapping import STUDENT, academic_mapper, is_aim_code, mapping_version
from reconciler.records.attendance_codes import attendance_codes
from reconciler.records.mapping import RowMapper, UnusableRow
from reconciler.records.structures import Structure, grades, type_code
from reconciler.sharing.scope import OTHER_YEAR
from reconciler.syncs.academic_changes import AcademicChanges
from reconciler.syncs.academic_job import BY_DAYS, OVERLAP, WHOLE_EVERY, AcademicJob, Portion, portions
from reconciler.syncs.academic_ports import AcademicCursor, AcademicStore
from reconciler.syncs.ports import CanonicalRow
from reconciler.transfers.entry import Counts, RejectedRecord

PARKED = "of a student who is not known yet; parked"
NOT_ASKED = "of a day or a student that was not asked for"
_CONFLICT = "source.duplicate_key"
_SECOND = "a record with this id came before with other content; that one was used"

Progress = Callable[[str, int], None]


@dataclass(slots=True, kw_only=True)
class AcademicIntake:
    """One entity in one run: what was read, what it adds up to, and the differences."""

    entity: AcademicEntity
    changes: AcademicChanges
    known: frozenset[str]
    read: int = 0
    same: int = 0
    held: int = 0  # rows that were held in what was asked for
    live_before: int = 0
    corrected: int = 0  # changes of what was settled, so not of a provisional mark
    complete: bool = True
    whole: bool = False  # every day of the year so far was looked at
    rejected: list[RejectedRecord] = field(default_factory=list)
    outside: Counter[str] = field(default_factory=Counter)
    unknown_students: Counter[str] = field(default_factory=Counter)
    unknown_aims: dict[str, str] = field(default_factory=dict)
    cursor: AcademicCursor | None = None
    tolerances: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def counts(self) -> Counts:
        """What was read, by what became of it; the parts add up to the whole."""
        c = self.changes
        return Counts(read=self.read, new=c.new_count, changed=c.changed_count, same=self.same,
                      rejected=len(self.rejected), out_of_scope=self.outside.total(), left=c.left_count)  # fmt: skip

    def reject(self, key: str, code: str, message: str, place: str = "") -> None:
        self.rejected.append(RejectedRecord(entity=self.entity.value, key=key, code=code, message=message, place=place))


def read_entity(
    job: AcademicJob, entity: AcademicEntity, session: AcademicSession, store: AcademicStore, *,
    until: date, school_structure: Structure | None, progress: Progress,
) -> AcademicIntake:  # fmt: skip
    """Reads what is due of one entity. Raises SourceError, after which nothing of the entity may be concluded.

    Students who were covered before are asked for from the overlap before the last run on; those whom the roster import
    has brought since, from the first day of the year (VS, rule 59: parked rows come in with them).
    """
    known, cursor = store.known_students(job.scope), store.cursor(job.scope, entity)
    live = store.live_rows(job.scope, entity)
    intake = AcademicIntake(entity=entity, known=known, live_before=live,
                            changes=AcademicChanges(entity, first_load=cursor is None and not live))  # fmt: skip
    reader = _PortionReader(job, intake, store, school_structure)
    intake.whole = _looks_at_all(job, entity, cursor, until)
    try:
        for portion in _due(job, entity, known, None if intake.whole else cursor, until):
            reader.take(portion, session)
            progress(entity.value, intake.read)
    except BaseException:
        intake.changes.close()
        raise
    intake.changes.settle()
    if intake.complete:
        whole_on = until if intake.whole or cursor is None else cursor.whole_on
        intake.cursor = AcademicCursor(mapping_version=mapping_version(entity), covered_to=until, whole_on=whole_on,
                                       students=known)  # fmt: skip
    return intake


def _looks_at_all(job: AcademicJob, entity: AcademicEntity, cursor: AcademicCursor | None, until: date) -> bool:
    """Once a week every day is looked at again: marks are mended months later, and rejected rows too."""
    return (
        entity not in BY_DAYS
        or cursor is None
        or job.whole_year
        or cursor.mapping_version != mapping_version(entity)
        or until - cursor.whole_on >= WHOLE_EVERY
    )


def _due(
    job: AcademicJob, entity: AcademicEntity, known: frozenset[str], cursor: AcademicCursor | None, until: date
) -> list[Portion]:
    year = Days(first=job.year.first_day, last=job.year.last_day)
    if entity not in BY_DAYS:
        return list(portions(sorted(known), year, whole=True))
    so_far = Days(first=year.first, last=until)
    if cursor is None:
        return list(portions(sorted(known), so_far, whole=False))
    since = Days(first=max(year.first, cursor.covered_to - OVERLAP), last=until)
    due = list(portions(sorted(known & cursor.students), since, whole=False))
    return due + list(portions(sorted(known - cursor.students), so_far, whole=False))


@dataclass(slots=True)
class _Batch:
    """One portion on its way in: usable rows by id, and the ids of those that cannot be used."""

    portion: Portion
    asked: frozenset[str]
    rows: dict[str, CanonicalRow] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)


class _PortionReader:
    """Takes in one portion after another."""

    def __init__(
        self, job: AcademicJob, intake: AcademicIntake, store: AcademicStore, structure: Structure | None
    ) -> None:
        self._job, self._intake, self._store, self._structure = job, intake, store, structure
        self._map: RowMapper = academic_mapper(intake.entity)
        self._columns = academic_columns(intake.entity)
        self._on_date = self._columns.index("on_date") if "on_date" in self._columns else None
        self._grades = grades(structure) if structure else frozenset[str]()
        # A mark's id is its student, day and session, so it can come back in no other portion; other ids can.
        self._ids_move = intake.entity is not AcademicEntity.ATTENDANCE_MARKS
        self._earlier: set[str] = set()

    def take(self, portion: Portion, session: AcademicSession) -> None:
        """Reads a portion to its end, then compares it with what is held of the same students and days."""
        intake, batch = self._intake, _Batch(portion, frozenset(portion.students))
        fetched = session.read(intake.entity, portion.students, portion.days)
        for row in fetched:
            intake.read += 1
            if isinstance(row, OutOfScopeRow):
                intake.outside[row.reason] += 1
            elif isinstance(row, RejectedRow):
                self._refuse(batch, row)
            else:
                self._sort(batch, row)
        for tolerance in fetched.tolerances:
            intake.tolerances[tolerance.code, tolerance.message] += tolerance.count
        complete = fetched.completeness is Completeness.PROVEN or (
            fetched.completeness is Completeness.DECLARED and self._job.declared_complete
        )
        conclusive = complete and "" not in batch.refused
        intake.complete &= conclusive
        self._compare(batch, conclusive=conclusive)

    def _sort(self, batch: _Batch, source: SourceRow) -> None:
        """The student is looked at first: of one who is not known, nothing but the key is ever taken."""
        intake, key = self._intake, source.key.strip()
        student = str(source.values.get("student_id") or "").strip()
        if student and student not in intake.known:
            intake.outside[PARKED] += 1
            intake.unknown_students[student] += 1
            intake.changes.park(key, student)
            return
        try:
            row = self._map(key, source.values)
            self._check_codes(row)
        except UnusableRow as error:
            self._refuse(batch, RejectedRow(key, error.code, error.message))
            return
        outside = NOT_ASKED if row[STUDENT] not in batch.asked else self._outside(row, batch.portion)
        if outside:
            intake.outside[outside] += 1
        elif key in batch.rows or key in batch.refused:
            self._refuse(batch, RejectedRow(key, _CONFLICT, ""))
        elif key in self._earlier:
            self._refuse(batch, RejectedRow(key, "record.conflict", _SECOND))
        else:
            batch.rows[key] = row

    def _outside(self, row: CanonicalRow, portion: Portion) -> str:
        year = self._job.year
        if self._on_date is None:
            start, end = (row[self._columns.index(name)] for name in ("start_date", "end_date"))
            touches = year.overlaps(start if isinstance(start, date) else None, end if isinstance(end, date) else None)
            return "" if touches else OTHER_YEAR
        on = row[self._on_date]
        if on in portion.days:
            return ""
        return NOT_ASKED if on in Days(first=year.first_day, last=year.last_day) else OTHER_YEAR

    def _check_codes(self, row: CanonicalRow) -> None:
        """Codes that the school's own structure does not know are refused, never taken as they are (C29)."""
        if self._structure is None:
            return
        told: Mapping[str, object] = dict(zip(self._columns, row, strict=True))
        if self._intake.entity is AcademicEntity.BEHAVIOUR_EVENTS and told["event_code"] not in self._structure:
            raise UnusableRow("academic.unknown_code", "its event code is not one of the school's")
        if self._intake.entity is AcademicEntity.ASSESSMENT_RESULTS:
            if type_code(str(told["assessment_type"])) not in self._structure:
                raise UnusableRow("academic.unknown_code", "its assessment type is not one of the school's")
            if told["is_grade"] == "true" and told["result"] not in self._grades:
                raise UnusableRow("academic.unknown_code", "its result is said to be a grade and is in no grade set")

    def _refuse(self, batch: _Batch, row: RejectedRow) -> None:
        """Names a row that cannot be used; what is held under its id stays. Of rows in conflict none is used."""
        key, code, message = row.key.strip(), row.code, row.message
        if code == _CONFLICT:
            code, message = "record.conflict", "records with this id came with different content; none of them was used"
            if batch.rows.pop(key, None) is not None:
                self._intake.reject(key, code, message)
        self._intake.reject(key, code, message, row.place)
        batch.refused.add(key)

    def _compare(self, batch: _Batch, *, conclusive: bool) -> None:
        intake, changes = self._intake, self._intake.changes
        held, elsewhere = self._held(batch)
        intake.held += len(held)
        for key, row in batch.rows.items():
            before = held.pop(key, None) or elsewhere.get(key)
            self._note_aim(key, row)
            if before is None:
                changes.add_new(row)
            elif before == row:
                intake.same += 1
            else:
                self._change(row, before, moved=key in elsewhere)
        if self._ids_move:
            self._earlier |= batch.rows.keys()
        if conclusive:
            for key in held.keys() - batch.refused:
                changes.add_left(key)

    def _held(self, batch: _Batch) -> tuple[dict[str, CanonicalRow], dict[str, CanonicalRow]]:
        """What is held of the portion, and what is held under ids of the portion for another day or student."""
        if self._intake.changes.first_load:
            return {}, {}
        scope, entity, portion = self._job.scope, self._intake.entity, batch.portion
        held = self._store.portion(scope, entity, portion.students, None if portion.whole else portion.days)
        missing = [key for key in batch.rows if key not in held] if self._ids_move else []
        return held, self._store.find(scope, entity, missing) if missing else {}

    def _change(self, row: CanonicalRow, before: CanonicalRow, *, moved: bool) -> None:
        former = {n: was for n, was, now in zip(self._columns, before, row, strict=True) if was != now}
        self._intake.changes.add_changed(row, former, moved=moved)
        if not _was_provisional(self._intake.entity, dict(zip(self._columns, before, strict=True))):
            self._intake.corrected += 1

    def _note_aim(self, key: str, row: CanonicalRow) -> None:
        is_aim = self._intake.entity is AcademicEntity.POST16_AIMS
        if is_aim and not is_aim_code(row[self._columns.index("aim_code")]):
            self._intake.unknown_aims[key] = str(row[STUDENT])


def _was_provisional(entity: AcademicEntity, before: Mapping[str, object]) -> bool:
    """A mark N is there to be replaced."""
    return entity is AcademicEntity.ATTENDANCE_MARKS and attendance_codes()[str(before["code"])].provisional

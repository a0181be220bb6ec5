"""The slot ledger: fulfils `SlotLedger` of `reconciler.runner.ports`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reconciler.errors import Refused
from reconciler.runner.ports import LedgerRow, RunEnd
from reconciler.schedule.due import NOT_RUN, DueSlot, LineKey, Recorded, SlotState
from reconciler.schedule.times import Slot, SlotName
from reconciler.store.database import Database
from reconciler.store.tables.control import VERSION, VERSION_CHANGE
from reconciler.store.tables.runs import RUN
from reconciler.store.tables.slots import SCHEDULE_SLOT
from reconciler.syncs.ports import FeedScope
from reconciler.transfers.entry import Outcome

_T = SCHEDULE_SLOT
_NOT_RUN = sorted(NOT_RUN)
_SUCCEEDED = [Outcome.DONE, Outcome.UNCHANGED, Outcome.PARTIAL]
_ENDED = [outcome for outcome in Outcome if outcome not in (Outcome.RUNNING, Outcome.INTERRUPTED)]


class SqlSlotLedger:
    """Every method that writes is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def recent(self, keys: Collection[LineKey], *, now: datetime) -> Mapping[LineKey, Sequence[Recorded]]:
        """Of each line its claimed slots, and all from the one on that settled everything before it at `now`."""
        with self._database.read() as connection:
            return {key: _recent(connection, key, now) for key in keys}

    def claims(self) -> Sequence[tuple[LineKey, Recorded]]:
        """All slots that are claimed, in order of time."""
        query = select(_T).where(_T.c.state == SlotState.CLAIMED).order_by(_T.c.due_at, *_T.primary_key.columns)
        with self._database.read() as connection:
            return [(_key(row), _recorded(row)) for row in connection.execute(query)]

    def take(self, key: LineKey, slot: Slot | None, *, seen: Recorded | None, notes: Sequence[DueSlot],
             claimed_by: str, now: datetime) -> Recorded | None:  # fmt: skip
        """Notes what was not run and claims the slot, in one transaction; None when another process was quicker."""
        with self._database.write() as connection:
            claim = None
            if slot is not None:
                claim = _claim(connection, key, slot, seen, claimed_by=claimed_by, now=now)
                if claim is None:
                    return None
            for note in notes:
                _note(connection, note, now)
            return claim

    def finish(self, key: LineKey, claim: Recorded, *, state: SlotState, end: RunEnd | None, reason: str,
               now: datetime) -> None:  # fmt: skip
        """Settles a claimed slot. Raises Refused (`schedule.claim_lost`) when another process has taken it over."""
        settled = (
            update(_T)
            .where(_slot(key, claim.name), _T.c.state == SlotState.CLAIMED, _T.c.attempts == claim.attempts)
            .values(state=state.value, noted_at=now, reason=reason, run=end.run if end else "",
                    outcome=end.outcome.value if end else "")
        )  # fmt: skip
        with self._database.write() as connection:
            if connection.execute(settled).rowcount:
                return
        raise Refused(
            "schedule.claim_lost",
            f"another process has taken over {key.school} {key.kind} {claim.name}, so its end is for that one to write",
            hint="nothing is wrong with the data; find out why this process stood still, then look at reconcile status",
            subject=f"school.{key.school}",
        )

    def failed(self, kind: str, name: SlotName) -> frozenset[str]:
        """The schools at which a kind of run failed in one slot."""
        query = select(_T.c.school).where(
            _T.c.kind == kind, _T.c.day == name.day.isoformat(), _T.c.label == name.label,
            _T.c.state == SlotState.FAILED,
        )  # fmt: skip
        with self._database.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def ended_run(self, key: LineKey, *, after_run: int) -> RunEnd | None:
        """The first run of the line that the transfer log tells the end of, after the number `after_run`."""
        query = (
            select(RUN.c.run, RUN.c.outcome, RUN.c.message)
            .where(RUN.c.kind == key.kind, RUN.c.school == key.school, RUN.c.feed == key.feed,
                   RUN.c.number > after_run, RUN.c.outcome.in_(_ENDED))
            .order_by(RUN.c.number)
            .limit(1)
        )  # fmt: skip
        with self._database.read() as connection:
            found = connection.execute(query).first()
        return None if found is None else RunEnd(run=found.run, outcome=Outcome(found.outcome), message=found.message)

    def missed(self, *, since: datetime) -> Sequence[LedgerRow]:
        """Slots noted as missed from `since` on, the latest first."""
        query = (
            select(_T)
            .where(_T.c.state == SlotState.MISSED, _T.c.noted_at >= since)
            .order_by(_T.c.due_at.desc(), *_T.primary_key.columns)
        )
        with self._database.read() as connection:
            return [_row(row) for row in connection.execute(query)]

    def latest(self, key: LineKey) -> LedgerRow | None:
        """The row of the slot that fell due last."""
        query = select(_T).where(_line(key)).order_by(_T.c.due_at.desc()).limit(1)
        with self._database.read() as connection:
            found = connection.execute(query).first()
        return None if found is None else _row(found)

    def first_success(self, scope: FeedScope, *, kind: str) -> datetime | None:
        """When a run of that kind first brought or sent something whole for the attachment, None before it did."""
        query = (
            select(RUN.c.finished_at)
            .where(RUN.c.school == scope.school, RUN.c.feed == scope.feed, RUN.c.attachment == scope.attachment,
                   RUN.c.kind == kind, RUN.c.outcome.in_(_SUCCEEDED))
            .order_by(RUN.c.number)
            .limit(1)
        )  # fmt: skip
        with self._database.read() as connection:
            found: datetime | None = connection.execute(query).scalar()
            return found

    def applied_since(self, address: str, part: Callable[[Mapping[str, Any]], object]) -> datetime | None:
        """Since when a part of an applied resource has had the value that it has now; None when it is not applied."""
        query = (
            select(VERSION_CHANGE.c.after, VERSION.c.at)
            .join(VERSION, VERSION.c.serial == VERSION_CHANGE.c.serial)
            .where(VERSION_CHANGE.c.address == address)
            .order_by(VERSION_CHANGE.c.serial.desc())
        )
        since: datetime | None = None
        with self._database.read() as connection:
            for number, change in enumerate(connection.execute(query)):
                if change.after is None:
                    break
                value = part(change.after)
                if number == 0:
                    wanted = value
                elif value != wanted:
                    break
                since = change.at
        return since


def _line(key: LineKey) -> ColumnElement[bool]:
    return and_(_T.c.kind == key.kind, _T.c.school == key.school, _T.c.feed == key.feed)


def _slot(key: LineKey, name: SlotName) -> ColumnElement[bool]:
    return and_(_line(key), _T.c.day == name.day.isoformat(), _T.c.label == name.label)


def _recent(connection: Connection, key: LineKey, now: datetime) -> list[Recorded]:
    ran = _T.c.state.in_([SlotState.DONE, SlotState.FAILED])
    noted = and_(_T.c.state.in_(_NOT_RUN), _T.c.noted_at <= now)
    settling = select(func.max(_T.c.due_at)).where(_line(key), _T.c.due_at <= now, or_(ran, noted))
    last = connection.execute(settling).scalar()
    wanted: Select[Any] = select(_T).where(_line(key)).order_by(_T.c.due_at)
    if last is not None:
        wanted = wanted.where(or_(_T.c.due_at >= last, _T.c.state == SlotState.CLAIMED))
    return [_recorded(row) for row in connection.execute(wanted)]


def _claim(connection: Connection, key: LineKey, slot: Slot, seen: Recorded | None, *, claimed_by: str,
           now: datetime) -> Recorded | None:  # fmt: skip
    """A compare-and-swap: whoever finds the row as it was seen has it, and nobody else."""
    after = connection.execute(select(func.max(RUN.c.number))).scalar() or 0
    attempts = 1 + (seen.attempts if seen else 0)
    told = {"state": SlotState.CLAIMED.value, "noted_at": now, "attempts": attempts, "after_run": after,
            "claimed_by": claimed_by, "run": "", "outcome": "", "reason": ""}  # fmt: skip
    if seen is None:
        done = _insert_new(connection, key, slot, told)
    else:
        as_seen = and_(_T.c.state == seen.state, _T.c.attempts == seen.attempts, _T.c.noted_at == seen.noted_at)
        done = connection.execute(update(_T).where(_slot(key, slot.name), as_seen).values(**told)).rowcount
    if not done:
        return None
    return Recorded(name=slot.name, due_at=slot.at, state=SlotState.CLAIMED, noted_at=now, attempts=attempts,
                    after_run=after)  # fmt: skip


def _note(connection: Connection, note: DueSlot, now: datetime) -> None:
    """Writes that a slot was not run; one that is settled stays as it is."""
    told = {"state": SlotState(note.verdict).value, "noted_at": now, "reason": note.why}
    fresh = {"attempts": 0, "after_run": 0, "claimed_by": "", "run": "", "outcome": ""}
    if _insert_new(connection, note.key, note.slot, told | fresh):
        return
    is_open = or_(_T.c.state == SlotState.CLAIMED, and_(_T.c.state.in_(_NOT_RUN), _T.c.noted_at > now))
    connection.execute(update(_T).where(_slot(note.key, note.slot.name), is_open).values(**told))


def _insert_new(connection: Connection, key: LineKey, slot: Slot, told: dict[str, Any]) -> int:
    """1 when the row is new, 0 when there was one."""
    make: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = {"kind": key.kind, "school": key.school, "feed": key.feed, "day": slot.name.day.isoformat(),
           "label": slot.name.label, "due_at": slot.at, **told}  # fmt: skip
    fresh = make(_T).values(**row).on_conflict_do_nothing().returning(_T.c.label)
    return int(connection.execute(fresh).first() is not None)


def _key(row: Row[Any]) -> LineKey:
    return LineKey(row.kind, row.school, row.feed)


def _recorded(row: Row[Any]) -> Recorded:
    return Recorded(
        name=SlotName(date.fromisoformat(row.day), row.label), due_at=row.due_at, state=SlotState(row.state),
        noted_at=row.noted_at, attempts=row.attempts, after_run=row.after_run,
    )  # fmt: skip


def _row(row: Row[Any]) -> LedgerRow:
    return LedgerRow(key=_key(row), recorded=_recorded(row), run=row.run, reason=row.reason)

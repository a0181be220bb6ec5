"""A leaver at one partner and a joiner at another, paired by UPN, and moves that one side never finished (C27)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue
from reconciler.issues.registrations import Accepted, Registration, is_accepted, pairs
from reconciler.records.entities import Entity

PAIRED_CODE = "mover.paired"
HALF_CODE = "mover.half_move"
HALF_AFTER = 5  # school days


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One child who goes from one partner to another. `missing` is the school that still owes a date, if one does."""

    leaver: Registration
    joiner: Registration
    since: date  # the day of the last thing that is known of the move
    missing: str = ""
    what: str = ""  # leaving date, start date


def movers(
    people: Iterable[Registration], *, accepted: Sequence[Accepted], today: date,
    is_school_day: Callable[[date], bool],
) -> Iterator[DataIssue]:  # fmt: skip
    """`mover.paired` for each move, at the school that is joined; `mover.half_move` where one side owes a date."""
    for move in moves(people, today=today):
        leaver, joiner = move.leaver, move.joiner
        refs = (leaver.ref, joiner.ref)
        late = bool(move.missing) and school_days(move.since, today, is_school_day) >= HALF_AFTER
        if not is_accepted(accepted, PAIRED_CODE, refs, today=today):
            yield DataIssue(
                code=PAIRED_CODE, severity=Severity.INFO, school=joiner.school, entity=Entity.STUDENTS.value,
                record=joiner.record, message=f"{leaver.ref} {_left(leaver)} and {_joined(joiner)} as {joiner.ref}",
                next_step="nothing, if this is one child; a wrong UPN is corrected in the MIS",
            )  # fmt: skip
        if late and not is_accepted(accepted, HALF_CODE, refs, today=today):
            owes, other = (leaver, joiner) if move.missing == leaver.school else (joiner, leaver)
            yield DataIssue(
                code=HALF_CODE, severity=Severity.WARNING, school=owes.school, entity=Entity.STUDENTS.value,
                record=owes.record, field=move.what.replace(" ", "_"),
                message=f"{leaver.ref} moved to {joiner.ref} by {move.since}, and after {HALF_AFTER} school days "
                f"{owes.school} has no {move.what} for {owes.ref}",
                next_step=f"{owes.school} enters the {move.what} in its MIS, agreed with {other.school}",
            )  # fmt: skip


def moves(people: Iterable[Registration], *, today: date) -> Iterator[Move]:
    """Every move that the two records show; dual registrations and guests are none."""
    for one, other in pairs(p for p in people if p.may_be_main):
        for leaver, joiner in ((one, other), (other, one)):
            move = _move(leaver, joiner, today=today)
            if move is not None:
                yield move
                break


def school_days(after: date, until: date, is_school_day: Callable[[date], bool]) -> int:
    """School days behind `after` up to `until`, that day included."""
    return sum(is_school_day(after + timedelta(days=n)) for n in range(1, (until - after).days + 1))


def _move(leaver: Registration, joiner: Registration, *, today: date) -> Move | None:
    begun = joiner.start is None or joiner.start <= today
    if not (joiner.live and begun and (joiner.end is None or joiner.end >= today)):
        return None
    if leaver.start and joiner.start and joiner.start <= leaver.start:
        return None  # was there before: a registration beside another one that ended
    left = leaver.left_on or (leaver.end if leaver.end and leaver.end < today else None)
    if left is None:  # still on the roll there, and no last day is known
        if leaver.end is not None or joiner.start is None or leaver.start is None:
            return None
        return Move(leaver=leaver, joiner=joiner, since=joiner.start, missing=leaver.school, what="leaving date")
    if joiner.start is None:
        return Move(leaver=leaver, joiner=joiner, since=leaver.end or left, missing=joiner.school, what="start date")
    return Move(leaver=leaver, joiner=joiner, since=joiner.start)


def _left(leaver: Registration) -> str:
    if leaver.end:
        return f"left on {leaver.end}"
    return f"was withdrawn on {leaver.left_on}" if leaver.left_on else "has no leaving date"


def _joined(joiner: Registration) -> str:
    return f"joined on {joiner.start}" if joiner.start else "joined without a start date"

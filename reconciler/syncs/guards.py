"""Guards: a run that takes away or brings too much waits for a person (VS, rule 67; C12, C13).

Pure arithmetic over what would move; `movements.py` counts it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from reconciler.issues.rule import Trouble
from reconciler.records.academic import AcademicEntity
from reconciler.records.entities import Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardLimits:
    """The most that may move in one import, by record kind: percent of what is held, and a number of records.

    Percentages count only from `min_count` records on, so that one leaver of a small school does not stop it.
    """

    max_drop_percent: float = 5
    max_drop_count: int = 25
    min_count: int = 3
    max_gain_percent: float = 20
    max_gain_count: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedChange:
    """An announced change of one record kind: up to `up_to` records, from `start` to `end` inclusive."""

    kind: str
    up_to: int
    start: date
    end: date
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What would move of one entity. `dropped` and `gained` leave out what follows from other movements.

    `left` and `rest` are the plain numbers: of `held` rows so many leave, and so many are live afterwards.
    """

    entity: Entity | AcademicEntity
    held: int
    left: int
    rest: int
    dropped: int
    gained: int


def judge(
    movements: Sequence[Movement],
    limits: GuardLimits,
    *,
    school: str,
    expected: Sequence[ExpectedChange] = (),
    today: date,
) -> list[Trouble]:
    """The reasons to hold, none when all is within the limits; each names counts, threshold and setting."""
    return [trouble for movement in movements for trouble in _judge(movement, limits, school, expected, today)]


def _judge(
    m: Movement, limits: GuardLimits, school: str, expected: Sequence[ExpectedChange], today: date
) -> Iterator[Trouble]:
    kind = m.entity.value
    announced = max((e.up_to for e in expected if e.kind == kind and e.start <= today <= e.end), default=0)
    if m.held and not m.rest and m.dropped:
        yield Trouble(
            code="import.mass_drop", entity=kind,
            message=f"all {m.held} {kind} would leave; a fall to zero is always held",
            hint="check the source: an empty answer is more often a fault than a truth; approve the run if it is true",
        )  # fmt: skip
    elif m.dropped > announced:
        over = [f"max_drop_count {limits.max_drop_count}"] if m.dropped > limits.max_drop_count else []
        if m.dropped >= limits.min_count and m.dropped * 100 > limits.max_drop_percent * m.held:
            over.append(f"max_drop_percent {limits.max_drop_percent:g}")
        if over:
            yield Trouble(
                code="import.mass_drop", entity=kind, hint=_hint(school, kind, over),
                message=f"{m.dropped} of {m.held} {kind} would leave{_percent(m.dropped, m.held)}, "
                        f"over {' and '.join(over)}",
            )  # fmt: skip
    if m.held and m.gained > announced:
        over = [f"max_gain_count {limits.max_gain_count}"] if m.gained > limits.max_gain_count else []
        if m.gained >= limits.min_count and m.gained * 100 > limits.max_gain_percent * m.held:
            over.append(f"max_gain_percent {limits.max_gain_percent:g}")
        if over:
            yield Trouble(
                code="import.mass_gain", entity=kind, hint=_hint(school, kind, over),
                message=f"{m.gained} {kind} would come to {m.held} held{_percent(m.gained, m.held)}, "
                        f"over {' and '.join(over)}",
            )  # fmt: skip


def _percent(moved: int, held: int) -> str:
    return f" ({moved * 100 / held:.1f} %)" if held else ""


def _hint(school: str, kind: str, over: Sequence[str]) -> str:
    settings = " and ".join(threshold.split()[0] for threshold in over)
    return (f"if it is true: approve the run, announce it in expected_changes (school {school}, kind {kind}), "
            f"or raise {settings} in partners.{school}.guards")  # fmt: skip

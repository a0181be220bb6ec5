"""Guards of an academic import, with the limits of every import (VS, rule 67).

Marks come every hour, so that what comes is not guarded; what would leave is, and so is what would be overwritten,
apart from the mark N, which stands there to be replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from reconciler.issues.rule import Trouble
from reconciler.syncs.academic_job import AcademicJob
from reconciler.syncs.academic_reading import AcademicIntake
from reconciler.syncs.guards import Movement, judge

_DROP_CODE, _CHANGE_CODE = "academic.mass_drop", "academic.mass_change"


def reasons_to_hold(job: AcademicJob, intakes: Sequence[AcademicIntake], *, today: date) -> list[Trouble]:
    """The reasons, none when all is within the limits; each names counts, threshold and setting."""
    found = []
    for intake in intakes:
        movement = _movement(intake)
        drops = judge([movement], job.guards, school=job.school, expected=job.expected_changes, today=today)
        found += [replace(trouble, code=_DROP_CODE) for trouble in drops]
        found += _changes(job, intake, today)
    return found


def _movement(intake: AcademicIntake) -> Movement:
    changes = intake.changes
    rest = intake.live_before - changes.left_count + changes.new_count
    return Movement(entity=intake.entity, held=intake.held, left=changes.left_count, rest=rest,
                    dropped=changes.left_count, gained=0)  # fmt: skip


def _changes(job: AcademicJob, intake: AcademicIntake, today: date) -> Iterator[Trouble]:
    limits, kind, changed = job.guards, intake.entity.value, intake.corrected
    announced = max(
        (e.up_to for e in job.expected_changes if e.kind == kind and e.start <= today <= e.end), default=0
    )  # fmt: skip
    if changed <= announced:
        return
    over = [f"max_gain_count {limits.max_gain_count}"] if changed > limits.max_gain_count else []
    if changed >= limits.min_count and changed * 100 > limits.max_gain_percent * intake.held:
        over.append(f"max_gain_percent {limits.max_gain_percent:g}")
    if over:
        yield Trouble(
            code=_CHANGE_CODE, entity=kind,
            message=f"{changed} of {intake.held} {kind} would be overwritten, over {' and '.join(over)}",
            hint="look at the source first; if it is true: approve the run, announce it in expected_changes "
                 f"(school {job.school}, kind {kind}), or raise {' and '.join(o.split()[0] for o in over)} in "
                 f"partners.{job.school}.guards",
        )  # fmt: skip

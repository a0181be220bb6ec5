"""What an export could not say, as data issues; each export judges all of them anew."""

from __future__ import annotations

from reconciler.diagnostics import Severity
from reconciler.issues.issue import DataIssue, Owner, owner_of_failure

FAILED_CODE = "export.failed"
HELD_CODE = "export.mass_end"
# Found by working out what to say, so every export that gets so far opens and closes them.
WORKED_OUT_CODES = frozenset({
    "export.ambiguous_class", "export.bad_line", "export.overlap", "export.student_withdrawn", "export.unknown_class",
    "export.unknown_student", "export.waits_for_import", HELD_CODE,
})  # fmt: skip
# Found by saying it, so only an export that said all it had to closes them.
ANSWERED_CODES = frozenset({
    "exchange.rejected", "exchange.unknown_class", "exchange.unknown_student", "guest.missing_field",
    "guest.possible_match", FAILED_CODE,
})  # fmt: skip
ISSUE_CODES = WORKED_OUT_CODES | ANSWERED_CODES


def refused(code: str, *, school: str, entity: str, record: str, message: str, next_step: str, hub: bool,
            column: str = "") -> DataIssue:  # fmt: skip
    """One line or item that a partner was not told, named by ids."""
    waits = code in ("export.waits_for_import", "export.student_withdrawn")
    return DataIssue(
        code=code, severity=Severity.WARNING if waits else Severity.ERROR, school=school, entity=entity, record=record,
        message=message, next_step=next_step, owner=Owner.HUB if hub else Owner.SCHOOL, field=column,
    )  # fmt: skip


def failed(cause: str, *, school: str, message: str, next_step: str) -> DataIssue:
    """The partner could not be spoken to, by cause; an export that gets through closes it."""
    return DataIssue(
        code=FAILED_CODE, severity=Severity.ERROR, school=school, entity="", record="", field=cause,
        message=f"the export stopped: {message}", owner=owner_of_failure(cause),
        next_step=next_step or "look at the partner's system, then export again",
    )  # fmt: skip


def held(*, school: str, message: str) -> DataIssue:
    """So many assignments would be ended that a person must say that it is true; an export that goes on closes it."""
    return DataIssue(
        code=HELD_CODE, severity=Severity.ERROR, school=school, entity="assignments", record="", message=message,
        next_step="look at the assignments that are declared; announce the change if it is meant", owner=Owner.HUB,
    )  # fmt: skip

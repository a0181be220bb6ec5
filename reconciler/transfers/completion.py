"""The one line that every transfer ends with (VS, rule 61): counts added, changed, unchanged, held, failed."""

from __future__ import annotations

from reconciler.transfers.entry import Counts, Outcome


def completion(*, school: str, kind: str, outcome: Outcome, total: Counts, detail: str = "") -> str:
    """`AVN import done: 73 added, 2 changed, ...`; `detail` says why a run was held, failed or waits."""
    head = f"{school} {kind} {outcome.value}: "
    match outcome:
        case Outcome.HELD | Outcome.FAILED | Outcome.WAITING | Outcome.REJECTED | Outcome.SKIPPED:
            return head + one_line(detail)
        case Outcome.UNCHANGED:
            body = f"{total.same} unchanged" + _outside(total)
        case _:
            body = f"{total.new} added, {total.changed} changed, {total.left} left, {total.same} unchanged"
            body += (f", {total.rejected} rejected" if total.rejected else "") + _outside(total)
    return head + body + (f"; {one_line(detail)}" if detail else "")


def one_line(text: str) -> str:
    """The text on one line, whatever a source put into it."""
    return " ".join(text.split())


def _outside(total: Counts) -> str:
    return f", {total.out_of_scope} out of scope" if total.out_of_scope else ""

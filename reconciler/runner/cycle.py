"""One cycle of the schedule: what is due is claimed, run and settled, line by line.

What is promised, and by what. A slot is claimed in one transaction together with what was missed before it, run, and
then settled; so a killed process leaves at most one claim and nothing half noted. Whoever comes next holds the lock
that the dead one has lost, finds the claim, and looks into the transfer log: a run that had ended there is not
repeated, but what follows its end is made up for; one that had not is run again, which is safe because every sync may
run twice. After `MOST_ATTEMPTS` deaths
over one slot it counts as failed, so that a school which kills its process cannot keep the others from their turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from reconciler.errors import ReconcileError, StoreError
from reconciler.runner.ports import RunEnd, SlotLedger
from reconciler.schedule.blackouts import Blackout
from reconciler.schedule.due import DueSlot, Line, LineKey, Recorded, SlotState, Verdict, due
from reconciler.schedule.times import SlotName
from reconciler.transfers.entry import Outcome

MOST_ATTEMPTS = 3
# One kind of run for one school; told which schools' imports of the same slot failed (rule 49).
Flow = Callable[[LineKey, frozenset[str]], RunEnd]
# What a flow does after its run has ended in the transfer log; whoever is not certain that it was done does it again.
FollowUp = Callable[[LineKey, RunEnd], None]


def nothing_follows(_key: LineKey, _end: RunEnd) -> None:
    """Of flows whose last act is the end of their run."""


_STATES = {
    "waiting": SlotState.SKIPPED,
    "skipped": SlotState.SKIPPED,
    "failed": SlotState.FAILED,
    "interrupted": SlotState.FAILED,
    "running": SlotState.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What is scheduled as the applied estate says it now, and the callable that runs each kind."""

    lines: Sequence[Line]
    blackouts: Sequence[Blackout]
    zone: ZoneInfo
    flows: Mapping[str, Flow]
    follow_up: FollowUp = nothing_follows


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotEnd:
    """What became of one slot in a cycle; `end` is None where nothing ran."""

    key: LineKey
    name: SlotName
    state: SlotState
    reason: str = ""
    end: RunEnd | None = None


def run_cycle(agenda: Agenda, ledger: SlotLedger, *, clock: Callable[[], datetime], claimed_by: str,
              stop: Callable[[], bool] = lambda: False) -> Iterator[SlotEnd]:  # fmt: skip
    """Settles everything that is due, and yields each slot as soon as it is settled.

    The caller holds the lock of the schedule, so a claim that is found belongs to a process that died. `stop` is asked
    before each school; what has not begun by then stays due. Raises StoreError; whatever else a run raises is its own
    failure, and the others go on (rule 66).
    """
    yield from _recover(agenda, ledger, now=clock())
    now = clock()
    recorded = ledger.recent([line.key for line in agenda.lines], now=now)
    verdicts = due(agenda.lines, agenda.blackouts, recorded, zone=agenda.zone, now=now)
    for key, found in groupby(verdicts, key=lambda verdict: verdict.key):
        if stop():
            return
        seen = {r.name: r for r in recorded.get(key, ())}
        yield from _turn(agenda.flows[key.kind], ledger, key, list(found), seen, clock=clock, claimed_by=claimed_by)


def _turn(flow: Flow, ledger: SlotLedger, key: LineKey, found: list[DueSlot], seen: Mapping[SlotName, Recorded], *,
          clock: Callable[[], datetime], claimed_by: str) -> Iterator[SlotEnd]:  # fmt: skip
    """One line's turn: its notes, and the one slot that is to run, if any."""
    notes = [verdict for verdict in found if verdict.verdict is not Verdict.RUN]
    run = next((verdict.slot for verdict in found if verdict.verdict is Verdict.RUN), None)
    claim = ledger.take(key, run, seen=seen.get(run.name) if run else None, notes=notes, claimed_by=claimed_by,
                        now=clock())  # fmt: skip
    if run is not None and claim is None:
        return
    for note in notes:
        yield SlotEnd(key=key, name=note.slot.name, state=SlotState(note.verdict), reason=note.why)
    if claim is not None:
        failed = frozenset() if key.kind == "import" else ledger.failed("import", claim.name)
        end = _run(flow, key, failed)
        yield _settle(ledger, key, claim, end, reason="", now=clock())


def _run(flow: Flow, key: LineKey, failed: frozenset[str]) -> RunEnd:
    try:
        return flow(key, failed)
    except StoreError:
        raise
    except ReconcileError as error:
        message = f"{key.school} {key.kind} failed: {error.message} ({error.code}); {error.hint}"
    except Exception as error:  # noqa: BLE001 (one school's fault never stops another, and no value of it is shown)
        message = f"{key.school} {key.kind} failed: the program met a {type(error).__name__} (internal.error)"
    return RunEnd(run="", outcome=Outcome.FAILED, message=message)


def _recover(agenda: Agenda, ledger: SlotLedger, *, now: datetime) -> Iterator[SlotEnd]:
    """Settles claims of dead processes that need no further run; the others are due again."""
    scheduled = {line.key for line in agenda.lines}
    for key, claim in ledger.claims():
        end = ledger.ended_run(key, after_run=claim.after_run)
        if end is not None:
            agenda.follow_up(key, end)
            yield _settle(ledger, key, claim, end, reason="its process went away after the run had ended", now=now)
        elif key not in scheduled:
            yield _give_up(ledger, key, claim, state=SlotState.SKIPPED, why="no longer scheduled", now=now)
        elif claim.attempts >= MOST_ATTEMPTS:
            why = f"its process went away {claim.attempts} times over it"
            yield _give_up(ledger, key, claim, state=SlotState.FAILED, why=why, now=now)


def _settle(ledger: SlotLedger, key: LineKey, claim: Recorded, end: RunEnd, *, reason: str,
            now: datetime) -> SlotEnd:  # fmt: skip
    state = _STATES.get(end.outcome.value, SlotState.DONE)
    why = reason or ("" if state is SlotState.DONE else end.message)
    ledger.finish(key, claim, state=state, end=end, reason=why, now=now)
    return SlotEnd(key=key, name=claim.name, state=state, reason=why, end=end)


def _give_up(ledger: SlotLedger, key: LineKey, claim: Recorded, *, state: SlotState, why: str,
             now: datetime) -> SlotEnd:  # fmt: skip
    ledger.finish(key, claim, state=state, end=None, reason=why, now=now)
    return SlotEnd(key=key, name=claim.name, state=state, reason=why)

"""Says the steps to a partner: each call is stored before it is made, and its outcome after (`reliability.md` R2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.connectors.export_protocol import (
    Action,
    EachSession,
    GuestFacts,
    ItemKind,
    Message,
    PackageItem,
    Receipt,
    WholeSession,
)
from reconciler.errors import ReconcileError, RefusedSourceError, SourceError, StalePlan
from reconciler.syncs.export_job import ExportJob, Step
from reconciler.syncs.export_ports import ExportStore, Intent, IntentState
from reconciler.syncs.export_steps import intent_of
from reconciler.syncs.export_wish import Refusal

Package = Callable[[Sequence[Step]], Sequence[PackageItem]]
Progress = Callable[[str, int], None]
_PATIENCE = 3  # calls in a row without an answer, after which a partner counts as away
_NOT_RECEIVED = "export.not_received"
_UNKNOWN_CODE = "export.outcome_unknown"
_NOT_SENT_CODE = "export.not_sent"
_GUEST_CODE = "export.waits_for_guest"
_FIELD_CODE = "guest.missing_field"


@dataclass(slots=True, kw_only=True)
class Sent:
    """What came of it. `failure` is what stopped the sending, or left an outcome unknown."""

    done: list[Step] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    failure: ReconcileError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Where and for whom: one run of one job."""

    job: ExportJob
    store: ExportStore
    run: str
    now: datetime

    def mark(self, intents: Sequence[Intent], state: IntentState, code: str = "") -> None:
        keys = [intent.idempotency_key for intent in intents]
        self.store.mark(self.job.attachment, keys, state, code=code, at=self.now)

    def settle(self, intents: Sequence[Intent]) -> None:
        self.store.settle(self.job.attachment, intents, run=self.run, at=self.now)


def clear_up(sending: Sending, session: EachSession | WholeSession) -> None:
    """Asks the partner about each call of which it is not known whether it was made; raises SourceError.

    What it holds is settled; the rest is worked out and said again, under the same key where nothing else changed. A
    package cannot be asked: it is written again.
    """
    for intent in sending.store.unknown(sending.job.attachment):
        after = None if isinstance(session, WholeSession) else _found(sending.job, session, intent)
        if after is None:
            sending.mark([intent], IntentState.FAILED, _NOT_RECEIVED)
        else:
            sending.settle([after])


def _found(job: ExportJob, session: EachSession, intent: Intent) -> Intent | None:
    held = session.read_back(intent.kind, intent.after.key)
    if intent.action is Action.END:
        return intent if held is None or held.ended_on else None
    if held is None or held.ended_on or job.seal(held.facts) != intent.after.seal:
        return None
    return replace(intent, after=replace(intent.after, reference=held.reference))


def send_all(sending: Sending, session: EachSession | WholeSession, steps: Sequence[Step], package: Package,
             told: Progress) -> Sent:  # fmt: skip
    """Stores every call, then makes it; `package` gives the whole that is so once some steps are done.

    One item that is refused does not stop the others (VS, rule 54).
    """
    sent = Sent()
    ready = _sendable(steps, session.needs, sent)
    calls = [(step, intent_of(sending.job, step)) for step in ready]
    sending.store.intend(
        sending.job.attachment, [intent for _, intent in calls], run=sending.run, at=sending.now
    )  # fmt: skip
    if isinstance(session, WholeSession):
        _deliver(sending, session, calls, package(ready) if ready else (), sent)
    else:
        talk = _Talk(sending=sending, session=session, sent=sent)
        for number, (step, intent) in enumerate(calls, start=1):
            talk.say(step, intent)
            told("said", number)
    return sent


def _sendable(steps: Sequence[Step], needs: frozenset[str], sent: Sent) -> list[Step]:
    """The steps less guests that lack a field, and less what needs a guest that the partner does not have."""
    ready: list[Step] = []
    absent: set[str] = set()
    for step in steps:
        missing = step.facts.missing(needs) if isinstance(step.facts, GuestFacts) else ()
        if missing:
            if step.creates:
                absent.add(step.key)
            sent.refused.append(Refusal(
                kind=ItemKind.GUEST, name=step.name, code=_FIELD_CODE, column=",".join(missing),
                message=f"student {step.name} is not made a guest: the home school gives no {' and no '.join(missing)}",
                hint="let the home school fill it in, import, then export again",
            ))  # fmt: skip
        elif _guest_of(step) in absent:
            sent.refused.append(_waits_for_guest(step))
        else:
            ready.append(step)
    return ready


def _guest_of(step: Step) -> str:
    return getattr(step.facts, "guest", "")


def _waits_for_guest(step: Step) -> Refusal:
    return Refusal(
        kind=step.kind, name=step.name, code=_GUEST_CODE,
        message=f"{step.name} waits, since the partner has no such guest yet",
        hint="mend what is said of the guest; the export after it takes the assignment",
    )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class _Talk:
    """One item after the other. `absent` are guests that the partner turned out not to have; after `silent` calls in a
    row without an answer the partner counts as away."""

    sending: Sending
    session: EachSession
    sent: Sent
    absent: set[str] = field(default_factory=set)
    silent: int = 0

    def say(self, step: Step, intent: Intent) -> None:
        if self._given_up:
            self.sent.refused.append(_not_sent(step))
        elif _guest_of(step) in self.absent:
            self.sending.mark([intent], IntentState.FAILED, _GUEST_CODE)
            self.sent.refused.append(_waits_for_guest(step))
        elif not self._accepted(step, intent) and step.kind is ItemKind.GUEST and step.creates:
            self.absent.add(step.key)

    @property
    def _given_up(self) -> bool:
        return self.silent >= _PATIENCE or isinstance(self.sent.failure, RefusedSourceError | StalePlan)

    def _accepted(self, step: Step, intent: Intent) -> bool:
        try:
            self.sending.mark([intent], IntentState.SENDING)
            answer = self.session.send(_message(step, intent))
        except StalePlan as error:
            self.sent.failure = error
            self.sent.refused.append(_not_sent(step))
            return False
        except SourceError as error:
            self._failed(step, intent, error)
            return False
        self.silent = 0
        if isinstance(answer, Receipt):
            after = replace(intent.after, reference=answer.reference or intent.after.reference)
            self.sending.settle([replace(intent, after=after)])
            self.sent.done.append(step)
            return True
        self.sending.mark([intent], IntentState.FAILED, answer.code)
        self.sent.refused.append(Refusal(
            kind=step.kind, name=step.name, code=answer.code, message=f"{step.name}: {answer.message}",
            hint=answer.hint, column=answer.column,
        ))  # fmt: skip
        return False

    def _failed(self, step: Step, intent: Intent, error: SourceError) -> None:
        """Whatever the error says, only the partner knows what it took: the next export asks."""
        self.sent.failure = error
        self.silent += 1
        self.sending.mark([intent], IntentState.UNKNOWN, error.code)
        refused = isinstance(error, RefusedSourceError)
        self.sent.refused.append(_not_sent(step) if refused else _unknown(step))


def _message(step: Step, intent: Intent) -> Message:
    return Message(kind=step.kind, key=step.key, action=step.action, idempotency_key=intent.idempotency_key,
                   facts=step.facts, on=step.on)  # fmt: skip


def _not_sent(step: Step) -> Refusal:
    return Refusal(kind=step.kind, name=step.name, code=_NOT_SENT_CODE, message=f"{step.name} was not sent",
                   hint="the next export sends it")  # fmt: skip


def _unknown(step: Step) -> Refusal:
    return Refusal(
        kind=step.kind, name=step.name, code=_UNKNOWN_CODE,
        message=f"whether the partner took {step.name} is not known", hint="the next export asks it, or says it again",
    )  # fmt: skip


def _deliver(sending: Sending, session: WholeSession, calls: Sequence[tuple[Step, Intent]],
             package: Sequence[PackageItem], sent: Sent) -> None:  # fmt: skip
    if not calls:
        return
    intents = [intent for _, intent in calls]
    try:
        sending.mark(intents, IntentState.SENDING)
        session.deliver(package)
    except (SourceError, StalePlan) as error:
        sent.failure = error
        sending.mark(intents, IntentState.FAILED, error.code)
        sent.refused += [_not_sent(step) for step, _ in calls]
        return
    sending.settle(intents)
    sent.done += [step for step, _ in calls]

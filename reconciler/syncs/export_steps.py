"""What to tell a partner: what it should hold, less what it was told (VS, rule 54). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from reconciler.connectors.export_protocol import Action, AssignmentFacts, ItemKind
from reconciler.syncs.export_job import ExportJob, Step
from reconciler.syncs.export_ports import Intent, Item, ItemIdentity, ItemState
from reconciler.syncs.export_wish import Refusal, Wish
from reconciler.syncs.guards import ExpectedChange
from reconciler.transfers.entry import Counts
from reconciler.vocabulary.digests import digest


@dataclass(slots=True, kw_only=True)
class Difference:
    """Steps in the order in which they are said: guests before what needs them, ends after all that they may end.

    `same` counts by kind what the partner knows already; of `live` assignments `ended` are to be ended.
    """

    steps: list[Step] = field(default_factory=list)
    same: dict[ItemKind, int] = field(default_factory=lambda: dict.fromkeys(ItemKind, 0))
    ended: int = 0
    live: int = 0


def compare(job: ExportJob, wish: Wish, told: Mapping[ItemIdentity, Item], *, today: date) -> Difference:
    """The difference between wish and ledger; without steps when the partner knows it all."""
    found = Difference()
    for wanted in (*wish.guests.values(), *wish.assignments.values()):
        before = told.get(wanted.identity)
        if before is not None and before.state is ItemState.LIVE and before.seal == job.seal(wanted.facts):
            found.same[wanted.identity.kind] += 1
        else:
            found.steps.append(Step(
                action=Action.PUT, key=wanted.key, name=wanted.name, identity=wanted.identity, before=before,
                facts=wanted.facts, declared=wanted.declared,
            ))  # fmt: skip
    live = [item for _, item in sorted(told.items()) if item.state is ItemState.LIVE]
    holding = [i for i in live if i.identity.kind is ItemKind.ASSIGNMENT and not _past(i, today)]
    guests = [i for i in live if i.identity.kind is ItemKind.GUEST and i.identity not in wish.guests]
    may_end = not wish.ends_nothing
    gone = [i for i in holding if may_end and i.identity not in wish.assignments and i.identity not in wish.kept]
    done = [i for i in guests if may_end and job.on_end == "end_date" and i.identity not in wish.kept]
    found.steps += [_end(item, today) for item in (*gone, *done)]
    found.same[ItemKind.GUEST] += len(guests) - len(done)
    found.ended, found.live = len(gone), len(holding)
    return found


def _past(item: Item, today: date) -> bool:
    """Whether the partner knows that it is over."""
    return item.last_day is not None and item.last_day < today


def _end(item: Item, today: date) -> Step:
    return Step(action=Action.END, key=item.key, name=item.declared or item.identity.person, identity=item.identity,
                before=item, declared=item.declared, on=today)  # fmt: skip


def reasons_to_hold(job: ExportJob, found: Difference, *, today: date) -> tuple[str, ...]:
    """Why so many assignments are not ended without a person: half a table ends half of them (VS, rule 67)."""
    limits = job.guards
    announced = max((e.up_to for e in job.expected_changes if _announces(e, today)), default=0)
    if found.ended <= announced:
        return ()
    if job.empty_table:
        return (_emptied(job, found),)
    over = [f"max_drop_count {limits.max_drop_count}"] if found.ended > limits.max_drop_count else []
    if found.ended >= limits.min_count and found.ended * 100 > limits.max_drop_percent * found.live:
        over.append(f"max_drop_percent {limits.max_drop_percent:g}")
    if not over:
        return ()
    settings = " and ".join(threshold.split()[0] for threshold in over)
    why = (
        f"{found.ended} of {found.live} assignments would be ended, over {' and '.join(over)}; if it is true: announce "
        f"it in expected_changes (school {job.school}, kind assignments) or raise {settings} in "
        f"partners.{job.school}.guards, apply, and export again"
    )
    return (why,)


def _emptied(job: ExportJob, found: Difference) -> str:
    return (
        f"no assignment is declared any more, so {found.ended} of {found.live} would be ended; an empty table is more "
        f"often a fault than a truth; if it is true: announce it in expected_changes (school {job.school}, kind "
        "assignments), apply, and export again"
    )


def _announces(change: ExpectedChange, today: date) -> bool:
    return change.kind == "assignments" and change.start <= today <= change.end


def intent_of(job: ExportJob, step: Step) -> Intent:
    """The call that a step asks for, with the ledger's line as it will be.

    The revision is part of the idempotency key: a state that comes back after another one is said anew, although a
    partner remembers the key under which it was said before.
    """
    revision = (step.before.revision if step.before else 0) + 1
    if step.facts is None:
        if step.before is None:
            raise ValueError("only what was told is ended")
        after = replace(step.before, state=ItemState.ENDED, ended_on=step.on, revision=revision)
    else:
        days = step.facts if isinstance(step.facts, AssignmentFacts) else None
        after = Item(
            identity=step.identity, key=step.key, state=ItemState.LIVE, seal=job.seal(step.facts), revision=revision,
            first_day=days.first_day if days else None, last_day=days.last_day if days else None,
            declared=step.declared, reference=step.before.reference if step.before else "",
        )  # fmt: skip
    told = [job.attachment, step.kind, step.key, step.action, after.seal, step.on and step.on.isoformat(), revision]
    return Intent(idempotency_key=digest(told), kind=step.kind, action=step.action, after=after)


def counts(wish: Wish, found: Difference, done: Sequence[Step], refused: Sequence[Refusal]) -> dict[str, Counts]:
    """What the transfer log says of each kind; the numbers add up by construction."""
    told: dict[str, Counts] = {}
    for kind in ItemKind:
        put = [s for s in done if s.kind is kind and s.action is Action.PUT]
        new = sum(step.creates for step in put)
        parts = {
            "new": new,
            "changed": len(put) - new,
            "same": found.same[kind],
            "rejected": sum(r.kind is kind for r in refused),
            "out_of_scope": wish.over if kind is ItemKind.ASSIGNMENT else 0,
        }
        ended = sum(s.kind is kind and s.action is Action.END for s in done)
        told[kind.plural] = Counts(read=sum(parts.values()), left=ended, **parts)
    return told

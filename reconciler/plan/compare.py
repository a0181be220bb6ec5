"""Desired resources against stored state: makes the plan.

Digests are compared; only what differs is walked. Nothing here reads a store, a clock or a secret.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from reconciler.errors import Refused
from reconciler.estate.model import Moved, Removed
from reconciler.plan.changes import field_changes
from reconciler.plan.keys import (
    FINGERPRINT_SHOWN,
    UNKNOWN_KEY,
    KeyFact,
    KeyVerdict,
    judge_key,
    refuse_shared_keys,
    school_of,
)
from reconciler.plan.order import in_order
from reconciler.plan.pairing import Pairing, owner_of, pair
from reconciler.plan.removal import removals
from reconciler.plan.risks import clashes_of, risks_of
from reconciler.plan.state import StoredResource, StoredState
from reconciler.plan.target import chosen
from reconciler.plan.value import Action, ActionKind, AttachmentEffect, Block, Evidence, Plan, Risk
from reconciler.resources.resource import Resource

VALID_FOR = timedelta(hours=24)
_NO_EVIDENCE: Mapping[str, Evidence] = MappingProxyType({})
_NO_CONSEQUENCES: Mapping[str, Sequence[str]] = MappingProxyType({})


@dataclass(slots=True, kw_only=True)
class _Draft:
    actions: list[Action] = field(default_factory=list)
    risks: list[Risk] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    effects: list[AttachmentEffect] = field(default_factory=list)


def make_plan(
    desired: Sequence[Resource],
    state: StoredState,
    *,
    estate_id: str,
    config_digest: str,
    tool_version: str,
    now: datetime,
    removed: Sequence[Removed] = (),
    moved: Sequence[Moved] = (),
    keys: Mapping[str, KeyFact] = MappingProxyType({}),
    targets: Sequence[str] = (),
    evidence: Mapping[str, Evidence] = _NO_EVIDENCE,
    consequences: Mapping[str, Sequence[str]] = _NO_CONSEQUENCES,
    existing: Collection[str] = (),
    valid_for: timedelta = VALID_FOR,
) -> Plan:
    """What an apply would do to make `state` what the files say.

    `keys` tell by school code what is known here of each partner's Data Exchange Key; a school that is missing counts
    as unknown. `evidence` is by risk token (`rekey:virtual_school`); `consequences` say by address what else follows
    from a step: they are read, and no part of the digest. `existing` are addresses that are known to exist in their
    system already: they are adopted, not created. `targets` are globs of addresses; what they need is added.

    Raises Refused for an estate of another store, a shared key (VS, rule 30), a circle or an address given twice, and
    UnknownName for a target that fits nothing.
    """
    wanted = _indexed(desired)
    _refuse_other_estate(estate_id, state)
    partners = [r for r in wanted.values() if r.kind == "partner"]
    refuse_shared_keys(partners, keys, state.attachments)
    verdicts = {school_of(p.address): judge_key(p, keys.get(school_of(p.address), UNKNOWN_KEY), state.attachments,
                                                stored=p.address in state.resources) for p in partners}  # fmt: skip
    pairing = pair(wanted, state, removed, moved)
    draft = _drafted(pairing, wanted, state, verdicts=verdicts, evidence=evidence, existing=existing)
    draft.actions = [replace(a, notes=(*a.notes, *consequences.get(a.address, ()))) for a in draft.actions]
    added: tuple[str, ...] = ()
    if targets:
        added = _narrow(draft, wanted, state, targets)
    return Plan(
        estate_id=estate_id, lineage=state.lineage, serial=state.serial, rehearsal=state.rehearsal,
        config_digest=config_digest, tool_version=tool_version, created_at=now, expires_at=now + valid_for,
        actions=in_order(draft.actions, wanted=lambda a: wanted[a].depends_on if a in wanted else (),
                         stored=lambda a: state.resources[a].depends_on if a in state.resources else ()),
        risks=tuple(sorted(draft.risks, key=lambda r: (bool(r.confirmed), r.token))),
        blocks=tuple(sorted(draft.blocks, key=lambda b: (b.code, b.address))),
        attachments=tuple(sorted(draft.effects, key=_old_rows_first)),
        keys={code: keys.get(code, UNKNOWN_KEY).fingerprint[:FINGERPRINT_SHOWN] for code in sorted(verdicts)},
        notes=_notes(verdicts, keys, state), targets=tuple(targets), added=added,
        unchanged=pairing.same, last_version=state.last_version,
    )  # fmt: skip


def _old_rows_first(effect: AttachmentEffect) -> tuple[str, bool, tuple[str, ...]]:
    return (effect.school, effect.op not in ("retain", "orphan"), effect.digested)


def _indexed(desired: Sequence[Resource]) -> dict[str, Resource]:
    wanted: dict[str, Resource] = {}
    for resource in desired:
        first = wanted.setdefault(resource.address, resource)
        if first is not resource:
            raise Refused("plan.duplicate_address", f"{resource.address} is declared twice",
                          hint=f"keep one; the other is at {first.position}" if first.position else "keep one",
                          position=resource.position, subject=resource.address)  # fmt: skip
    return wanted


def _refuse_other_estate(estate_id: str, state: StoredState) -> None:
    if state.estate_id and estate_id != state.estate_id:
        raise Refused(
            "plan.other_estate",
            f"the files are the estate {estate_id}, the store holds {state.estate_id}",
            hint="name the right store with --store, or the right files with --estate",
        )


def _drafted(
    pairing: Pairing, wanted: Mapping[str, Resource], state: StoredState, *,
    verdicts: Mapping[str, KeyVerdict], evidence: Mapping[str, Evidence], existing: Collection[str],
) -> _Draft:  # fmt: skip
    made = [_made(r, ActionKind.ADOPT if r.address in existing else ActionKind.CREATE) for r in pairing.new]
    made += [_made(r, ActionKind.UPDATE, stored) for r, stored in pairing.changed]
    made += [_made(r, ActionKind.MOVE, stored) for r, stored in pairing.moved]
    made = _with_verdicts(made, wanted, state, verdicts)
    risks = risks_of(made, state, evidence)
    rekeyed = {r.address for r in risks if r.name == "rekey"}
    made = [replace(a, action=ActionKind.REKEY) if a.address in rekeyed else a for a in made]
    gone, removal_risks, effects = removals(pairing, state)
    for verdict in verdicts.values():
        risks += verdict.risks
        effects += verdict.effects
    blocks = [*pairing.blocks, *clashes_of(risks, evidence), *_unmapped_attachments(made, wanted, verdicts)]
    blocks += [b for verdict in verdicts.values() for b in verdict.blocks]
    return _Draft(actions=[*made, *gone], risks=[*risks, *removal_risks], blocks=blocks, effects=effects)


def _made(resource: Resource, kind: ActionKind, stored: StoredResource | None = None) -> Action:
    return Action(
        address=resource.address, kind=resource.kind, action=kind,
        before=stored.spec if stored else None, before_digest=stored.digest if stored else "",
        after=resource.spec, after_digest=resource.digest, depends_on=resource.depends_on,
        moved_from=stored.address if stored and kind is ActionKind.MOVE else "",
        changes=field_changes(stored.spec, resource.spec) if stored and stored.digest != resource.digest else (),
        notes=_mapped(resource) if resource.kind == "period_map" else (), position=resource.position,
    )  # fmt: skip


def _mapped(resource: Resource) -> tuple[str, ...]:
    slots = resource.spec.get("slots") or {}
    missing = sum(slot is None for slot in slots.values())
    return (f"{len(slots) - missing} of {len(slots)} hub slots mapped, {missing} not selected",) if slots else ()


def _with_verdicts(made: Sequence[Action], wanted: Mapping[str, Resource], state: StoredState,
                   verdicts: Mapping[str, KeyVerdict]) -> list[Action]:  # fmt: skip
    """Steps of partners become what their key makes of them; a key may change although no field does."""
    found = {a.address: a for a in made}
    for code, verdict in verdicts.items():
        address = f"partner.{code}"
        action = found.get(address)
        if action is None and verdict.effects:
            action = _made(wanted[address], ActionKind.UPDATE, state.resources[address])
        if action:
            found[address] = replace(action, action=verdict.action or action.action,
                                     notes=(*action.notes, *verdict.notes))  # fmt: skip
    return list(found.values())


def _unmapped_attachments(made: Sequence[Action], wanted: Mapping[str, Resource],
                          verdicts: Mapping[str, KeyVerdict]) -> list[Block]:  # fmt: skip
    """Maps that do not carry the number of their attachment: an old map is never used again (VS, rule 29)."""
    touched = {a.address for a in made}
    found = []
    for resource in wanted.values():
        verdict = verdicts.get(school_of(resource.address)) if resource.kind == "period_map" else None
        if verdict is None or verdict.number is None or not (verdict.fresh or resource.address in touched):
            continue
        given = resource.spec.get("attachment", 1)
        if given != verdict.number:
            times = "for the first time" if verdict.number == 1 else f"again, as number {verdict.number}"
            found.append(Block(
                code="plan.map_attachment", address=resource.address, position=resource.position,
                message=f"partner.{school_of(resource.address)} is attached {times}, "
                f"and its map is for attachment {given}",
                hint=f"check the map against the partner's structure, then write attachment: {verdict.number} in it",
            ))  # fmt: skip
    return found


def _narrow(draft: _Draft, wanted: Mapping[str, Resource], state: StoredState,
            targets: Sequence[str]) -> tuple[str, ...]:  # fmt: skip
    kept, added = chosen(draft.actions, wanted, state, targets)
    draft.actions = [a for a in draft.actions if a.address in kept]
    draft.risks = [r for r in draft.risks if r.address in kept]
    draft.blocks = [b for b in draft.blocks if b.address in kept
                    or (b.address in state.resources and owner_of(b.address) in kept)]  # fmt: skip
    draft.effects = [e for e in draft.effects if f"partner.{e.school}" in kept]
    return added


def _notes(verdicts: Mapping[str, KeyVerdict], keys: Mapping[str, KeyFact], state: StoredState) -> tuple[str, ...]:
    unknown = [code for code in sorted(verdicts) if not keys.get(code, UNKNOWN_KEY).known]
    if not unknown:
        return ()
    return (f"Data Exchange Keys unknown here, so not compared: {', '.join(unknown)}.",)

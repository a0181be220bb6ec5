"""What a Data Exchange Key means for a school's rows: first attach, back again, another (VS, rules 21 to 30)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.errors import Refused
from reconciler.plan.state import Attachment, AttachmentStatus
from reconciler.plan.value import ActionKind, AttachmentEffect, Block, Risk
from reconciler.resources.resource import Resource

FINGERPRINT_SHOWN = 12  # hex characters of a keyed fingerprint that name it; never more are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFact:
    """What is known here of a partner's key: its keyed fingerprint, empty where the secret cannot be read here.

    `replaced` is the fingerprint of the key that `replaces:` names, empty where there is none or it is unreadable.
    """

    fingerprint: str = ""
    replaced: str = ""

    @property
    def known(self) -> bool:
        return bool(self.fingerprint)


UNKNOWN_KEY = KeyFact()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyVerdict:
    """What follows for one partner. `number` is the attachment number that its maps must carry, None while unknown;
    `fresh` says that the number is set by this plan; `action` is what the partner's own step becomes."""

    number: int | None
    fresh: bool = False
    action: ActionKind | None = None
    effects: tuple[AttachmentEffect, ...] = ()
    risks: tuple[Risk, ...] = ()
    blocks: tuple[Block, ...] = ()
    notes: tuple[str, ...] = ()


def school_of(address: str) -> str:
    """The school's code in `partner.AVN` or `period_map.AVN.2026-2027`."""
    return address.split(".")[1]


def counted(rows: Mapping[str, int]) -> str:
    """`42 rows (38 students, 4 classes)`."""
    parts = [f"{n} {entity}" for entity, n in sorted(rows.items(), key=lambda item: (-item[1], item[0])) if n]
    total = sum(rows.values())
    return f"{total} {'row' if total == 1 else 'rows'}" + (f" ({', '.join(parts)})" if parts else "")


def reference(partner: Mapping[str, Any]) -> str:
    """The name of the key's reference, `env:REC_KEY_AVN`."""
    key = partner.get("data_exchange_key")
    if not isinstance(key, Mapping):
        return "its Data Exchange Key"
    found = next(((kind, name) for kind, name in sorted(key.items()) if kind != "replaces"), None)
    return f"{found[0]}:{found[1]}" if found else "its Data Exchange Key"


def refuse_shared_keys(partners: Iterable[Resource], facts: Mapping[str, KeyFact],
                       attachments: Sequence[Attachment]) -> None:  # fmt: skip
    """Raises Refused when two partners have the same key (VS, rule 30); an unreadable key stands as it is stored."""
    live = {a.school: a.fingerprint for a in attachments if a.status is AttachmentStatus.LIVE}
    seen: dict[str, Resource] = {}
    for partner in partners:
        code = school_of(partner.address)
        fingerprint = facts.get(code, UNKNOWN_KEY).fingerprint or live.get(code, "")
        other = seen.setdefault(fingerprint, partner) if fingerprint else partner
        if other is not partner:
            raise Refused(
                "plan.shared_key",
                f"{other.address} and {partner.address} have the same Data Exchange Key "
                f"(fingerprint {fingerprint[:FINGERPRINT_SHOWN]})",
                hint="each partner needs a key of its own; give one of them the right one",
                position=partner.position, subject=partner.address,
            )  # fmt: skip


def judge_key(partner: Resource, fact: KeyFact, attachments: Sequence[Attachment], *, stored: bool) -> KeyVerdict:
    """What the key of one declared partner means. `stored` says that the partner is applied already."""
    code = school_of(partner.address)
    own = [a for a in attachments if a.school == code and a.fingerprint]
    live = next((a for a in own if a.status is AttachmentStatus.LIVE), None)
    if not stored or live is None:
        return _coming(partner, code, fact, own)
    if not fact.known or fact.fingerprint == live.fingerprint:
        return KeyVerdict(number=live.number)
    return _changed(partner, code, fact, own, live)


def _coming(partner: Resource, code: str, fact: KeyFact, own: Sequence[Attachment]) -> KeyVerdict:
    if not fact.known:
        if not own:
            return KeyVerdict(number=1, fresh=True, effects=(AttachmentEffect(op="attach", school=code),))
        note = (f"the key {reference(partner.spec)} is unknown here, so whether the "
                f"{counted(_rows(own))} kept from before come back cannot be said")  # fmt: skip
        return KeyVerdict(number=None, effects=(AttachmentEffect(op="unknown", school=code),), notes=(note,))
    same = next((a for a in own if a.fingerprint == fact.fingerprint), None)
    if same:
        return _back(code, same)
    attach = AttachmentEffect(op="attach", school=code, fingerprint=fact.fingerprint)
    kept = [a for a in own if a.status is not AttachmentStatus.ORPHANED]
    if not kept:
        return KeyVerdict(number=1, fresh=True, effects=(attach,))
    return KeyVerdict(number=1, fresh=True, effects=(*_orphans(kept), attach),
                      risks=(_orphan_risk(partner, fact, kept),))  # fmt: skip


def _back(code: str, same: Attachment) -> KeyVerdict:
    effect = AttachmentEffect(op="reattach", school=code, fingerprint=same.fingerprint, rows=same.rows)
    return KeyVerdict(number=same.number + 1, fresh=True, effects=(effect,),
                      notes=(f"re-attaches {counted(same.rows)}",))  # fmt: skip


def _changed(partner: Resource, code: str, fact: KeyFact, own: Sequence[Attachment], live: Attachment) -> KeyVerdict:
    replaces = "replaces" in (partner.spec.get("data_exchange_key") or {})
    used = next((a for a in own if a.fingerprint == fact.fingerprint), None)
    if replaces:
        block = _unproved(partner, fact, live, used)
        if block:
            return KeyVerdict(number=live.number, blocks=(block,))
        effect = AttachmentEffect(op="rekey", school=code, fingerprint=fact.fingerprint,
                                  old_fingerprint=live.fingerprint, rows=live.rows)  # fmt: skip
        return KeyVerdict(number=live.number, action=ActionKind.REKEY, effects=(effect,),
                          notes=(f"{counted(live.rows)} move to the new key",))  # fmt: skip
    back = _back(code, used) if used else None
    after = back.effects[0] if back else AttachmentEffect(op="attach", school=code, fingerprint=fact.fingerprint)
    return KeyVerdict(number=back.number if back else 1, fresh=True, action=ActionKind.REPLACE,
                      effects=(*_orphans([live]), after), notes=back.notes if back else (),
                      risks=(_orphan_risk(partner, fact, [live]),))  # fmt: skip


def _unproved(partner: Resource, fact: KeyFact, live: Attachment, used: Attachment | None) -> Block | None:
    """Why a declared replacement of the key cannot go ahead, None when it can."""
    if used:
        message = f"the new key of {partner.address} was used before, and {counted(used.rows)} are kept under it"
        hint = "give the partner a key that was never used"
    elif not fact.replaced:
        message = f"the key of {partner.address} changed, and the old one that `replaces:` names cannot be read here"
        hint = "make the old secret readable for this one apply, so that the change can be proved"
    elif fact.replaced != live.fingerprint:
        message = f"the key that `replaces:` names in {partner.address} is not the one that is attached"
        hint = (f"name the reference of the key with fingerprint {live.fingerprint[:FINGERPRINT_SHOWN]} "
                "under `replaces:`")  # fmt: skip
    else:
        return None
    return Block(code="plan.key_changed", address=partner.address, message=message, hint=hint,
                 position=partner.position)  # fmt: skip


def _orphans(old: Sequence[Attachment]) -> tuple[AttachmentEffect, ...]:
    return tuple(AttachmentEffect(op="orphan", school=a.school, fingerprint=a.fingerprint, rows=a.rows) for a in old)


def _orphan_risk(partner: Resource, fact: KeyFact, old: Sequence[Attachment]) -> Risk:
    rows = _rows(old)
    return Risk(
        name="orphan", address=partner.address, position=partner.position,
        message=f"the key {reference(partner.spec)} is another one than before, so {partner.address} counts as a new "
        f"school and {counted(rows)} stay orphaned under the old key",
        hint="if the key was only renewed, write data_exchange_key: {env: NEW_NAME, replaces: {env: OLD_NAME}}",
        facts={"key": fact.fingerprint[:FINGERPRINT_SHOWN],
               "orphaned": sorted(a.fingerprint[:FINGERPRINT_SHOWN] for a in old)},
        figures=rows,
    )  # fmt: skip


def _rows(attachments: Sequence[Attachment]) -> dict[str, int]:
    total: dict[str, int] = {}
    for attachment in attachments:
        for entity, n in attachment.rows.items():
            total[entity] = total.get(entity, 0) + n
    return total

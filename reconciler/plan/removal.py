"""Actions for what is gone from the files: forget for a partner, delete for the rest, each with its confirmation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.plan.keys import counted, school_of
from reconciler.plan.pairing import Gone, Pairing
from reconciler.plan.state import Attachment, AttachmentStatus, StoredState
from reconciler.plan.value import Action, ActionKind, AttachmentEffect, Risk
from reconciler.resources.resource import Resource
from reconciler.vocabulary.suggestions import nearest


def removals(pairing: Pairing, state: StoredState) -> tuple[list[Action], list[Risk], list[AttachmentEffect]]:
    """What is removed, what confirms it, and whose rows are retained (VS, rules 24 to 26)."""
    following: dict[str, list[str]] = {}
    for gone in pairing.gone:
        if gone.owner:
            following.setdefault(gone.owner, []).append(gone.stored.address)
    actions, risks, effects = [], [], []
    for gone in pairing.gone:
        address = gone.stored.address
        live = _live(address, state) if gone.stored.kind == "partner" else None
        actions.append(_action(gone, live))
        if live:
            effects.append(AttachmentEffect(op="retain", school=live.school, fingerprint=live.fingerprint,
                                            rows=live.rows))  # fmt: skip
        if not gone.owner and not gone.narrows:
            risks.append(_risk(gone, live, following.get(address, []), pairing.new))
    return actions, risks, effects


def _action(gone: Gone, live: Attachment | None) -> Action:
    stored = gone.stored
    forget = stored.kind == "partner"
    return Action(
        address=stored.address, kind=stored.kind, action=ActionKind.FORGET if forget else ActionKind.DELETE,
        before=stored.spec, before_digest=stored.digest, depends_on=stored.depends_on,
        notes=tuple(_consequences(gone, live)), position=gone.removed.position if gone.removed else None,
    )  # fmt: skip


def _consequences(gone: Gone, live: Attachment | None) -> list[str]:
    """What a removal keeps and what it stops (VS, rule 24)."""
    spec = gone.stored.spec
    notes = []
    if gone.owner:
        notes.append(f"goes with {gone.owner}")
    if gone.narrows:
        notes.append("no longer granted")
    if gone.stored.kind == "partner":
        notes.append(f"keeps {counted(live.rows)}" if live else "keeps its rows: there are none")
        notes.append(f"export to {destination(spec.get('export'))} stops" if spec.get("export") else "no export stops")
    if gone.stored.kind == "third_party":
        notes.append(f"nothing goes to {spec.get('recipient', 'its recipient')} any more")
    return notes


def destination(export: Any) -> str:
    """Where an export goes, by connector and place."""
    if not isinstance(export, Mapping):
        return str(export)
    place = export.get("url") or export.get("drop") or ""
    return f"{place} ({export.get('connector', 'export')})" if place else str(export.get("connector", "its partner"))


def _risk(gone: Gone, live: Attachment | None, children: Sequence[str], new: Sequence[Resource]) -> Risk:
    stored, entry = gone.stored, gone.removed
    verb = "forgotten" if stored.kind == "partner" else "deleted"
    facts = {"kind": stored.kind, "digest": stored.digest, "with": sorted(children)}
    figures = dict(live.rows) if live else {}
    if entry:
        place = f" ({entry.position})" if entry.position else ""
        return Risk(name="removal", address=stored.address, position=entry.position, facts=facts, figures=figures,
                    message=f"{stored.address} would be {verb}" + (f": {entry.reason}" if entry.reason else ""),
                    confirmed=f"removed: entry{place}", allowable=False)  # fmt: skip
    return Risk(
        name="removal", address=stored.address, facts=facts, figures=figures, allowable=False,
        message=f"{stored.address} is gone from the files without a removed: or moved: entry; it would be {verb}",
        hint=f"write removed: [{{address: {stored.address}, data: keep, reason: WHY}}]"
        f" or moved: [{{from: {stored.address}, to: {_renamed_to(gone, new) or 'NEW_ADDRESS'}}}], or put it back",
    )  # fmt: skip


def _renamed_to(gone: Gone, new: Sequence[Resource]) -> str:
    """The new resource that this one may have become: offered, never assumed."""
    alike = [r for r in new if r.kind == gone.stored.kind]
    same = [r.address for r in alike if r.digest == gone.stored.digest]
    return (same or nearest(gone.stored.address, [r.address for r in alike], most=1) or [""])[0]


def _live(address: str, state: StoredState) -> Attachment | None:
    code = school_of(address)
    return next((a for a in state.attachments
                 if a.school == code and a.fingerprint and a.status is AttachmentStatus.LIVE), None)  # fmt: skip

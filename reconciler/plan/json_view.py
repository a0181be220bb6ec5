"""A plan as JSON, there and back; `schemas/plan.schema.json` describes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.diagnostics import Position
from reconciler.plan.changes import shown
from reconciler.plan.value import (
    FORMAT_VERSION,
    Action,
    ActionKind,
    AttachmentEffect,
    Block,
    FieldChange,
    LiveLevel,
    LiveNote,
    Plan,
    Risk,
)


def to_json(plan: Plan, *, specs: bool = True) -> dict[str, Any]:
    """The JSON view. With `specs`, a new resource carries its whole spec; a saved plan goes without, for it holds
    digests only."""
    return {
        "format_version": FORMAT_VERSION,
        "estate_id": plan.estate_id,
        "lineage": plan.lineage,
        "serial": plan.serial,
        "made_from": plan.last_version,
        "rehearsal": plan.rehearsal,
        "config_digest": plan.config_digest,
        "tool_version": plan.tool_version,
        "digest": plan.digest,
        "created_at": _time(plan.created_at),
        "expires_at": _time(plan.expires_at),
        "partial": bool(plan.targets),
        "targets": list(plan.targets),
        "added": list(plan.added),
        "held": bool(plan.waiting),
        "counts": plan.counts,
        "unchanged": plan.unchanged,
        "actions": [_action(a, specs=specs) for a in plan.actions],
        "attachments": [_effect(e) for e in plan.attachments],
        "risks": [_risk(r) for r in plan.risks],
        "blocks": [_block(b) for b in plan.blocks],
        "keys": {school: fingerprint or None for school, fingerprint in plan.keys.items()},
        "notes": list(plan.notes),
        "live": None if plan.live is None else [_live(note) for note in plan.live],
    }


def from_json(value: Mapping[str, Any]) -> Plan:
    """The plan again, without whole specs. Raises KeyError, TypeError or ValueError on anything else."""
    return Plan(
        estate_id=value["estate_id"], lineage=value["lineage"], serial=value["serial"], rehearsal=value["rehearsal"],
        config_digest=value["config_digest"], tool_version=value["tool_version"], last_version=value["made_from"],
        created_at=datetime.fromisoformat(value["created_at"]), expires_at=datetime.fromisoformat(value["expires_at"]),
        actions=tuple(_read_action(a) for a in value["actions"]),
        risks=tuple(_read_risk(r) for r in value["risks"]),
        blocks=tuple(
            Block(code=b["code"], address=b["address"], message=b["message"], hint=b["hint"], position=_read_place(b))
            for b in value["blocks"]
        ),
        attachments=tuple(
            AttachmentEffect(op=e["op"], school=e["school"], fingerprint=e.get("fingerprint", ""),
                             old_fingerprint=e.get("old_fingerprint", ""), rows=e["rows"])
            for e in value["attachments"]
        ),
        keys={school: fingerprint or "" for school, fingerprint in value["keys"].items()},
        notes=tuple(value["notes"]), targets=tuple(value["targets"]), added=tuple(value["added"]),
        unchanged=value["unchanged"],
        live=None if value["live"] is None else tuple(_read_live(note) for note in value["live"]),
    )  # fmt: skip


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _action(action: Action, *, specs: bool) -> dict[str, Any]:
    out: dict[str, Any] = {"address": action.address, "kind": action.kind, "action": action.action.value}
    if action.moved_from:
        out["moved_from"] = action.moved_from
    out |= {"before_digest": action.before_digest or None, "after_digest": action.after_digest or None,
            "depends_on": list(action.depends_on), "changes": [_change(c) for c in action.changes],
            "notes": list(action.notes)}  # fmt: skip
    if specs and not action.before_digest and action.after is not None:
        out["after"] = shown((), action.after)
    return out | _place(action.position)


def _read_action(value: Mapping[str, Any]) -> Action:
    return Action(
        address=value["address"], kind=value["kind"], action=ActionKind(value["action"]),
        before_digest=value["before_digest"] or "", after_digest=value["after_digest"] or "",
        depends_on=tuple(value["depends_on"]), moved_from=value.get("moved_from", ""),
        changes=tuple(
            FieldChange(path=tuple(c["path"]), before=c.get("before"), after=c.get("after"),
                        had="before" in c, has="after" in c)
            for c in value["changes"]
        ),
        notes=tuple(value["notes"]), position=_read_place(value),
    )  # fmt: skip


def _change(change: FieldChange) -> dict[str, Any]:
    out: dict[str, Any] = {"path": list(change.path)}
    if change.had:
        out["before"] = change.before
    if change.has:
        out["after"] = change.after
    return out


def _effect(effect: AttachmentEffect) -> dict[str, Any]:
    out: dict[str, Any] = {"op": effect.op, "school": effect.school, "rows": dict(effect.rows)}
    for name in ("fingerprint", "old_fingerprint"):
        if getattr(effect, name):
            out[name] = getattr(effect, name)
    return out


def _risk(risk: Risk) -> dict[str, Any]:
    return {
        "code": risk.code, "risk": risk.name, "address": risk.address, "token": risk.token, "message": risk.message,
        "hint": risk.hint, "evidence": {"facts": risk.facts, "figures": dict(risk.figures)},
        "evidence_digest": risk.evidence_digest, "confirmed": risk.confirmed, "held": not risk.confirmed,
        "allowable": risk.allowable,
    } | _place(risk.position)  # fmt: skip


def _read_risk(value: Mapping[str, Any]) -> Risk:
    return Risk(
        name=value["risk"], address=value["address"], message=value["message"], hint=value["hint"],
        facts=value["evidence"]["facts"], figures=value["evidence"]["figures"], confirmed=value["confirmed"],
        allowable=value["allowable"], position=_read_place(value),
    )  # fmt: skip


def _live(note: LiveNote) -> dict[str, str]:
    return {"level": note.level.value, "school": note.school, "address": note.address, "field": note.field,
            "message": note.message, "next": note.next_step, "code": note.code}  # fmt: skip


def _read_live(value: Mapping[str, str]) -> LiveNote:
    return LiveNote(level=LiveLevel(value["level"]), school=value["school"], address=value["address"],
                    field=value["field"], message=value["message"], next_step=value["next"],
                    code=value["code"])  # fmt: skip


def _block(block: Block) -> dict[str, Any]:
    out = {"code": block.code, "address": block.address, "message": block.message, "hint": block.hint}
    return out | _place(block.position)


def _place(position: Position | None) -> dict[str, Any]:
    return {"file": position.file, "line": position.line, "column": position.column} if position else {}


def _read_place(value: Mapping[str, Any]) -> Position | None:
    return Position(value["file"], value["line"], value["column"]) if "file" in value else None

"""The words and marks that the text and Markdown views of a plan share."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from reconciler.plan.keys import FINGERPRINT_SHOWN, counted
from reconciler.plan.value import REMOVING, Action, ActionKind, AttachmentEffect, FieldChange, LiveLevel, LiveNote, Plan
from reconciler.resources.registry import KINDS
from reconciler.vocabulary.digests import canonical_json

_SYMBOLS = {ActionKind.CREATE: "+", ActionKind.ADOPT: "+", ActionKind.FORGET: "-", ActionKind.DELETE: "-"}
_DONE = {
    ActionKind.CREATE: "to create", ActionKind.UPDATE: "to update", ActionKind.REPLACE: "to replace",
    ActionKind.REKEY: "to re-key", ActionKind.FORGET: "to forget", ActionKind.DELETE: "to delete",
    ActionKind.MOVE: "to move", ActionKind.ADOPT: "to adopt",
}  # fmt: skip
_VERBS = {ActionKind.REKEY: "re-key"}
_LONGEST = 120  # characters of a value that are shown


def symbol(action: Action) -> str:
    """`+`, `~` or `-`; `!` stands before what is held."""
    return _SYMBOLS.get(action.action, "~")


def verb(action: Action) -> str:
    return _VERBS.get(action.action, action.action.value)


def title(action: Action) -> str:
    """The address, with the old one where it moves."""
    return f"{plain(action.moved_from)} -> {plain(action.address)}" if action.moved_from else plain(action.address)


def reading_order(actions: Iterable[Action]) -> list[str]:
    """The kinds that occur, in the order in which a reader meets them: the hub before its partners and their maps."""
    place = {kind: n for n, kind in enumerate(KINDS)}
    return sorted({a.kind for a in actions}, key=lambda kind: (place.get(kind, len(place)), kind))


def counts(plan: Plan) -> str:
    """`1 to forget, 3 to create`, deletions first."""
    found = plan.counts
    order = sorted(ActionKind, key=lambda kind: kind not in REMOVING)
    return ", ".join(f"{found[kind]} {_DONE[kind]}" for kind in order if kind in found) or "nothing to do"


def headline(plan: Plan) -> str:
    """One sentence: what the plan would do, and how much of it is held."""
    held = len(plan.waiting)
    mark = " [rehearsal store]" if plan.rehearsal else ""
    return f"Plan for {plain(plan.estate_id)}: {counts(plan)}{f'; {held} held' if held else ''}.{mark}"


def partial(plan: Plan) -> str:
    """Says that a targeted plan is not the whole, empty for a whole one."""
    if not plan.targets:
        return ""
    added = f"; drawn in by what they need: {', '.join(plan.added)}" if plan.added else ""
    return f"Partial plan: only {', '.join(map(plain, plan.targets))}{added}."


def path(change: FieldChange) -> str:
    """`guards.max_drop_percent`, `streams[1]`, `slots."W1Mon.P1"`."""
    out = ""
    for part in change.path:
        if isinstance(part, int):
            out += f"[{part}]"
        else:
            name = plain(part)
            out += ("." if out else "") + (f'"{name}"' if "." in name else name)
    return out


def value(given: Any) -> str:
    """A value as JSON on one line; where it is too long, the characters left out are counted."""
    text = plain(canonical_json(given).decode())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text) - _LONGEST} more characters)"


def difference(change: FieldChange) -> str:
    """Before and after, `(absent)` where a side lacks the field."""
    before = value(change.before) if change.had else "(absent)"
    after = value(change.after) if change.has else "(absent)"
    return f"{before} -> {after}"


def effect(given: AttachmentEffect) -> str:
    """What becomes of a school's rows, in words; a key is named by the start of its fingerprint."""
    rows, key, old = counted(given.rows), given.fingerprint[:FINGERPRINT_SHOWN], given.old_fingerprint
    said = {
        "attach": f"attached for the first time under key {key or 'unknown here'}",
        "reattach": f"{rows} come back under key {key}",
        "retain": f"{rows} retained under key {key}, out of live views",
        "orphan": f"{rows} orphaned under key {key}",
        "rekey": f"{rows} move from key {old[:FINGERPRINT_SHOWN]} to key {key}",
        "unknown": "the key is unknown here: apply needs it to say whether kept rows come back",
    }
    return f"{given.school}: {said[given.op]}"


def moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def made_from(plan: Plan) -> str:
    return plan.last_version or ("an empty store" if plan.serial == 0 else f"version {plan.serial}")


LIVE_HEADING = "What is really there"
_LIVE_MARKS = {LiveLevel.DIFFERS: "!", LiveLevel.EXPECTED: "~", LiveLevel.UNKNOWN: "?", LiveLevel.NOTE: "-"}


def live_mark(note: LiveNote) -> str:
    """`!` differs, `~` differs as expected, `?` could not be asked, `-` worth knowing."""
    return _LIVE_MARKS[note.level]


def live_line(note: LiveNote) -> str:
    """School, address with its field, and what it says, on one line."""
    where = " ".join(part for part in (note.school, note.address, note.field) if part)
    code = f" ({note.code})" if note.code else ""
    return f"{where}: {note.message}{code}"


def live_silence(plan: Plan) -> str:
    """What is said where schools were asked and nothing came of it; empty otherwise."""
    return "every school that was asked is as the files say" if plan.live == () else ""


def next_command(plan: Plan) -> str:
    """What to run next, ready to paste; empty for an empty plan."""
    if plan.empty:
        return ""
    targets = "".join(f" --target {shlex.quote(t)}" for t in plan.targets)
    if plan.blocks:
        return f"reconcile plan{targets}"
    allowed = "".join(f" --allow {shlex.quote(r.token)}" for r in plan.held if r.allowable)
    return f"reconcile apply --expect {plan.short_digest}{targets}{allowed}"


def closing(plan: Plan) -> str:
    """The line before the next command: why it is that one; empty where nothing needs saying."""
    if plan.blocks:
        return "Mend what is marked held in the files, then make the plan again."
    if any(not r.allowable for r in plan.held):
        return (
            "The next command holds this plan for 24 hours; a person with the role approver lets it go: "
            f"reconcile approve {plan.short_digest} --reason WHY"
        )
    if plan.held:
        return "Leave out --allow to have the plan held for a second person to approve."
    return ""


def plain(text: str, *, ascii_only: bool = False) -> str:
    """The text without characters that steer a terminal or turn its direction; pure ASCII when asked."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() and (c.isascii() or not ascii_only) else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii") if ord(character) > 0x7F else f"\\x{ord(character):02x}"

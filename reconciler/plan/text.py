"""A plan as text for a terminal or a log: counts and what is held first, then removals, then the rest by kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.plan import words
from reconciler.plan.changes import flattened
from reconciler.plan.value import REMOVING, Action, AttachmentEffect, Block, FieldChange, Plan, Risk

_FOLD = 10  # lines of one list that are shown unless the whole is asked for


def render_text(plan: Plan, *, full: bool = False, ascii: bool = False) -> str:  # noqa: A002 (the option's name)
    """The plan in words; the last line is the next command. Long lists are folded unless `full`.

    The output needs no colour and, with `ascii`, no character beyond ASCII.
    """
    lines = [words.headline(plan)]
    lines += [line for line in (words.partial(plan), *plan.notes) if line]
    lines += _section("Held: nothing happens until a person decides", _held(plan))
    lines += _section(words.LIVE_HEADING, _live(plan))
    lines += _section("Removed", _actions([a for a in plan.actions if a.action in REMOVING], full=full))
    for kind in words.reading_order(a for a in plan.actions if a.action not in REMOVING):
        chosen = [a for a in plan.actions if a.kind == kind and a.action not in REMOVING]
        lines += _section(kind, _actions(chosen, full=full))
    lines += _section("Rows of schools", [_effect(e) for e in plan.attachments if e.op != "attach"])
    lines += ["", *_footer(plan)]
    return "\n".join(words.plain(line, ascii_only=ascii) for line in lines) + "\n"


def _section(heading: str, body: Sequence[str]) -> list[str]:
    return ["", heading, *body] if body else []


def _live(plan: Plan) -> list[str]:
    lines = [f"  {words.live_silence(plan)}"] if words.live_silence(plan) else []
    for note in plan.live or ():
        lines.append(f"  {words.live_mark(note)} {words.live_line(note)}")
        if note.next_step:
            lines.append(f"      next: {note.next_step}")
    return lines


def _held(plan: Plan) -> list[str]:
    lines: list[str] = []
    for item in plan.waiting:
        place = f"  ({item.position})" if item.position else ""
        lines.append(f"  ! {item.code}  {item.address}{place}")
        lines.append(f"      {item.message}")
        if item.hint:
            lines.append(f"      hint: {item.hint}")
        lines.append(f"      {_way_out(item)}")
    return lines


def _way_out(item: Risk | Block) -> str:
    if isinstance(item, Block):
        return "no approval lifts this"
    return f"to allow: --allow {item.token}, or approve the plan" if item.allowable else "to allow: approve the plan"


def _actions(actions: Sequence[Action], *, full: bool) -> list[str]:
    lines: list[str] = []
    shown = actions if full else actions[:_FOLD]
    for action in shown:
        lines.append(_line(action))
        lines += [f"      {line}" for line in _folded(list(_details(action, full=full)), full=full)]
    if len(shown) < len(actions):
        lines.append(f"  ... and {_rest(actions[len(shown) :])} (--full shows them)")
    return lines


def _rest(actions: Sequence[Action]) -> str:
    verbs = [words.verb(a) for a in actions]
    return ", ".join(f"{verbs.count(v)} more to {v}" for v in dict.fromkeys(verbs))


def _line(action: Action) -> str:
    place = f"  ({action.position})" if action.position and action.changes else ""
    notes = f": {'; '.join(action.notes)}" if action.notes else ""
    return f"  {words.symbol(action)} {words.verb(action)} {words.title(action)}{notes}{place}"


def _details(action: Action, *, full: bool) -> Iterator[str]:
    for change in action.changes:
        yield f"{words.path(change)}: {words.difference(change)}"
    if full and not action.before_digest and action.after is not None:
        for path, value in flattened(action.after):
            yield f"{words.path(FieldChange(path=path))}: {words.value(value)}"


def _folded(lines: list[str], *, full: bool) -> list[str]:
    if full or len(lines) <= _FOLD:
        return lines
    return [*lines[:_FOLD], f"... and {len(lines) - _FOLD} more fields (--full shows them)"]


def _effect(effect: AttachmentEffect) -> str:
    return f"  {words.effect(effect)}"


def _footer(plan: Plan) -> list[str]:
    made = f"Digest {plan.short_digest}, made from {words.made_from(plan)}, good until {words.moment(plan.expires_at)}."
    unchanged = f"{plan.unchanged} unchanged, not shown." if plan.unchanged else ""
    if plan.empty:
        return [line for line in (unchanged, "The store is as the files say.") if line]
    return [line for line in (unchanged, made, words.closing(plan), f"Next: {words.next_command(plan)}") if line]

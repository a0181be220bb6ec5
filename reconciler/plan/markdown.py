"""A plan as Markdown for a merge request: counts and removals above the first fold, at most 60,000 characters."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from reconciler.plan import words
from reconciler.plan.value import REMOVING, Action, Plan

MOST_CHARACTERS = 60_000
MARKER = "<!-- reconcile-plan -->"  # by which CI finds its comment and updates it
_RESERVE = 600  # for the footer and the line that says what was left out


def render_markdown(plan: Plan) -> str:
    """The plan for reviewers. What does not fit is left out by whole resources and counted, never cut silently."""
    head = [MARKER, f"## {_text(words.headline(plan))}", ""]
    head += [f"{_text(line)}\n" for line in (words.partial(plan), *plan.notes) if line]
    held = [_held(item.code, item.address, item.message, item.hint) for item in plan.waiting]
    removed = [_removed(a) for a in plan.actions if a.action in REMOVING]
    foot = _footer(plan)
    budget = MOST_CHARACTERS - sum(map(len, head)) - len(foot) - _RESERVE - len(_table(plan))
    budget, held_block = _list("### Held", held, budget)
    budget, live_block = _list(f"### {words.LIVE_HEADING}", _live(plan), budget)
    budget, removed_block = _list("### Removed", removed, budget)
    effects = [f"- {_text(words.effect(e))}" for e in plan.attachments if e.op != "attach"]
    budget, effect_block = _list("### Rows of schools", effects, budget)
    folds = _folds(plan, budget)
    return "\n".join([*head, held_block + live_block + removed_block + effect_block + _table(plan) + folds, foot])


def _list(heading: str, items: Sequence[str], budget: int) -> tuple[int, str]:
    if not items:
        return budget, ""
    taken = _fitting(items, budget - len(heading))
    more = (
        f"- ... {len(items) - len(taken)} more left out: see the text or JSON plan\n" if len(taken) < len(items) else ""
    )
    block = f"{heading}\n\n" + "".join(f"{item}\n" for item in taken) + more + "\n"
    return budget - len(block), block


def _fitting(items: Sequence[str], budget: int) -> Sequence[str]:
    for index, item in enumerate(items):
        budget -= len(item) + 1
        if budget < 0:
            return items[:index]
    return items


def _held(code: str, address: str, message: str, hint: str) -> str:
    return f"- **{_code(code)}** {_code(address)}: {_text(message)}" + (f" _Hint: {_text(hint)}_" if hint else "")


def _live(plan: Plan) -> list[str]:
    silence = words.live_silence(plan)
    return [f"- {_text(silence)}"] if silence else [
        f"- {_code(words.live_mark(note))} {_text(words.live_line(note))}"
        + (f" _Next: {_text(note.next_step)}_" if note.next_step else "")
        for note in plan.live or ()
    ]  # fmt: skip


def _removed(action: Action) -> str:
    notes = f": {_text('; '.join(action.notes))}" if action.notes else ""
    return f"- {words.verb(action)} {_code(action.address)}{notes}"


def _table(plan: Plan) -> str:
    kinds = words.reading_order(plan.actions)
    if not kinds:
        return ""
    verbs = list(dict.fromkeys(words.verb(a) for a in plan.actions))
    rows = ["| Kind | " + " | ".join(verbs) + " |", "|---|" + "--:|" * len(verbs)]
    for kind in kinds:
        found = [words.verb(a) for a in plan.actions if a.kind == kind]
        rows.append(f"| {_text(kind)} | " + " | ".join(str(found.count(v) or "") for v in verbs) + " |")
    return "\n".join(rows) + "\n\n"


def _folds(plan: Plan, budget: int) -> str:
    out, left_out = "", 0
    for kind in words.reading_order(a for a in plan.actions if a.action not in REMOVING):
        blocks = [_details(a) for a in plan.actions if a.kind == kind and a.action not in REMOVING]
        frame = f"<details><summary>{escape(words.plain(kind))} ({len(blocks)})</summary>\n\n\n</details>\n\n"
        taken = _fitting(blocks, budget - len(frame))
        left_out += len(blocks) - len(taken)
        if taken:
            fold = frame.replace("\n\n\n", "\n\n" + "\n".join(taken) + "\n\n", 1)
            budget -= len(fold)
            out += fold
    if left_out:
        out += f"**{left_out} resources are left out here for length**; the text and JSON plans hold them all.\n\n"
    return out


def _details(action: Action) -> str:
    notes = f": {_text('; '.join(action.notes))}" if action.notes else ""
    lines = [f"- `{words.symbol(action)}` {words.verb(action)} {_code(words.title(action))}{notes}"]
    lines += [f"  - {_code(words.path(c))}: {_code(words.difference(c))}" for c in action.changes]
    return "\n".join(lines)


def _footer(plan: Plan) -> str:
    if plan.empty:
        return "The store is as the files say.\n"
    made = (
        f"Digest `{plan.digest}`, made from {_text(words.made_from(plan))}, good until {words.moment(plan.expires_at)}."
    )
    closing = f"\n\n{_text(words.closing(plan))}" if words.closing(plan) else ""
    return f"{made} {plan.unchanged} unchanged.{closing}\n\n```\n{words.next_command(plan)}\n```\n"


def _code(text: str) -> str:
    """A code span that the text cannot leave, whatever it holds."""
    clean = words.plain(text)
    longest = max((len(run) for run in "".join(c if c == "`" else " " for c in clean).split()), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{clean}{pad}{fence}"


def _text(text: str) -> str:
    """Text in which no character starts a mark, a link, a mention or a tag."""
    return "".join(f"\\{c}" if c in r"\`*_[]<>|#~" else c for c in words.plain(text)).replace("@", "@\u200b")

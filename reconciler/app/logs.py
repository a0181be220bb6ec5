"""`log` and `issues show`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from reconciler.app.context import Context, opened
from reconciler.apply.permission import operators_of, require_role
from reconciler.errors import Refused, UnknownName
from reconciler.reports.frame import LONDON, REHEARSAL, clean, local, table
from reconciler.reports.ports import IssueFilter, TransferFilter
from reconciler.reports.transfers import entry_to_json
from reconciler.settings import Settings
from reconciler.transfers.entry import Outcome, TransferEntry
from reconciler.vocabulary.suggestions import did_you_mean

KINDS = ("import", "export", "academic", "undo")


def log(settings: Settings, format_: str, *, detail: bool = False, **filters: Any) -> str:
    """The transfer log as text or JSON, narrowed as `transfers` says; `detail` names every rejected row."""
    with opened(settings, read_only=True) as context:
        found, mark = _narrowed(context, **filters), REHEARSAL if context.store.rehearsal else ""
    if format_ == "json":
        return json.dumps(transfers_json(found), indent=2, ensure_ascii=False)
    return mark + transfers_text(found, detail=detail)


def transfers(settings: Settings, **filters: Any) -> Sequence[TransferEntry]:
    """Entries of the transfer log, the latest first (VS, rule 62). Raises Refused on a filter that cannot be."""
    with opened(settings, read_only=True) as context:
        return _narrowed(context, **filters)


def _narrowed(context: Context, *, schools: Sequence[str] = (), kinds: Sequence[str] = (),
              directions: Sequence[str] = (), outcomes: Sequence[str] = (), since: str = "", run: str = "",
              limit: int = 50) -> Sequence[TransferEntry]:  # fmt: skip
    for word, known, code in (*((o, tuple(Outcome), "log.unknown_outcome") for o in outcomes),
                              *((k, KINDS, "log.unknown_kind") for k in kinds)):  # fmt: skip
        if word not in known:
            raise Refused(code, f"there is no {code.partition('_')[2]} {word!r}",
                          hint=did_you_mean(word, known) or "one of " + ", ".join(known))  # fmt: skip
    return context.store.reports.transfers(TransferFilter(
        schools=frozenset(schools), kinds=frozenset(kinds), directions=frozenset(directions),
        outcomes=frozenset(outcomes), since=_day(since) if since else None, run=run, limit=limit,
    ))  # fmt: skip


def _day(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), LONDON)
    except ValueError:
        raise Refused("log.since", f"{text!r} is not a day", hint="write it like 2026-11-20") from None


def transfers_json(entries: Sequence[TransferEntry]) -> dict[str, Any]:
    """`schemas/log.schema.json`."""
    return {"format_version": 1, "transfers": [entry_to_json(entry) for entry in entries]}


def transfers_text(entries: Sequence[TransferEntry], *, detail: bool) -> str:
    if not entries:
        return "No transfer fits."
    rows = [(e.run, local(e.started_at), e.school, e.kind, e.outcome.value, e.message) for e in entries]
    text = table(("Run", "When", "School", "Kind", "Outcome", "What happened"), rows)
    return text + "".join("\n\n" + _detail(entry) for entry in entries) if detail else text


def _detail(entry: TransferEntry) -> str:
    header = ("Entity", "Read", "New", "Changed", "Same", "Rejected", "Out of scope", "Left")
    counts = [
        (w, c.read, c.new, c.changed, c.same, c.rejected, c.out_of_scope, c.left) for w, c in entry.counts.items()
    ]
    parts = [f"Run by {clean(str(entry.actor))}."]
    parts += [table(header, counts, right=frozenset(range(1, 8)))] if counts else []
    if entry.rejected:
        rejected = [(r.entity, r.key, r.place, r.code, r.message) for r in entry.rejected]
        parts.append(table(("Not used", "Record", "Place", "Code", "Why"), rejected))
    parts += [f"- {clean(note)}" for note in entry.notes]
    return "\n\n".join(parts)


def acknowledge(settings: Settings, numbers: Sequence[int]) -> str:
    """Notes that the actor has seen these issues, so that `status` no longer awaits a person for them (VS, rule 64).

    They stay open until an import no longer finds them. Raises UnknownName, NotPermitted without the role syncer.
    """
    with opened(settings) as context:
        require_role(settings.actor, "syncer", operators_of(context.store.state.read_state(), ()),
                     doing="issues ack")  # fmt: skip
        context.store.issues.acknowledge(numbers, actor=settings.actor, at=context.now)
    named = ", ".join(str(number) for number in sorted(set(numbers)))
    return f"Acknowledged by {clean(settings.actor.name)}: {named}. Each stays open until an import no longer finds it."


def issue_text(settings: Settings, number: int) -> str:
    """One issue with its life so far. Raises UnknownName."""
    with opened(settings, read_only=True) as context:
        found = next((t for t in context.store.reports.issues(IssueFilter(state="all")) if t.number == number), None)
    if found is None:
        raise UnknownName("issues.unknown", f"there is no issue {number}", hint="reconcile issues list shows them")
    issue = found.issue
    lines = [
        f"{number}  {issue.severity.value} {issue.code}",
        f"where:   {issue.school}, {issue.entity.replace('_', ' ')} {clean(issue.record)}",
        f"what:    {clean(issue.message)}",
        f"next:    {clean(issue.next_step)}",
        f"owner:   {issue.owner.value}",
        f"opened:  {local(found.opened_at)} by run {found.opened_run}",
        f"seen:    {local(found.last_seen_at)}",
    ]
    if found.acknowledged_by:
        lines.append(f"acknowledged by {clean(found.acknowledged_by)}")
    if found.closed_at:
        by = found.closed_run if " " in found.closed_run else f"run {found.closed_run}"
        lines.append(f"closed:  {local(found.closed_at)} by {by}")
    return "\n".join(lines)

"""`status` as text and as JSON, two views of one value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from reconciler.app.status import FIRST_CODES, KindStanding, MissedSlot, Need, PartnerStanding, Status
from reconciler.reports.frame import REHEARSAL, clean, table
from reconciler.schedule.times import SlotName

MISSED_CODE, STALE_CODE, FAILED_CODE = "schedule.missed", "schedule.stale", "schedule.failed"


def to_json(found: Status) -> dict[str, Any]:
    """`schemas/status.schema.json`."""
    return {
        "format_version": 1,
        "estate": found.estate,
        "at": found.at.isoformat(),
        "rehearsal": found.rehearsal,
        "exit_code": int(found.exit_code),
        "partners": [_partner_json(partner, found.at) for partner in found.partners],
        "waiting": [_need_json(need) for need in found.waiting],
    }


def to_text(found: Status) -> str:
    """A table of partners, then what a person must do or know, worst first."""
    mark = REHEARSAL if found.rehearsal else ""
    head = f"{mark}{clean(found.estate)}, {_wall(found, found.at)}"
    rows = [
        (p.code, *(_last_cell(found, kind) for kind in p.kinds), _next_cell(found, p), _age_cell(p, found.at),
         _ready_cell(p))
        for p in found.partners
    ]  # fmt: skip
    header = ("School", *(kind.kind.capitalize() for kind in found.partners[0].kinds), "Next", "Data age", "State") \
        if found.partners else ("School",)  # fmt: skip
    parts = [head, table(header, rows) if rows else "There are no partners.", *_sections(found)]
    return "\n\n".join(parts)


def _sections(found: Status) -> list[str]:
    failed = [
        f"{_failure(p.code, kind)} ({FAILED_CODE})\n    next: {_after_failure(p.code, kind)}"
        for p in found.partners for kind in p.kinds if kind.failed
    ]  # fmt: skip
    missed = [line for p in found.partners for line in _missed_lines(p)]
    people = [need for p in found.partners for need in _in_turn(p.missing)] + list(found.waiting)
    stale = [f"{p.code}: last read {_wall(found, p.data_at)} ({STALE_CODE})"
             for p in found.partners if p.stale and p.data_at]  # fmt: skip
    sections = (
        ("Failed:", failed),
        ("Missed slots of the last 7 days:", missed),
        ("A person is awaited:", [_need_text(need) for need in people]),
        ("Data is more than a day old, in term:", stale),
    )
    return [title + "".join(f"\n  - {line}" for line in lines) for title, lines in sections if lines]


def _failure(school: str, kind: KindStanding) -> str:
    """What failed; a completion line begins with the school and the kind already."""
    what = f"{school} {kind.kind}"
    said = clean(kind.failed)
    return said if said.startswith(what) else f"{what}: {said}"


def _after_failure(school: str, kind: KindStanding) -> str:
    again = f"reconcile sync {kind.kind} --school {school}"
    return f"reconcile issues list --school {school} says what to mend; then: {again}" if kind.last else again


def _missed_lines(partner: PartnerStanding) -> list[str]:
    """One line for the slots of a kind that were missed for one reason: a night of them is one piece of news."""
    alike: dict[tuple[str, str], list[MissedSlot]] = {}
    for slot in partner.missed:
        alike.setdefault((slot.kind, slot.why), []).append(slot)
    return [
        f"{partner.code} {kind} {_span([slot.name for slot in slots])}: {clean(why)} ({MISSED_CODE})"
        for (kind, why), slots in alike.items()
    ]


def _in_turn(needs: Sequence[Need]) -> list[Need]:
    """A first export comes after the first import, so it is not asked for before."""
    import_waits = any(need.code == FIRST_CODES["import"] for need in needs)
    return [need for need in needs if not (import_waits and need.code == FIRST_CODES["export"])]


def _span(names: list[SlotName]) -> str:
    """`08:00 on 24 November 2026`, or `23 slots, 09:00 on 23 November 2026 to 07:00 on 24 November 2026`."""
    first, last = min(names), max(names)
    return str(first) if len(names) == 1 else f"{len(names)} slots, {first} to {last}"


def _last_cell(found: Status, kind: KindStanding) -> str:
    if kind.last is None:
        return "-"
    return f"{kind.last.outcome.value} {_wall(found, kind.last.finished_at or kind.last.started_at)}"


def _next_cell(found: Status, partner: PartnerStanding) -> str:
    coming = [(kind.next.at, kind.kind) for kind in partner.kinds if kind.next]
    first = min(coming, key=lambda pair: pair[0], default=None)  # of several at one time the one that runs first
    return f"{first[1]} {_wall(found, first[0])}" if first else "-"


def _age_cell(partner: PartnerStanding, now: datetime) -> str:
    if partner.data_at is None:
        return "-"
    hours = int((now - partner.data_at).total_seconds() // 3600)
    return (f"{hours} h" if hours < 48 else f"{hours // 24} days") + (" old" if partner.stale else "")


def _ready_cell(partner: PartnerStanding) -> str:
    if any(kind.failed for kind in partner.kinds):
        return "failed"
    if any(slot.counts for slot in partner.missed):
        return "missed"
    return "waits for a person" if partner.missing else "ready"


def _need_text(need: Need) -> str:
    return f"{clean(need.message)} ({need.code})\n    next: {clean(need.next_step)}"


def _wall(found: Status, moment: datetime) -> str:
    return moment.astimezone(found.plan.zone).strftime("%d %b %H:%M").lstrip("0")


def _partner_json(partner: PartnerStanding, now: datetime) -> dict[str, Any]:
    age = None if partner.data_at is None else int((now - partner.data_at).total_seconds())
    return {
        "code": partner.code,
        "name": partner.name,
        "state": _ready_cell(partner),
        "ready": not partner.missing,
        "missing": [_need_json(need) for need in partner.missing],
        "kinds": [_kind_json(kind) for kind in partner.kinds],
        "data_at": partner.data_at.isoformat() if partner.data_at else None,
        "data_age_seconds": age,
        "stale": partner.stale,
        "missed": [_missed_json(slot) for slot in partner.missed],
    }


def _kind_json(kind: KindStanding) -> dict[str, Any]:
    last, coming = kind.last, kind.next
    return {
        "kind": kind.kind,
        "last": None if last is None else {
            "run": last.run,
            "outcome": last.outcome.value,
            "started_at": last.started_at.isoformat(),
            "finished_at": last.finished_at.isoformat() if last.finished_at else None,
            "message": last.message,
        },
        "failed": kind.failed or None,
        "next": None if coming is None else {
            "day": coming.name.day.isoformat(), "slot": coming.name.label, "at": coming.at.isoformat(),
        },
    }  # fmt: skip


def _missed_json(slot: MissedSlot) -> dict[str, Any]:
    return {
        "code": MISSED_CODE,
        "kind": slot.kind,
        "day": slot.name.day.isoformat(),
        "slot": slot.name.label,
        "why": slot.why,
        "counts": slot.counts,
    }


def _need_json(need: Need) -> dict[str, str]:
    return {"code": need.code, "message": need.message, "next": need.next_step}

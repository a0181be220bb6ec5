"""Drift as JSON: `schemas/drift.schema.json`."""

from __future__ import annotations

from typing import Any

from reconciler.live.difference import CODE, Difference, Drift, Expectation, Note, Unasked


def to_json(drift: Drift) -> dict[str, Any]:
    """The same as the text, for machines."""
    return {
        "format_version": 1,
        "estate": drift.estate,
        "rehearsal": drift.rehearsal,
        "at": drift.at.isoformat(),
        "exit_code": int(drift.exit_code),
        "schools": list(drift.schools),
        "drift": [difference_json(one) for one in drift.found],
        "expected": [difference_json(one) | {"expected": _expectation(why)} for one, why in drift.expected],
        "unused": [{"address": one.address, "field": one.field} | _expectation(one) for one in drift.unused],
        "unasked": [unasked_json(one) for one in drift.unasked],
        "notes": [note_json(one) for one in drift.notes],
        "pending": drift.pending,
    }


def difference_json(one: Difference) -> dict[str, Any]:
    """One difference, with its place in the files where it has one."""
    place = one.position
    found = {
        "code": CODE, "school": one.school, "address": one.address, "field": one.field, "message": one.message,
        "declared": one.declared, "stored": one.stored, "live": one.live, "odd_one_out": one.odd.value,
        "next": one.next_step, "lapsed": one.lapsed,
    }  # fmt: skip
    return found | ({"file": place.file, "line": place.line, "column": place.column} if place else {})


def note_json(one: Note) -> dict[str, str]:
    return {"school": one.school, "message": one.message, "next": one.next_step}


def unasked_json(one: Unasked) -> dict[str, str]:
    return {"school": one.school, "what": one.what, "why": one.why, "code": one.code, "next": one.next_step}


def _expectation(one: Expectation) -> dict[str, Any]:
    return {"why": one.why, "owner": one.owner, "until": one.until.isoformat(),
            "since": one.since.isoformat() if one.since else None}  # fmt: skip

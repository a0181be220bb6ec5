"""`plan --refresh`: what the schools' own systems say to the files that are planned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconciler.app.context import Context
from reconciler.app.estate_files import LoadedEstate
from reconciler.app.live_check import LiveCheck, check_schools, declared_specs, stored_specs
from reconciler.live.difference import Difference, Odd
from reconciler.live.side import Specs
from reconciler.plan.state import StoredState
from reconciler.plan.target import matched
from reconciler.plan.value import LiveLevel, LiveNote


def live_notes(context: Context, state: StoredState, loaded: LoadedEstate, *,
               targets: Sequence[str] = ()) -> tuple[LiveNote, ...]:  # fmt: skip
    """Asks every declared school, as the files reach it: a new one is nowhere else; with targets those they are about.

    With `CI` set, one whose address or account is not the applied one is left out, for a password would go to an
    address that nobody reviewed.
    """
    declared, stored = declared_specs(loaded), stored_specs(state)
    codes = _asked(declared, stored, list(loaded.estate.schools), targets)
    unreviewed = [c for c in codes if context.settings.in_ci and _ways(declared, c) != _ways(stored, c)]
    check = check_schools(context, state, loaded, [c for c in codes if c not in unreviewed], by=declared)
    left_out = (
        LiveNote(
            level=LiveLevel.UNKNOWN, school=code, next_step=f"plan --refresh at your desk, or apply and then: "
            f"reconcile drift --school {code}",
            message="not asked: its address or account is not the applied one, and CI sends no password to an address "
            "that nobody reviewed",
        )
        for code in unreviewed
    )  # fmt: skip
    return (*_differing(check), *_unknown(check), *left_out, *_notes(check))


def _asked(declared: Specs, stored: Specs, codes: Sequence[str], targets: Sequence[str]) -> Sequence[str]:
    """The schools that the targets are about; all, where a target is about none, such as the hub."""
    known = {**stored, **declared}
    named = {_school_of(address, known[address]) for address in matched(targets, known)}
    return [code for code in codes if code in named] if named and named <= set(codes) else codes


def _school_of(address: str, spec: Mapping[str, Any]) -> str:
    return str(spec["school"]) if address.startswith("third_party.") else f"{address}.".split(".")[1]


def _ways(specs: Specs, code: str) -> dict[str, Any]:
    """Everything by which a school is reached, and with which secret."""
    partner = specs.get(f"partner.{code}", {})
    accounts = {address: spec.get("credentials") for address, spec in specs.items()
                if address.startswith("third_party.") and spec["school"] == code}  # fmt: skip
    return {"mis": specs.get(f"school.{code}", {}).get("mis"), "export": partner.get("export"),
            "key": partner.get("data_exchange_key"), **accounts}  # fmt: skip


def _differing(check: LiveCheck) -> Iterator[LiveNote]:
    """What the plan would not mend: where only the store is behind, an apply makes it fit."""
    for one in check.sorted_out.found:
        if one.odd is not Odd.STORED:
            yield _note(LiveLevel.DIFFERS, one)
    for one, why in check.sorted_out.expected:
        yield _note(LiveLevel.EXPECTED, one, f" (expected until {why.until}, {why.owner} answers for it)")


def _note(level: LiveLevel, one: Difference, more: str = "") -> LiveNote:
    lapsed = f"; {one.lapsed}" if one.lapsed else ""
    return LiveNote(level=level, school=one.school, address=one.address, field=one.field, next_step=one.next_step,
                    message=f"{one.message}{lapsed}{more}")  # fmt: skip


def _unknown(check: LiveCheck) -> Iterator[LiveNote]:
    """What went wrong; what a system never tells is no news in a plan, `drift` lists it."""
    for school in check.found:
        for one in school.unasked:
            if one.code:
                yield LiveNote(level=LiveLevel.UNKNOWN, school=one.school, message=f"{one.what}: {one.why}",
                               next_step=one.next_step, code=one.code)  # fmt: skip


def _notes(check: LiveCheck) -> Iterator[LiveNote]:
    for school in check.found:
        for one in school.notes:
            yield LiveNote(level=LiveLevel.NOTE, school=one.school, message=one.message, next_step=one.next_step)

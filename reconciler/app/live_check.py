"""Asks schools what is really there and compares it with files and store, for `drift` and `plan --refresh`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from reconciler.app.asking import ask_school
from reconciler.app.context import Context
from reconciler.app.estate_files import LoadedEstate
from reconciler.app.partner_keys import proven_key
from reconciler.app.school_reports import entities_read
from reconciler.app.years import partner_year
from reconciler.live.compare import Standing
from reconciler.live.difference import Expectation
from reconciler.live.expected import Sorted, sort_out
from reconciler.live.findings import Found, findings
from reconciler.live.side import Specs, side_of
from reconciler.plan.state import StoredState
from reconciler.reports.frame import LONDON
from reconciler.secrets.references import Secret
from reconciler.vocabulary.codes import AcademicYear

_VERSIONS = 500  # that are looked through for the day on which an expectation was first applied


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCheck:
    """What was found at each school that was asked, and how it stands to what is expected."""

    found: tuple[Found, ...]
    sorted_out: Sorted


def check_schools(context: Context, state: StoredState, loaded: LoadedEstate, codes: Sequence[str], *,
                  by: Specs) -> LiveCheck:  # fmt: skip
    """Asks each school as the specs `by` reach it; reads only. Raises StoreError, nothing for a school's sake."""
    counts = context.store.reports.record_counts()
    found = tuple(_one(context, state, loaded, code, by=by, held=counts.get(code, {})) for code in codes)
    today = context.now.astimezone(LONDON).date()
    return LiveCheck(found=found, sorted_out=sort_out(
        [one for school in found for one in school.differences], _expectations(context, state, loaded), today=today,
        judged={key for school in found for key in school.judged},
    ))  # fmt: skip


def _one(context: Context, state: StoredState, loaded: LoadedEstate, code: str, *, by: Specs,
         held: dict[str, int]) -> Found:  # fmt: skip
    this = standing(context, state, loaded, code)
    side = this.side

    def key() -> Secret:
        if f"partner.{code}" in state.resources:
            return proven_key(context, state, code)
        return context.secret(by[f"partner.{code}"]["data_exchange_key"])

    year = side.year or AcademicYear.parse(by["virtual_school"]["academic_year"])
    answers = ask_school(context, by, code, year=year, key=key)
    needed = entities_read(by[f"school.{code}"], by["virtual_school"]) if side.partner else ()
    return findings(this, answers, needed=needed, held=held, imported=bool(held))


def standing(context: Context, state: StoredState, loaded: LoadedEstate, code: str) -> Standing:
    """A school as the files and the store have it, each in its own year."""
    stored, declared = stored_specs(state), declared_specs(loaded)
    applied, files = stored.get("virtual_school"), declared["virtual_school"]
    files_year = AcademicYear.parse(files["academic_year"])
    year = partner_year(context, state, code) if applied else files_year
    same = applied is not None and applied["academic_year"] == files["academic_year"]
    following = (files.get("next_year") or {}).get("year")
    return Standing(
        code=code, stored=side_of(stored, code, year=year),
        declared=side_of(declared, code, year=year if same else files_year),
        places={resource.address: resource.position for resource in loaded.resources if resource.position},
        following=AcademicYear.parse(following) if following else None,
    )  # fmt: skip


def stored_specs(state: StoredState) -> Specs:
    return {address: found.spec for address, found in state.resources.items()}


def declared_specs(loaded: LoadedEstate) -> Specs:
    return {resource.address: resource.spec for resource in loaded.resources}


def _expectations(context: Context, state: StoredState, loaded: LoadedEstate) -> tuple[Expectation, ...]:
    """What the files expect, each with the day on which it was first applied."""
    entries = [declared.entry for declared in loaded.estate.expected_drift]
    since = _first_applied(context, state) if entries else {}
    return tuple(
        Expectation(address=str(entry["address"]), field=str(entry["field"]), why=str(entry["why"]),
                    owner=str(entry["owner"]), until=date.fromisoformat(entry["until"]),
                    since=since.get((str(entry["address"]), str(entry["field"]))))
        for entry in entries
    )  # fmt: skip


def _first_applied(context: Context, state: StoredState) -> dict[tuple[str, str], datetime]:
    """When each expectation that is applied now came in; an entry that was gone in between counts from its return."""
    current = state.resources.get("expected_drift")
    waiting = {(e["address"], e["field"]) for e in (current.spec["entries"] if current else ())}
    found: dict[tuple[str, str], datetime] = {}
    for version in context.store.state.versions(limit=_VERSIONS):
        if not waiting:
            break
        for change in context.store.state.version_changes(version.serial):
            if change.address != "expected_drift":
                continue
            before = {(e["address"], e["field"]) for e in ((change.before or {}).get("entries") or ())}
            found |= dict.fromkeys(waiting - before, version.at)
            waiting &= before
    return found

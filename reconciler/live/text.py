"""What `drift` prints: what is to be mended first, then what is expected, not asked, or worth knowing."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.live.difference import Difference, Drift, Expectation, Odd, Unasked
from reconciler.plan.words import plain

_ODD = {
    Odd.LIVE: "the school differs from files and store",
    Odd.STORED: "the store is behind: files and school agree",
    Odd.DECLARED: "the files differ: store and school agree",
    Odd.ALL: "all three differ",
}


def render_text(drift: Drift) -> str:
    """The whole, without colour; the first line says it all."""
    lines = [headline(drift)]
    lines += _section("Drift", [line for one in drift.found for line in _difference(one)])
    lines += _section("Expected, not counted", [line for one, why in drift.expected for line in _expected(one, why)])
    lines += _section("Expected and not there: take it out of expected_drift", [_unused(one) for one in drift.unused])
    failed, untold = _apart(drift)
    lines += _section("Could not be asked", failed)
    lines += _section("Not told", untold)
    lines += _section("Worth knowing", [
        f"  {note.school}: {note.message}" + (f"; {note.next_step}" if note.next_step else "") for note in drift.notes
    ])  # fmt: skip
    pending = f"  {drift.pending} resource{'s' if drift.pending != 1 else ''} to change: reconcile plan"
    lines += _section("Files and store differ, whatever the schools say", [pending] if drift.pending else [])
    return "\n".join(plain(line) for line in lines) + "\n"


def headline(drift: Drift) -> str:
    """One sentence: how many schools, how much drift, what is left open."""
    mark = " [rehearsal store]" if drift.rehearsal else ""
    count = len(drift.found)
    said = [f"{count} difference{'s' if count != 1 else ''}" if count else "no drift"]
    said += [f"{len(drift.expected)} expected"] if drift.expected else []
    said += [f"{len(drift.failed)} could not be asked in full"] if drift.failed else []
    schools = f"{len(drift.schools)} school{'s' if len(drift.schools) != 1 else ''}"
    return f"{drift.estate}: {schools} asked, {', '.join(said)}. Nothing was written.{mark}"


def _section(heading: str, body: list[str]) -> list[str]:
    return ["", heading, *body] if body else []


def _difference(one: Difference) -> Iterator[str]:
    place = f"  ({one.position})" if one.position else ""
    yield f"  ! {one.school}  {one.address}  {one.field}{place}"
    yield f"      {one.message}"
    yield f"      declared: {one.declared}; stored: {one.stored}; live: {one.live}"
    yield f"      {_ODD[one.odd]}"
    if one.lapsed:
        yield f"      {one.lapsed}"
    yield f"      next: {one.next_step}"


def _expected(one: Difference, why: Expectation) -> Iterator[str]:
    since = f"since {why.since:%Y-%m-%d}" if why.since else "not applied yet"
    yield f"  {one.school}  {one.address}  {one.field}"
    yield f"      {one.message}"
    yield f"      until {why.until}, {since}, {why.owner} answers for it: {why.why}"


def _unused(one: Expectation) -> str:
    return f"  {one.address}  {one.field}: {one.why} ({one.owner}, until {one.until})"


def _apart(drift: Drift) -> tuple[list[str], list[str]]:
    """What went wrong, and what a system simply does not tell."""
    failed = [_unasked(one) for one in drift.unasked if one.code]
    return failed, [_unasked(one) for one in drift.unasked if not one.code]


def _unasked(one: Unasked) -> str:
    code = f" ({one.code})" if one.code else ""
    step = f"; {one.next_step}" if one.next_step else ""
    return f"  {one.school}: {one.what.replace('_', ' ')}: {one.why}{code}{step}"

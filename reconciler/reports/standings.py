"""Where each partner school stands, kind by kind: a later run of another kind hides nothing (VS, rules 61 to 64)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.reports.frame import SchoolName, local
from reconciler.transfers.entry import Outcome, TransferEntry

KINDS = ("import", "export", "academic")
_GOOD = frozenset({Outcome.DONE, Outcome.UNCHANGED})
_AGAIN = "reconcile sync {kind} --school {school}"
_ADVICE = {
    Outcome.WAITING: "{reason}",
    Outcome.HELD: "look at run {run}, then: reconcile approve {run} --reason ... (or reject)",
    Outcome.FAILED: f"read the message below, mend the cause, then: {_AGAIN}",
    Outcome.INTERRUPTED: f"its {{kind}} was cut off; run it again: {_AGAIN}",
    Outcome.PARTIAL: "mend what these name: reconcile issues list --school {school}; the next {kind} takes it",
}
_EXPIRED = f"run {{run}} was held for more than 24 hours and can no longer be approved; run it again: {_AGAIN}"
_HELD_FOR = timedelta(hours=24)
_WORDS = {  # what is not up to date, worst first: said of one run, of several
    Outcome.FAILED: ("{kind} failed", "{kind}s failed"),
    Outcome.HELD: ("{kind} is held", "{kind}s are held"),
    Outcome.INTERRUPTED: ("{kind} was interrupted", "{kind}s were interrupted"),
    Outcome.PARTIAL: ("{kind} left something out", "{kind}s left something out"),
    Outcome.REJECTED: ("{kind} was not approved", "{kind}s were not approved"),
    Outcome.SKIPPED: ("{kind} was skipped", "{kind}s were skipped"),
    Outcome.RUNNING: ("{kind} is running", "{kind}s are running"),
    Outcome.WAITING: ("{kind} waits for a person", "{kind}s wait for a person"),
}
_WORST_FIRST = tuple(_WORDS)
_NOUNS = {"academic": "academic import"}
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The latest run of one kind at one school; without `entry` there was none yet."""

    school: str
    kind: str
    entry: TransferEntry | None

    @property
    def outcome(self) -> Outcome:
        return self.entry.outcome if self.entry else Outcome.WAITING

    @property
    def good(self) -> bool:
        return self.outcome in _GOOD

    @property
    def when(self) -> str:
        return local(self.entry.finished_at or self.entry.started_at) if self.entry else "never"

    @property
    def message(self) -> str:
        return self.entry.message if self.entry else "No run yet."

    @property
    def reason(self) -> str:
        """The completion line without its head, `HRT import waiting: `."""
        _, _, reason = self.message.partition(": ")
        return (
            reason or f"run its first {self.kind} by hand: {_AGAIN.format(kind=self.kind, school=self.school)} --first"
        )


def standings(entries: Sequence[TransferEntry], schools: Sequence[SchoolName]) -> dict[str, list[Standing]]:
    """By school: the latest run of each kind that ever ran there (`entries` come latest first), worst first.

    An import is always among them. What waits because of it, an export before the first import, is not told as well.
    """
    latest: dict[tuple[str, str], TransferEntry] = {}
    for entry in entries:
        latest.setdefault((entry.school, entry.kind), entry)
    found: dict[str, list[Standing]] = {}
    for school in schools:
        of_school = [Standing(school=school.code, kind=kind, entry=latest.get((school.code, kind))) for kind in KINDS]
        imported, *others = of_school
        if imported.outcome is Outcome.WAITING:
            others = [other for other in others if other.outcome is not Outcome.WAITING]
        found[school.code] = sorted([imported, *(other for other in others if other.entry)], key=_badness)
    return found


def _badness(standing: Standing) -> int:
    return len(_WORST_FIRST) if standing.good else _WORST_FIRST.index(standing.outcome)


def sentence(found: Mapping[str, Sequence[Standing]]) -> str:
    """The headline: how many are up to date with everything, then what is not, worst first."""
    if not found:
        return "No partner school is applied yet"
    fine = sum(all(standing.good for standing in of_school) for of_school in found.values())
    groups = [
        _group(outcome, kind, [code for code, of_school in found.items()
                               if any(s.kind == kind and s.outcome is outcome for s in of_school)])
        for outcome in _WORST_FIRST for kind in KINDS
    ]  # fmt: skip
    return "; ".join([f"{fine} of {len(found)} partner schools are up to date", *filter(None, groups)])


def _group(outcome: Outcome, kind: str, codes: Sequence[str]) -> str:
    if not codes:
        return ""
    one, several = _WORDS[outcome]
    words = (one if len(codes) == 1 else several).format(kind=_NOUNS.get(kind, kind))
    more = f" and {len(codes) - _MOST_NAMED} more" if len(codes) > _MOST_NAMED else ""
    return f"{len(codes)} {words}: {', '.join(codes[:_MOST_NAMED])}{more}"


def advice(found: Mapping[str, Sequence[Standing]], now: datetime) -> Iterable[str]:
    """What to do, worst first, a line for each run that needs a person; `now` is aware: which holds are over."""
    for standing in sorted((s for of_school in found.values() for s in of_school), key=_badness):
        words = _advice(standing, now)
        if words:
            run = standing.entry.run if standing.entry else ""
            named = {"kind": standing.kind, "school": standing.school, "run": run, "reason": standing.reason}
            yield f"{standing.school}: {words.format(**named)}"


def _advice(standing: Standing, now: datetime) -> str:
    entry = standing.entry
    if entry and entry.outcome is Outcome.HELD and now - (entry.finished_at or entry.started_at) > _HELD_FOR:
        return _EXPIRED
    return _ADVICE.get(standing.outcome, "")

"""A store and partners in memory, so that specifications of exports run in milliseconds."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from reconciler.connectors.export_protocol import (
    ALWAYS_NEEDED,
    Action,
    AssignmentFacts,
    ExportSession,
    Facts,
    HeldItem,
    ItemKind,
    Message,
    PackageItem,
    Receipt,
    Rejection,
)
from reconciler.errors import SourceError
from reconciler.issues.issue import DataIssue
from reconciler.records.entities import Entity, column_names
from reconciler.syncs.assignment_lines import Line
from reconciler.syncs.export_job import ExportJob, ExportResult
from reconciler.syncs.export_ports import ExportEnd, Intent, IntentState, Item, ItemIdentity, ItemState
from reconciler.syncs.exporting import export_partner
from reconciler.syncs.ports import CanonicalRow, FeedScope
from reconciler.transfers.entry import TransferEntry
from reconciler.vocabulary.actor import Actor
from reconciler.vocabulary.codes import AcademicYear

NOW = datetime(2026, 11, 23, 8, 40, tzinfo=UTC)
TODAY = NOW.date()
YEAR = AcademicYear(2026)
ACTOR = Actor("data-manager", "env")
AVN, BRK, CST = "AVN:0123456789ab", "BRK:0123456789ab", "CST:0123456789ab"
ATTACHMENTS = {"AVN": AVN, "BRK": BRK, "CST": CST}


def student(number: str, **more: Any) -> CanonicalRow:
    """A student's row; what is not given is made up."""
    told = {
        "source_id": number, "forename": f"F{number}", "surname": f"S{number}", "birth_date": date(2010, 2, 14),
        "year_group": "12", "upn": "A123456789012",
    } | more  # fmt: skip
    return tuple(told.get(name) for name in column_names(Entity.STUDENTS))


def line(student_: str = "AVN:10233", class_: str = "BRK:12B/Ph1", first: str = "2026-11-09", last: str = "",
         place: str = "inline 1") -> Line:  # fmt: skip
    home, person = student_.split(":")
    at, name = class_.split(":")
    until = date.fromisoformat(last) if last else None
    return Line(student_school=home, student_id=person, class_school=at, class_name=name,
                first=date.fromisoformat(first), last=until, place=place)  # fmt: skip


def seal(facts: Facts) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def job(*lines: Line, **more: Any) -> ExportJob:
    told: dict[str, Any] = {
        "school": "BRK", "school_name": "Brackenmoor School", "attachment": BRK, "lines": lines,
        "years": dict.fromkeys(ATTACHMENTS, YEAR),
        "attachments": ATTACHMENTS, "seal": seal, "first": True,
    }  # fmt: skip
    return ExportJob(**(told | more))


@dataclass
class MemoryExports:
    """Fulfils the port `ExportStore`. `trail` tells the order of what was stored."""

    students: dict[str, dict[str, tuple[CanonicalRow, bool]]] = field(default_factory=dict)
    classes: dict[str, dict[str, str]] = field(default_factory=dict)
    items: dict[tuple[str, ItemIdentity], Item] = field(default_factory=dict)
    intents: dict[str, Intent] = field(default_factory=dict)
    entries: dict[str, TransferEntry] = field(default_factory=dict)
    issues: dict[tuple[str, ...], DataIssue] = field(default_factory=dict)
    first_exports: set[str] = field(default_factory=set)
    imported: set[str] = field(default_factory=lambda: set(ATTACHMENTS.values()))
    trail: list[str] = field(default_factory=list)

    def attachment(self, school: str) -> str:
        return ATTACHMENTS[school]

    def first_import_done(self, scope: FeedScope) -> bool:
        return scope.attachment in self.imported

    def first_export_done(self, attachment: str) -> bool:
        return attachment in self.first_exports

    def records(self, scope: FeedScope, entity: Entity, ids: Collection[str]) \
            -> Mapping[str, tuple[CanonicalRow, bool]]:  # fmt: skip
        assert entity is Entity.STUDENTS
        held = self.students.get(scope.school, {})
        return {number: held[number] for number in ids if number in held}

    def live_names(self, scope: FeedScope) -> Mapping[str, str]:
        return self.classes.get(scope.school, {})

    def told(self, attachment: str) -> Sequence[Item]:
        return [item for (at, _), item in sorted(self.items.items()) if at == attachment]

    def begin(self, entry: TransferEntry) -> None:
        self.entries[entry.run] = entry
        for key, intent in self.intents.items():
            now = {IntentState.SENDING: IntentState.UNKNOWN, IntentState.PENDING: IntentState.SUPERSEDED}
            self.intents[key] = replace(intent, state=now.get(intent.state, intent.state))

    def unknown(self, attachment: str) -> Sequence[Intent]:
        return [i for i in self.intents.values() if i.state is IntentState.UNKNOWN]

    def intend(self, attachment: str, intents: Sequence[Intent], *, run: str, at: datetime) -> None:
        for intent in intents:
            key = (attachment, intent.after.identity)
            fresh = Item(identity=intent.after.identity, key=intent.after.key, state=ItemState.INTENDED,
                         declared=intent.after.declared)  # fmt: skip
            self.items.setdefault(key, fresh)
            assert self.items[key].key == intent.after.key, "a name on the wire is for life"
            self.intents[intent.idempotency_key] = intent
        self.trail += [f"intend {len(intents)}"]

    def mark(self, attachment: str, keys: Collection[str], state: IntentState, *, code: str, at: datetime) -> None:
        for key in keys:
            self.intents[key] = replace(self.intents[key], state=state, code=code)
        self.trail.append(state.value)

    def settle(self, attachment: str, intents: Sequence[Intent], *, run: str, at: datetime) -> None:
        for intent in intents:
            self.items[(attachment, intent.after.identity)] = intent.after
            self.intents[intent.idempotency_key] = replace(intent, state=IntentState.DONE)
        self.trail.append("settle")

    def finish(self, end: ExportEnd) -> None:
        self.entries[end.entry.run] = end.entry
        found = {issue.identity: issue for issue in end.issues}
        self.issues = {i: x for i, x in self.issues.items() if x.code not in end.judged} | found
        if end.completes_first:
            self.first_exports.add(end.entry.attachment)


@dataclass
class MemoryPartner:
    """A partner that is told one item at a time. `plan` holds what the next calls come to, None for well."""

    needs: frozenset[str] = ALWAYS_NEEDED
    held: dict[tuple[ItemKind, str], HeldItem] = field(default_factory=dict)
    said: list[Message] = field(default_factory=list)
    plan: list[Rejection | SourceError | None] = field(default_factory=list)
    refuses: dict[str, Rejection] = field(default_factory=dict)  # by home id of a guest
    trail: list[str] = field(default_factory=list)
    connections: int = 0
    loses_answers: bool = False
    unreachable: SourceError | None = None

    def send(self, message: Message) -> Receipt | Rejection:
        self.trail.append("say")
        self.said.append(message)
        answer = self.plan.pop(0) if self.plan else None
        if isinstance(answer, SourceError):
            if self.loses_answers:
                self._take(message)
            raise answer
        home_id = getattr(message.facts, "home_id", "")
        if answer is None and home_id in self.refuses:
            answer = self.refuses[home_id]
        if answer is not None:
            return answer
        return self._take(message)

    def _take(self, message: Message) -> Receipt:
        key = (message.kind, message.key)
        created = key not in self.held
        if message.action is Action.END:
            if not created:
                self.held[key] = replace(self.held[key], ended_on=message.on)
            return Receipt()
        assert message.facts is not None
        if isinstance(message.facts, AssignmentFacts) and message.facts.guest:
            assert (ItemKind.GUEST, message.facts.guest) in self.held, "a guest comes before its assignments"
        self.held[key] = HeldItem(facts=message.facts, reference=f"p{len(self.held)}")
        return Receipt(created=created, reference=f"p{len(self.held)}")

    def read_back(self, kind: ItemKind, key: str) -> HeldItem | None:
        self.trail.append("read")
        return self.held.get((kind, key))

    def live(self, kind: ItemKind) -> list[HeldItem]:
        return [item for (what, _), item in self.held.items() if what is kind and item.ended_on is None]

    @contextmanager
    def open(self) -> Iterator[ExportSession]:
        self.connections += 1
        if self.unreachable is not None:
            raise self.unreachable
        yield self


@dataclass
class MemoryDrop:
    """A partner that takes packages."""

    needs: frozenset[str] = ALWAYS_NEEDED
    packages: list[list[PackageItem]] = field(default_factory=list)
    failure: SourceError | None = None

    def deliver(self, package: Sequence[PackageItem]) -> None:
        if self.failure is not None:
            raise self.failure
        self.packages.append(list(package))

    @contextmanager
    def open(self) -> Iterator[ExportSession]:
        yield self


def store(*people: CanonicalRow, home: str = "AVN") -> MemoryExports:
    """BRK with the class 12B/Ph1 (4501) and two others, and students of a home school."""
    held = {home: {str(row[0]): (row, True) for row in people or (student("10233"),)}}
    held.setdefault("BRK", {})["20041"] = (student("20041"), True)
    return MemoryExports(students=held, classes={"BRK": {"4501": "12B/Ph1", "4502": "12B/Ch1", "4503": "12B/Ch1"}})


def exporting(at: MemoryExports, partner: MemoryPartner | MemoryDrop, *lines: Line, run: str = "", now: datetime = NOW,
              dry_run: bool = False, **more: Any) -> ExportResult:  # fmt: skip
    """One export; the lines are what is declared then."""
    if isinstance(partner, MemoryPartner):
        partner.trail = at.trail
    return export_partner(job(*lines, **more), partner.open, at, run=run or f"r{len(at.entries) + 1}", now=now,
                          actor=ACTOR, dry_run=dry_run)  # fmt: skip

"""What a partner should hold: declared lines become guests and assignments, or a reason why not. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from reconciler.connectors.export_protocol import AssignmentFacts, GuestFacts, ItemKind
from reconciler.records.entities import Entity, column_names
from reconciler.syncs.assignment_lines import Line
from reconciler.syncs.export_job import ExportJob, Wanted
from reconciler.syncs.export_ports import Item, ItemIdentity
from reconciler.syncs.ports import CanonicalRow
from reconciler.vocabulary.digests import digest

_STUDENT = {name: place for place, name in enumerate(column_names(Entity.STUDENTS))}
_KEY_LENGTH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A line or item that is not sent, named without personal data."""

    kind: ItemKind
    name: str
    code: str
    message: str
    hint: str
    place: str = ""
    column: str = ""
    hub: bool = False  # whether the hub can mend it, else the school


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Who and what the hub knows: live classes of the partner, offered students by home school and id.

    A student comes with whether they are still offered; who is not in it was never imported.
    """

    classes: Mapping[str, str]  # name by id
    students: Mapping[str, Mapping[str, tuple[CanonicalRow, bool]]]


@dataclass(slots=True, kw_only=True)
class Wish:
    """`kept` are items of lines that cannot be resolved now: what the partner was told of them stands."""

    guests: dict[ItemIdentity, Wanted] = field(default_factory=dict)
    assignments: dict[ItemIdentity, Wanted] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    kept: set[ItemIdentity] = field(default_factory=set)
    over: int = 0
    ends_nothing: bool = False


def wire_key(attachment: str, identity: ItemIdentity) -> str:
    """The name of a new item on the wire: the partner's key fingerprint with origin and id, as a digest (rule 56)."""
    told = [attachment, identity.kind, identity.origin, identity.person, identity.class_id, identity.ordinal]
    return f"{identity.kind[0]}{digest(told)[:_KEY_LENGTH]}"


def work_out(job: ExportJob, book: Book, told: Mapping[ItemIdentity, Item], *, today: date) -> Wish:
    """Resolves every line of the job; the ledger lends keys to what it knows already."""
    wish = Wish(ends_nothing=bool(job.bad))
    for bad in job.bad:
        wish.refused.append(Refusal(
            kind=ItemKind.ASSIGNMENT, name=bad.place, code="export.bad_line", message=f"{bad.place} {bad.message}",
            hint="correct the line; until then nothing is ended at any partner that it may concern", place=bad.place,
            hub=True,
        ))  # fmt: skip
    resolver = _Resolver(job, book, told, wish)
    stays: dict[tuple[str, str, str], list[Line]] = {}
    for line in job.lines:
        place = resolver.place(line, today)
        if place is not None:
            stays.setdefault(place, []).append(line)
    for (origin, person, class_id), lines in stays.items():
        for ordinal, line in enumerate(_apart(lines, wish)):
            resolver.want(line, ItemIdentity(kind=ItemKind.ASSIGNMENT, origin=origin, person=person,
                                             class_id=class_id, ordinal=ordinal), today)  # fmt: skip
    return wish


def _apart(lines: Sequence[Line], wish: Wish) -> Iterator[Line]:
    """The stays of one student in one class, in order; one that overlaps the one before is refused."""
    last: Line | None = None
    for line in sorted(lines, key=lambda line: (line.first, line.place)):
        if last is not None and (last.last is None or line.first <= last.last):
            wish.refused.append(Refusal(
                kind=ItemKind.ASSIGNMENT, name=line.declared, code="export.overlap", place=line.place, hub=True,
                message=f"{line.place} says again, for days that {last.place} covers, that {line.declared}",
                hint="take one of the two lines out, or let the second begin after the first ends",
            ))  # fmt: skip
            continue
        last = line
        yield line


class _Resolver:
    """Names to ids, for one partner."""

    def __init__(self, job: ExportJob, book: Book, told: Mapping[ItemIdentity, Item], wish: Wish) -> None:
        self._job, self._book, self._told, self._wish = job, book, told, wish
        self._names: dict[str, list[str]] = {}
        for class_id, name in book.classes.items():
            self._names.setdefault(name, []).append(class_id)

    def place(self, line: Line, today: date) -> tuple[str, str, str] | None:
        """(origin, person, class id), or None with the reason in the wish."""
        trouble = self._student_trouble(line)
        class_id = ""
        if trouble is None:
            found = [line.class_name] if line.class_name in self._book.classes else self._names.get(line.class_name, [])
            class_id = found[0] if found else ""
            trouble = self._class_trouble(line, found)
        if trouble is None:
            return self._origin(line), line.student_id, class_id
        self._keep(line)
        if line.over(today):
            self._wish.over += 1
        else:
            self._wish.refused.append(trouble)
        return None

    def want(self, line: Line, identity: ItemIdentity, today: date) -> None:
        """Adds the assignment, and the guest that it needs; what was over before anybody was told is left out."""
        before = self._told.get(identity)
        if line.over(today) and (before is None or not before.revision):
            self._wish.over += 1
            return
        guest = self._guest(line) if identity.origin != self._job.attachment else None
        if guest is not None and not line.over(today):
            self._wish.guests[guest.identity] = guest
        self._wish.assignments[identity] = Wanted(
            identity=identity, key=self._key(identity), declared=line.declared, name=line.declared,
            facts=AssignmentFacts(
                class_id=identity.class_id, first_day=line.first, last_day=line.last,
                guest=guest.key if guest else "", own_student="" if guest else identity.person,
            ),
        )  # fmt: skip

    def _guest(self, line: Line) -> Wanted:
        identity = ItemIdentity(kind=ItemKind.GUEST, origin=self._origin(line), person=line.student_id)
        row, _live = self._book.students[line.student_school][line.student_id]
        facts = guest_facts(row, home_school=line.student_school, send_upn=self._job.send_upn)
        name = f"{line.student_school}:{line.student_id}"
        return Wanted(identity=identity, key=self._key(identity), facts=facts, name=name, declared=name)

    def _key(self, identity: ItemIdentity) -> str:
        before = self._told.get(identity)
        return before.key if before else wire_key(self._job.attachment, identity)

    def _origin(self, line: Line) -> str:
        return self._job.attachments[line.student_school]

    def _student_trouble(self, line: Line) -> Refusal | None:
        where = f"{line.place}: " if line.place else ""
        if line.student_school in self._job.failed:
            return self._refusal(
                line, "export.waits_for_import",
                f"{where}{line.declared} waits, since {line.student_school} was not imported in this cycle",
                f"mend the import of {line.student_school}; the export after it takes the line", hub=True,
            )  # fmt: skip
        found = self._book.students.get(line.student_school, {}).get(line.student_id)
        if line.student_school not in self._job.attachments or found is None:
            return self._refusal(
                line, "export.unknown_student",
                f"{where}{line.student_school} offers no student {line.student_id}",
                "check the id, or let the school offer the student and import it", hub=True,
            )  # fmt: skip
        if not found[1]:
            return self._refusal(
                line, "export.student_withdrawn",
                f"{where}{line.student_school} no longer offers student {line.student_id}; what the partner was told "
                "of the assignment stands",
                "end the assignment, or let the school offer the student again",
            )  # fmt: skip
        return None

    def _class_trouble(self, line: Line, found: Sequence[str]) -> Refusal | None:
        where = f"{line.place}: " if line.place else ""
        if not found:
            return self._refusal(
                line, "export.unknown_class", f"{where}{line.class_school} offers no class {line.class_name}",
                "check the name, or let the school offer the class and import it", hub=True,
            )  # fmt: skip
        if len(found) > 1:
            return self._refusal(
                line, "export.ambiguous_class",
                f"{where}{line.class_school} has {len(found)} classes named {line.class_name}: {', '.join(found)}",
                "name the class by its id", hub=True,
            )  # fmt: skip
        return None

    def _refusal(self, line: Line, code: str, message: str, hint: str, *, hub: bool = False) -> Refusal:
        return Refusal(kind=ItemKind.ASSIGNMENT, name=line.declared, code=code, message=message, hint=hint,
                       place=line.place, hub=hub)  # fmt: skip

    def _keep(self, line: Line) -> None:
        """All that the partner was told of this student stands while a line about the student cannot be resolved."""
        self._wish.kept |= {
            who
            for who in self._told
            if who.person == line.student_id and who.origin.partition(":")[0] == line.student_school
        }


def guest_facts(row: CanonicalRow, *, home_school: str, send_upn: bool) -> GuestFacts:
    """The minimum that a partner is told of a guest (VS, rule 55), cut from a student's row."""

    def value(name: str) -> Any:
        return row[_STUDENT[name]]

    return GuestFacts(
        home_school=home_school, home_id=str(row[0]), forename=value("forename") or "", surname=value("surname") or "",
        birth_date=value("birth_date"), year_group=value("year_group") or "",
        upn=(value("upn") or "") if send_upn else "",
    )  # fmt: skip

"""The look across schools in memory: naive, over every row, so that it can serve as an oracle."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from reconciler.issues.issue import DataIssue
from reconciler.issues.registrations import Registration
from reconciler.records.entities import Entity, column_names
from reconciler.records.identifiers import TUTOR_GROUP, Identifier, folded
from reconciler.syncs.cross_school import Clash, Holder
from reconciler.syncs.ports import FeedScope, FeedStore


class NobodyElse:
    """A hub of one school: nothing clashes with it."""

    def scopes(self) -> Sequence[FeedScope]:
        return ()

    def count(self, scopes: Sequence[FeedScope], identifier: Identifier) -> int:
        return 0

    def clashes(self, scopes: Sequence[FeedScope], identifier: Identifier) -> Sequence[Clash]:
        return ()

    def holders(self, scopes: Sequence[FeedScope], identifier: Identifier, values: Collection[str]) -> Sequence[Holder]:
        return ()

    def shared_people(self, scopes: Sequence[FeedScope], *, zone: ZoneInfo) -> Sequence[Registration]:
        return ()

    def settle(self, issues: Sequence[DataIssue], *, codes: Collection[str], run: str, at: datetime) -> None:
        pass


@dataclass
class MemoryAcross(NobodyElse):
    """Over the scopes of one feed store; what left is not seen here, since a memory store forgets it."""

    store: FeedStore
    known: list[FeedScope]
    settled: dict[tuple[str, ...], DataIssue] = field(default_factory=dict)

    def scopes(self) -> Sequence[FeedScope]:
        latest = {s.school: s for s in sorted(self.known, key=lambda s: s.year) if self.store.base(s)}
        return [latest[school] for school in sorted(latest)]

    def count(self, scopes: Sequence[FeedScope], identifier: Identifier) -> int:
        return sum(h.entity is identifier.entity for h in self._carrying(scopes, identifier))

    def clashes(self, scopes: Sequence[FeedScope], identifier: Identifier) -> Sequence[Clash]:
        by_value = sorted(self._carrying(scopes, identifier), key=lambda h: (folded(h.value), h.school, h.record))
        grouped = [tuple(same) for _, same in groupby(by_value, key=lambda h: folded(h.value))]
        return [Clash(identifier=identifier, holders=held) for held in grouped if len({h.school for h in held}) > 1]

    def holders(self, scopes: Sequence[FeedScope], identifier: Identifier, values: Collection[str]) -> Sequence[Holder]:
        return [h for h in self._carrying(scopes, identifier) if folded(h.value) in values]

    def shared_people(self, scopes: Sequence[FeedScope], *, zone: ZoneInfo) -> Sequence[Registration]:
        return [_registration(s.school, row) for s in scopes for row in self.store.rows(s, Entity.STUDENTS)]

    def settle(self, issues: Sequence[DataIssue], *, codes: Collection[str], run: str, at: datetime) -> None:
        kept = {identity: issue for identity, issue in self.settled.items() if issue.code not in codes}
        self.settled = kept | {issue.identity: issue for issue in issues}

    def _carrying(self, scopes: Sequence[FeedScope], identifier: Identifier) -> list[Holder]:
        return [holder for scope in scopes for holder in self._of_school(scope, identifier)]

    def _of_school(self, scope: FeedScope, identifier: Identifier) -> Iterator[Holder]:
        listed = list(self._column(scope, identifier.entity, identifier.column))
        yield from listed
        if identifier is TUTOR_GROUP:
            known = {folded(holder.value) for holder in listed}
            named = list(self._column(scope, Entity.STUDENTS, "tutor_group"))
            for value in {folded(holder.value) for holder in named} - known:
                same = [holder for holder in named if folded(holder.value) == value]
                yield replace(same[0], record=min(h.record for h in same), value=min(h.value for h in same))

    def _column(self, scope: FeedScope, entity: Entity, column: str) -> Iterator[Holder]:
        place = column_names(entity).index(column)
        for row in self.store.rows(scope, entity):
            if row[place] is not None:
                yield Holder(school=scope.school, entity=entity, record=str(row[0]), value=str(row[place]))


def _registration(school: str, row: tuple[object, ...]) -> Registration:
    told = dict(zip(column_names(Entity.STUDENTS), row, strict=True))

    def text(name: str) -> str:
        return str(told[name] or "")

    def day(name: str) -> date | None:
        value = told[name]
        return value if isinstance(value, date) else None

    return Registration(
        school=school, record=text("source_id"), upn=text("upn"), former_upn=text("former_upn"),
        birth_date=day("birth_date"), status=text("enrolment_status"), start=day("start_date"), end=day("end_date"),
    )  # fmt: skip

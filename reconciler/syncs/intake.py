"""One entity on its way in: what was read, how each row compares with what is held, what it adds up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from reconciler.connectors.protocol import Completeness
from reconciler.records.entities import Entity
from reconciler.records.row_digest import CanonicalRow
from reconciler.sharing.scope import NOT_REACHED
from reconciler.syncs.ports import EntityChanges
from reconciler.transfers.entry import Counts, RejectedRecord

PLACES_NAMED = 20  # rows left out for one reason that the log names by place; the rest are counted


@dataclass(slots=True, kw_only=True)
class Intake:
    """The rows of one entity in one run.

    `held` are the digests of live rows under this run's mapping version (`redigested` when the version moved, so that
    a new mapping alone changes nothing). Of rows that equal the held ones only the id is kept, so that memory does
    not grow with what is unchanged.
    """

    entity: Entity
    mapping_version: str
    held: dict[str, int]
    redigested: bool = False
    first_load: bool = False
    asked: bool = True
    finished: bool = False
    completeness: Completeness = Completeness.NONE
    complete: bool = False
    read: int = 0
    fingerprint: str = ""
    seen: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    differing: dict[str, tuple[CanonicalRow, int]] = field(default_factory=dict)
    unreached: set[str] = field(default_factory=set)
    conflicts: set[str] = field(default_factory=set)
    unusable: set[str] = field(default_factory=set)
    rejected: list[RejectedRecord] = field(default_factory=list)
    outside: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)
    replayed: bool = False

    def take(self, row: CanonicalRow, digest: int, *, place: str = "") -> bool:
        """Takes a mapped row that is in scope; False when its id was there before.

        The same row twice is one row and a named duplicate; two rows with one id and different content are a
        conflict, of which neither is used (C17).
        """
        source_id = str(row[0])
        before = self.seen.get(source_id)
        if before is None and source_id not in self.conflicts:
            self.seen[source_id] = digest
            if self.held.get(source_id) != digest:
                self.differing[source_id] = (row, digest)
            return True
        if before == digest:
            self.name(source_id, "record.duplicate", "the same record came more than once; it was used once", place)
            return False
        self.conflict(source_id, place)
        return False

    def leave_out(self, reason: str, place: str = "") -> None:
        """Counts a row that is not ours to take; the first of each reason are named by their place (rule 63)."""
        self.outside[reason] += 1
        named = self.places.setdefault(reason, [])
        if place and len(named) < PLACES_NAMED:
            named.append(place)

    def conflict(self, source_id: str, place: str = "") -> None:
        """Says that an id came again with different content: of such rows none is used, the first included."""
        message = "records with this id came with different content; none of them was used"
        if source_id in self.seen:
            del self.seen[source_id]
            self.differing.pop(source_id, None)
            self.reject(source_id, "record.conflict", message, place)
        self.conflicts.add(source_id)
        self.reject(source_id, "record.conflict", message, place)

    def reject(self, key: str, code: str, message: str, place: str = "") -> None:
        """Names a row that cannot be used; what is held under its id stays as it is."""
        self.name(key, code, message, place)
        self.unusable.add(key)

    def name(self, key: str, code: str, message: str, place: str) -> None:
        """Lists a row among the rejected, and says nothing about what is held under its id."""
        self.rejected.append(RejectedRecord(entity=self.entity.value, key=key, code=code, message=message, place=place))

    @property
    def nameless(self) -> bool:
        """Whether a rejected row has no id: it may be any of those held, so that none can be taken to have left."""
        return "" in self.unusable

    @property
    def standing(self) -> set[str]:
        """The ids that are live after this run, as far as this entity alone can tell."""
        kept = self.held.keys() if not self.complete or self.nameless else self.held.keys() & self.unusable
        return set(self.seen) | kept

    @property
    def unread(self) -> bool:
        """Whether rows stand that this run has not read, so that what they lead to is not known."""
        return bool(self.standing - self.seen.keys())

    def narrow(self, keeps: Callable[[str, str], bool]) -> None:
        """Drops what was not reached: those rows were read, and are out of scope."""
        for source_id in [i for i in self.seen if not keeps(i, self.names.get(i, i))]:
            del self.seen[source_id]
            self.differing.pop(source_id, None)
            self.outside[NOT_REACHED] += 1
            self.unreached.add(source_id)
        reached = [row for row in self.rejected if not row.key or keeps(row.key, self.names.get(row.key, row.key))]
        self.outside[NOT_REACHED] += len(self.rejected) - len(reached)
        self.rejected = reached
        self.unusable = {key for key in self.unusable if not key or keeps(key, self.names.get(key, key))}
        self.conflicts &= self.unusable

    def settle(self, *, conclusive: bool) -> EntityChanges:
        """The differences to what is held; rows left only when the reading allows that conclusion."""
        changes = EntityChanges(first_load=self.first_load)
        for source_id, pair in self.differing.items():
            (changes.changed if source_id in self.held else changes.new).append(pair)
        if conclusive and not self.nameless:
            changes.left = sorted(i for i in self.held if i not in self.seen and i not in self.unusable)
        if self.redigested and self.finished:  # digests and the cursor's mapping version move together
            gone = set(changes.left) | self.differing.keys()
            changes.redigested = {i: digest for i, digest in self.held.items() if i not in gone}
        return changes

    def counts(self, changes: EntityChanges) -> Counts:
        """What was read, by what became of it; the parts add up to the whole."""
        new, changed = len(changes.new), len(changes.changed)
        return Counts(
            read=self.read, new=new, changed=changed, same=len(self.seen) - new - changed,
            rejected=len(self.rejected), out_of_scope=self.outside.total(), left=len(changes.left),
        )  # fmt: skip

    @property
    def clean(self) -> bool:
        """Whether every row read is held as it came, so that an equal payload needs no second look."""
        return self.complete and self.read == len(self.seen)

"""The export's store: fulfils `ExportStore` of `reconciler.syncs.export_ports`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reconciler.connectors.export_protocol import Action, ItemKind
from reconciler.errors import StalePlan
from reconciler.plan.state import AttachmentStatus
from reconciler.records.entities import Entity, column_names
from reconciler.store import audit, issue_rows, runs
from reconciler.store.attachments import live_attachment
from reconciler.store.database import Database
from reconciler.store.packed import in_scope
from reconciler.store.tables.control import ATTACHMENT
from reconciler.store.tables.exports import EXPORT_INTENT, EXPORT_ITEM, EXPORT_STATE
from reconciler.store.tables.records import RECORDS
from reconciler.store.tables.runs import FEED_STATE
from reconciler.syncs.export_ports import ExportEnd, Intent, IntentState, Item, ItemIdentity, ItemState
from reconciler.syncs.ports import CanonicalRow, FeedScope
from reconciler.transfers.entry import TransferEntry

_PART = 500
_LIVE = AttachmentStatus.LIVE.value
_TOLD = ("seal", "revision", "first_day", "last_day", "ended_on", "declared")
_IDENTITY = ("kind", "origin", "person", "class_id", "ordinal")


class SqlExportStore:
    """Every method that writes is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def attachment(self, school: str) -> str:
        """The id of the school's live attachment. Raises UnknownName when it has none."""
        with self._database.read() as connection:
            return live_attachment(connection, school)

    def first_import_done(self, scope: FeedScope) -> bool:
        """Whether the partner's first import has succeeded, in any year."""
        query = select(FEED_STATE.c.feed).where(
            FEED_STATE.c.attachment == scope.attachment, FEED_STATE.c.feed == scope.feed,
            FEED_STATE.c.first_import_done,
        )  # fmt: skip
        with self._database.read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def first_export_done(self, attachment: str) -> bool:
        """Whether a first manual export has succeeded (VS, rules 46 and 47)."""
        query = select(EXPORT_STATE.c.first_export_done).where(EXPORT_STATE.c.attachment == attachment)
        with self._database.read() as connection:
            return bool(connection.execute(query).scalar())

    def records(self, scope: FeedScope, entity: Entity, ids: Collection[str]) \
            -> Mapping[str, tuple[CanonicalRow, bool]]:  # fmt: skip
        """Rows by source id with whether they are live; those that left are kept."""
        table, wanted = RECORDS[entity], sorted(ids)
        columns = [table.c[name] for name in column_names(entity)]
        found: dict[str, tuple[CanonicalRow, bool]] = {}
        with self._database.read() as connection:
            for start in range(0, len(wanted), _PART):
                part = table.c.source_id.in_(wanted[start : start + _PART])
                query = select(*columns, table.c.left_load).where(in_scope(table, scope), part)
                found |= {row[0]: (tuple(row[:-1]), row[-1] is None) for row in connection.execute(query)}
        return found

    def live_names(self, scope: FeedScope) -> Mapping[str, str]:
        """Name of each live class by source id."""
        table = RECORDS[Entity.CLASSES]
        query = select(table.c.source_id, table.c.name).where(in_scope(table, scope), table.c.left_load.is_(None))
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query.order_by(table.c.source_id))}

    def told(self, attachment: str) -> Sequence[Item]:
        """The ledger of one partner, `intended` lines included."""
        query = select(EXPORT_ITEM).where(EXPORT_ITEM.c.attachment == attachment)
        with self._database.read() as connection:
            return sorted(
                (_item(row, ItemState(row["state"]), row["reference"]) for row in connection.execute(query).mappings()),
                key=lambda item: item.identity,
            )

    def begin(self, entry: TransferEntry) -> None:
        """Starts the run. What an earlier run was sending becomes `unknown`, what it only meant `superseded`."""
        t = EXPORT_INTENT
        with self._database.write() as connection:
            runs.start(connection, entry)
            for was, now in (
                (IntentState.SENDING, IntentState.UNKNOWN),
                (IntentState.PENDING, IntentState.SUPERSEDED),
            ):
                connection.execute(
                    update(t)
                    .where(t.c.attachment == entry.attachment, t.c.state == was.value)
                    .values(state=now.value, changed_at=entry.started_at)
                )

    def unknown(self, attachment: str) -> Sequence[Intent]:
        """Calls of which it is not known whether they were made, in the order in which they were meant."""
        t, item = EXPORT_INTENT, EXPORT_ITEM
        query = (
            select(t, *(item.c[name] for name in _IDENTITY[1:]), item.c.reference)
            .join(item, (item.c.wire_key == t.c.wire_key))
            .where(t.c.attachment == attachment, t.c.state == IntentState.UNKNOWN.value)
            .order_by(t.c.meant_at, t.c.revision, t.c.idempotency_key)
        )
        with self._database.read() as connection:
            return [_intent(row) for row in connection.execute(query).mappings()]

    def intend(self, attachment: str, intents: Sequence[Intent], *, run: str, at: datetime) -> None:
        """Stores calls before they are made; one of the same key that failed is meant again."""
        if not intents:
            return
        with self._database.write() as connection:
            for intent in intents:
                _ensure_item(connection, attachment, intent.after, run=run, at=at)
                _ensure_intent(connection, attachment, intent, run=run, at=at)

    def mark(self, attachment: str, keys: Collection[str], state: IntentState, *, code: str, at: datetime) -> None:
        """Notes how calls fared that did not reach the ledger, by idempotency key.

        Raises StalePlan where a call is about to be made and an apply took a school out that it is about.
        """
        t = EXPORT_INTENT
        values: dict[str, Any] = {"state": state.value, "code": code, "changed_at": at}
        if state is IntentState.SENDING:
            values["attempts"] = t.c.attempts + 1
        with self._database.write() as connection:
            if state is IntentState.SENDING:
                _require_unchanged(connection, attachment, keys)
            for key in sorted(keys):
                where = (t.c.attachment == attachment, t.c.idempotency_key == key)
                connection.execute(update(t).where(*where).values(**values))

    def settle(self, attachment: str, intents: Sequence[Intent], *, run: str, at: datetime) -> None:
        """The partner has these: each is done and the ledger says `after`."""
        t, item = EXPORT_INTENT, EXPORT_ITEM
        with self._database.write() as connection:
            for intent in intents:
                after = intent.after
                told = {name: getattr(after, name) for name in _TOLD}
                state = ItemState.ENDED if intent.action is Action.END else ItemState.LIVE
                connection.execute(
                    update(item)
                    .where(item.c.attachment == attachment, item.c.wire_key == after.key)
                    .values(**told, state=state.value, reference=after.reference, run=run, changed_at=at)
                )
                connection.execute(
                    update(t)
                    .where(t.c.attachment == attachment, t.c.idempotency_key == intent.idempotency_key)
                    .values(state=IntentState.DONE.value, code="", changed_at=at)
                )

    def finish(self, end: ExportEnd) -> None:
        """Ends the run, with its audit row when something was said."""
        entry = end.entry
        at = entry.finished_at or entry.started_at
        with self._database.write() as connection:
            runs.end(connection, entry)
            issue_rows.record(connection, end.issues, run=entry.run, at=at)
            issue_rows.close_others(connection, end.issues, school=entry.school, feed=entry.feed, codes=end.judged,
                                    run=entry.run, at=at)  # fmt: skip
            if end.completes_first:
                connection.execute(delete(EXPORT_STATE).where(EXPORT_STATE.c.attachment == entry.attachment))
                connection.execute(insert(EXPORT_STATE).values(attachment=entry.attachment, first_export_done=True))
            said = {what: [c.new, c.changed, c.left] for what, c in entry.counts.items() if c.new + c.changed + c.left}
            if said:
                audit.append(
                    connection, at=at, actor=entry.actor, verb="run.exported", subject=f"run {entry.run}",
                    detail={"school": entry.school, "kind": entry.kind, "changes": said},
                )  # fmt: skip


def _require_unchanged(connection: Connection, attachment: str, keys: Collection[str]) -> None:
    """Refuses a call, just before it is made, to or about a school that an apply has taken out meanwhile.

    What ends something is said all the same: then the partner holds less. Raises StalePlan.
    """
    t, item = EXPORT_INTENT, EXPORT_ITEM
    origins = select(item.c.origin).join(t, item.c.wire_key == t.c.wire_key).where(
        t.c.attachment == attachment, t.c.idempotency_key.in_(sorted(keys)), t.c.action != Action.END.value
    )  # fmt: skip
    needed = {attachment, *connection.execute(origins).scalars()}
    live = select(ATTACHMENT.c.id).where(ATTACHMENT.c.id.in_(sorted(needed)), ATTACHMENT.c.status == _LIVE)
    gone = sorted(needed - set(connection.execute(live).scalars()))
    if gone:
        named = " and ".join(one.partition(":")[0] for one in gone)
        raise StalePlan(
            "export.estate_changed",
            f"{named} was removed, or attached under another Data Exchange Key, while this export ran",
            hint="see who applied what: reconcile state log; the next export says what the estate says by then",
        )


def _ensure_item(connection: Connection, attachment: str, item: Item, *, run: str, at: datetime) -> None:
    """The ledger knows an item from before its first call on, so that its name on the wire is never made twice."""
    who = {name: getattr(item.identity, name) for name in _IDENTITY}
    fresh = _make(connection)(EXPORT_ITEM).values(
        attachment=attachment, **who, wire_key=item.key, state=ItemState.INTENDED.value, seal="", revision=0,
        declared=item.declared, reference="", run=run, changed_at=at,
    )  # fmt: skip
    connection.execute(fresh.on_conflict_do_nothing())


def _ensure_intent(connection: Connection, attachment: str, intent: Intent, *, run: str, at: datetime) -> None:
    t = EXPORT_INTENT
    told = {name: getattr(intent.after, name) for name in _TOLD}
    again = {"state": IntentState.PENDING.value, "code": "", "run": run, "changed_at": at}
    fresh = _make(connection)(t).values(
        idempotency_key=intent.idempotency_key, attachment=attachment, wire_key=intent.after.key,
        kind=intent.kind.value, action=intent.action.value, attempts=0, meant_at=at, **told, **again,
    )  # fmt: skip
    connection.execute(fresh.on_conflict_do_update(index_elements=[t.c.idempotency_key], set_=again))


def _make(connection: Connection) -> Any:
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


def _item(row: Mapping[Any, Any], state: ItemState, reference: str) -> Item:
    identity = ItemIdentity(kind=ItemKind(row["kind"]), **{name: row[name] for name in _IDENTITY[1:]})
    return Item(identity=identity, key=row["wire_key"], state=state, reference=reference,
                **{name: row[name] for name in _TOLD})  # fmt: skip


def _intent(row: Mapping[Any, Any]) -> Intent:
    action = Action(row["action"])
    after = _item(row, ItemState.ENDED if action is Action.END else ItemState.LIVE, row["reference"])
    return Intent(
        idempotency_key=row["idempotency_key"], kind=ItemKind(row["kind"]), action=action, after=after,
        state=IntentState(row["state"]), code=row["code"],
    )  # fmt: skip

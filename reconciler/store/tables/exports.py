"""Tables of exports: what each partner was told, and every call before it is made. Ids and digests, never a name."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Index, Integer, Table, Text

from reconciler.store.tables.base import METADATA, UtcTime

# One row an item of a partner. `wire_key` is its name at the partner for life; `seal` a keyed digest of what was said.
EXPORT_ITEM = Table(
    "export_item", METADATA,
    Column("attachment", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("origin", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("class_id", Text, primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("wire_key", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("seal", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("first_day", Date),
    Column("last_day", Date),
    Column("ended_on", Date),
    Column("declared", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
)  # fmt: skip

# The outbox. The columns from `seal` on are those of the item as it will be once the partner has it.
EXPORT_INTENT = Table(
    "export_intent", METADATA,
    Column("idempotency_key", Text, primary_key=True),
    Column("attachment", Text, nullable=False),
    Column("wire_key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("run", Text, nullable=False),
    Column("meant_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    Column("seal", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("first_day", Date),
    Column("last_day", Date),
    Column("ended_on", Date),
    Column("declared", Text, nullable=False),
    Index("ix_export_intent_attachment_state", "attachment", "state"),
)  # fmt: skip

EXPORT_STATE = Table(
    "export_state", METADATA,
    Column("attachment", Text, primary_key=True),
    Column("first_export_done", Boolean, nullable=False),
)  # fmt: skip

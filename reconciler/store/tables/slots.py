"""The slot ledger: what became of each slot of the schedule, once a kind, school and feed."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text

from reconciler.store.tables.base import METADATA, UtcTime

# A slot is known by local date and label; `due_at` is when that was. `after_run` is the transfer log's number when the
# slot was claimed last. Rows are few (one a slot and school) and are kept: they are what `status` tells of.
SCHEDULE_SLOT = Table(
    "schedule_slot", METADATA,
    Column("kind", Text, primary_key=True),
    Column("school", Text, primary_key=True),
    Column("feed", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("label", Text, primary_key=True),
    Column("due_at", UtcTime, nullable=False),
    Column("state", Text, nullable=False),
    Column("noted_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("after_run", Integer, nullable=False),
    Column("claimed_by", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_schedule_slot_line_due_at", "kind", "school", "feed", "due_at"),
    Index("ix_schedule_slot_state", "state"),
)  # fmt: skip
